"""`/phases/{id}/leaderboard/history` and `…/comparison`: what a board tells beyond its lines."""

from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from app.clock import utc_now
from app.errors import NotFound, NotOnBoard
from app.http.dependencies import AnyViewer, DbSession
from app.http.paths import PhaseId
from app.http.problems import declare
from app.leaderboards import service
from app.leaderboards.answering import IfNoneMatch, headers_of, is_known, unchanged
from app.leaderboards.comparison import compare_entries
from app.leaderboards.comparison_schemas import ComparisonView
from app.leaderboards.history import DEFAULT_LIMIT, read_history
from app.leaderboards.history_schemas import HistoryView

router = APIRouter(tags=["leaderboards"])

Limit = Annotated[int, Query(ge=1, le=400, description="Most snapshots to return.")]
Teams = Annotated[int, Query(ge=1, le=1000, description="Most teams to return.")]
One = Annotated[UUID, Query(description="A submission on the board.")]
Other = Annotated[UUID, Query(description="Another one.")]
_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "You have the present answer."}}


@router.get(
    "/phases/{phase_id}/leaderboard/history",
    response_model=HistoryView,
    responses=_UNCHANGED | declare(NotFound),
)
def read_leaderboard_history(
    phase_id: PhaseId,
    session: DbSession,
    viewer: AnyViewer,
    limit: Limit = DEFAULT_LIMIT,
    teams: Teams = 30,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read how the ranks came about, snapshot by snapshot, each with its permalink."""
    history = read_history(session, viewer, phase_id, now=utc_now(), limit=limit)
    return _respond(HistoryView.of(phase_id, history, n_teams=teams), if_none_match)


@router.get(
    "/phases/{phase_id}/leaderboard/comparison",
    response_model=ComparisonView,
    responses=_UNCHANGED | declare(NotFound, NotOnBoard),
)
def compare_on_leaderboard(
    phase_id: PhaseId,
    session: DbSession,
    viewer: AnyViewer,
    a: One,
    b: Other,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Compare two entries of the board: differences with intervals, and who is better how surely.

    From the evaluations that the snapshot was made from, so that a frozen board compares frozen
    figures.
    """
    shown = service.find_board(session, viewer, phase_id, now=utc_now())
    return _respond(ComparisonView.of(compare_entries(session, shown, a, b)), if_none_match)


def _respond(told: BaseModel, if_none_match: str | None) -> Response:
    body = told.model_dump_json().encode()
    tag = sha256(body).hexdigest()
    headers = headers_of(tag)
    if is_known(tag, if_none_match):
        return unchanged(headers)
    return Response(body, media_type="application/json", headers=headers)
