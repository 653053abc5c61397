"""What the operator watches: is everything that must move moving?"""

from dataclasses import dataclass
from datetime import datetime

import redis
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.blobs import BlobStore
from app.db import SessionFactory
from app.models import Status, Submission
from app.settings import Settings

WORKER_PREFIX = "probeboard:worker:"


@dataclass(frozen=True)
class Check:
    """One condition of readiness."""

    name: str
    ok: bool
    detail: str


def report_worker(client: redis.Redis, name: str, *, lifetime_s: float) -> None:
    """Note that a worker lives; the note fades by itself.

    Raises
    ------
    RedisError
        If Redis does not answer.
    """
    client.set(f"{WORKER_PREFIX}{name}", "1", px=int(lifetime_s * 1000))


def count_workers(client: redis.Redis) -> int:
    """Count the workers that reported lately.

    Raises
    ------
    RedisError
        If Redis does not answer.
    """
    return sum(1 for _ in client.scan_iter(match=f"{WORKER_PREFIX}*", count=1000))


def check_readiness(
    sessions: SessionFactory,
    client: redis.Redis,
    blobs: BlobStore,
    settings: Settings,
    *,
    now: datetime,
) -> list[Check]:
    """Check database, Redis, workers, a bucket if there is one, and that nobody waits too long."""
    return [
        *_check_database(sessions, settings, now),
        *_check_redis(client),
        *_check_blobs(blobs),
    ]


def count_by_status(session: Session) -> dict[str, int]:
    """Count the submissions in each status."""
    rows = session.execute(select(Submission.status, func.count()).group_by(Submission.status))
    counted = {row[0]: row[1] for row in rows}
    return {str(status): counted.get(status, 0) for status in Status}


def oldest_queued_s(session: Session, *, now: datetime) -> float:
    """Return for how many seconds the oldest queued submission has waited; 0 if none does."""
    oldest = session.scalar(
        select(func.min(_waits_since)).where(Submission.status == Status.QUEUED)
    )
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0


# What a worker had begun, and gave back, waits since then; of an instant and a null, the instant.
_waits_since = func.greatest(Submission.received_at, Submission.started_at)


def _check_database(sessions: SessionFactory, settings: Settings, now: datetime) -> list[Check]:
    try:
        with sessions() as session:
            session.execute(text("SELECT 1"))
            waited = oldest_queued_s(session, now=now)
    except SQLAlchemyError:
        return [Check("database", ok=False, detail="does not answer")]
    limit = settings.oldest_queued_limit_s
    waiting = f"the oldest queued submission has waited {waited:.0f} s of at most {limit:.0f} s"
    return [
        Check("database", ok=True, detail="answers"),
        Check("queue", ok=waited <= limit, detail=waiting),
    ]


def _check_redis(client: redis.Redis) -> list[Check]:
    try:
        workers = count_workers(client)
    except RedisError:
        return [Check("redis", ok=False, detail="does not answer")]
    return [
        Check("redis", ok=True, detail="answers"),
        Check("workers", ok=workers > 0, detail=f"{workers} reported lately"),
    ]


def _check_blobs(blobs: BlobStore) -> list[Check]:
    answers = blobs.answers()
    if answers is None:
        return []
    return [Check("blobs", ok=answers, detail="answers" if answers else "does not answer")]
