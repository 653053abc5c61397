"""Count what must not be tried too often, in Redis, so that all processes count together.

A limit protects against guessing; it is not a quota. So when Redis is down it lets people through.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
import structlog
from redis.exceptions import RedisError

WINDOW_S = 3600

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Count:
    """How often something happened in the present window, and when the window ends."""

    used: int
    resets_at: datetime


class RateCounter:
    """Counters over fixed windows of one hour that start with the first event."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def read(self, name: str, *, now: datetime) -> Count:
        """Return the count without raising it."""
        try:
            pipeline = self._client.pipeline()
            pipeline.get(_key(name))
            pipeline.pttl(_key(name))
            used, left_ms = pipeline.execute()
        except RedisError as error:
            log.warning("rate limit not enforced", counter=name, error=repr(error))
            return Count(0, now)
        return Count(int(used or 0), now + timedelta(milliseconds=max(int(left_ms), 0)))

    def add(self, name: str) -> None:
        """Raise the count by one; the first event opens the window."""
        try:
            pipeline = self._client.pipeline()
            pipeline.set(_key(name), 0, ex=WINDOW_S, nx=True)
            pipeline.incr(_key(name))
            pipeline.execute()
        except RedisError as error:
            log.warning("rate limit not counted", counter=name, error=repr(error))

    def take_back(self, name: str) -> None:
        """Lower the count by one: what was counted beforehand turned out well."""
        try:
            pipeline = self._client.pipeline()
            pipeline.set(_key(name), 0, ex=WINDOW_S, nx=True)  # a key without an end stays for ever
            pipeline.decr(_key(name))
            pipeline.execute()
        except RedisError as error:
            log.warning("rate limit not taken back", counter=name, error=repr(error))


def _key(name: str) -> str:
    return f"probeboard:rate:{name}"
