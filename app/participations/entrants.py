"""The teams of a challenge with their people, for those who run or read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.challenges.service import get_overseen
from app.models import (
    Participation,
    ParticipationMember,
    ParticipationState,
    Team,
    User,
)
from app.policy import Viewer


@dataclass(frozen=True)
class Entrant:
    """A team in a challenge, and who takes part with it."""

    participation: Participation
    team: Team
    members: tuple[User, ...]

    @property
    def id(self) -> UUID:
        """The participation's."""
        return self.participation.id


def list_entrants(
    session: Session,
    viewer: Viewer,
    slug: str,
    *,
    state: ParticipationState | None,
    after: UUID | None,
    limit: int,
) -> list[Entrant]:
    """Return the teams of a challenge, newest first, and one more than `limit` if there is.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge.
    Forbidden
        If the viewer has no role in it.
    """
    challenge = get_overseen(session, viewer, slug)
    statement = select(Participation, Team).join(Team, Team.id == Participation.team_id)
    statement = statement.where(Participation.challenge_id == challenge.id)
    if state is not None:
        statement = statement.where(Participation.state == state)
    if after is not None:
        statement = statement.where(Participation.id < after)
    rows = session.execute(statement.order_by(Participation.id.desc()).limit(limit + 1)).all()
    members = _members(session, [participation.id for participation, _ in rows])
    return [Entrant(one, team, tuple(members.get(one.id, ()))) for one, team in rows]


def entrant_of(session: Session, participation: Participation) -> Entrant:
    """Describe a participation."""
    team = session.get_one(Team, participation.team_id)
    return Entrant(
        participation, team, tuple(_members(session, [participation.id]).get(participation.id, ()))
    )


def _members(session: Session, participation_ids: Sequence[UUID]) -> dict[UUID, list[User]]:
    rows = session.execute(
        select(ParticipationMember.participation_id, User)
        .join(User, User.id == ParticipationMember.user_id)
        .where(
            ParticipationMember.participation_id.in_(participation_ids),
            ParticipationMember.left_at.is_(None),
        )
        .order_by(User.id)
    )
    members: dict[UUID, list[User]] = {}
    for participation_id, user in rows:
        members.setdefault(participation_id, []).append(user)
    return members
