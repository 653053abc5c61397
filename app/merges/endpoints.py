"""`/teams/{id}/merges` and `/merges`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, status

from app.clock import utc_now
from app.errors import (
    AlreadyInChallenge,
    EmailDomainNotAllowed,
    Forbidden,
    MergeExceedsQuota,
    NotFound,
    ParticipationNotApproved,
    ProposalDecided,
    TeamDisqualified,
    TeamsLocked,
)
from app.http.dependencies import DbSession, Queue, ReadViewer, SubmitViewer
from app.http.pagination import Paging, page_of
from app.http.paths import TeamId
from app.http.problems import declare
from app.http.schemas import Page
from app.merges import accepting, service
from app.merges.schemas import MergeRequest, MergeView
from app.queue import RANK_PHASE

router = APIRouter(tags=["teams"])

MergeId = Annotated[UUID, Path(description="The proposal's id.")]


@router.post(
    "/teams/{team_id}/merges",
    status_code=status.HTTP_201_CREATED,
    responses=declare(NotFound, Forbidden, TeamsLocked),
)
def propose_merge(
    team_id: TeamId, body: MergeRequest, session: DbSession, viewer: SubmitViewer
) -> MergeView:
    """Propose to another team that it become part of yours. Captain only; again changes nothing."""
    proposal = service.propose_merge(session, viewer, team_id, joining=body.team, now=utc_now())
    session.commit()
    return MergeView.of(proposal)


@router.get("/teams/{team_id}/merges", responses=declare(NotFound))
def list_merges(
    team_id: TeamId, session: DbSession, viewer: ReadViewer, paging: Paging
) -> Page[MergeView]:
    """List the proposals of and to a team you are in, newest first."""
    found = service.list_merges(session, viewer, team_id, after=paging.after, limit=paging.limit)
    return page_of(found, paging, MergeView.of)


@router.post(
    "/merges/{merge_id}/acceptance",
    responses=declare(
        NotFound, Forbidden, TeamDisqualified, ParticipationNotApproved, EmailDomainNotAllowed,
        ProposalDecided, TeamsLocked, MergeExceedsQuota, AlreadyInChallenge,
    ),
)  # fmt: skip
def accept_merge(
    merge_id: MergeId, session: DbSession, queue: Queue, viewer: SubmitViewer
) -> MergeView:
    """Let your team become part of the one that proposed it: yours closes. Captain only.

    Its members, and in challenges that both take part in its submissions, become the other's, which
    takes over the challenges that only yours is in. What both have used of a quota is added up, and
    has to fit; what counts is chosen among the submissions of both. This is not taken back.
    """
    proposal, phases = accepting.accept_merge(session, viewer, merge_id, now=utc_now())
    session.commit()
    for phase_id in phases:
        queue.announce(RANK_PHASE, phase_id)
    return MergeView.of(proposal)


@router.post("/merges/{merge_id}/refusal", responses=declare(NotFound, Forbidden, ProposalDecided))
def refuse_merge(merge_id: MergeId, session: DbSession, viewer: SubmitViewer) -> MergeView:
    """Decline a proposal, or withdraw your own. The two captains only."""
    proposal = service.refuse_merge(session, viewer, merge_id, now=utc_now())
    session.commit()
    return MergeView.of(proposal)
