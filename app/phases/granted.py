"""Read how a phase was extended: for all in public, for one team by that team."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.models import Challenge, Participation, ParticipationMember, PhaseExtension, Team, User
from app.phases.service import get_phase
from app.policy import Viewer, holds_any_role


@dataclass(frozen=True)
class Granted:
    """An extension or exception as far as its viewer may know it; `by` may be kept back."""

    row: PhaseExtension
    team: str | None
    by: str | None


def list_extensions(
    session: Session, viewer: Viewer, phase_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[Granted]:
    """Return extensions and exceptions, newest first, and one more than `limit` if any.

    What concerns all is public; a team sees its own; those with a role see all, and who made it.

    Raises
    ------
    NotFound
        If the viewer sees no such phase.
    """
    phase, challenge = get_phase(session, viewer, phase_id)
    has_role = session.scalar(
        select(exists().where(Challenge.id == challenge.id, holds_any_role(viewer)))
    )
    statement = (
        select(PhaseExtension, Team.name, User.name)
        .join(User, User.id == PhaseExtension.by_id)
        .outerjoin(Participation, Participation.id == PhaseExtension.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(PhaseExtension.phase_id == phase.id)
    )
    if not has_role:
        mine = exists().where(
            ParticipationMember.participation_id == PhaseExtension.participation_id,
            ParticipationMember.user_id == viewer.user_id,
            ParticipationMember.left_at.is_(None),
        )
        for_all = PhaseExtension.participation_id.is_(None)
        statement = statement.where(for_all if viewer.user_id is None else or_(for_all, mine))
    if after is not None:
        statement = statement.where(PhaseExtension.id < after)
    rows = session.execute(statement.order_by(PhaseExtension.id.desc()).limit(limit + 1))
    return [Granted(row, team, by if has_role else None) for row, team, by in rows]


def granted_by(session: Session, row: PhaseExtension) -> Granted:
    """Return a record as its organizers see it."""
    team = session.scalars(
        select(Team.name)
        .join(Participation, Participation.team_id == Team.id)
        .where(Participation.id == row.participation_id)
    ).one_or_none()
    return Granted(row, team, session.get_one(User, row.by_id).name)
