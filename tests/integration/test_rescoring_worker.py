"""Items of a re-scoring on workers: leases, losses, lost messages; live submissions go first."""

import base64
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import redis
import sqlalchemy as sa

from app.blobs import BlobKind
from app.clock import utc_now
from app.local import commands
from app.local.children import last_lines
from app.local.program import Program, python_module
from app.models import ItemState, RescoringItem, Status, Submission
from app.queue import (
    EVALUATE_SUBMISSION,
    RESCORE_SUBMISSION,
    RESCORING_QUEUE,
    JobQueue,
    make_celery,
)
from app.settings import Settings
from tests import builders, bulk, rescoring
from tests.api import Api
from tests.rescoring import Game
from tests.services import Services
from worker.parts import Parts
from worker.rescore import claim, finish, release, renew, rescore_submission
from worker.rescoring_sweep import LOST, announce_items, return_expired_items
from worker.work import Outcome

ROOT = Path(__file__).resolve().parents[2]
LEASE, LONG = timedelta(seconds=30), timedelta(hours=1)
REDIS_DATABASE = 13  # no test process uses this one


@pytest.fixture
def game(api: Api, parts: Parts) -> Game:
    return rescoring.play(api, parts)


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    """The broker of this test process, without items at first."""
    client = redis.Redis.from_url(settings.redis_url)
    client.delete(RESCORING_QUEUE)
    yield client
    client.close()


def announced(broker: redis.Redis, key: UUID) -> int:
    """Count the messages that wait and are about an item."""
    bodies = [
        base64.b64decode(json.loads(message)["body"])
        for message in broker.lrange(RESCORING_QUEUE, 0, -1)
    ]
    return sum(str(key).encode() in body for body in bodies)


def row(parts: Parts, key: UUID) -> RescoringItem:
    with parts.sessions() as session:
        return session.get_one(RescoringItem, key)


def test_a_set_announces_an_item_a_message_and_the_sweep_finds_what_is_lost(
    game: Game, parts: Parts, broker: redis.Redis
) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    items = [one.id for one in rescoring.items_of(parts, address)]
    _leave_alone(parts, items)
    assert [announced(broker, key) for key in items] == [1, 1, 1, 1]
    announce_items(parts, now=utc_now() + LONG)  # messages wait: nothing is lost
    assert announced(broker, items[0]) == 1
    broker.delete(RESCORING_QUEUE)
    announce_items(parts, now=utc_now())  # too early to tell
    assert announced(broker, items[0]) == 0
    announce_items(parts, now=utc_now() + LONG)
    assert [announced(broker, key) for key in items] == [1, 1, 1, 1]
    # A later one was taken: what was sent long before it is lost.
    with parts.sessions() as session:
        session.execute(
            sa.update(RescoringItem)
            .where(RescoringItem.id == items[0])
            .values(announced_at=utc_now() - LONG)
        )
        assert claim(session, items[1], now=utc_now(), lease=LEASE) is not None
        session.commit()
    announce_items(parts, now=utc_now())
    assert announced(broker, items[0]) == 2


def _leave_alone(parts: Parts, items: list[UUID]) -> None:
    """Let what other tests left waiting never be lost, and what they left running tell nothing."""
    others = sa.update(RescoringItem).where(RescoringItem.id.not_in(items))
    with parts.sessions() as session:
        for state, announced_at in (
            (ItemState.QUEUED, utc_now() + 2 * LONG),
            (ItemState.RUNNING, utc_now() - 2 * LONG),
        ):
            session.execute(
                others.where(RescoringItem.state == state).values(announced_at=announced_at)
            )
        session.commit()


def test_a_worker_that_dies_loses_its_lease_and_writes_nothing_any_more(
    game: Game, parts: Parts
) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    key = rescoring.items_of(parts, address)[0].id
    with parts.sessions() as session:
        slow = claim(session, key, now=utc_now() - LONG, lease=LEASE)
        session.commit()
    assert slow is not None
    return_expired_items(parts, now=utc_now())
    assert row(parts, key).state == ItemState.QUEUED
    rescore_submission(parts, key)
    assert (row(parts, key).state, row(parts, key).attempt) == (ItemState.DONE, 2)
    with parts.sessions() as session:
        assert not renew(session, item=slow, now=utc_now(), lease=LEASE)
        assert not finish(session, slow, Outcome([]), now=utc_now())
        assert release(session, key, slow.attempt, LOST, now=utc_now()) is None
    rescore_submission(parts, key)  # a second message changes nothing
    assert row(parts, key).attempt == 2


def test_after_three_losses_it_fails_blocks_and_can_be_tried_again(
    game: Game, parts: Parts
) -> None:
    host = game.host
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    first, second, *_ = rescoring.items_of(parts, address)
    for _ in range(3):
        with parts.sessions() as session:
            assert claim(session, first.id, now=utc_now() - LONG, lease=LEASE) is not None
            session.commit()
        return_expired_items(parts, now=utc_now())
    with parts.sessions() as session:
        matrix = session.get_one(Submission, second.submission_id).matrix_sha256
    path = parts.blobs.existing_path(BlobKind.MATRICES, matrix)
    away = path.with_suffix(".away")
    path.rename(away)
    rescoring.work(parts, address)
    away.rename(path)
    failed = [row(parts, one.id) for one in (first, second)]
    assert [one.state for one in failed] == [ItemState.FAILED] * 2
    assert [one.failure_code for one in failed] == ["worker-lost", "internal-error"]
    assert "BlobMissing" in (failed[1].failure_traceback or "")
    problem = host.api.post(f"{address}/application").json()
    assert [one["code"] for one in problem["blocked"]] == ["worker-lost", "internal-error"]
    told = host.api.ok("POST", f"{address}/retries")
    assert (told["inside"]["progress"]["failed"], told["inside"]["progress"]["queued"]) == (0, 2)
    assert rescoring.work(parts, address) == 2
    assert host.api.ok("GET", address)["state"] == "ready"


def test_an_item_of_a_set_that_is_decided_is_left_alone(game: Game, parts: Parts) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    waiting, taken, *_ = rescoring.items_of(parts, address)
    with parts.sessions() as session:
        item = claim(session, taken.id, now=utc_now(), lease=LEASE)
        session.commit()
    assert item is not None
    game.host.api.ok("POST", f"{address}/cancellation")
    rescore_submission(parts, waiting.id)
    assert row(parts, waiting.id).state == ItemState.QUEUED
    with parts.sessions() as session:
        assert not renew(session, item=item, now=utc_now(), lease=LEASE)
        assert not finish(session, item, Outcome([]), now=utc_now())


def test_progress_tells_when_it_would_be_done(game: Game, parts: Parts) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    items = rescoring.items_of(parts, address)
    assert game.host.api.ok("GET", address)["inside"]["progress"]["ends_at"] is None
    for item in items[:3]:
        rescore_submission(parts, item.id)
    progress = game.host.api.ok("GET", address)["inside"]["progress"]
    assert (progress["done"], progress["queued"]) == (3, 1)
    assert progress["ends_at"] > game.host.api.ok("GET", address)["created_at"]


@pytest.fixture
def worker(
    services: Services, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Program, JobQueue]]:
    """A worker with one process, that gets what this test announces."""
    redis_url = f"{services.redis.url}?db={REDIS_DATABASE}"
    environment = dict(os.environ) | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": redis_url,
        "BLOB_ROOT": str(settings.blob_root),
        "WORKER_CONCURRENCY": "1",
    }
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    program = Program(
        python_module(*commands.WORKER), log=log, environment=environment, folder=ROOT
    )
    queue = JobQueue(make_celery(settings.model_copy(update={"redis_url": redis_url})))
    yield program, queue
    queue.close()
    program.stop()


def test_a_new_submission_is_scored_next_however_many_items_wait(
    game: Game, parts: Parts, worker: tuple[Program, JobQueue]
) -> None:
    program, queue = worker
    add_copies(parts, game, 150)
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    items = [one.id for one in rescoring.items_of(parts, address)]
    assert len(items) == 154
    assert all(queue.announce(RESCORE_SUBMISSION, key) for key in items)
    key = UUID(builders.submit(game.teams[0], game.phase, builders.noise(77)).json()["id"])
    program.start()
    builders.wait_until(lambda: ended(parts, items) > 0 or fail(program), at_most_s=120)
    assert queue.announce(EVALUATE_SUBMISSION, key)
    announced_at = utc_now()
    builders.wait_until(lambda: submission(parts, key).status == Status.SCORED, at_most_s=120)
    started_at = submission(parts, key).started_at
    between = [
        one.finished_at
        for one in (row(parts, item) for item in items)
        if one.finished_at is not None and announced_at < one.finished_at < started_at
    ]
    assert len(between) <= 1  # the one that was being worked on
    assert ended(parts, items) < len(items)


def add_copies(parts: Parts, game: Game, n: int) -> None:
    """Hand in copies of a submission, scored, by a team each."""
    with parts.sessions() as session:
        original = session.get_one(Submission, UUID(game.submissions[0]))
        season = bulk.enter_teams(session, UUID(game.phase), n)
        scores = np.random.default_rng(1).uniform(0.1, 0.9, size=(n, 2, 5))
        bulk.hand_in(session, season, scores, matrix_sha256=original.matrix_sha256)
        session.commit()


def ended(parts: Parts, items: list[UUID]) -> int:
    with parts.sessions() as session:
        done = sa.select(sa.func.count()).where(
            RescoringItem.id.in_(items), RescoringItem.state == ItemState.DONE
        )
        return session.scalar(done) or 0


def submission(parts: Parts, key: UUID) -> Any:
    with parts.sessions() as session:
        return session.get_one(Submission, key)


def fail(program: Program) -> bool:
    assert program.is_running, last_lines(program.log)
    return False
