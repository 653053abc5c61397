"""Quotas: valid submissions per rolling 24 hours, in total, and in flight."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import QuotaExceeded
from app.models import Submission
from app.phases.terms import Terms
from app.submissions.lifecycle import COUNTS_FOR_QUOTA, IN_FLIGHT

DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Use:
    """What a team has used of a phase's quota. Rejected, failed and withdrawn cost nothing."""

    today: tuple[datetime, ...]
    total: int
    in_flight: int


def use_of(session: Session, phase_id: UUID, participation_id: UUID, *, now: datetime) -> Use:
    """Count a team's use. To decide upon it, hold the lock on the participation."""
    mine = (Submission.phase_id == phase_id, Submission.participation_id == participation_id)
    total, in_flight = session.execute(
        select(
            func.count().filter(Submission.status.in_(COUNTS_FOR_QUOTA)),
            func.count().filter(Submission.status.in_(IN_FLIGHT)),
        ).where(*mine)
    ).one()
    today = session.scalars(
        select(Submission.received_at)
        .where(*mine, Submission.status.in_(COUNTS_FOR_QUOTA), Submission.received_at > now - DAY)
        .order_by(Submission.received_at)
    )
    return Use(tuple(today), total, in_flight)


def resets_at(today: Sequence[datetime], limit: int) -> datetime:
    """Return when so many of `today` (oldest first) are 24 hours old that one fits again.

    >>> from datetime import UTC
    >>> day = [datetime(2026, 3, 10, hour, tzinfo=UTC) for hour in (1, 2, 3)]
    >>> resets_at(day, limit=2).isoformat()
    '2026-03-11T02:00:00+00:00'
    """
    return today[len(today) - limit] + DAY


def require_room(terms: Terms, use: Use) -> None:
    """Refuse one more submission where a limit is reached.

    Raises
    ------
    QuotaExceeded
        With limit, use, and when time alone makes room again.
    """
    if use.total >= terms.total:
        raise QuotaExceeded(
            f"All {terms.total} submissions of this phase are used.",
            limit=terms.total,
            used=use.total,
            window="phase",
            resets_at=None,
        )
    if len(use.today) >= terms.per_day:
        raise QuotaExceeded(
            f"{len(use.today)} of {terms.per_day} submissions in 24 hours are used.",
            limit=terms.per_day,
            used=len(use.today),
            window="24 h",
            resets_at=resets_at(use.today, terms.per_day),
        )
    if use.in_flight >= terms.in_flight:
        raise QuotaExceeded(
            f"{use.in_flight} submissions are queued or running; wait for one to finish.",
            limit=terms.in_flight,
            used=use.in_flight,
            window="in flight",
            resets_at=None,
        )
