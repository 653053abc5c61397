"""How pages are sent."""

from collections.abc import Sequence
from typing import Any

from fastapi import Response, status

from app.pages.picture_view import PictureView, within
from app.pages.rendering import render

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A stored copy may be shown for a second; see `app.http.board_cache`.
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
# Of a whole page; pictures come by themselves.
LIMIT_BYTES = 200_000


def send_page(template: str, *, status_code: int = status.HTTP_200_OK, **context: Any) -> Response:
    """Render a page and send it."""
    return _send(render(template, **context), status_code)


def send_with_pictures(template: str, pictures: Sequence[PictureView], **context: Any) -> Response:
    """Render a page with its pictures in words, as far as it stays small, and send it."""
    return _send(render_with_pictures(template, pictures, **context), status.HTTP_200_OK)


def render_with_pictures(template: str, pictures: Sequence[PictureView], **context: Any) -> bytes:
    """Render a page; words of pictures get the room that the rest of it leaves."""
    without = render(template, pictures=list(within(pictures, 0)), **context)
    shown = list(within(pictures, LIMIT_BYTES - len(without)))
    return render(template, pictures=shown, **context) if shown else without


def _send(content: bytes, status_code: int) -> Response:
    return Response(
        content,
        status_code=status_code,
        media_type="text/html; charset=utf-8",
        headers=HEADERS,
    )


def missing_page() -> Response:
    """Say that nothing is there."""
    return send_page("missing.html", status_code=status.HTTP_404_NOT_FOUND)
