"""What a worker process works with, made after the fork: connections are not shared."""

from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine
from threadpoolctl import threadpool_limits

from app.blobs import BlobStore, make_blobs
from app.db import SessionFactory, make_engine, make_sessions
from app.queue import JobQueue
from app.settings import Settings
from app.submissions.split_scores import ScoreCache
from probeboard.ranking.draw_cache import DrawCache


@dataclass(frozen=True)
class Parts:
    """The parts of one worker process."""

    settings: Settings
    engine: Engine
    sessions: SessionFactory
    blobs: BlobStore
    queue: JobQueue
    redis: redis.Redis
    scores: ScoreCache
    draws: DrawCache

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()
        self.redis.close()
        self.blobs.close()


def make_parts(settings: Settings, queue: JobQueue) -> Parts:
    """Make the parts, and hold BLAS to its threads: more only fight over the same cores."""
    threadpool_limits(settings.blas_threads)
    engine = make_engine(settings)
    return Parts(
        settings=settings,
        engine=engine,
        sessions=make_sessions(engine),
        blobs=make_blobs(settings),
        queue=queue,
        # An event is not worth waiting for: one more try finds a Redis that was restarted.
        redis=redis.Redis.from_url(
            settings.redis_url, socket_timeout=5, retry=Retry(NoBackoff(), 1)
        ),
        scores=ScoreCache(settings.score_cache_bytes),
        draws=DrawCache(settings.draw_cache_bytes),
    )
