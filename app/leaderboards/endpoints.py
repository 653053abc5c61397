"""`/phases/{id}/leaderboard` and `/leaderboards/snapshots`."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response, status
from pydantic import AfterValidator, AwareDatetime

from app.clock import utc_now
from app.errors import NotFound
from app.http.dependencies import AnyViewer, DbSession
from app.http.paths import PhaseId
from app.http.problems import declare
from app.leaderboards import service
from app.leaderboards.schemas import BoardView
from app.leaderboards.service import Served

router = APIRouter(tags=["leaderboards"])


def _in_utc(instant: datetime) -> datetime:
    """Tell it in UTC, while an instant that no calendar there holds can still be refused."""
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("there is no such instant in UTC") from error


At = Annotated[
    Annotated[AwareDatetime, AfterValidator(_in_utc)] | None,
    Query(description="The board as it stood at this instant.", examples=["2026-03-31T00:00:00Z"]),
]
IfNoneMatch = Annotated[str | None, Header(description="The ETag you have.")]


def read_asked(phase_id: PhaseId, session: DbSession, viewer: AnyViewer, at: At = None) -> Served:
    """Read the board a request asks for, whichever form it is sent in.

    Raises
    ------
    NotFound
        As `service.read_board`.
    """
    return service.read_board(session, viewer, phase_id, at=at, now=utc_now())


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    forms: dict[int | str, dict[str, Any]] = {
        304: {"description": "You have the present board."},
        **declare(NotFound),
    }
    if media_type != "application/json":
        forms[200] = {"content": {media_type: {}}, "description": "The leaderboard."}
    return forms


@router.get(
    "/phases/{phase_id}/leaderboard",
    response_model=BoardView,
    responses=_answers("application/json"),
)
def read_leaderboard(
    board: Annotated[Served, Depends(read_asked)], if_none_match: IfNoneMatch = None
) -> Response:
    """Read the leaderboard: public, served as it was stored, with an ETag."""
    return _respond(board, board.json, "application/json", if_none_match)


@router.get(
    "/phases/{phase_id}/leaderboard.csv",
    response_class=Response,
    responses=_answers("text/csv"),
)
def read_leaderboard_csv(
    board: Annotated[Served, Depends(read_asked)], if_none_match: IfNoneMatch = None
) -> Response:
    """Read the leaderboard as CSV."""
    return _respond(board, board.csv, "text/csv; charset=utf-8", if_none_match)


@router.get(
    "/phases/{phase_id}/leaderboard.md",
    response_class=Response,
    responses=_answers("text/markdown"),
)
def read_leaderboard_markdown(
    board: Annotated[Served, Depends(read_asked)], if_none_match: IfNoneMatch = None
) -> Response:
    """Read the leaderboard as a Markdown table."""
    return _respond(board, board.markdown, "text/markdown; charset=utf-8", if_none_match)


@router.get(
    "/leaderboards/snapshots/{number}",
    response_model=BoardView,
    responses=_answers("application/json"),
)
def read_snapshot(
    number: Annotated[int, Path(ge=1, lt=2**63, description="The snapshot's number.")],
    session: DbSession,
    viewer: AnyViewer,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a snapshot by its number: an address that never shows another board."""
    served = service.read_snapshot(session, viewer, number, now=utc_now())
    return _respond(served, served.json, "application/json", if_none_match)


def _respond(served: Served, body: bytes, media_type: str, if_none_match: str | None) -> Response:
    tag = f'"{served.tag}"'
    # A board may be withdrawn or frozen, so a copy is asked about before each use.
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Authorization"}
    if served.number is not None:
        headers["Link"] = f'</api/v1/leaderboards/snapshots/{served.number}>; rel="permalink"'
    known = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
