"""Read how a phase was extended: for all in public, for one team by that team."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Participation, PhaseExtension, Team, User
from app.phases.service import get_phase
from app.policy import Viewer, look, sees_extension


@dataclass(frozen=True)
class Granted:
    """An extension or exception as far as its viewer may know it; `by` may be kept back."""

    row: PhaseExtension
    team: str | None
    by: str | None


def list_extensions(
    session: Session,
    viewer: Viewer,
    phase_id: UUID,
    *,
    after: UUID | None,
    limit: int,
    now: datetime,
) -> Sequence[Granted]:
    """Return extensions and exceptions, newest first, and one more than `limit` if any.

    What concerns all is public; a team sees its own; those with a role see all, and who made it.

    Raises
    ------
    NotFound
        If the viewer sees no such phase.
    """
    phase, _ = get_phase(session, viewer, phase_id)
    sight = look(session, viewer, phase, now=now)
    statement = (
        select(PhaseExtension, Team.name, User.name)
        .join(User, User.id == PhaseExtension.by_id)
        .outerjoin(Participation, Participation.id == PhaseExtension.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(PhaseExtension.phase_id == phase.id)
    )
    if not sight.sees_exceptions:
        statement = statement.where(sees_extension(viewer))
    if after is not None:
        statement = statement.where(PhaseExtension.id < after)
    rows = session.execute(statement.order_by(PhaseExtension.id.desc()).limit(limit + 1))
    return [Granted(row, team, by if sight.sees_deciders else None) for row, team, by in rows]


def granted_by(session: Session, row: PhaseExtension) -> Granted:
    """Return a record as its organizers see it."""
    team = session.scalars(
        select(Team.name)
        .join(Participation, Participation.team_id == Team.id)
        .where(Participation.id == row.participation_id)
    ).one_or_none()
    return Granted(row, team, session.get_one(User, row.by_id).name)
