"""The life of a delivery: due, taken under a lease, settled; and what is due now.

waiting → delivered | failed | dropped        waiting → waiting   when an attempt did not succeed
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from app.audit.service import record_system
from app.models import Announcement, Delivery, DeliveryStatus, Notice, Webhook
from app.notices.recipients import is_concerned

LEASE = timedelta(seconds=60)
ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=10)
DISABLED_AFTER = 15
FAILING_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Taken:
    """A delivery under a lease; `attempt` is its fencing token."""

    delivery_id: UUID
    notice_id: UUID
    user_id: UUID | None
    webhook_id: UUID | None
    attempt: int


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt; `for_good` tells that another one would not help."""

    ok: bool
    error: str | None = None
    status_code: int | None = None
    for_good: bool = False


def pause_after(attempt: int) -> timedelta:
    """Return how long to wait after the n-th attempt: 10 s, 40 s, … 11 h, 15 h in all.

    >>> [pause_after(n).total_seconds() for n in (1, 2, 3)]
    [10.0, 40.0, 160.0]
    >>> sum((pause_after(n) for n in range(1, ATTEMPTS)), timedelta()) / timedelta(hours=1)
    15.17...
    """
    return FIRST_PAUSE * 4.0 ** (attempt - 1)


def take(session: Session, notice_id: UUID, *, now: datetime) -> Taken | None:
    """Take a notice's next delivery that is due, mails first; None if none is left to take.

    What became pointless is dropped, and what was lost at its last attempt fails, on the way.
    """
    while (row := _next_due(session, notice_id, now=now)) is not None:
        reason = _pointless(session, row, now=now)
        if reason is not None:
            _settle(row, DeliveryStatus.DROPPED, reason, now=now)
        elif row.attempt >= ATTEMPTS:
            lost = "Whoever made the last attempt was lost; it may have arrived."
            _settle(row, DeliveryStatus.FAILED, lost, now=now)
        else:
            row.attempt += 1
            row.due_at = now + LEASE
        session.flush()
        if row.status == DeliveryStatus.WAITING:
            return Taken(row.id, row.notice_id, row.user_id, row.webhook_id, row.attempt)
    return None


def settle(session: Session, taken: Taken, outcome: Outcome, *, now: datetime) -> bool:
    """Note what came of an attempt; False, and nothing, if somebody took the delivery meanwhile."""
    hook = None
    if taken.webhook_id is not None:  # locked first, as by whoever deletes it with its deliveries
        hook = session.get(Webhook, taken.webhook_id, with_for_update=True, populate_existing=True)
    row = session.scalars(
        select(Delivery)
        .where(
            Delivery.id == taken.delivery_id,
            Delivery.attempt == taken.attempt,
            Delivery.status == DeliveryStatus.WAITING,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return False
    row.status_code = outcome.status_code
    if outcome.ok:
        _settle(row, DeliveryStatus.DELIVERED, None, now=now)
    elif outcome.for_good or row.attempt >= ATTEMPTS:
        _settle(row, DeliveryStatus.FAILED, outcome.error, now=now)
    else:
        row.error = outcome.error
        row.due_at = now + pause_after(row.attempt)
    if hook is not None:
        _note_health(session, hook, outcome, now=now)
    session.flush()
    return True


def due_notices(session: Session, *, now: datetime, lost_before: datetime | None) -> list[UUID]:
    """Return the notices with something to do that the queue was not told of since it was due.

    `lost_before`: whoever was told of before that was lost; None if nobody can have been.
    """
    rest: list[ColumnElement[bool]] = [Notice.announced_at.is_(None)]
    if lost_before is not None:
        rest.append(Notice.announced_at < lost_before)
    due = exists().where(
        Delivery.notice_id == Notice.id,
        Delivery.status == DeliveryStatus.WAITING,
        Delivery.due_at <= now,
        or_(*rest, Notice.announced_at < Delivery.due_at),
    )
    statement = select(Notice.id).where(or_(and_(Notice.fanned_out_at.is_(None), or_(*rest)), due))
    return list(session.scalars(statement.order_by(Notice.id).limit(500)))


def mark_announced(session: Session, notice_ids: Sequence[UUID], *, now: datetime) -> None:
    """Note that the queue was told of notices."""
    session.execute(
        update(Notice)
        .where(Notice.id.in_(notice_ids))
        .values(announced_at=now)
        .execution_options(synchronize_session=False)
    )


def _next_due(session: Session, notice_id: UUID, *, now: datetime) -> Delivery | None:
    return session.scalars(
        select(Delivery)
        .where(
            Delivery.notice_id == notice_id,
            Delivery.status == DeliveryStatus.WAITING,
            Delivery.due_at <= now,
        )
        .order_by(Delivery.user_id.is_(None), Delivery.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _pointless(session: Session, row: Delivery, *, now: datetime) -> str | None:
    """Tell why a delivery need not be made any more."""
    notice = session.get_one(Notice, row.notice_id)
    if notice.expires_at is not None and notice.expires_at <= now:
        return "It came too late."
    if notice.announcement_id is not None:
        announced = session.get_one(Announcement, notice.announcement_id, populate_existing=True)
        if announced.withdrawn_at is not None:
            return "The announcement was withdrawn."
    if not is_concerned(session, row, notice):
        return "The receiver does not want it any more, or is not concerned."
    return None


def _settle(row: Delivery, status: DeliveryStatus, error: str | None, *, now: datetime) -> None:
    row.status, row.error, row.settled_at = status, error, now


def _note_health(session: Session, hook: Webhook, outcome: Outcome, *, now: datetime) -> None:
    """Count failures in a row; disable what fails again and again, for longer than a restart."""
    if outcome.ok:
        hook.failures, hook.failing_since = 0, None
        return
    hook.failures += 1
    hook.failing_since = hook.failing_since or now
    lasts = hook.failing_since <= now - FAILING_FOR
    if hook.disabled_at is None and lasts and hook.failures >= DISABLED_AFTER:
        hook.disabled_at = now
        since = hook.failing_since.strftime("%Y-%m-%d %H:%M UTC")
        failed = f"{hook.failures} attempts in a row failed since {since}"
        hook.disabled_reason = f"{failed}; the last one: {outcome.error}"
        record_system(
            session,
            "webhook.disabled",
            challenge_id=hook.challenge_id,
            subject=hook,
            before={"enabled": True},
            after={"enabled": False},
            reason=f"{failed}.",
            now=now,
        )
