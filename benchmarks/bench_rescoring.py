"""Live uploads with and without a re-scoring beside them: how much longer they wait.

    python benchmarks/bench_rescoring.py [--items 1000] [--uploads 20]

The whole system runs, with two worker processes. Uploads come one after the other; what is told is
the time from the last byte to the scores, by the server's own instants. Then the labels of a task
change, every scored submission becomes an item of a re-scoring, and the same is measured while
items wait. The ratio of the medians is the figure: near 1 is the goal, for an upload waits at most
for the item that a worker has in hand. Nothing is asserted.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.models import Submission
from tests import builders, bulk, rescoring
from tests.builders import Contest, Person
from tests.e2e.system import System, until

QUOTA = {"per_day": 100_000, "total": 1_000_000, "in_flight": 1000}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--uploads", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as data, System(Path(data)) as system:
        contest = builders.contest(system.api, system.sessions, quota=QUOTA)
        team = builders.contestant(system.api, contest.challenge)
        first = builders.submit(team, contest.phase, builders.truth()).json()["id"]
        add_copies(system, contest, first, given.items)
        seeds = iter(range(10**6))
        alone = [wait_of(team, contest, seed) for seed in take(seeds, given.uploads)]
        print(f"alone:       {figures(alone)}")

        started = time.monotonic()
        slug = contest.challenge["slug"]
        address = rescoring.make(contest.host, slug, files=rescoring.other_heights())
        print(f"set made in {time.monotonic() - started:.1f} s")
        beside = [wait_of(team, contest, seed) for seed in take(seeds, given.uploads)]
        progress = contest.host.api.ok("GET", address)["inside"]["progress"]
        print(f"re-scoring:  {figures(beside)}")
        print(f"{progress['queued']} of {progress['total']} items still waited in the end")
        print(f"ratio of the medians: {statistics.median(beside) / statistics.median(alone):.2f}")

        def is_ready() -> bool:
            return bool(contest.host.api.ok("GET", address)["state"] == "ready")

        until(is_ready, "the set is ready", within_s=3600)
        print(f"ready after {time.monotonic() - started:.1f} s")
        started = time.monotonic()
        contest.host.api.ok("POST", f"{address}/application")
        print(f"applied in {time.monotonic() - started:.1f} s")


def take(seeds: Iterator[int], n: int) -> list[int]:
    """Return n seeds that nobody had."""
    return [next(seeds) for _ in range(n)]


def wait_of(team: Person, contest: Contest, seed: int) -> float:
    """Upload, and return the seconds from the last byte to the scores."""
    key = builders.submit(team, contest.phase, builders.noise(seed)).json()["id"]

    def scored() -> dict[str, str] | None:
        seen: dict[str, str] = team.api.ok("GET", f"/submissions/{key}")
        return seen if seen["status"] == "scored" else None

    seen = until(scored, "it is scored", within_s=600)
    ends = (datetime.fromisoformat(seen[name]) for name in ("received_at", "finished_at"))
    received, finished = ends
    return (finished - received).total_seconds()


def figures(seconds: list[float]) -> str:
    """Say how long was waited."""
    return f"median {statistics.median(seconds):.2f} s, longest {max(seconds):.2f} s"


def add_copies(system: System, contest: Contest, submission: str, n: int) -> None:
    """Write n scored submissions with one's matrix, by ten teams."""
    with system.sessions() as session:
        matrix = session.get_one(Submission, UUID(submission)).matrix_sha256
        season = bulk.enter_teams(session, UUID(contest.phase), 10)
        scores = np.random.default_rng(1).uniform(0.1, 0.9, size=(n, 2, 5))
        teams = [number % 10 for number in range(n)]
        bulk.hand_in(session, season, scores, teams=teams, matrix_sha256=matrix)
        session.commit()


if __name__ == "__main__":
    main()
