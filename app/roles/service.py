"""Who runs a challenge, and who may look at everything in it: given and taken by organizers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.challenges.service import get_organized, get_overseen
from app.errors import InvalidInput, LastOrganizer, NotFound, Place
from app.models import Challenge, ChallengeRole, Role, User
from app.policy import Viewer


@dataclass(frozen=True)
class Holder:
    """Somebody with a role in a challenge."""

    user: User
    role: Role

    @property
    def id(self) -> UUID:
        """The person's."""
        return self.user.id


def list_holders(
    session: Session, viewer: Viewer, slug: str, *, after: UUID | None, limit: int
) -> Sequence[Holder]:
    """Return who has a role in a challenge, newest accounts first; one more than `limit` if any.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge.
    Forbidden
        If the viewer has no role in it.
    """
    challenge = get_overseen(session, viewer, slug)
    statement = (
        select(User, ChallengeRole.role)
        .join(ChallengeRole, ChallengeRole.user_id == User.id)
        .where(ChallengeRole.challenge_id == challenge.id)
    )
    if after is not None:
        statement = statement.where(User.id < after)
    rows = session.execute(statement.order_by(User.id.desc()).limit(limit + 1))
    return [Holder(user, Role(role)) for user, role in rows]


def give_role(
    session: Session, viewer: Viewer, slug: str, *, email: str, role: Role, now: datetime
) -> Holder:
    """Give a registered person a role, instead of the one they may have.

    Raises
    ------
    NotFound, Forbidden
        As `get_organized`.
    InvalidInput
        If nobody has registered with the address.
    LastOrganizer
        If it would leave the challenge without an organizer.
    """
    challenge = get_organized(session, viewer, slug)
    session.refresh(challenge, with_for_update=True)  # two who take each other's role: in turn
    user = session.scalars(select(User).where(User.email == email.lower())).one_or_none()
    if user is None:
        place = Place("unknown_account", "nobody has registered with it", pointer="/body/email")
        raise InvalidInput("The person has to register first.", [place])
    held = session.get(ChallengeRole, (challenge.id, user.id))
    before = None if held is None else {"role": held.role}
    if held is None:
        session.add(ChallengeRole(challenge_id=challenge.id, user_id=user.id, role=role))
    else:
        if role is not Role.ORGANIZER:
            _require_another(session, challenge, user.id)
        held.role = role
    record(
        session,
        viewer,
        "role.given",
        challenge_id=challenge.id,
        subject=user,
        before=before,
        after={"role": role},
        now=now,
    )
    session.flush()
    return Holder(user, role)


def take_role(session: Session, viewer: Viewer, slug: str, user_id: UUID, *, now: datetime) -> None:
    """Take somebody's role away.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge, or the person has no role in it.
    Forbidden
        If the viewer is no organizer of it.
    LastOrganizer
        If it would leave the challenge without an organizer.
    """
    challenge = get_organized(session, viewer, slug)
    session.refresh(challenge, with_for_update=True)
    held = session.get(ChallengeRole, (challenge.id, user_id), populate_existing=True)
    if held is None:
        raise NotFound("role")
    _require_another(session, challenge, user_id)
    record(
        session,
        viewer,
        "role.taken",
        challenge_id=challenge.id,
        subject=session.get_one(User, user_id),
        before={"role": held.role},
        after={"role": None},
        now=now,
    )
    session.delete(held)
    session.flush()


def _require_another(session: Session, challenge: Challenge, user_id: UUID) -> None:
    others = select(func.count()).where(
        ChallengeRole.challenge_id == challenge.id,
        ChallengeRole.role == Role.ORGANIZER,
        ChallengeRole.user_id != user_id,
    )
    if not session.scalar(others):
        raise LastOrganizer("Make somebody else an organizer first.")
