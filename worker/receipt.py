"""The receipt: what made the numbers, so that each can be computed again."""

import hashlib
import json
from typing import Any

from threadpoolctl import threadpool_info

from app.settings import Settings
from probeboard.probing import package_versions
from worker.work import Work


def rules_digest(work: Work) -> str:
    """Digest what, beside the scorer, decides the numbers, from samples and scaling to splits."""
    return hashlib.sha256(json.dumps(_rules(work), sort_keys=True).encode()).hexdigest()


def receipt_of(work: Work, settings: Settings) -> dict[str, Any]:
    """Return all that is needed to compute the numbers again, and within which limits it was."""
    return {
        **_rules(work),
        "matrix_sha256": work.matrix_sha256,
        "analyses": list(work.analyses),
        "packages": package_versions(),
        "limits": {
            "seconds": settings.evaluation_time_limit_s,
            "memory_bytes": settings.evaluation_memory_limit_bytes,
            "blas_threads": _blas_threads(),
        },
    }


def _rules(work: Work) -> dict[str, Any]:
    return {
        "scorer": f"{work.scorer}@{work.scorer_version}",
        "samples": work.samples_digest,
        "scaling": work.scaling.value,
        "splits": {task.name: task.splits.to_document() for task in work.tasks},
        "probes": {
            task.name: {"kind": str(task.probe.kind), "signs": task.probe.signs}
            for task in work.tasks
        },
        "label_sets": {
            task.name: {"version": task.label_version, "digest": task.label_digest}
            for task in work.tasks
        },
    }


def _blas_threads() -> int:
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max((int(pool["num_threads"]) for pool in pools), default=1)
