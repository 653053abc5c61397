"""The board cache as a server drives it, in front of an application that counts."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from app.http.board_cache import BoardCache, KeptPath

LONG = b"a board " * 1000
PATHS = [
    KeptPath("/board", frozenset({"method"}), never=frozenset({"at"})),
    KeptPath("/board/[0-9]+"),
]


@dataclass
class Clock:
    """A clock that a test moves."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Application:
    """Answers with what a test says, and remembers what it was asked."""

    body: bytes = b"first"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"cache-control": "no-cache"})
    asked: list[Scope] = field(default_factory=list)
    gate: asyncio.Event | None = None
    fault: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(dict(scope))
        body, status, fault = self.body, self.status, self.fault
        gate = self.gate
        if gate is not None:
            await gate.wait()
        if fault is not None:
            raise fault
        scope["route"] = "the route"
        typed = {"content-type": "application/json", **self.headers}
        headers = [(name.encode(), value.encode()) for name, value in typed.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        half = len(body) // 2
        await send({"type": "http.response.body", "body": body[:half], "more_body": True})
        await send({"type": "http.response.body", "body": body[half:]})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    scope: Scope


@dataclass
class Front:
    """The cache, the application behind it, and the clock it reads."""

    application: Application = field(default_factory=Application)
    clock: Clock = field(default_factory=Clock)
    limit_bytes: int = 10**7
    max_age_s: float = 1.0

    def __post_init__(self) -> None:
        self.cache = BoardCache(
            self.application,
            paths=PATHS,
            max_age_s=self.max_age_s,
            limit_bytes=self.limit_bytes,
            clock=self.clock,
        )

    async def get(self, target: str = "/board", *, method: str = "GET", **headers: str) -> Answer:
        path, _, query = target.partition("?")
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b""}

        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [
                (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
            ],
            "state": {},
        }
        await self.cache(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        body = b"".join(message["body"] for message in sent[1:])
        return Answer(sent[0]["status"], told, body, scope)

    @property
    def n_asked(self) -> int:
        return len(self.application.asked)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())
