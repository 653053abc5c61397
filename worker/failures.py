"""Why an evaluation broke, in words for the team; the traceback is for the operator."""

import traceback
from dataclasses import dataclass

from celery.exceptions import SoftTimeLimitExceeded

from app.models import FailureCode
from app.settings import Settings

_NO_FAULT_OF_YOURS = "It cost no quota; the organizers can have it tried again."


@dataclass(frozen=True)
class Failure:
    """Why a submission was not scored: a code and words for the team, the rest for the operator."""

    code: FailureCode
    detail: str
    traceback: str | None = None


def failure_of(error: Exception, settings: Settings) -> Failure:
    """Name what broke an evaluation."""
    code, reason = FailureCode.INTERNAL_ERROR, "Scoring broke for a reason of ours, several times."
    if isinstance(error, SoftTimeLimitExceeded):
        code = FailureCode.TIME_LIMIT
        reason = f"Scoring took longer than the {settings.evaluation_time_limit_s} s it may take."
    elif isinstance(error, MemoryError):
        limit_mib = settings.evaluation_memory_limit_bytes // 1024**2
        code = FailureCode.MEMORY_LIMIT
        reason = f"Scoring needed more than the {limit_mib} MiB of memory it may take."
    told = "".join(traceback.format_exception(error))
    return Failure(code, f"{reason} {_NO_FAULT_OF_YOURS}", told)
