"""Members go, and captains change: a team that has members has a captain among them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from app.errors import CaptainMustHandOver, NotFound
from app.models import (
    MergeState,
    Participation,
    ParticipationMember,
    Submission,
    Team,
    TeamMember,
    TeamMerge,
    User,
)
from app.policy import Viewer
from app.teams.auditing import record_in_challenges
from app.teams.rules import require_unlocked
from app.teams.service import lock_team, require_captain, take_invitation_back


def hand_over(session: Session, viewer: Viewer, team_id: UUID, *, to: UUID, now: datetime) -> Team:
    """Make another member captain; the captain already changes nothing.

    Raises
    ------
    NotFound
        If the viewer is not in such a team, or `to` is not in it.
    Forbidden
        If the viewer is not its captain.
    """
    team = lock_team(session, viewer, team_id)
    require_captain(team, viewer)
    _member(session, team, to)
    before, after = (_named(session, "captain", one) for one in (team.captain_id, to))
    team.captain_id = to
    record_in_challenges(
        session, viewer, "team.captain-changed", team, before=before, after=after, now=now
    )
    return team


def remove_member(
    session: Session, viewer: Viewer, team_id: UUID, user_id: UUID, *, now: datetime
) -> None:
    """Take a member out of a team: oneself, or, as captain, another.

    Submissions stay the team's. The code that the other has had stops working. The last one who
    leaves closes the team.

    Raises
    ------
    NotFound
        If the viewer is not in such a team, or nobody of this id is.
    Forbidden
        If it is another, and the viewer is not the captain.
    TeamsLocked
        If the team takes part in a challenge that has locked its teams.
    CaptainMustHandOver
        If the captain leaves members behind.
    """
    team = lock_team(session, viewer, team_id)
    if user_id != viewer.me:
        require_captain(team, viewer)
    member = _member(session, team, user_id)
    require_unlocked(session, [team.id], now=now)
    n_members = session.scalar(
        select(func.count()).select_from(TeamMember).where(TeamMember.team_id == team.id)
    )
    is_last = n_members == 1
    if user_id == team.captain_id and not is_last:
        raise CaptainMustHandOver(f"You are the captain of {team.name}, and others are in it.")
    _part(session, team, user_id, now=now)
    session.delete(member)
    action = "team.left" if user_id == viewer.me else "team.member-removed"
    before = _named(session, "member", user_id)
    record_in_challenges(session, viewer, action, team, before=before, now=now)
    if user_id != viewer.me:
        take_invitation_back(team)
    if is_last:
        close_team(session, team, by=viewer.me, now=now)
        record_in_challenges(session, viewer, "team.closed", team, now=now)
    session.flush()


def close_team(session: Session, team: Team, *, by: UUID, now: datetime) -> None:
    """Close a team that nobody is in any more; what it has handed in stays."""
    team.closed_at = now
    take_invitation_back(team)
    open_proposals = select(TeamMerge).where(
        or_(TeamMerge.team_id == team.id, TeamMerge.joining_team_id == team.id),
        TeamMerge.state == MergeState.PROPOSED,
    )
    for proposal in session.scalars(open_proposals.with_for_update()):
        proposal.state = MergeState.WITHDRAWN
        proposal.decided_at = now
        proposal.decided_by_id = by
    session.flush()


def lock_participations(session: Session, team_ids: Sequence[UUID]) -> Sequence[Participation]:
    """Lock the participations of teams, in one order for everybody: no upload of theirs goes on."""
    return session.scalars(
        select(Participation)
        .where(Participation.team_id.in_(team_ids), Participation.merged_into_id.is_(None))
        .order_by(Participation.challenge_id, Participation.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _part(session: Session, team: Team, user_id: UUID, *, now: datetime) -> None:
    """End a person's part in the team's challenges; where it has handed in, the person is bound."""
    for participation in lock_participations(session, [team.id]):
        row = session.get(ParticipationMember, (participation.challenge_id, user_id))
        if row is None or row.participation_id != participation.id:
            continue
        handed_in = exists().where(Submission.participation_id == participation.id)
        if session.scalar(select(handed_in)):
            row.left_at = now
        else:
            session.delete(row)
    session.flush()


def _member(session: Session, team: Team, user_id: UUID) -> TeamMember:
    member = session.get(TeamMember, (team.id, user_id))
    if member is None:
        raise NotFound("member of the team")
    return member


def _named(session: Session, role: str, user_id: UUID) -> dict[str, object]:
    """Name a person, and by their id too: names are not unique."""
    return {role: session.get_one(User, user_id).name, f"{role}_id": user_id}
