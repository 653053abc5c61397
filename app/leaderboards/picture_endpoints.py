"""Pictures of boards, each at a stable address, small enough for a README."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.errors import DrawingBusy, NotFound
from app.http.dependencies import AnyViewer, Sessions
from app.http.paths import PhaseId
from app.http.problems import declare
from app.leaderboards import service
from app.leaderboards.answering import IfNoneMatch, headers_of, is_known, unchanged
from app.leaderboards.endpoints import Cited, Number
from app.leaderboards.history import history_of
from app.leaderboards.pictures import (
    PictureDesk,
    PictureForm,
    PictureName,
    Theme,
    picture_key,
    picture_of,
)
from app.leaderboards.service import Shown

router = APIRouter(tags=["leaderboards"])

MEDIA_TYPES = {
    PictureForm.SVG: "image/svg+xml",
    PictureForm.PNG: "image/png",
    PictureForm.TXT: "text/plain; charset=utf-8",
}
# An SVG is a document: opened by itself it may style itself, and do nothing else.
POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

Name = Annotated[PictureName, Path(description="Which picture.")]
FormOfPicture = Annotated[PictureForm, Path(description="How; `txt` says in words what it shows.")]
OnGround = Annotated[Theme, Query(description="On a light or a dark ground.")]


def get_desk(request: Request) -> PictureDesk:
    """Return the process's drawing desk."""
    desk: PictureDesk = request.app.state.pictures
    return desk


Desk = Annotated[PictureDesk, Depends(get_desk)]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {media_type.partition(";")[0]: {} for media_type in MEDIA_TYPES.values()},
        "description": "The picture.",
    },
    304: {"description": "You have the present picture."},
    **declare(NotFound, DrawingBusy),
}


@router.get(
    "/phases/{phase_id}/leaderboard/{picture}.{form}", response_class=Response, responses=_ANSWERS
)
def read_picture(
    phase_id: PhaseId,
    picture: Name,
    form: FormOfPicture,
    sessions: Sessions,
    viewer: AnyViewer,
    desk: Desk,
    theme: OnGround = Theme.LIGHT,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """See the leaderboard as a picture, or read in words what it shows."""

    def find(session: Session) -> Shown:
        return service.find_board(session, viewer, phase_id, now=utc_now())

    return _respond(find, sessions, desk, (picture, theme, form), if_none_match)


@router.get(
    "/leaderboards/snapshots/{number}/{picture}.{form}",
    response_class=Response,
    responses=_ANSWERS,
)
def read_picture_of_snapshot(
    number: Number,
    picture: Name,
    form: FormOfPicture,
    sessions: Sessions,
    viewer: AnyViewer,
    desk: Desk,
    theme: OnGround = Theme.LIGHT,
    sha256: Cited = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """See a snapshot as a picture that never changes, but for how it is drawn."""

    def find(session: Session) -> Shown:
        return service.find_snapshot(session, viewer, number, sha256=sha256, now=utc_now())

    return _respond(find, sessions, desk, (picture, theme, form), if_none_match)


def _respond(
    find: Callable[[Session], Shown],
    sessions: Sessions,
    desk: PictureDesk,
    asked: tuple[PictureName, Theme, PictureForm],
    if_none_match: str | None,
) -> Response:
    """Send the picture as it is kept, or draw it, with no transaction open meanwhile."""
    picture, theme, form = asked
    with sessions() as session:
        shown = find(session)
        tag = picture_key(shown.sha256, picture, theme, form)
        headers = headers_of(tag, shown.number, shown.sha256)
        if form is PictureForm.SVG:
            headers |= POLICY
        if is_known(tag, if_none_match):
            return unchanged(headers)
        content = desk.find(tag)
        if content is None:
            document = service.read_document(session, shown)
            wants_past = picture is PictureName.RANK_HISTORY
            history = history_of(session, shown) if wants_past else None
    if content is None:
        content = desk.make(
            tag, lambda: picture_of(picture, document, history, theme=theme, form=form)
        )
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)
