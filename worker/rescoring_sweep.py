"""Find what got lost of re-scorings, and what belongs to them by now."""

from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.audit.service import record_system
from app.models import (
    FailureCode,
    ItemState,
    Phase,
    Rescoring,
    RescoringItem,
    RescoringState,
    Status,
    Submission,
)
from app.queue import RESCORE_SUBMISSION, RESCORING_QUEUE
from app.rescorings.items import add_missing_items, mark_announced
from app.rescorings.rules import SetRules
from app.submissions.lifecycle import score_again
from worker.failures import Failure
from worker.parts import Parts
from worker.rescore import release

BATCH = 500
LOST = Failure(
    FailureCode.WORKER_LOST,
    "The worker that evaluated this was lost, several times. It can be tried again.",
)

log = structlog.get_logger(__name__)


def sweep_rescorings(parts: Parts, *, now: datetime) -> None:
    """Move every item that waits for somebody who is gone, and add what was scored meanwhile."""
    add_newly_scored(parts, now=now)
    return_expired_items(parts, now=now)
    announce_items(parts, now=now)
    queue_left_out(parts, now=now)


def add_newly_scored(parts: Parts, *, now: datetime) -> None:
    """Add to each open set what was scored by the old rules since it was made."""
    with parts.sessions() as session:
        is_open = Rescoring.state == RescoringState.OPEN
        for rescoring in session.scalars(select(Rescoring).where(is_open)).all():
            rules = SetRules.from_document(rescoring.rules)
            attempts = parts.settings.max_attempts
            added = add_missing_items(session, rescoring, rules, attempts=attempts, now=now)
            if added:
                log.info("re-scoring grew", rescoring_id=str(rescoring.id), items=added)
        session.commit()


def return_expired_items(parts: Parts, *, now: datetime) -> None:
    """Put running items whose lease ran out back into the queue, or fail them."""
    with parts.sessions() as session:
        expired = session.execute(
            select(RescoringItem.id, RescoringItem.attempt)
            .where(RescoringItem.state == ItemState.RUNNING, RescoringItem.lease_expires_at < now)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for item_id, attempt in expired:
            state = release(session, item_id, attempt, LOST, now=now)
            log.warning("lease of an item expired", item_id=str(item_id), now=state)
        session.commit()


def announce_items(parts: Parts, *, now: datetime) -> None:
    """Send queued items of open sets that were not announced, or whose announcement was lost.

    Lost, as far as that can be told: the broker is empty, or has handed out a much later one.
    """
    patience = timedelta(seconds=parts.settings.reannounce_after_s)
    lost: list[ColumnElement[bool]] = [RescoringItem.announced_at.is_(None)]
    if parts.queue.waiting(RESCORING_QUEUE) == 0:
        lost.append(RescoringItem.announced_at < now - patience)
    with parts.sessions() as session:
        newest_taken = session.scalar(
            select(func.max(RescoringItem.announced_at)).where(
                RescoringItem.state == ItemState.RUNNING
            )
        )
        if newest_taken is not None:
            lost.append(RescoringItem.announced_at < newest_taken - patience)
        waiting = session.scalars(
            select(RescoringItem.id)
            .join(Rescoring, Rescoring.id == RescoringItem.rescoring_id)
            .where(
                and_(
                    RescoringItem.state == ItemState.QUEUED,
                    Rescoring.state == RescoringState.OPEN,
                ),
                or_(*lost),
            )
            .order_by(RescoringItem.queue_number)
            .limit(BATCH)
        ).all()
    sent = list(takewhile(lambda item: parts.queue.announce(RESCORE_SUBMISSION, item), waiting))
    if sent:
        with parts.sessions() as session:
            mark_announced(session, sent, now=now)
            session.commit()


def queue_left_out(parts: Parts, *, now: datetime) -> None:
    """Have scored what was disqualified while its phase was re-scored, and is not any more."""
    with parts.sessions() as session:
        for submission_id in score_again(session, now=now, limit=BATCH):
            _note_queued(session, submission_id, now=now)
        session.commit()


def _note_queued(session: Session, submission_id: UUID, *, now: datetime) -> None:
    submission = session.get_one(Submission, submission_id, populate_existing=True)
    record_system(
        session,
        "submission.queued",
        challenge_id=session.get_one(Phase, submission.phase_id).challenge_id,
        subject=submission,
        before={"status": Status.SCORED},
        after={"status": Status.QUEUED},
        reason="Its phase was re-scored while it was disqualified.",
        now=now,
    )
