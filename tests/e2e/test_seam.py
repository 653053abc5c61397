"""The one seam that the import contracts cannot see: jobs are sent by name."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from app import queue
from app.local import commands
from app.queue import QUEUE_OF


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The worker's jobs, imported as Celery imports them; nothing connects to anything."""
    _configure(monkeypatch, tmp_path)
    return importlib.import_module("worker.jobs")


@pytest.fixture
def notifier(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The notifier's job, alike."""
    _configure(monkeypatch, tmp_path)
    return importlib.import_module("worker.notifier")


def _configure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@localhost/nothing")
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1/0")
    monkeypatch.setenv("BLOB_ROOT", str(tmp_path))


def _registered(jobs: ModuleType) -> set[str]:
    return {name for name in jobs.celery.tasks if not name.startswith("celery.")}


def test_every_job_that_is_sent_by_name_is_registered_by_one_of_the_two(
    jobs: ModuleType, notifier: ModuleType
) -> None:
    assert _registered(jobs) == set(QUEUE_OF) - {queue.DELIVER_NOTICE}
    # Celery lends a worker's jobs to every application of the same process, so to this one here.
    assert _registered(notifier) - _registered(jobs) == {queue.DELIVER_NOTICE}


def test_what_beat_sends_is_registered_too_and_expires(jobs: ModuleType) -> None:
    schedule = jobs.celery.conf.beat_schedule
    assert {entry["task"] for entry in schedule.values()} == {queue.SWEEP}
    for entry in schedule.values():
        assert entry["task"] in jobs.celery.tasks
        assert entry["options"]["expires"] > entry["schedule"]


def test_somebody_listens_to_every_queue_that_jobs_are_sent_to(jobs: ModuleType) -> None:
    listened = {one.name for one in jobs.celery.conf.task_queues}
    # Whoever computes with labels does not talk to the outside world.
    assert queue.NOTICE_QUEUE not in listened
    option = commands.NOTIFIER.index("--queues")
    assert commands.NOTIFIER[option + 1] == queue.NOTICE_QUEUE
    assert set(QUEUE_OF.values()) == listened | {queue.NOTICE_QUEUE}
    for name, wanted in QUEUE_OF.items():
        assert jobs.celery.amqp.router.route({}, name)["queue"].name == wanted


def test_a_lost_message_is_never_the_last_word(jobs: ModuleType) -> None:
    conf = jobs.celery.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.accept_content == ["json"]
    assert conf.task_time_limit < conf.broker_transport_options["visibility_timeout"]
