"""Find what got lost: leases that ran out, submissions and rankings nobody was told of."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.events import publish
from app.models import Leaderboard, Status, Submission
from app.queue import EVALUATE_SUBMISSION, RANK_PHASE
from worker import store
from worker.parts import Parts
from worker.store import Failure

BATCH = 500
ANNOUNCING_TAKES = timedelta(seconds=2)
SCRATCH_LIVES = timedelta(hours=6)
LOST = Failure(
    "worker-lost",
    "The worker that scored this was lost, several times. It cost no quota; the organizers can "
    "have it tried again.",
)

log = structlog.get_logger(__name__)


def sweep(parts: Parts) -> None:
    """Move everything that waits for somebody who is gone."""
    now = utc_now()
    return_expired_leases(parts, now=now)
    announce_waiting(parts, now=now)
    announce_rankings(parts, now=now)
    dropped = parts.blobs.drop_abandoned(older_than=now - SCRATCH_LIVES)
    if dropped:
        log.info("scratch dropped", folders=dropped)


def return_expired_leases(parts: Parts, *, now: datetime) -> None:
    """Put running submissions whose lease ran out back into the queue, or fail them."""
    moved: list[tuple[UUID, Status]] = []
    with parts.sessions() as session:
        expired = session.execute(
            select(Submission.id, Submission.attempt)
            .where(Submission.status == Status.RUNNING, Submission.lease_expires_at < now)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for submission_id, attempt in expired:
            status = store.release(session, submission_id, attempt, LOST, now=now)
            if status is not None:
                moved.append((submission_id, status))
        session.commit()
    for submission_id, status in moved:
        log.warning("lease expired", submission_id=str(submission_id), now=status)
        publish(parts.redis, submission_id, status=status, tasks_done=0)


def announce_waiting(parts: Parts, *, now: datetime) -> None:
    """Send queued submissions that were not announced, or whose announcement was lost.

    A message that was sent but lost cannot be told from one that waits its turn, except when the
    broker is empty: then nothing waits, and what is queued was lost.
    """
    never = and_(
        Submission.announced_at.is_(None),
        Submission.received_at < now - ANNOUNCING_TAKES,
    )
    stale = Submission.announced_at < now - timedelta(seconds=parts.settings.reannounce_after_s)
    lost = or_(never, stale) if parts.queue.waiting() == 0 else never
    with parts.sessions() as session:
        waiting = session.scalars(
            select(Submission.id)
            .where(Submission.status == Status.QUEUED, lost)
            .order_by(Submission.queue_number)
            .limit(BATCH)
        ).all()
    sent = [one for one in waiting if parts.queue.announce(EVALUATE_SUBMISSION, one)]
    if sent:
        log.info("submissions announced again", count=len(sent))
        with parts.sessions() as session:
            _mark_announced(session, sent, now=now)
            session.commit()


def announce_rankings(parts: Parts, *, now: datetime) -> None:
    """Send the rankings that were asked for and not done."""
    stale = now - timedelta(seconds=parts.settings.reannounce_after_s)
    with parts.sessions() as session:
        phases = session.scalars(
            update(Leaderboard)
            .where(
                Leaderboard.ranked < Leaderboard.requested,
                or_(Leaderboard.announced_at.is_(None), Leaderboard.announced_at < stale),
            )
            .values(announced_at=now)
            .returning(Leaderboard.phase_id)
        ).all()
        session.commit()
    for phase_id in phases:
        parts.queue.announce(RANK_PHASE, phase_id)


def _mark_announced(session: Session, submission_ids: list[UUID], *, now: datetime) -> None:
    session.execute(
        update(Submission)
        .where(Submission.id.in_(submission_ids), Submission.status == Status.QUEUED)
        .values(announced_at=now)
    )
