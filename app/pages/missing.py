"""Addresses that are none: a page for who looks with a browser, a problem for everybody else."""

from fastapi import Request, Response, status
from starlette.responses import RedirectResponse

from app.http.problems import on_http_exception
from app.pages.answering import missing_page

HTML = "text/html"
# Whoever asks below these speaks to a program.
_NO_PAGES = ("/api/", "/health/", "/problems/")


def on_unknown_address(request: Request, error: Exception) -> Response:
    """Answer a request for an address that the application does not have."""
    path = request.url.path
    wants_page = request.method in ("GET", "HEAD") and HTML in request.headers.get("accept", "")
    if not wants_page or path.startswith(_NO_PAGES):
        return on_http_exception(request, error)
    if path.endswith("/") and path.strip("/"):
        # One slash before: two would name another host.
        shorter = "/" + path.strip("/")
        return RedirectResponse(shorter, status_code=status.HTTP_308_PERMANENT_REDIRECT)
    return missing_page()
