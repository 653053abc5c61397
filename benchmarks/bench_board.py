"""A board of 1,000 submissions, 11 tasks, 40 splits and 1,000 draws: read, ranked and stored.

    OPENBLAS_NUM_THREADS=1 python benchmarks/bench_board.py [--submissions 1000] [--profile]

Everything is real but for the uploads: embedded PostgreSQL, the rows of a season, the worker's own
job. The first ranking of a process reads all split scores; a later one has them and reads those of
the new submission. Goal: under 2 s on the clock for the first. Processor time is the figure to
trust on a machine that others use; nothing is asserted.
"""

import argparse
import cProfile
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.models import Snapshot
from app.queue import JobQueue, make_celery
from app.settings import Settings
from tests import builders, bulk
from tests.api import Api
from tests.services import Services, migrated_database
from tests.serving import RunningServer
from worker.parts import Parts, make_parts
from worker.rank import rank_phase

TASKS, SPLITS = 11, 40


@contextmanager
def running_parts() -> Iterator[tuple[Parts, Settings]]:
    """Start the servers, and lend what a worker works with."""
    services = Services.start()
    try:
        with tempfile.TemporaryDirectory() as blobs:
            settings = Settings(
                _env_file=None,
                database_url=migrated_database(services, "bench"),
                redis_url=services.redis.url,
                blob_root=Path(blobs),
                log_level="WARNING",
            )
            queue = JobQueue(make_celery(settings))
            parts = make_parts(settings, queue)
            parts.blobs.prepare()
            yield parts, settings
            parts.close()
            queue.close()
    finally:
        services.stop()


def open_phase(parts: Parts, settings: Settings) -> UUID:
    """Publish a challenge of eleven tasks on the same samples and splits."""
    names = [f"task-{number:02}" for number in range(1, TASKS + 1)]
    tasks = [
        {"slug": name, "title": name, "type": "regression", "labels": "height.csv"}
        for name in names
    ]
    splits = {"n_splits": SPLITS, "test_size": 0.2, "seed": 1}
    phase = builders.phase_config(tasks=names, splits=splits)
    files = builders.bundle_files(builders.bundle_config(tasks=tasks, phases=[phase]))
    files.pop("wet.csv")
    with RunningServer(settings) as server, Api(server.url) as api:
        made = builders.challenge(builders.organizer(api, parts.sessions), files)
    return UUID(made["phases"][0]["id"])


def scores_of(n: int, seed: int = 0) -> NDArray[np.float64]:
    """Draw split scores as challenges have them: methods, tasks, splits and a little luck."""
    rng = np.random.default_rng(seed)
    skill, task = rng.normal(0, 0.05, (n, 1, 1)), rng.uniform(0.2, 0.8, (1, TASKS, 1))
    own, split = rng.normal(0, 0.03, (n, TASKS, 1)), rng.normal(0, 0.02, (1, TASKS, SPLITS))
    return skill + task + own + split + rng.normal(0, 0.01, (n, TASKS, SPLITS))


def timed(what: str, work: Callable[[], object]) -> None:
    """Do it, and say what it took."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    print(
        f"{what:45} {time.perf_counter() - clock:6.2f} s on the clock,"
        f" {time.process_time() - processor:6.2f} s of ours"
    )


def main() -> None:
    """Fill a phase and rank it, first cold and then warm."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--baselines", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="of the first ranking")
    given = parser.parse_args()
    with running_parts() as (parts, settings):
        phase_id = open_phase(parts, settings)
        with parts.sessions() as session:
            season = bulk.enter_teams(session, phase_id, given.submissions + 1)
            scores = scores_of(given.submissions + 1)
            bulk.hand_in(session, season, scores[:-1])
            bulk.hand_in(
                session, season, scores_of(given.baselines, 1), is_baseline=True,
                participation_id=None,
            )  # fmt: skip
            session.commit()
        profile = cProfile.Profile()
        if given.profile:
            profile.enable()
        timed("first ranking of the process", lambda: rank_phase(parts, phase_id))
        if given.profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        with parts.sessions() as session:
            last = given.submissions
            bulk.hand_in(session, season, scores[-1:], teams=[last])
            session.commit()
        timed("after one more submission", lambda: rank_phase(parts, phase_id))
        with parts.sessions() as session:
            numbers = [(len(one.body), len(one.csv)) for one in session.query(Snapshot).all()]
        print(f"snapshots (bytes of JSON and CSV): {numbers}")
        print(f"split scores kept: {parts.scores.used_bytes / 1e6:.1f} MB")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak resident memory of this process: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
