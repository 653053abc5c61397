"""A real worker process at its limits: an evaluation that hangs, and one that is too large."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import psutil
import pytest
import sqlalchemy as sa

from app.blobs import BlobKind
from app.local import commands
from app.local.children import last_lines
from app.local.program import Program, python_module
from app.models import Evaluation, Status, Submission
from app.queue import EVALUATE_SUBMISSION, JobQueue, make_celery
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Contest
from tests.services import Services
from tests.serving import RunningServer
from worker.parts import Parts

ROOT = Path(__file__).resolve().parents[2]
# No test process uses this one: nobody else's submissions are announced here.
REDIS_DATABASE = 15
SECONDS, MEMORY_BYTES = 4, 1024**3  # more than sixty samples take on the busiest machine


@dataclass(frozen=True)
class Worker:
    """A worker with one child, and the way to send it a job."""

    program: Program
    queue: JobQueue

    @property
    def child(self) -> int:
        """The process that does the jobs."""
        (child,) = psutil.Process(self.program.pid).children()
        return child.pid


@pytest.fixture(scope="module")
def worker(
    services: Services, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    redis_url = f"{services.redis.url}?db={REDIS_DATABASE}"
    threads = {f"{library}_NUM_THREADS" for library in ("OPENBLAS", "OMP", "MKL")}
    environment = {name: value for name, value in os.environ.items() if name not in threads} | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": redis_url,
        "BLOB_ROOT": str(settings.blob_root),
        "WORKER_CONCURRENCY": "1",
        "EVALUATION_TIME_LIMIT_S": str(SECONDS),
        "EVALUATION_MEMORY_LIMIT_BYTES": str(MEMORY_BYTES),
    }
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    command = python_module(*commands.WORKER)
    program = Program(command, log=log, environment=environment, folder=ROOT).start()
    queue = JobQueue(make_celery(settings.model_copy(update={"redis_url": redis_url})))
    yield Worker(program, queue)
    queue.close()
    program.stop()


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions)


def hand_in(parts: Parts, contest: Contest, seed: int) -> UUID:
    """Hand in a baseline that is tried once, of embeddings (one blob each) no other test has."""
    matrix = builders.noise(9000 + seed)
    answer = builders.submit(contest.host, contest.phase, matrix, baseline="true")
    key = UUID(answer.json()["id"])
    with parts.sessions() as session:
        session.execute(
            sa.update(Submission).where(Submission.id == key).values(attempts_allowed=1)
        )
        session.commit()
    return key


def row(parts: Parts, key: UUID) -> Submission:
    with parts.sessions() as session:
        return session.get_one(Submission, key)


def take_matrix_away(parts: Parts, key: UUID) -> Path:
    path = parts.blobs.existing_path(BlobKind.MATRICES, row(parts, key).matrix_sha256)
    path.unlink()
    return path


def evaluate(worker: Worker, parts: Parts, key: UUID) -> Submission:
    assert worker.queue.announce(EVALUATE_SUBMISSION, key)

    def is_over() -> bool:
        assert worker.program.is_running, last_lines(worker.program.log)
        return row(parts, key).status not in (Status.QUEUED, Status.RUNNING)

    builders.wait_until(is_over, at_most_s=60)
    return row(parts, key)


def test_an_evaluation_that_takes_too_long_fails_by_name_and_the_worker_lives(
    worker: Worker, parts: Parts, contest: Contest
) -> None:
    key = hand_in(parts, contest, 1)
    path = take_matrix_away(parts, key)
    os.mkfifo(path)  # whoever opens it waits for ever
    failed = evaluate(worker, parts, key)
    path.unlink()
    assert (failed.status, failed.failure_code) == (Status.FAILED, "time-limit")
    assert "SoftTimeLimitExceeded" in (failed.failure_traceback or "")
    told = contest.host.api.ok("GET", f"/submissions/{key}")["failure"]
    assert told["code"] == "time-limit"
    assert f"longer than the {SECONDS} s" in told["detail"]


def test_an_evaluation_that_is_too_large_fails_by_name_and_the_same_process_goes_on(
    worker: Worker, parts: Parts, contest: Contest
) -> None:
    first = hand_in(parts, contest, 2)
    assert evaluate(worker, parts, first).status == Status.SCORED
    child = worker.child
    key = hand_in(parts, contest, 3)
    # Holes on the disk; one number for each dimension is all the memory there may be.
    path = take_matrix_away(parts, key)
    np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(60, MEMORY_BYTES // 4))
    failed = evaluate(worker, parts, key)
    assert (failed.status, failed.failure_code) == (Status.FAILED, "memory-limit")
    assert "MemoryError" in (failed.failure_traceback or "")
    assert "1024 MiB" in (failed.failure_detail or "")
    path.unlink()

    assert evaluate(worker, parts, hand_in(parts, contest, 4)).status == Status.SCORED
    assert worker.child == child
    with parts.sessions() as session:
        (receipt,) = session.scalars(
            sa.select(Evaluation.receipt).where(Evaluation.submission_id == first)
        )
    assert receipt["limits"] == {
        "seconds": SECONDS, "memory_bytes": MEMORY_BYTES, "blas_threads": 1,
    }  # fmt: skip
