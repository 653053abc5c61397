"""No body grows beyond what its endpoint reads: small ones by default, files where it is said.

FastAPI's own `max_body_size` answers an announced excess in plain text, outside of the problem
documents; so the count is kept here, and the refusal takes the way of every other error.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT_BYTES = 256 * 1024


class BodyTooLarge(HTTPException):
    """Raised where a body is read: an HTTPException alone passes through FastAPI's reading."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(413, f"At most {limit_bytes} bytes are accepted here.")
        self.limit_bytes = limit_bytes


class _Allowance:
    """How many bytes one request may send, and has sent."""

    def __init__(self) -> None:
        self.limit_bytes = BODY_LIMIT_BYTES
        self.received = 0

    def count(self, n_bytes: int) -> None:
        self.received += n_bytes
        if self.received > self.limit_bytes:
            raise BodyTooLarge(self.limit_bytes)


class BodyLimit:
    """Count each request's body while it is read, and refuse what is too much."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        allowance = _Allowance()
        scope.setdefault("state", {})["body_allowance"] = allowance

        async def receive_counted() -> Message:
            message = await receive()
            allowance.count(len(message.get("body", b"")))
            return message

        await self.app(scope, receive_counted, send)


def allow_body(request: Request, limit_bytes: int) -> None:
    """Let this request send up to `limit_bytes`, for an endpoint that streams what it receives."""
    allowance: _Allowance = request.state.body_allowance
    allowance.limit_bytes = limit_bytes
