"""`/teams`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, status
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.errors import (
    AlreadyInChallenge,
    AlreadyInTeam,
    CaptainMustHandOver,
    EmailDomainNotAllowed,
    Forbidden,
    NameTaken,
    NotFound,
    TeamsLocked,
)
from app.http.dependencies import DbSession, ReadViewer, SubmitViewer
from app.http.pagination import Paging, page_of
from app.http.paths import TeamId
from app.http.problems import declare
from app.http.schemas import Page
from app.models import Team
from app.teams import leaving, service
from app.teams.schemas import (
    CaptainRequest,
    InvitedTeamView,
    JoinRequest,
    MemberView,
    TeamRequest,
    TeamSummary,
    TeamView,
)

router = APIRouter(prefix="/teams", tags=["teams"])


@router.post("", status_code=status.HTTP_201_CREATED, responses=declare(NameTaken))
def create_team(body: TeamRequest, session: DbSession, viewer: SubmitViewer) -> InvitedTeamView:
    """Create a team; you are its captain."""
    team, code = service.create_team(session, viewer, name=body.name, now=utc_now())
    session.commit()
    return InvitedTeamView(**_view(session, team).model_dump(), invitation_code=code)


@router.get("")
def list_teams(session: DbSession, viewer: ReadViewer, paging: Paging) -> Page[TeamSummary]:
    """List the teams you are in, newest first."""
    teams = service.teams_of(session, viewer, after=paging.after, limit=paging.limit)
    return page_of(teams, paging, TeamSummary.model_validate)


@router.post(
    "/join",
    responses=declare(
        NotFound, AlreadyInTeam, AlreadyInChallenge, TeamsLocked, EmailDomainNotAllowed
    ),
)
def join_team(body: JoinRequest, session: DbSession, viewer: SubmitViewer) -> TeamView:
    """Join a team by its invitation code, and with it the challenges it takes part in."""
    team = service.join_team(session, viewer, code=body.invitation_code, now=utc_now())
    session.commit()
    return _view(session, team)


@router.get("/{team_id}", responses=declare(NotFound))
def read_team(team_id: TeamId, session: DbSession, viewer: ReadViewer) -> TeamView:
    """Read a team you are in."""
    return _view(session, service.get_team(session, viewer, team_id))


@router.post("/{team_id}/invitation", responses=declare(NotFound, Forbidden))
def renew_invitation(team_id: TeamId, session: DbSession, viewer: SubmitViewer) -> InvitedTeamView:
    """Make a new invitation code; the old one stops working. Captain only."""
    team, code = service.renew_invitation(session, viewer, team_id, now=utc_now())
    session.commit()
    return InvitedTeamView(**_view(session, team).model_dump(), invitation_code=code)


@router.put("/{team_id}/captain", responses=declare(NotFound, Forbidden))
def hand_over(
    team_id: TeamId, body: CaptainRequest, session: DbSession, viewer: SubmitViewer
) -> TeamView:
    """Make another member captain. Captain only."""
    team = leaving.hand_over(session, viewer, team_id, to=body.user_id, now=utc_now())
    session.commit()
    return _view(session, team)


@router.delete(
    "/{team_id}/members/{user_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=declare(NotFound, Forbidden, TeamsLocked, CaptainMustHandOver),
)
def remove_member(
    team_id: TeamId,
    user_id: Annotated[UUID, Path(description="The member's id; your own to leave.")],
    session: DbSession,
    viewer: SubmitViewer,
) -> None:
    """Leave a team, or, as its captain, remove another; then the invitation code stops working.

    Submissions stay the team's, and whoever has left sees none of them. In a challenge in which
    the team has handed in, who has left takes part with no other. The captain leaves last, and
    closes the team, or hands over before.
    """
    leaving.remove_member(session, viewer, team_id, user_id, now=utc_now())
    session.commit()


def _view(session: Session, team: Team) -> TeamView:
    members = [MemberView.model_validate(member) for member in service.members_of(session, team)]
    return TeamView(**TeamSummary.model_validate(team).model_dump(), members=members)
