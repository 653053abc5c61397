"""The jobs by name, and the life of the process that does them."""

from typing import Any
from uuid import UUID

import redis
import structlog
from celery.signals import (
    heartbeat_sent,
    worker_init,
    worker_process_init,
    worker_process_shutdown,
    worker_shutdown,
)
from redis.exceptions import RedisError

from app.blobs import make_blobs
from app.operations.service import report_worker
from app.queue import EVALUATE_SUBMISSION, RANK_PHASE, RESCORE_SUBMISSION, SWEEP, JobQueue
from worker import evaluate, rank, rescore, sweep
from worker.celery_app import celery, settings
from worker.limits import limit_memory
from worker.parts import Parts, make_parts

log = structlog.get_logger(__name__)

_made: list[Parts] = []


def parts() -> Parts:
    """Return this process's parts, made when they are first asked for."""
    if not _made:
        _made.append(make_parts(settings, JobQueue(celery)))
    return _made[0]


@celery.task(name=EVALUATE_SUBMISSION)  # type: ignore[untyped-decorator]  # Celery has no types
def evaluate_submission(submission_id: str) -> None:
    """Score one submission."""
    evaluate.evaluate_submission(parts(), UUID(submission_id))


@celery.task(name=RESCORE_SUBMISSION)  # type: ignore[untyped-decorator]  # Celery has no types
def rescore_submission(item_id: str) -> None:
    """Evaluate one submission of a re-scoring."""
    rescore.rescore_submission(parts(), UUID(item_id))


@celery.task(name=RANK_PHASE)  # type: ignore[untyped-decorator]  # Celery has no types
def rank_phase(phase_id: str) -> None:
    """Rank one phase."""
    rank.rank_phase(parts(), UUID(phase_id))


@celery.task(name=SWEEP)  # type: ignore[untyped-decorator]  # Celery has no types
def sweep_lost() -> None:
    """Find what got lost."""
    sweep.sweep(parts())


@worker_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _look_at_blobs(**_: Any) -> None:
    """End before any job is taken, where every one would fail: Celery only logs what others raise.

    Raises
    ------
    SystemExit
        If blobs cannot be stored.
    """
    try:
        blobs = make_blobs(settings)
        blobs.prepare()
    except (OSError, RuntimeError) as error:
        raise SystemExit(f"Blobs cannot be stored: {error}") from None
    blobs.close()


@worker_process_init.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _start(**_: Any) -> None:
    limit_memory(settings.evaluation_memory_limit_bytes)
    _made.clear()  # what the parent process made is the parent's
    parts().blobs.prepare()  # a worker may be faster than the first server


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _stop(**_: Any) -> None:
    for one in _made:
        one.close()


class _Reporter:
    """Tells Redis, from the worker's main process, that it lives."""

    def __init__(self) -> None:
        self._client = redis.Redis.from_url(
            settings.redis_url, socket_timeout=1, socket_connect_timeout=1
        )

    def __call__(self, sender: Any = None, **_: Any) -> None:
        name = getattr(getattr(sender, "eventer", None), "hostname", None) or "worker"
        try:
            report_worker(self._client, name, lifetime_s=settings.worker_silence_limit_s)
        except RedisError as error:
            log.warning("worker not reported", error=repr(error))

    def close(self, **_: Any) -> None:
        self._client.close()


_reporter = _Reporter()
heartbeat_sent.connect(_reporter, weak=False)
worker_shutdown.connect(_reporter.close, weak=False)
