"""How pages are sent."""

from typing import Any

from fastapi import Response, status

from app.pages.rendering import render

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A stored copy may be shown for a second; see `app.http.board_cache`.
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}


def send_page(template: str, *, status_code: int = status.HTTP_200_OK, **context: Any) -> Response:
    """Render a page and send it."""
    return Response(
        render(template, **context),
        status_code=status_code,
        media_type="text/html; charset=utf-8",
        headers=HEADERS,
    )


def missing_page() -> Response:
    """Say that nothing is there."""
    return send_page("missing.html", status_code=status.HTTP_404_NOT_FOUND)
