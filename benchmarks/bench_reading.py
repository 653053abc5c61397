"""Reading a board of 1,000 entries, beside an endpoint that returns the same bytes from a constant.

    python benchmarks/bench_reading.py [--rounds 5] [--seconds 4] [--connections 32]

Our whole server (embedded PostgreSQL and Redis, ids, log lines, metrics, a board that is read again
each second) and a plain FastAPI application: one process each, the same uvicorn, the same options.
wrk drives them in turn, so that a busy machine slows both. Goals: at least 80 % of the requests per
second, and a 99th percentile under three times the other's. Processor time per request is
the figure to trust where others use the machine; nothing is asserted.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from app.clock import utc_now
from app.local.ports import HOST
from app.local.program import Program, python_module
from app.models import SNAPSHOT_NUMBERS, Snapshot
from tests import builders
from tests.api import PREFIX
from tests.e2e.system import System, _free_port, until

ROOT = Path(__file__).resolve().parents[1]
N_ENTRIES, N_TASKS = 1000, 11
UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True)
class Round:
    """What wrk saw, and what the server took."""

    per_second: float
    p99_s: float
    cpu_us: float


@dataclass(frozen=True)
class Target:
    """An address to drive, and the process behind it."""

    name: str
    url: str
    process: psutil.Process
    headers: Mapping[str, str]


class ServerAlone(System):
    """The system without worker and beat: nothing is ranked while it is measured."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.programs = {"server": self.programs["server"]}

    def is_ready(self) -> bool:
        """Tell whether the server answers."""
        return self.health("live") == httpx.codes.OK


def made_up_board(number: int, at: str) -> bytes:
    """Write a board of the size that 1,000 teams and eleven tasks have."""
    rng = np.random.default_rng(0)
    names = [f"task-{task:02}" for task in range(1, N_TASKS + 1)]

    def cell() -> dict[str, float]:
        mean, error, q = rng.random(3)
        return {
            "mean": round(mean, 4),
            "standard_error": round(error / 50, 4),
            "q": round(30 * q, 4),
            "rank": float(rng.integers(1, N_ENTRIES)),
        }

    def entry(rank: int) -> dict[str, object]:
        return {
            "rank": rank,
            "would_rank": None,
            "is_baseline": False,
            "team": f"Team {rank}",
            "method_name": f"Compressed autoencoder number {rank}",
            "aggregate": round(rank / 2, 4),
            "mean_score": round(1 - rank / 2000, 4),
            "mean_q": round(30 - rank / 100, 4),
            "win_rate": round(1 - rank / 1000, 4),
            "n_submissions": 7,
            "submission_id": "019a9f00-0000-7000-8000-000000000000",
            "received_at": at,
            "project_url": f"https://example.org/code/{rank}",
            "paper_url": f"https://example.org/paper/{rank}",
            "rank_interval": [rank, rank + 9],
            "rank_set": [rank, rank + 20],
            "tier": 1 + rank // 50,
            "p_first": 0.001,
            "p_top3": 0.003,
            "ranks": {"average-rank": rank, "mean-score": rank, "mean-q": rank, "neuco": rank},
            "tasks": {name: cell() for name in names},
        }

    tasks = [{"name": name, "type": "regression", "metric": "r2", "weight": 1.0} for name in names]
    board = {
        "snapshot": number,
        "ranked_at": at,
        "rule": "Ranked by the average over tasks of the rank of the mean score",
        "tasks": tasks,
        "entries": [entry(rank) for rank in range(1, N_ENTRIES + 1)],
    }
    return json.dumps(board, separators=(",", ":")).encode()


def store_board(system: System) -> tuple[str, bytes]:
    """Publish the board in a phase of its own; return its path and the bytes."""
    contest = builders.contest(system.api, system.sessions)
    with system.sessions() as session:
        number = session.scalar(SNAPSHOT_NUMBERS.next_value())
        now = utc_now()
        body = made_up_board(number, now.isoformat())
        session.add(
            Snapshot(
                number=number,
                phase_id=contest.phase,
                created_at=now,
                sha256=hashlib.sha256(body).hexdigest(),
                content_sha256="",
                body=body,
                csv=b"",
                markdown=b"",
            )
        )
        session.commit()
    path = f"{PREFIX}/phases/{contest.phase}/leaderboard"
    answer = httpx.get(system.url + path, headers={"Accept-Encoding": "identity"})
    if answer.content != body:
        raise SystemExit("the server does not return the board that was stored")
    return path, body


def constant_program(folder: Path, body: bytes, port: int) -> Program:
    """Return the peer, served as `app.local.commands` serves us."""
    file = folder / "body.json"
    file.write_bytes(body)
    command = python_module(
        "uvicorn", "--app-dir", str(ROOT / "benchmarks"), "constant_endpoint:app",
        "--no-access-log", "--host", HOST, "--port", str(port), "--timeout-graceful-shutdown", "3",
    )  # fmt: skip
    environment = {**os.environ, "CONSTANT_BODY": str(file)}
    return Program(command, log=folder / "constant.log", environment=environment, folder=ROOT)


def drive(wrk: str, target: Target, *, seconds: int, connections: int) -> Round:
    """Drive one target for some seconds."""
    headers = [part for pair in target.headers.items() for part in ("-H", ": ".join(pair))]
    before = sum(target.process.cpu_times()[:2])
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *headers, target.url]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    cpu_s = sum(target.process.cpu_times()[:2]) - before
    if "Socket errors" in told or "Non-2xx" in told:
        raise SystemExit(f"{target.name}: {told}")
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    count = re.search(r"(\d+) requests in", told)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if not (p99 and count and rate):
        raise SystemExit(f"wrk said something new: {told}")
    return Round(
        per_second=float(rate[1]),
        p99_s=float(p99[1]) * UNITS_S[p99[2]],
        cpu_us=cpu_s / int(count[1]) * 1e6,
    )


def compare(wrk: str, ours: Target, peer: Target, *, rounds: int, **load: int) -> None:
    """Drive both in turn and print the ratios of the medians."""
    seen: dict[str, list[Round]] = {ours.name: [], peer.name: []}
    for target in (ours, peer):
        drive(wrk, target, seconds=1, connections=load["connections"])
    for _ in range(rounds):
        for target in (ours, peer):
            seen[target.name].append(drive(wrk, target, **load))
    median = {
        name: Round(
            per_second=statistics.median(one.per_second for one in of),
            p99_s=statistics.median(one.p99_s for one in of),
            cpu_us=statistics.median(one.cpu_us for one in of),
        )
        for name, of in seen.items()
    }
    for name, one in median.items():
        print(
            f"    {name}: {one.per_second:.0f} requests/s, p99 {one.p99_s * 1000:.1f} ms, "
            f"{one.cpu_us:.0f} us of processor a request"
        )
    us, them = median[ours.name], median[peer.name]
    print(
        f"    ratio: {us.per_second / them.per_second:.0%} of the requests/s (goal: >= 80 %), "
        f"{us.p99_s / them.p99_s:.2f} x the p99 (goal: < 3), "
        f"{us.cpu_us / them.cpu_us:.2f} x the processor time"
    )


def main() -> None:
    """Start both, drive both, stop both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=32)
    arguments = parser.parse_args()
    wrk = shutil.which("wrk")
    if wrk is None:
        print("bench_reading: wrk is not installed (Debian: apt install wrk); nothing is measured.")
        return
    with tempfile.TemporaryDirectory(prefix="pb-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        with ServerAlone(folder / "data") as system:
            path, body = store_board(system)
            port = _free_port()
            peer = constant_program(folder, body, port).start()
            try:
                constant = f"http://{HOST}:{port}/leaderboard"
                until(lambda: _answers(constant), "the peer answers")
                run(wrk, system, path, constant, peer, arguments, len(body))
            finally:
                peer.stop()


def run(
    wrk: str,
    system: System,
    path: str,
    constant: str,
    peer: Program,
    arguments: argparse.Namespace,
    n_bytes: int,
) -> None:
    """Compare whole answers, gzip and 304s with the peer's whole answers."""
    tag = httpx.get(system.url + path, headers={"Accept-Encoding": "identity"}).headers["etag"]
    kinds = {
        f"the board whole, {n_bytes / 1e6:.1f} MB": {},
        "the same to who takes gzip, which the peer does not speak": {"Accept-Encoding": "gzip"},
        "304 to who has it": {"If-None-Match": tag},
    }
    server = psutil.Process(system.pid("server"))
    theirs = Target("constant", constant, psutil.Process(peer.pid), {})
    for kind, headers in kinds.items():
        print(f"{kind}:")
        ours = Target("Probeboard", system.url + path, server, headers)
        compare(
            wrk,
            ours,
            theirs,
            rounds=arguments.rounds,
            seconds=arguments.seconds,
            connections=arguments.connections,
        )


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
