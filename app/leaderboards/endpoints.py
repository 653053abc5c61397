"""`/phases/{id}/leaderboard` and `/leaderboards/snapshots`: a board in its forms."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, AwareDatetime

from app.clock import utc_now
from app.errors import NotFound, NotOnBoard
from app.http.board_cache import KeptPath
from app.http.dependencies import AnyViewer, AppSettings, DbSession
from app.http.paths import PhaseId
from app.http.problems import declare
from app.leaderboards import service
from app.leaderboards.answering import (
    IfNoneMatch,
    headers_of,
    is_known,
    permalink,
    program_version,
    unchanged,
)
from app.leaderboards.board_schemas import MethodBoardView, ResultsTaskView
from app.leaderboards.by_method import by_method
from app.leaderboards.exports import results_json
from app.leaderboards.render import to_bytes
from app.leaderboards.schemas import BoardView, OrderMethod
from app.leaderboards.service import Form, Shown

router = APIRouter(tags=["leaderboards"])

_PHASE = "/phases/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/leaderboard"
_SNAPSHOT = "/leaderboards/snapshots/[1-9][0-9]{0,18}"
_PICTURE = "/[a-z-]{1,32}[.](svg|png|txt)"


def often_read(prefix: str) -> list[KeptPath]:
    """Return the addresses whose answers may be kept for a moment, and what they read.

    Not with `?at=`: there are as many instants as somebody cares to ask for.
    """
    return [
        KeptPath(f"{prefix}{_PHASE}", frozenset({"method"}), never=frozenset({"at"})),
        KeptPath(f"{prefix}{_PHASE}[.](csv|md|results[.]json)", never=frozenset({"at"})),
        KeptPath(f"{prefix}{_PHASE}/history", frozenset({"limit", "teams"})),
        KeptPath(f"{prefix}{_PHASE}/comparison", frozenset({"a", "b"})),
        KeptPath(f"{prefix}{_SNAPSHOT}([.](csv|md|results[.]json))?", frozenset({"sha256"})),
        KeptPath(f"{prefix}{_PHASE}{_PICTURE}", frozenset({"theme"})),
        KeptPath(f"{prefix}{_SNAPSHOT}{_PICTURE}", frozenset({"theme", "sha256"})),
    ]


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
Method = Annotated[
    OrderMethod | None,
    Query(description="In the order of this method, marked unofficial unless the phase names it."),
]
Number = Annotated[int, Path(ge=1, lt=2**63, description="The snapshot's number.")]
Cited = Annotated[
    str | None,
    Query(
        pattern="^[0-9a-f]{8,64}$",
        description="Its SHA-256, or the start of it; 404 if it is another.",
    ),
]
MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.MARKDOWN: "text/markdown; charset=utf-8",
}


def _answers(form: Form) -> dict[int | str, dict[str, Any]]:
    forms: dict[int | str, dict[str, Any]] = {
        304: {"description": "You have the present board."},
        **declare(NotFound),
    }
    if form is not Form.JSON:
        media_type = MEDIA_TYPES[form].partition(";")[0]
        forms[200] = {"content": {media_type: {}}, "description": "The leaderboard."}
    return forms


@router.get(
    "/phases/{phase_id}/leaderboard",
    response_model=BoardView | MethodBoardView,
    responses=_answers(Form.JSON) | declare(NotFound, NotOnBoard),
)
def read_leaderboard(
    phase_id: PhaseId,
    session: DbSession,
    viewer: AnyViewer,
    at: At = None,
    method: Method = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the leaderboard: public, served as it was stored, with an ETag.

    With `method`, the same snapshot in the order of another method that it was ranked by.
    """
    shown = service.find_board(session, viewer, phase_id, at=at, now=utc_now())
    if method is None:
        return _in_form(session, shown, Form.JSON, if_none_match)

    def in_order_of_method() -> bytes:
        document = service.read_document(session, shown)
        if document["method"] == method:
            return service.read_form(session, shown, Form.JSON)
        return to_bytes(by_method(document, method))

    variant = f"-{method}-{program_version()}"
    return _respond(shown, in_order_of_method, Form.JSON, if_none_match, variant=variant)


@router.get(
    "/phases/{phase_id}/leaderboard.csv",
    response_class=Response,
    responses=_answers(Form.CSV),
)
def read_leaderboard_csv(
    phase_id: PhaseId,
    session: DbSession,
    viewer: AnyViewer,
    at: At = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the leaderboard as CSV."""
    shown = service.find_board(session, viewer, phase_id, at=at, now=utc_now())
    return _in_form(session, shown, Form.CSV, if_none_match)


@router.get(
    "/phases/{phase_id}/leaderboard.md",
    response_class=Response,
    responses=_answers(Form.MARKDOWN),
)
def read_leaderboard_markdown(
    phase_id: PhaseId,
    session: DbSession,
    viewer: AnyViewer,
    at: At = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the leaderboard as a Markdown table."""
    shown = service.find_board(session, viewer, phase_id, at=at, now=utc_now())
    return _in_form(session, shown, Form.MARKDOWN, if_none_match)


@router.get(
    "/phases/{phase_id}/leaderboard.results.json",
    response_model=list[ResultsTaskView],
    responses=_answers(Form.JSON),
)
def read_results(
    phase_id: PhaseId,
    session: DbSession,
    viewer: AnyViewer,
    settings: AppSettings,
    at: At = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the leaderboard as results by task, in the JSON of Papers with Code."""
    shown = service.find_board(session, viewer, phase_id, at=at, now=utc_now())
    return _results(session, shown, settings.public_url, if_none_match)


# Before the address without a suffix, which would take `7.csv` for a number.
@router.get(
    "/leaderboards/snapshots/{number}.results.json",
    response_model=list[ResultsTaskView],
    responses=_answers(Form.JSON),
)
def read_snapshot_results(
    number: Number,
    session: DbSession,
    viewer: AnyViewer,
    settings: AppSettings,
    sha256: Cited = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a snapshot as results by task, in the JSON of Papers with Code."""
    shown = service.find_snapshot(session, viewer, number, sha256=sha256, now=utc_now())
    return _results(session, shown, settings.public_url, if_none_match)


@router.get(
    "/leaderboards/snapshots/{number}.csv", response_class=Response, responses=_answers(Form.CSV)
)
def read_snapshot_csv(
    number: Number,
    session: DbSession,
    viewer: AnyViewer,
    sha256: Cited = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a snapshot as CSV."""
    shown = service.find_snapshot(session, viewer, number, sha256=sha256, now=utc_now())
    return _in_form(session, shown, Form.CSV, if_none_match)


@router.get(
    "/leaderboards/snapshots/{number}.md",
    response_class=Response,
    responses=_answers(Form.MARKDOWN),
)
def read_snapshot_markdown(
    number: Number,
    session: DbSession,
    viewer: AnyViewer,
    sha256: Cited = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a snapshot as a Markdown table."""
    shown = service.find_snapshot(session, viewer, number, sha256=sha256, now=utc_now())
    return _in_form(session, shown, Form.MARKDOWN, if_none_match)


@router.get(
    "/leaderboards/snapshots/{number}",
    response_model=BoardView,
    responses=_answers(Form.JSON),
)
def read_snapshot(
    number: Number,
    session: DbSession,
    viewer: AnyViewer,
    sha256: Cited = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read a snapshot by its number: an address that never shows another board.

    Whoever cites it may add the hash, which is that of the bytes: `?sha256=…`.
    """
    shown = service.find_snapshot(session, viewer, number, sha256=sha256, now=utc_now())
    return _in_form(session, shown, Form.JSON, if_none_match)


def _results(
    session: DbSession, shown: Shown, public_url: str, if_none_match: str | None
) -> Response:
    path = f"/api/v1/phases/{shown.phase.id}/leaderboard"
    if shown.number is not None:
        path = permalink(shown.number, shown.sha256)

    def results() -> bytes:
        document = service.read_document(session, shown)
        return results_json(document, address=public_url.rstrip("/") + path)

    variant = f"-results-{program_version()}"
    return _respond(shown, results, Form.JSON, if_none_match, variant=variant)


def _in_form(session: DbSession, shown: Shown, form: Form, if_none_match: str | None) -> Response:
    def stored() -> bytes:
        return service.read_form(session, shown, form)

    return _respond(shown, stored, form, if_none_match)


def _respond(
    shown: Shown,
    read: Callable[[], bytes],
    form: Form,
    if_none_match: str | None,
    *,
    variant: str = "",
) -> Response:
    """Send what `read` returns; who has it already is told so before anything is read."""
    tag = shown.sha256 + variant
    headers = headers_of(tag, shown.number, shown.sha256)
    if is_known(tag, if_none_match):
        return unchanged(headers)
    return Response(read(), media_type=MEDIA_TYPES[form], headers=headers)
