"""Merging teams: a captain proposes that another team become part of theirs; its captain decides.

The other captain's answer is in `accepting`. What a proposal tells nobody is what the teams have
used: only who accepts learns whether it fits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from app.audit.service import record
from app.errors import Forbidden, InvalidInput, NotFound, Place, ProposalDecided
from app.models import MergeState, Team, TeamMerge, new_id
from app.outbox import note_merge
from app.policy import Viewer, member_of
from app.teams.rules import require_unlocked
from app.teams.service import get_team, require_captain


@dataclass(frozen=True)
class Proposal:
    """A proposal, and the names of the two teams."""

    merge: TeamMerge
    team_name: str
    joining_team_name: str

    @property
    def id(self) -> UUID:
        """The proposal's."""
        return self.merge.id


def propose_merge(
    session: Session, viewer: Viewer, team_id: UUID, *, joining: str, now: datetime
) -> Proposal:
    """Propose to the captain of the team named `joining` that it become part of the viewer's.

    Proposing again what is open changes nothing.

    Raises
    ------
    NotFound
        If the viewer is in no such team, or no team that has members has the name.
    Forbidden
        If the viewer is not the captain.
    InvalidInput
        If both are the same team.
    TeamsLocked
        If the viewer's team takes part in a challenge that has locked its teams.
    """
    team = get_team(session, viewer, team_id)
    require_captain(team, viewer)
    other = session.scalars(
        select(Team).where(func.lower(Team.name) == func.lower(joining))
    ).one_or_none()
    if other is None:
        raise NotFound("team")
    if other.id == team.id:
        place = Place("same_team", "this is the team that proposes", pointer="/body/team")
        raise InvalidInput("A team cannot merge with itself.", [place])
    # This orders the same proposal, the opposite one, and whoever leaves at the same moment.
    _lock_teams(session, (team.id, other.id))
    require_captain(get_team(session, viewer, team_id), viewer)
    if other.closed_at is not None:
        raise NotFound("team")
    require_unlocked(session, [team.id], now=now)
    merge = session.scalars(
        select(TeamMerge).where(
            TeamMerge.team_id == team.id,
            TeamMerge.joining_team_id == other.id,
            TeamMerge.state == MergeState.PROPOSED,
        )
    ).one_or_none()
    if merge is None:
        merge = TeamMerge(
            id=new_id(),
            team_id=team.id,
            joining_team_id=other.id,
            proposed_by_id=viewer.me,
            proposed_at=now,
            state=MergeState.PROPOSED,
        )
        session.add(merge)
        session.flush()
        record(
            session,
            viewer,
            "merge.proposed",
            challenge_id=None,
            subject=merge,
            after={"team": team.name, "joining": other.name},
            now=now,
        )
        note_merge(
            session,
            told_team_id=other.id,
            team=team.name,
            joining_team=other.name,
            decision="proposed",
            now=now,
        )
    return Proposal(merge, team.name, other.name)


def list_merges(
    session: Session, viewer: Viewer, team_id: UUID, *, after: UUID | None, limit: int
) -> list[Proposal]:
    """Return the proposals of and to a team, newest first, and one more than `limit` if any.

    Raises
    ------
    NotFound
        If the viewer is in no such team.
    """
    team = get_team(session, viewer, team_id)
    stays, joins = aliased(Team), aliased(Team)
    statement = (
        select(TeamMerge, stays.name, joins.name)
        .join(stays, stays.id == TeamMerge.team_id)
        .join(joins, joins.id == TeamMerge.joining_team_id)
        .where(or_(TeamMerge.team_id == team.id, TeamMerge.joining_team_id == team.id))
    )
    if after is not None:
        statement = statement.where(TeamMerge.id < after)
    rows = session.execute(statement.order_by(TeamMerge.id.desc()).limit(limit + 1))
    return [Proposal(*row) for row in rows]


def refuse_merge(session: Session, viewer: Viewer, merge_id: UUID, *, now: datetime) -> Proposal:
    """Decline a proposal, as captain of the team it came to; or withdraw it, as its own captain.

    Raises
    ------
    NotFound
        If the viewer is in neither team.
    Forbidden
        If the viewer is captain of neither.
    ProposalDecided
        If it is not open any more.
    """
    merge, team, joining = lock_proposal(session, viewer, merge_id)
    if viewer.me not in (team.captain_id, joining.captain_id):
        raise Forbidden("Only the two captains may do this.")
    declines = viewer.me == joining.captain_id
    decide(
        merge,
        MergeState.DECLINED if declines else MergeState.WITHDRAWN,
        by=viewer.me,
        now=now,
    )
    record(
        session,
        viewer,
        "merge.declined" if declines else "merge.withdrawn",
        challenge_id=None,
        subject=merge,
        before={"state": MergeState.PROPOSED},
        after={"state": merge.state},
        now=now,
    )
    note_merge(
        session,
        told_team_id=team.id if declines else joining.id,
        team=team.name,
        joining_team=joining.name,
        decision=merge.state,
        now=now,
    )
    return Proposal(merge, team.name, joining.name)


def lock_proposal(session: Session, viewer: Viewer, merge_id: UUID) -> tuple[TeamMerge, Team, Team]:
    """Lock both teams and an open proposal; return also the team that stays, and the other.

    Raises
    ------
    NotFound
        If the viewer is in neither team.
    ProposalDecided
        If it is not open any more.
    """
    found = _find(session, viewer, merge_id)
    ids = (found.team_id, found.joining_team_id)
    # In one order for everybody: two teams may propose to each other.
    teams = _lock_teams(session, ids)
    merge = session.get_one(TeamMerge, merge_id, with_for_update=True, populate_existing=True)
    if merge.state != MergeState.PROPOSED:
        raise ProposalDecided(f"The proposal was {merge.state} before.")
    _find(session, viewer, merge_id)  # looked at again, under the lock
    return merge, teams[merge.team_id], teams[merge.joining_team_id]


def decide(merge: TeamMerge, state: MergeState, *, by: UUID, now: datetime) -> None:
    """Note what became of a proposal."""
    merge.state = state
    merge.decided_at = now
    merge.decided_by_id = by


def _find(session: Session, viewer: Viewer, merge_id: UUID) -> TeamMerge:
    merge = session.scalars(
        select(TeamMerge).where(
            TeamMerge.id == merge_id,
            or_(
                member_of(viewer, TeamMerge.team_id.expression),
                member_of(viewer, TeamMerge.joining_team_id.expression),
            ),
        )
    ).one_or_none()
    if merge is None:
        raise NotFound("proposal")
    return merge


def _lock_teams(session: Session, ids: Sequence[UUID]) -> dict[UUID, Team]:
    rows = session.scalars(
        select(Team)
        .where(Team.id.in_(ids))
        .order_by(Team.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}
