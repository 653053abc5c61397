"""The fan-out of events to watchers: who does not read is sent away, and is not waited for."""

import asyncio
import json
from uuid import UUID

import redis
import redis.asyncio

from app.events import CHANNEL_PREFIX, Broadcaster, publish

KEY = UUID(int=1)


async def overflow() -> list[object]:
    broadcaster = Broadcaster(redis.asyncio.Redis())
    async with broadcaster.watch(KEY) as lazy:
        for number in range(101):
            event = json.dumps({"tasks_done": number}).encode()
            broadcaster._deliver(f"{CHANNEL_PREFIX}{KEY}", event)
        return [lazy.get_nowait() for _ in range(lazy.qsize())]


def test_a_watcher_that_does_not_read_is_sent_away() -> None:
    kept = asyncio.run(overflow())
    assert len(kept) == 100
    assert kept[0] == {"tasks_done": 1}
    assert kept[-1] is None


async def two_watchers() -> tuple[int, int, int]:
    broadcaster = Broadcaster(redis.asyncio.Redis())
    async with broadcaster.watch(KEY) as one:
        async with broadcaster.watch(KEY):
            both = broadcaster.watchers
        broadcaster._deliver(f"{CHANNEL_PREFIX}{UUID(int=2)}", b"{}")
        broadcaster.end_all()
        assert one.get_nowait() is None
        return both, broadcaster.watchers, one.qsize()


def test_each_watcher_is_counted_and_hears_of_its_own_submission_alone() -> None:
    assert asyncio.run(two_watchers()) == (2, 1, 0)


def test_an_event_that_redis_does_not_take_is_no_error() -> None:
    client = redis.Redis.from_url("unix:///nowhere/redis.sock")
    publish(client, KEY, status="running")
    client.close()
