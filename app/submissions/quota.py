"""Quotas: valid submissions per rolling 24 hours, in total, and in flight."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import NotFound, QuotaExceeded
from app.models import Challenge, Participation, Phase, Submission, Team
from app.participations.service import participation_of
from app.phases.service import get_phase
from app.phases.terms import Terms, terms_of
from app.policy import Viewer, holds_any_role
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


@dataclass(frozen=True)
class Allowance:
    """A team's limits in a phase, and what it has used of them."""

    phase: Phase
    participation_id: UUID
    team: str
    terms: Terms
    use: Use

    @property
    def day_resets_at(self) -> datetime | None:
        """When time alone frees a slot of 24 hours next; None where none is taken."""
        if not self.use.today:
            return None
        return resets_at(self.use.today, min(self.terms.per_day, len(self.use.today)))

    @property
    def has_room(self) -> bool:
        """Whether one more would be within all limits now."""
        try:
            require_room(self.terms, self.use)
        except QuotaExceeded:
            return False
        return True


def read_allowance(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    *,
    participation_id: UUID | None = None,
    now: datetime,
) -> Allowance:
    """Return what the viewer's team may still hand in; for a role, what any team may.

    Raises
    ------
    NotFound
        If the viewer sees no such phase, is in no team that takes part, or may not see this one.
    """
    phase, challenge = get_phase(session, viewer, phase_id)
    entry = _entry(session, viewer, challenge, participation_id)
    if entry is None:
        raise NotFound("participation")
    participation, team = entry
    return Allowance(
        phase=phase,
        participation_id=participation.id,
        team=team.name,
        terms=terms_of(session, phase, participation.id),
        use=use_of(session, phase.id, participation.id, now=now),
    )


def _entry(
    session: Session, viewer: Viewer, challenge: Challenge, participation_id: UUID | None
) -> tuple[Participation, Team] | None:
    mine = participation_of(session, viewer, challenge.id)
    if participation_id is None or (mine is not None and mine[0].id == participation_id):
        return mine
    row = session.execute(
        select(Participation, Team)
        .join(Team, Team.id == Participation.team_id)
        .join(Challenge, Challenge.id == Participation.challenge_id)
        .where(
            Participation.id == participation_id,
            Challenge.id == challenge.id,
            holds_any_role(viewer),
        )
    ).one_or_none()
    return None if row is None else (row[0], row[1])


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
