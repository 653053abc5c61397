"""The sweep: whatever was lost is found, and what waits its turn is left alone."""

import base64
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import redis

from app.blobs import BlobStore
from app.clock import utc_now
from app.models import Leaderboard, Status, Submission
from app.queue import CONTROL_QUEUE, EVALUATION_QUEUE, JobQueue, make_celery, request_ranking
from app.settings import Settings
from app.submissions.service import mark_announced
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker import store
from worker.parts import Parts, make_parts
from worker.sweep import announce_rankings, announce_waiting, return_expired_leases, sweep

LEASE = timedelta(seconds=30)
LONG = timedelta(minutes=10)


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    quota = {"per_day": 100, "total": 100, "in_flight": 100}
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions, quota=quota)


@pytest.fixture(scope="module")
def team(contest: Contest) -> Person:
    return builders.contestant(contest.host.api, contest.challenge)


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    """The broker of this test process, empty at first."""
    client = redis.Redis.from_url(settings.redis_url)
    client.delete(EVALUATION_QUEUE, CONTROL_QUEUE)
    yield client
    client.close()


def hand_in(team: Person, contest: Contest, seed: int) -> UUID:
    return UUID(builders.submit(team, contest.phase, builders.noise(seed)).json()["id"])


def row(parts: Parts, key: UUID) -> Submission:
    with parts.sessions() as session:
        return session.get_one(Submission, key)


def put(parts: Parts, key: UUID, **columns: Any) -> None:
    with parts.sessions() as session:
        session.query(Submission).filter_by(id=key).update(columns)
        session.commit()


def announced(broker: redis.Redis, key: UUID, queue: str = EVALUATION_QUEUE) -> int:
    """Count the messages that wait and are about `key`."""
    return sum(str(key).encode() in _body(message) for message in broker.lrange(queue, 0, -1))


def _body(message: bytes) -> bytes:
    return base64.b64decode(json.loads(message)["body"])


def claim(parts: Parts, key: UUID, now: datetime) -> None:
    with parts.sessions() as session:
        assert store.claim(session, key, now=now, lease=LEASE) is not None
        session.commit()


def test_an_expired_lease_goes_back_to_the_queue_and_is_announced(
    parts: Parts, team: Person, contest: Contest, broker: redis.Redis
) -> None:
    key = hand_in(team, contest, 1)
    claim(parts, key, utc_now() - LONG)
    broker.delete(EVALUATION_QUEUE)
    put(parts, key, received_at=utc_now() - LONG)
    sweep(parts)
    assert (row(parts, key).status, row(parts, key).attempt) == (Status.QUEUED, 1)
    assert announced(broker, key) == 1


def test_a_lease_that_holds_is_left_alone(parts: Parts, team: Person, contest: Contest) -> None:
    key = hand_in(team, contest, 2)
    claim(parts, key, utc_now())
    return_expired_leases(parts, now=utc_now())
    assert row(parts, key).status == Status.RUNNING


def test_after_the_last_attempt_a_lost_worker_fails_the_submission(
    parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 3)
    for _ in range(3):
        claim(parts, key, utc_now() - LONG)
        return_expired_leases(parts, now=utc_now())
    failed = row(parts, key)
    assert (failed.status, failed.failure_code) == (Status.FAILED, "worker-lost")
    assert "cost no quota" in (failed.failure_detail or "")


def test_a_submission_nobody_was_told_of_is_announced_after_a_moment(
    parts: Parts, team: Person, contest: Contest, broker: redis.Redis
) -> None:
    key = hand_in(team, contest, 4)
    broker.delete(EVALUATION_QUEUE)
    put(parts, key, announced_at=None)
    received_at = row(parts, key).received_at
    announce_waiting(parts, now=received_at + timedelta(seconds=1))
    assert announced(broker, key) == 0
    announce_waiting(parts, now=received_at + timedelta(seconds=3))
    announce_waiting(parts, now=received_at + timedelta(seconds=3))
    assert announced(broker, key) == 1


def test_lost_announcements_are_sent_again_once_the_broker_is_empty(
    parts: Parts, team: Person, contest: Contest, broker: redis.Redis
) -> None:
    key = hand_in(team, contest, 5)
    now = utc_now() + LONG
    broker.rpush(EVALUATION_QUEUE, b'{"body": ""}')
    announce_waiting(parts, now=now)
    assert announced(broker, key) == 1  # the first announcement; messages wait, nothing is lost
    broker.delete(EVALUATION_QUEUE)
    announce_waiting(parts, now=now)
    assert announced(broker, key) == 1


def test_a_message_that_later_ones_overtook_was_lost_though_the_broker_is_never_empty(
    parts: Parts, team: Person, contest: Contest, broker: redis.Redis
) -> None:
    lost, taken = hand_in(team, contest, 6), hand_in(team, contest, 7)
    broker.delete(EVALUATION_QUEUE)
    broker.rpush(EVALUATION_QUEUE, b'{"body": ""}')
    now = utc_now()
    put(parts, lost, announced_at=now)
    put(parts, taken, announced_at=now + LONG)
    announce_waiting(parts, now=now)
    assert announced(broker, lost) == 0
    claim(parts, taken, now)
    announce_waiting(parts, now=now)
    assert announced(broker, lost) == 1
    put(parts, taken, announced_at=now)


def test_a_broker_that_is_down_is_asked_once_and_nothing_is_noted(
    parts: Parts, team: Person, contest: Contest, settings: Settings
) -> None:
    key = hand_in(team, contest, 8)
    put(parts, key, announced_at=None)
    deaf = settings.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"})
    queue = JobQueue(make_celery(deaf))
    cut_off = make_parts(deaf, queue)
    announce_waiting(cut_off, now=utc_now() + LONG)
    with parts.sessions() as session:
        request_ranking(session, UUID(contest.phase))
        session.commit()
    announce_rankings(cut_off, now=utc_now())
    cut_off.close()
    queue.close()
    assert row(parts, key).announced_at is None
    with parts.sessions() as session:
        assert session.get_one(Leaderboard, UUID(contest.phase)).announced_at is None


def test_a_ranking_that_was_asked_for_is_announced_until_it_is_done(
    parts: Parts, contest: Contest, broker: redis.Redis
) -> None:
    phase = UUID(contest.phase)
    with parts.sessions() as session:
        request_ranking(session, phase)
        session.commit()
    now = utc_now()
    announce_rankings(parts, now=now)
    announce_rankings(parts, now=now)
    assert announced(broker, phase, CONTROL_QUEUE) == 1
    announce_rankings(parts, now=now + LONG)
    assert announced(broker, phase, CONTROL_QUEUE) == 2
    with parts.sessions() as session:
        board = session.get_one(Leaderboard, phase)
        board.ranked = board.requested
        session.commit()
    announce_rankings(parts, now=now + 3 * LONG)
    assert announced(broker, phase, CONTROL_QUEUE) == 2


def test_scratch_that_a_killed_process_left_is_dropped_in_the_end(parts: Parts) -> None:
    incoming = parts.blobs.root / "incoming"
    old, new = incoming / builders.unique("old"), incoming / builders.unique("new")
    for folder in (old, new):
        folder.mkdir()
        (folder / "part-0").write_bytes(b"half")
    hours_ago = (utc_now() - timedelta(hours=7)).timestamp()
    os.utime(old, (hours_ago, hours_ago))
    sweep(parts)
    assert not old.exists()
    assert new.exists()
    BlobStore(parts.blobs.root).drop_abandoned(older_than=utc_now() + LONG)
    assert not new.exists()


def test_an_announcement_is_noted_only_of_what_still_waits(
    parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 9)
    put(parts, key, announced_at=None)
    claim(parts, key, utc_now())
    with parts.sessions() as session:
        mark_announced(session, [key], now=utc_now())
        session.commit()
    assert row(parts, key).announced_at is None
