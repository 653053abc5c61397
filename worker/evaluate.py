"""Score one submission: claim, compute, store. No formulas here, and no session while computing."""

import time
import traceback
from datetime import timedelta
from uuid import UUID

import numpy as np
import structlog

from app.clock import utc_now
from app.events import publish
from app.models import Status
from app.queue import RANK_PHASE
from probeboard.probing import TaskScores, get_scorer, prepare, score_task
from worker import store
from worker.lease import Lease, LeaseLost
from worker.parts import Parts
from worker.store import Failure, Work

log = structlog.get_logger(__name__)


class InvalidSubmission(Exception):
    """The embeddings are at fault, not we."""


def evaluate_submission(parts: Parts, submission_id: UUID) -> None:
    """Score a submission if it is there to be scored; a duplicate message changes nothing."""
    lease_length = timedelta(seconds=parts.settings.lease_s)
    with parts.sessions() as session:
        work = store.claim(session, submission_id, now=utc_now(), lease=lease_length)
        session.commit()
    if work is None:
        log.info("nothing to claim", submission_id=str(submission_id))
        return
    with structlog.contextvars.bound_contextvars(
        submission_id=str(submission_id), request_id=work.request_id, attempt=work.attempt
    ):
        _evaluate(parts, work)


def _evaluate(parts: Parts, work: Work) -> None:
    log.info("evaluation started", n_tasks=len(work.tasks))
    _tell(parts, work, Status.RUNNING, 0)
    started = time.perf_counter()
    lease = Lease(parts, work)
    try:
        with lease.kept():
            scores = _score(parts, work, lease)
        _finish(parts, work, scores, seconds=time.perf_counter() - started)
    except LeaseLost:
        log.warning("lease lost")
        return
    except InvalidSubmission as error:
        _reject(parts, work, Failure("not-scorable", str(error)))
        return
    except Exception as error:
        _release(parts, work, error)
        return
    log.info("evaluation finished", seconds=round(time.perf_counter() - started, 3))
    _tell(parts, work, Status.SCORED, len(work.tasks))
    parts.queue.announce(RANK_PHASE, work.phase_id)


def _score(parts: Parts, work: Work, lease: Lease) -> list[TaskScores]:
    scorer = get_scorer(work.scorer, work.scorer_version)
    prepared = prepare(store.read_matrix(parts.blobs, work))
    scores = []
    for number, task in enumerate(work.tasks, start=1):
        probe_task = store.read_probe_task(parts.blobs, work, task)
        scores.append(require_finite(score_task(prepared, probe_task, scorer=scorer)))
        lease.note_progress(number)
        _tell(parts, work, Status.RUNNING, number)
    return scores


def _finish(parts: Parts, work: Work, scores: list[TaskScores], *, seconds: float) -> None:
    with parts.sessions() as session:
        if not store.finish(session, work, scores, now=utc_now(), seconds=seconds):
            raise LeaseLost
        session.commit()


def require_finite(scores: TaskScores) -> TaskScores:
    """Let no score through that a ranking could choke on.

    Raises
    ------
    InvalidSubmission
        If a score is not finite.
    """
    if not np.isfinite(scores.split_scores).all():
        raise InvalidSubmission(f"The embeddings give no finite score in task “{scores.name}”.")
    return scores


def _reject(parts: Parts, work: Work, failure: Failure) -> None:
    with parts.sessions() as session:
        rejected = store.reject(session, work, failure, now=utc_now())
        session.commit()
    log.info("evaluation rejected", code=failure.code, stored=rejected)
    if rejected:
        _tell(parts, work, Status.REJECTED, 0)


def _release(parts: Parts, work: Work, error: Exception) -> None:
    log.error("evaluation broke", exc_info=error)
    failure = Failure(
        "internal-error",
        "Scoring broke for a reason of ours, several times. It cost no quota; the organizers can "
        "have it tried again.",
        "".join(traceback.format_exception(error)),
    )
    with parts.sessions() as session:
        status = store.release(session, work.submission_id, work.attempt, failure, now=utc_now())
        session.commit()
    if status is not None:
        _tell(parts, work, status, 0)


def _tell(parts: Parts, work: Work, status: Status, tasks_done: int) -> None:
    publish(
        parts.redis,
        work.submission_id,
        status=status,
        tasks_done=tasks_done,
        tasks_total=len(work.tasks),
    )
