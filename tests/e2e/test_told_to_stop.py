"""What the server does at the signal to stop, seen from inside; the other tests see it end."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
import redis.asyncio

from app.events import Broadcaster
from app.http.stopping import SIGNALS, when_told_to_stop

SOMETHING = UUID(int=1)


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """Stand in for uvicorn, which has handlers of its own before the application starts."""
    told: list[int] = []
    before = {number: signal.signal(number, lambda one, _: told.append(one)) for number in SIGNALS}
    yield told
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_to_stop_is_acted_upon_and_passed_on(
    heard: list[int], number: signal.Signals
) -> None:
    async def serve() -> None:
        acted = asyncio.Event()
        with when_told_to_stop(acted.set):
            os.kill(os.getpid(), number)
            await asyncio.wait_for(acted.wait(), 30)

    theirs = signal.getsignal(number)
    asyncio.run(serve())
    assert heard == [number]
    assert signal.getsignal(number) is theirs


def test_a_server_in_a_thread_leaves_signals_alone(heard: list[int]) -> None:
    seen: list[bool] = []

    async def serve() -> None:
        before = signal.getsignal(signal.SIGTERM)
        with when_told_to_stop(lambda: None):
            seen.append(signal.getsignal(signal.SIGTERM) is before)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    thread.join()
    assert seen == [True]
    assert heard == []


def test_a_stream_that_begins_while_the_server_stops_ends_at_once() -> None:
    async def watch() -> object:
        client = redis.asyncio.Redis.from_url("redis://localhost:1")
        broadcaster = Broadcaster(client)
        async with broadcaster.watch(SOMETHING) as early:
            broadcaster.close()
            async with broadcaster.watch(SOMETHING) as late:
                ends = [await asyncio.wait_for(queue.get(), 30) for queue in (early, late)]
        await client.aclose()
        return ends

    assert asyncio.run(watch()) == [None, None]
