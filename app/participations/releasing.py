"""Who left a team that had handed in is bound to it in that challenge, until an organizer frees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.challenges.service import get_organized, get_overseen
from app.errors import NotFound
from app.models import Participation, ParticipationMember, Team, User
from app.policy import Viewer


@dataclass(frozen=True)
class Bound:
    """Somebody who has left a team, and may take part with no other."""

    user: User
    participation_id: UUID
    team: str
    left_at: datetime

    @property
    def id(self) -> UUID:
        """The person's."""
        return self.user.id


def list_bound(
    session: Session, viewer: Viewer, slug: str, *, after: UUID | None, limit: int
) -> Sequence[Bound]:
    """Return who is bound in a challenge, newest accounts first; one more than `limit` if any.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge.
    Forbidden
        If the viewer has no role in it.
    """
    challenge = get_overseen(session, viewer, slug)
    statement = (
        select(ParticipationMember, User, Team.name)
        .join(User, User.id == ParticipationMember.user_id)
        .join(Participation, Participation.id == ParticipationMember.participation_id)
        .join(Team, Team.id == Participation.team_id)
        .where(
            ParticipationMember.challenge_id == challenge.id,
            ParticipationMember.left_at.is_not(None),
        )
    )
    if after is not None:
        statement = statement.where(User.id < after)
    rows = session.execute(statement.order_by(User.id.desc()).limit(limit + 1))
    return [
        Bound(user, member.participation_id, team, member.left_at)
        for member, user, team in rows
        if member.left_at is not None
    ]


def release(
    session: Session, viewer: Viewer, slug: str, user_id: UUID, *, reason: str, now: datetime
) -> None:
    """Let somebody who left a team take part with another; what was handed in stays the team's.

    Raises
    ------
    NotFound, Forbidden
        As `get_organized`; also if nobody of this id is bound in the challenge.
    """
    challenge = get_organized(session, viewer, slug)
    member = session.get(
        ParticipationMember, (challenge.id, user_id), with_for_update=True, populate_existing=True
    )
    if member is None or member.left_at is None:
        raise NotFound("bound person")
    participation = session.get_one(Participation, member.participation_id)
    record(
        session,
        viewer,
        "participation.member-released",
        challenge_id=challenge.id,
        subject=participation,
        before={"bound": user_id, "left_at": member.left_at},
        after={"bound": None},
        reason=reason,
        now=now,
    )
    session.delete(member)
    session.flush()
