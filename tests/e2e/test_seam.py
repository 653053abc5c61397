"""The one seam that the import contracts cannot see: jobs are sent by name."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from app import queue
from app.queue import QUEUE_OF


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The worker's jobs, imported as Celery imports them; nothing connects to anything."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@localhost/nothing")
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1/0")
    monkeypatch.setenv("BLOB_ROOT", str(tmp_path))
    return importlib.import_module("worker.jobs")


def test_every_job_that_is_sent_by_name_is_registered(jobs: ModuleType) -> None:
    ours = {name for name in jobs.celery.tasks if not name.startswith("celery.")}
    assert ours == set(QUEUE_OF)
    assert set(QUEUE_OF) == {queue.EVALUATE_SUBMISSION, queue.RANK_PHASE, queue.SWEEP}


def test_what_beat_sends_is_registered_too_and_expires(jobs: ModuleType) -> None:
    schedule = jobs.celery.conf.beat_schedule
    assert {entry["task"] for entry in schedule.values()} == {queue.SWEEP}
    for entry in schedule.values():
        assert entry["task"] in jobs.celery.tasks
        assert entry["options"]["expires"] > entry["schedule"]


def test_the_worker_listens_to_every_queue_that_jobs_are_sent_to(jobs: ModuleType) -> None:
    listened = {one.name for one in jobs.celery.conf.task_queues}
    assert set(QUEUE_OF.values()) == listened
    for name, wanted in QUEUE_OF.items():
        assert jobs.celery.amqp.router.route({}, name)["queue"].name == wanted


def test_a_lost_message_is_never_the_last_word(jobs: ModuleType) -> None:
    conf = jobs.celery.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.accept_content == ["json"]
    assert conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]
