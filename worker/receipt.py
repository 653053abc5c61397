"""The receipt: what made the numbers, so that each can be computed again."""

from typing import Any

from threadpoolctl import threadpool_info

from app.settings import Settings
from probeboard.probing import package_versions
from worker.work import Work


def receipt_of(work: Work, settings: Settings) -> dict[str, Any]:
    """Return all that is needed to compute the numbers again, and within which limits it was."""
    return {
        **work.rules.receipt,
        "matrix_sha256": work.matrix_sha256,
        "analyses": list(work.analyses),
        "packages": package_versions(),
        "limits": {
            "seconds": settings.evaluation_time_limit_s,
            "memory_bytes": settings.evaluation_memory_limit_bytes,
            "blas_threads": _blas_threads(),
        },
    }


def _blas_threads() -> int:
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max((int(pool["num_threads"]) for pool in pools), default=1)
