"""Progress, told to whoever watches: Redis pub/sub in, one asyncio queue per watcher out.

A watcher costs neither a thread nor a database connection. Events are hints like messages: when
the line to Redis breaks, every stream is ended, and the client, coming back, reads the row.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import redis
import redis.asyncio
import structlog
from redis.exceptions import RedisError

CHANNEL_PREFIX = "probeboard:submission:"

log = structlog.get_logger(__name__)


def publish(client: redis.Redis, submission_id: UUID, **facts: Any) -> None:
    """Tell the watchers of a submission; a lost event is no error, polling tells the same."""
    try:
        client.publish(f"{CHANNEL_PREFIX}{submission_id}", json.dumps(facts))
    except RedisError as error:
        log.warning("event lost", submission_id=str(submission_id), error=repr(error))


class Broadcaster:
    """One subscription per process, fanned out to its watchers."""

    def __init__(self, client: redis.asyncio.Redis, *, reconnect_after_s: float = 1.0) -> None:
        self._client = client
        self._reconnect_after_s = reconnect_after_s
        self._watchers: defaultdict[UUID, set[asyncio.Queue[dict[str, Any] | None]]]
        self._watchers = defaultdict(set)
        self._closed = False

    @property
    def watchers(self) -> int:
        """How many streams are open."""
        return sum(len(queues) for queues in self._watchers.values())

    @contextlib.asynccontextmanager
    async def watch(
        self, submission_id: UUID
    ) -> AsyncIterator[asyncio.Queue[dict[str, Any] | None]]:
        """Lend a queue of one submission's events; None in it means: come back later."""
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(maxsize=100)
        self._watchers[submission_id].add(queue)
        if self._closed:
            self._offer(queue, None)
        try:
            yield queue
        finally:
            self._watchers[submission_id].discard(queue)
            if not self._watchers[submission_id]:
                del self._watchers[submission_id]

    async def run(self) -> None:
        """Listen until cancelled; reconnect for as long as it takes."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                log.warning("event line broken", error=repr(error))
                self.end_all()
                await asyncio.sleep(self._reconnect_after_s)

    def end_all(self) -> None:
        """End every stream: their clients come back, and are told the row's state."""
        for queues in self._watchers.values():
            for queue in queues:
                self._offer(queue, None)

    def close(self) -> None:
        """End every stream, those that are yet to begin too: the server stops."""
        self._closed = True
        self.end_all()

    async def _listen(self) -> None:
        async with self._client.pubsub() as line:
            await line.psubscribe(f"{CHANNEL_PREFIX}*")
            async for message in line.listen():
                if message["type"] == "pmessage":
                    self._deliver(message["channel"].decode(), message["data"])
                elif message["type"] == "psubscribe":
                    self.end_all()  # a new line, maybe in silence: what came before it was missed

    def _deliver(self, channel: str, data: bytes) -> None:
        try:
            submission_id = UUID(channel.removeprefix(CHANNEL_PREFIX))
            event = json.loads(data)
        except ValueError:  # not one of ours; the line goes on
            log.warning("event not understood", channel=channel)
            return
        for queue in self._watchers.get(submission_id, ()):
            self._offer(queue, event)

    def _offer(
        self, queue: asyncio.Queue[dict[str, Any] | None], event: dict[str, Any] | None
    ) -> None:
        if queue.full():  # a watcher that does not read is sent away, not waited for
            queue.get_nowait()
            event = None
        queue.put_nowait(event)
