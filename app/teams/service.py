"""Teams: make one, invite, join, find. A person is in at most one team per challenge."""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.audit.service import record
from app.errors import AlreadyInTeam, Forbidden, NameTaken, NotFound
from app.models import Challenge, Participation, Team, TeamMember, User, new_id
from app.policy import Viewer, member_of
from app.teams.auditing import record_in_challenges
from app.teams.rules import require_addresses, require_unlocked, take_in

_SLUG_LOCK = 0x7465616D  # "team"; any number that no other lock of ours has


@dataclass(frozen=True)
class Member:
    """A person in a team."""

    user_id: UUID
    name: str
    is_captain: bool
    joined_at: datetime


def create_team(session: Session, viewer: Viewer, *, name: str, now: datetime) -> tuple[Team, str]:
    """Create a team with the viewer as captain; return it with its invitation code.

    Raises
    ------
    NameTaken
        If another team has the name, whatever the case of its letters.
    """
    # Two names of one slug, such as “A b” and “A-b”, shall not meet at the same number.
    session.execute(select(func.pg_advisory_xact_lock(_SLUG_LOCK)))
    code = _new_code()
    team = Team(
        id=new_id(),
        slug=_free_slug(session, name),
        name=name,
        captain_id=viewer.me,
        invitation_digest=_digest(code),
        created_at=now,
    )
    session.add(team)
    try:
        session.flush()
    except IntegrityError as error:
        raise NameTaken("Another team has this name.") from error
    session.add(TeamMember(team_id=team.id, user_id=viewer.me, joined_at=now))
    record(session, viewer, "team.created", challenge_id=None, subject=team, now=now)
    return team, code


def join_team(session: Session, viewer: Viewer, *, code: str, now: datetime) -> Team:
    """Join the team an invitation code belongs to, and the challenges it takes part in.

    Raises
    ------
    NotFound
        If no team has the code.
    AlreadyInTeam
        If the viewer is a member.
    TeamsLocked
        If the team takes part in a challenge that has locked its teams.
    AlreadyInChallenge
        If the viewer takes part with another team in one of this team's challenges.
    EmailDomainNotAllowed
        If one of them is for people with other addresses.
    """
    # The lock orders this after a participation that the team enters at the same moment.
    team = session.scalars(
        select(Team).where(Team.invitation_digest == _digest(code.strip())).with_for_update()
    ).one_or_none()
    if team is None:
        raise NotFound("invitation")
    if session.get(TeamMember, (team.id, viewer.me)) is not None:
        raise AlreadyInTeam(f"You are a member of {team.name}.")
    require_unlocked(session, [team.id], now=now)
    session.add(TeamMember(team_id=team.id, user_id=viewer.me, joined_at=now))
    me = session.get_one(User, viewer.me)
    for participation, challenge in session.execute(
        # In one order for everybody, so that two joins wait for each other and never in a ring.
        select(Participation, Challenge)
        .join(Challenge, Challenge.id == Participation.challenge_id)
        .where(Participation.team_id == team.id)
        .order_by(Participation.challenge_id)
    ).all():
        require_addresses(challenge, [me])
        take_in(session, participation, [me.id])
    record_in_challenges(
        session, viewer, "team.joined", team, after={"member": me.name, "member_id": me.id}, now=now
    )
    return team


def renew_invitation(
    session: Session, viewer: Viewer, team_id: UUID, *, now: datetime
) -> tuple[Team, str]:
    """Make a new invitation code; the old one stops working.

    Raises
    ------
    NotFound
        If the viewer is not in such a team.
    Forbidden
        If the viewer is not its captain.
    """
    team = lock_team(session, viewer, team_id)
    require_captain(team, viewer)
    code = take_invitation_back(team)
    record(session, viewer, "team.invitation-renewed", challenge_id=None, subject=team, now=now)
    return team, code


def take_invitation_back(team: Team) -> str:
    """Stop a team's invitation code; return a new one, which nobody knows yet."""
    code = _new_code()
    team.invitation_digest = _digest(code)
    return code


def get_team(session: Session, viewer: Viewer, team_id: UUID) -> Team:
    """Return a team the viewer is in.

    Raises
    ------
    NotFound
        If there is none.
    """
    team = session.scalars(
        select(Team).where(Team.id == team_id, member_of(viewer, Team.id.expression))
    ).one_or_none()
    if team is None:
        raise NotFound("team")
    return team


def lock_team(session: Session, viewer: Viewer, team_id: UUID) -> Team:
    """Lock a team the viewer is in: who is in it stays as it is until the commit.

    Raises
    ------
    NotFound
        As `get_team`.
    """
    get_team(session, viewer, team_id)
    session.get_one(Team, team_id, with_for_update=True, populate_existing=True)
    return get_team(session, viewer, team_id)  # looked at again, under the lock


def require_captain(team: Team, viewer: Viewer) -> None:
    """Refuse a member who is not the captain.

    Raises
    ------
    Forbidden
        If it is not the captain.
    """
    if team.captain_id != viewer.me:
        raise Forbidden("Only the team's captain may do this.")


def teams_of(session: Session, viewer: Viewer, *, after: UUID | None, limit: int) -> Sequence[Team]:
    """Return the viewer's teams, newest first, and one more than `limit` if there is."""
    statement = select(Team).where(member_of(viewer, Team.id.expression))
    if after is not None:
        statement = statement.where(Team.id < after)
    return session.scalars(statement.order_by(Team.id.desc()).limit(limit + 1)).all()


def members_of(session: Session, team: Team) -> list[Member]:
    """Return a team's members in the order they joined."""
    rows = session.execute(
        select(User.id, User.name, TeamMember.joined_at)
        .join(User, User.id == TeamMember.user_id)
        .where(TeamMember.team_id == team.id)
        .order_by(TeamMember.joined_at, User.id)
    )
    return [Member(id_, name, id_ == team.captain_id, joined_at) for id_, name, joined_at in rows]


def _free_slug(session: Session, name: str) -> str:
    """Derive a slug; names that differ only in signs get a number, names that are taken fail."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "team"
    taken = set(session.scalars(select(Team.slug).where(Team.slug.like(f"{stem}%"))))
    numbered = (f"{stem}-{number}" for number in range(2, len(taken) + 3))
    return next(slug for slug in (stem, *numbered) if slug not in taken)


def _new_code() -> str:
    return secrets.token_urlsafe(12)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
