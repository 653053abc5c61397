"""Find what got lost: leases that ran out, submissions and rankings nobody was told of."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

import structlog
from sqlalchemy import and_, func, or_, select, update

from app.blobs import SCRATCH_LIVES
from app.clock import utc_now
from app.errors import Unavailable
from app.events import publish
from app.models import FailureCode, Leaderboard, Part, Phase, Status, Submission
from app.notices.calendar import note_free_slots, note_phase_dates
from app.notices.deliveries import due_notices
from app.notices.deliveries import mark_announced as mark_notices_announced
from app.policy import is_revealed
from app.queue import (
    DELIVER_NOTICE,
    EVALUATE_SUBMISSION,
    NOTICE_QUEUE,
    RANK_PHASE,
    request_ranking,
)
from app.submissions.service import mark_announced
from worker import store
from worker.due import busy, is_due
from worker.failures import Failure
from worker.parts import Parts
from worker.rescoring_sweep import sweep_rescorings
from worker.sketches import keep_sketches

BATCH = 500
ANNOUNCING_TAKES = timedelta(seconds=2)
LOST = Failure(
    FailureCode.WORKER_LOST,
    "The worker that scored this was lost, several times. It cost no quota; the organizers can "
    "have it tried again.",
)

log = structlog.get_logger(__name__)


def sweep(parts: Parts) -> None:
    """Move everything that waits for somebody who is gone."""
    now = utc_now()
    return_expired_leases(parts, now=now)
    announce_waiting(parts, now=now)
    request_reveals(parts, now=now)
    announce_rankings(parts, now=now)
    announce_notices(parts, now=now)
    sweep_rescorings(parts, now=now)
    dropped = parts.blobs.drop_abandoned(older_than=now - SCRATCH_LIVES)
    if dropped:
        log.info("scratch dropped", folders=dropped)
    parts.blobs.make_room()
    try:
        keep_sketches(parts, now=now)  # last: nobody waits for it
    except Unavailable as error:
        log.warning("no sketches for now", error=error.detail)


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

    A message that was lost cannot be seen. But the broker hands messages out in their order: it
    was lost if the broker is empty, or if one that was sent long after it has been taken.
    """
    patience = timedelta(seconds=parts.settings.reannounce_after_s)
    never = and_(
        Submission.announced_at.is_(None),
        Submission.received_at < now - ANNOUNCING_TAKES,
    )
    lost = [never]
    if parts.queue.waiting() == 0:
        lost.append(Submission.announced_at < now - patience)
    with parts.sessions() as session:
        newest_taken = session.scalar(
            select(func.max(Submission.announced_at)).where(Submission.status == Status.RUNNING)
        )
        if newest_taken is not None:
            lost.append(Submission.announced_at < newest_taken - patience)
        waiting = session.scalars(
            select(Submission.id)
            .where(Submission.status == Status.QUEUED, or_(*lost))
            .order_by(Submission.queue_number)
            .limit(BATCH)
        ).all()
    sent = _announce_all(parts, EVALUATE_SUBMISSION, waiting)
    if sent:
        log.info("submissions announced again", count=len(sent))
        with parts.sessions() as session:
            mark_announced(session, sent, now=now)
            session.commit()


def request_reveals(parts: Parts, *, now: datetime) -> None:
    """Ask for the ranking of boards that private samples decide by now, though nobody hands in.

    A board whose last ranking was by another clock, and too early, is asked for again.
    """
    with parts.sessions() as session:
        boards = session.scalars(
            select(Leaderboard)
            .join(Phase, Phase.id == Leaderboard.phase_id)
            .where(
                is_revealed(now),
                Leaderboard.part.is_distinct_from(Part.PRIVATE),
                Leaderboard.ranked >= Leaderboard.requested,
            )
            .with_for_update(of=Leaderboard, skip_locked=True)
        ).all()
        for board in boards:
            request_ranking(session, board.phase_id)
        session.commit()
    for board in boards:
        log.info("private scores revealed", phase_id=str(board.phase_id))


def announce_rankings(parts: Parts, *, now: datetime) -> None:
    """Send the rankings that were asked for, are due and not done."""
    patience = timedelta(seconds=parts.settings.reannounce_after_s)
    pause = timedelta(seconds=parts.settings.ranking_pause_s)
    with parts.sessions() as session:
        asked = session.execute(
            select(Leaderboard.phase_id, Leaderboard.ranked_at, busy(Leaderboard.phase_id)).where(
                Leaderboard.ranked < Leaderboard.requested,
                or_(Leaderboard.announced_at.is_(None), Leaderboard.announced_at < now - patience),
            )
        ).all()
    phases = [
        phase_id
        for phase_id, ranked_at, is_busy in asked
        if is_due(is_busy=is_busy, ranked_at=ranked_at, now=now, pause=pause)
    ]
    sent = _announce_all(parts, RANK_PHASE, phases)
    if sent:
        with parts.sessions() as session:
            session.execute(
                update(Leaderboard)
                .where(Leaderboard.phase_id.in_(sent), Leaderboard.ranked < Leaderboard.requested)
                .values(announced_at=now)
            )
            session.commit()


def announce_notices(parts: Parts, *, now: datetime) -> None:
    """Note what time alone brought about, and send the notices that are due.

    What was sent before is lost only if no message waits: as long as nobody takes them, they would
    pile up.
    """
    with parts.sessions() as session:
        note_phase_dates(session, now=now)
        note_free_slots(session, now=now)
        session.commit()
    patience = timedelta(seconds=parts.settings.reannounce_after_s)
    lost_before = now - patience if parts.queue.waiting(NOTICE_QUEUE) == 0 else None
    with parts.sessions() as session:
        due = due_notices(session, now=now, lost_before=lost_before)
    sent = _announce_all(parts, DELIVER_NOTICE, due)
    if sent:
        with parts.sessions() as session:
            mark_notices_announced(session, sent, now=now)
            session.commit()


def _announce_all(parts: Parts, job: str, subjects: Sequence[UUID]) -> list[UUID]:
    """Announce one after the other; where one fails the broker is down, and the rest can wait."""
    return list(takewhile(lambda subject: parts.queue.announce(job, subject), subjects))
