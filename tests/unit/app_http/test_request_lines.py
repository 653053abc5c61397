"""The log line of a request: told of each, but of answers from memory only to who asks for all."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.http import middleware
from app.http.board_cache import BoardCache, KeptPath
from app.http.middleware import REQUESTS, RequestContext


async def board(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"public, max-age=0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"the board"})


async def nothing() -> Any:
    raise AssertionError("no body is read")


def lines_of(*paths: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Return level and path of each line that requests for these paths leave."""
    cache = BoardCache(board, paths=[KeptPath("/board")], max_age_s=60.0, limit_bytes=10_000)
    app = RequestContext(cache)

    async def send(message: Any) -> None:
        pass

    async def ask() -> None:
        for path in paths:
            scope = {
                "type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [],
            }  # fmt: skip
            await app(scope, nothing, send)

    with capture_logs() as lines:
        monkeypatch.setattr(middleware, "log", middleware.structlog.get_logger())
        asyncio.run(ask())
    return [(line["log_level"], line["path"]) for line in lines if line["event"] == "request"]


def test_answers_from_memory_are_counted_and_told_at_debug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = REQUESTS.labels("GET", "(none)", 200)
    before = counter._value.get()
    told = lines_of("/board", "/board", "/other", monkeypatch=monkeypatch)
    assert told == [("debug", "/board"), ("debug", "/board"), ("info", "/other")]
    assert counter._value.get() == before + 3
