"""`/phases/{id}/report`: the thing that an organizer attaches to a paper."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.clock import utc_now
from app.db import SessionFactory
from app.errors import DrawingBusy, NotFound
from app.http.dependencies import AnyViewer, AppSettings, Sessions
from app.http.paths import PhaseId
from app.http.problems import declare
from app.leaderboards.answering import IfNoneMatch, headers_of, is_known, unchanged
from app.leaderboards.history import History
from app.leaderboards.picture_endpoints import Desk
from app.leaderboards.pictures import (
    PictureDesk,
    PictureForm,
    PictureName,
    Theme,
    drawing_version,
    picture_key,
    picture_of,
)
from app.policy import Viewer
from app.reports.blocks import Report
from app.reports.html import POLICY, Drawings, to_html, writing_version
from app.reports.markdown import to_markdown
from app.reports.subject import Subject, find_subject, read_parts
from app.reports.writing import write_report
from app.settings import Settings

router = APIRouter(tags=["reports"])

_HTML = "text/html; charset=utf-8"
_MARKDOWN = "text/markdown; charset=utf-8"

OfSnapshot = Annotated[
    int | None, Query(ge=1, lt=2**63, description="Of this earlier snapshot of the phase's board.")
]
Parts = tuple[dict[str, Any], History]
Write = Callable[[Report, Subject, Parts], bytes]


@dataclass(frozen=True)
class _Asked:
    """Who asks for which report, and what they have."""

    viewer: Viewer
    phase_id: UUID
    snapshot: int | None
    form: str
    if_none_match: str | None


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    kind = media_type.partition(";")[0]
    return {
        200: {"content": {kind: {}}, "description": "The report."},
        304: {"description": "You have the present report."},
        **declare(NotFound, DrawingBusy),
    }


@router.get("/phases/{phase_id}/report.html", response_class=Response, responses=_answers(_HTML))
def read_report(
    phase_id: PhaseId,
    sessions: Sessions,
    viewer: AnyViewer,
    settings: AppSettings,
    desk: Desk,
    snapshot: OfSnapshot = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the report of a phase: one HTML file with its pictures, which needs nothing else.

    Rules, board, robustness, who took part, what was decided, and how to cite it. Whoever sees the
    board sees it; who took part is told once the phase is over.
    """

    asked = _Asked(viewer, phase_id, snapshot, "html", if_none_match)

    def write(report: Report, subject: Subject, parts: Parts) -> bytes:
        return to_html(report, _draw(desk, report, subject, parts))

    answer = _respond(sessions, desk, settings, asked, write, media_type=_HTML)
    answer.headers["Content-Security-Policy"] = POLICY
    return answer


@router.get("/phases/{phase_id}/report.md", response_class=Response, responses=_answers(_MARKDOWN))
def read_report_markdown(
    phase_id: PhaseId,
    sessions: Sessions,
    viewer: AnyViewer,
    settings: AppSettings,
    desk: Desk,
    snapshot: OfSnapshot = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Read the same report as Markdown; its pictures are those of the snapshot, by address."""
    asked = _Asked(viewer, phase_id, snapshot, "md", if_none_match)

    def write(report: Report, subject: Subject, _parts: Parts) -> bytes:
        place = f"{_address(settings)}/api/v1/leaderboards/snapshots/{subject.shown.number}"
        return to_markdown(report, pictures=place)

    return _respond(sessions, desk, settings, asked, write, media_type=_MARKDOWN)


def _respond(
    sessions: SessionFactory,
    desk: PictureDesk,
    settings: Settings,
    asked: _Asked,
    write: Write,
    *,
    media_type: str,
) -> Response:
    """Send the report as it is kept, or write it, with no transaction open meanwhile."""
    with sessions() as session:
        subject = find_subject(
            session, asked.viewer, asked.phase_id, snapshot=asked.snapshot, now=utc_now()
        )
        tag = f"{subject.digest}-{asked.form}-{writing_version()}-{drawing_version()}"
        headers = headers_of(tag, subject.shown.number, subject.shown.sha256)
        headers["Content-Disposition"] = f'inline; filename="{subject.name}.{asked.form}"'
        if is_known(tag, asked.if_none_match):
            return unchanged(headers)
        content = desk.find(tag)
        if content is None:
            parts = read_parts(session, subject)
    if content is None:
        report = write_report(subject, *parts, address=_address(settings))
        content = write(report, subject, parts)
        desk.keep(tag, content)
    return Response(content, media_type=media_type, headers=headers)


def _draw(desk: PictureDesk, report: Report, subject: Subject, parts: Parts) -> Drawings:
    """Draw the report's pictures on both grounds; those of the board's page are the same."""
    document, history = parts
    drawings: dict[tuple[str, Theme], bytes] = {}
    for figure in report.figures():
        name = PictureName(figure.name)
        for theme in Theme:
            draw = partial(
                picture_of,
                name,
                document,
                history if name is PictureName.RANK_HISTORY else None,
                theme=theme,
                form=PictureForm.SVG,
            )
            key = picture_key(subject.shown.sha256, name, theme, PictureForm.SVG)
            drawings[name, theme] = desk.find(key) or desk.make(key, draw)
    return drawings


def _address(settings: Settings) -> str:
    return settings.public_url.rstrip("/")
