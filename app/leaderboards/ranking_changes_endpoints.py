"""`/phases/{id}/ranking-changes`."""

from fastapi import APIRouter

from app.clock import utc_now
from app.errors import Forbidden, InvalidInput, NotFound, RankingPolicyMoved
from app.http.dependencies import AnyViewer, DbSession, OrganizeViewer, Queue
from app.http.pagination import Paging, page_of
from app.http.paths import PhaseId
from app.http.problems import declare
from app.http.schemas import Page
from app.leaderboards import ranking_changes
from app.leaderboards.ranking_changes_schemas import (
    RankingChangeRequest,
    RankingChangeView,
    RankingProposalView,
)
from app.queue import RANK_PHASE

router = APIRouter(tags=["leaderboards"])


@router.post(
    "/phases/{phase_id}/ranking-changes",
    responses=declare(NotFound, Forbidden, RankingPolicyMoved, InvalidInput),
)
def change_ranking(
    phase_id: PhaseId,
    body: RankingChangeRequest,
    session: DbSession,
    queue: Queue,
    viewer: OrganizeViewer,
) -> RankingProposalView:
    """Tell who would move if a phase ranked otherwise; with `apply`, make it so. Organizers only.

    A change that is made is recorded with its reason and its moves, for good and in public, and the
    board is ranked again.
    """
    if not body.apply:
        proposal = ranking_changes.preview_change(
            session, viewer, phase_id, body.changes(), now=utc_now()
        )
        return RankingProposalView.of(proposal, None)
    proposal, change_id = ranking_changes.apply_change(
        session,
        viewer,
        phase_id,
        body.changes(),
        reason=body.reason,
        expected=body.expected or "",
        now=utc_now(),
    )
    session.commit()
    queue.announce(RANK_PHASE, phase_id)
    return RankingProposalView.of(proposal, change_id)


@router.get("/phases/{phase_id}/ranking-changes", responses=declare(NotFound))
def list_ranking_changes(
    phase_id: PhaseId, session: DbSession, viewer: AnyViewer, paging: Paging
) -> Page[RankingChangeView]:
    """List how a phase's ranking was changed, newest first: public where the board is."""
    changes = ranking_changes.list_changes(
        session, viewer, phase_id, after=paging.after, limit=paging.limit, now=utc_now()
    )
    return page_of(changes, paging, RankingChangeView.of)
