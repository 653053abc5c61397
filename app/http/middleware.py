"""One id, one measurement and, unless it was answered from memory, one log line a request."""

import time
from functools import lru_cache
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.models import new_id

REQUESTS = Counter(
    "probeboard_http_requests_total", "Requests answered.", ["method", "route", "status"]
)
SECONDS = Histogram(
    "probeboard_http_request_seconds", "Time to the end of the answer.", ["method", "route"]
)
# Anybody may call with any method name; a label each would fill the memory.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
_RAW_SECURITY = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
_NO_STORE = (b"cache-control", b"no-store")

log = structlog.get_logger("app.http")


class RequestContext:
    """Give each request an id that its answer, its log lines and its jobs carry."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _given_id(scope) or str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500
        started = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *_raw_headers(message, request_id)]
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            _measure(scope, status, time.perf_counter() - started)
            structlog.contextvars.reset_contextvars(**bound)


def answer_headers(request_id: str) -> dict[str, str]:
    """Return the headers every answer carries."""
    return {"x-request-id": request_id, **SECURITY_HEADERS}


def _raw_headers(message: Message, request_id: str) -> list[tuple[bytes, bytes]]:
    headers = [(b"x-request-id", request_id.encode()), *_RAW_SECURITY]
    # What a person sees, or a token's secret, is kept by no cache unless an endpoint says so.
    if all(name != b"cache-control" for name, _ in message["headers"]):
        headers.append(_NO_STORE)
    return headers


def _given_id(scope: Scope) -> str | None:
    """Take over a proxy's request id if it is a UUID, so that log lines stay clean."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            try:
                return str(UUID(value.decode("latin-1")))
            except ValueError:
                return None
    return None


def _measure(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "(none)")
    method = scope["method"] if scope["method"] in METHODS else "(other)"
    requests, times = _meters(method, route, status)
    requests.inc()
    times.observe(seconds)
    # A board may be read thousands of times a second: those answers are counted, and told of only
    # to who asks for everything. The line would cost as much as all the rest of such an answer.
    tell = log.debug if scope["state"].get("from_memory") else log.info
    tell(
        "request",
        method=scope["method"],
        path=scope["path"],
        status=status,
        ms=round(seconds * 1000, 1),
    )


@lru_cache(maxsize=4096)  # to find them by their labels takes longer than to count
def _meters(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, route, status), SECONDS.labels(method, route)
