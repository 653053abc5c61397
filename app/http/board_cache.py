"""Boards in memory: what everybody reads is read from the database once a second.

In front of the application, behind the request's context: a kept answer has an id and a
measurement as any other, and a log line at the level DEBUG. Only anonymous requests (neither token
nor cookie) for addresses on a list are answered from here, so nothing that somebody alone may see
is ever kept.

An answer depends on nothing but the path and the query parameters that the endpoint reads: the
application is asked without the headers of whoever happens to come first, and other parameters are
dropped. Each answer was read from the database at most `max_age_s` before the request came; that is
how late the public sees that a board was hidden or frozen.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.kept_answer import KeptAnswer, RawHeaders, takes_gzip

LONGEST_PATH = 256
LONGEST_QUERY = 512
_NEVER = frozenset({b"authorization", b"cookie", b"transfer-encoding"})


@dataclass(frozen=True)
class KeptPath:
    """Addresses whose answers may be kept: a pattern of whole paths.

    `parameters` are those of the query that the endpoint reads; with one of `never` nothing is
    kept, because it has too many values.
    """

    pattern: str
    parameters: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Asked:
    key: str
    path: str
    query: bytes
    accepts_gzip: bool
    known: bytes | None


@dataclass(frozen=True)
class _Flight:
    """A question that the application is answering, for all who ask the same meanwhile."""

    started_at: float
    task: asyncio.Task[KeptAnswer]


class BoardCache:
    """Answer anonymous reads of the listed paths from memory, at most `max_age_s` old."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        paths: Sequence[KeptPath],
        max_age_s: float,
        limit_bytes: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app = app
        self._paths = [(re.compile(path.pattern), path) for path in paths]
        self._max_age_s = max_age_s
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._kept: OrderedDict[str, KeptAnswer] = OrderedDict()
        self._n_bytes = 0
        self._flights: dict[str, _Flight] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        address = self._address(scope)
        if address is None:
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            send = _without_body(send)
        asked = _asked(scope, address)
        answer = None if asked is None else await self._find(asked, scope)
        if asked is None or answer is None:
            await self._pass_on(scope, receive, send)
            return
        if answer.route is not None:
            scope["route"] = answer.route  # for the measurement
        scope.setdefault("state", {})["from_memory"] = True
        start, body = await answer.messages(accepts_gzip=asked.accepts_gzip, known=asked.known)
        await send(start)
        await send(body)

    def _address(self, scope: Scope) -> KeptPath | None:
        """Return the path on the list that is asked for; None for what is none of ours."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        path = scope["path"]
        if len(path) > LONGEST_PATH:
            return None
        for pattern, address in self._paths:
            if pattern.fullmatch(path):
                return address
        return None

    async def _find(self, asked: _Asked, scope: Scope) -> KeptAnswer | None:
        """Return an answer that is young enough; None where each must ask for themselves."""
        now = self._clock()
        kept = self._kept.get(asked.key)
        if kept is not None and now - kept.read_at < self._max_age_s:
            self._kept.move_to_end(asked.key)
            if now - kept.read_at >= self._max_age_s / 2 and asked.key not in self._flights:
                self._start(asked, scope, now)  # ahead of time, so that nobody waits for it
            return kept
        flight = self._flights.get(asked.key)
        is_ours = flight is None or now - flight.started_at >= self._max_age_s
        if flight is None or is_ours:
            flight = self._start(asked, scope, now)
        try:
            answer = await asyncio.shield(flight.task)
        except Exception:
            if is_ours:
                raise
            return None
        # A refusal names the request it refuses, so it is one request's own.
        return answer if is_ours or answer.is_shared else None

    def _start(self, asked: _Asked, scope: Scope, now: float) -> _Flight:
        flight = _Flight(now, asyncio.create_task(self._fly(asked, dict(scope), now)))
        self._flights[asked.key] = flight

        def land(task: asyncio.Task[KeptAnswer]) -> None:
            if self._flights.get(asked.key) is flight:
                del self._flights[asked.key]
            if not task.cancelled():
                task.exception()  # who waits for it gets it; ahead of time nobody does

        flight.task.add_done_callback(land)
        return flight

    async def _fly(self, asked: _Asked, scope: Scope, now: float) -> KeptAnswer:
        """Ask the application, as a request that nobody in particular has sent."""
        scope.update(method="GET", query_string=asked.query, headers=[])
        status = 500
        headers: RawHeaders = []
        pieces: list[bytes] = []

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], list(message["headers"])
            else:
                pieces.append(message.get("body", b""))

        await self.app(scope, _no_body, send)
        answer = KeptAnswer(
            status, headers, b"".join(pieces), route=scope.get("route"), read_at=now
        )
        self._keep(asked.key, answer)
        return answer

    def _keep(self, key: str, answer: KeptAnswer) -> None:
        older = self._kept.get(key)
        if older is not None and older.read_at > answer.read_at:
            return
        if older is not None:
            self._forget(key)
            answer.take_over(older)
        if answer.is_shared and self._max_age_s > 0:
            self._kept[key] = answer
            self._n_bytes += len(key) + answer.n_bytes
        while self._n_bytes > self._limit_bytes:
            self._forget(next(iter(self._kept)))  # what was asked for longest ago

    def _forget(self, key: str) -> None:
        self._n_bytes -= len(key) + self._kept.pop(key).n_bytes

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer this one request; HEAD is GET without the body."""
        asked = scope if scope["method"] == "GET" else {**scope, "method": "GET"}
        try:
            await self.app(asked, receive, _varying(send))
        finally:
            scope["route"] = asked.get("route")


def _asked(scope: Scope, address: KeptPath) -> _Asked | None:
    """Read the request; None where its answer may be of one person, or of too rare a kind."""
    accepts_gzip = False
    tag = None
    for name, value in scope["headers"]:
        if name in _NEVER or (name == b"content-length" and value != b"0"):
            return None
        if name == b"accept-encoding":
            accepts_gzip = takes_gzip(value)
        elif name == b"if-none-match":
            tag = value if tag is None else tag + b", " + value
    query = scope["query_string"]
    if query:
        query = _canonical(query, address)
        if query is None:
            return None
    path = scope["path"]
    return _Asked(f"{path}?{query.decode()}", path, query, accepts_gzip, tag)


def _canonical(query: bytes, address: KeptPath) -> bytes | None:
    """Return the parameters that matter, in one order; None for what no link of ours has."""
    if len(query) > LONGEST_QUERY:
        return None
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    kept = sorted(pair for pair in pairs if pair[0] in address.parameters)
    is_plain = len({name for name, _ in kept}) == len(kept)
    if not is_plain or any(name in address.never for name, _ in pairs):
        return None
    return urlencode(kept).encode()


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


def _varying(send: Send) -> Send:
    """Say of every answer at these addresses that it may come in two codings."""

    async def send_varying(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            vary = [value for name, value in headers if name == b"vary"]
            others = [pair for pair in headers if pair[0] != b"vary"]
            joined = b", ".join([*vary, b"Accept-Encoding"])
            message = {**message, "headers": [*others, (b"vary", joined)]}
        await send(message)

    return send_varying


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
