"""A large CSV over HTTP to a real server: what is waited for beyond the transfer, and memory.

    python benchmarks/bench_upload.py [--samples 13000] [--dims 1024]

The time to the last byte is the transfer; what follows it, to the answer, is ours. Figures are
printed, nothing is asserted: the goals are under 4 s and under 100 MB of server memory. Processor
time is the figure to trust on a machine that others use.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests import builders
from tests.api import PREFIX
from tests.e2e.system import System

BOUNDARY = "probeboard-benchmark"
CHUNK_BYTES = 1 << 20
MB = 1e6
READS = 300


@dataclass
class Watch:
    """Memory of the server and its children, looked at as often as it goes; processor time."""

    server: psutil.Process
    largest: int = 0
    largest_child: int = 0
    cpu_s: float = 0.0
    child_cpu_s: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self.before = self.server.memory_info().rss
        self._times = self.server.cpu_times()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        now, then = self.server.cpu_times(), self._times
        self.cpu_s = now.user + now.system - then.user - then.system
        self.child_cpu_s = now.children_user + now.children_system
        self.child_cpu_s -= then.children_user + then.children_system

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self.largest = max(self.largest, self.server.memory_info().rss)
            for child in self.server.children():
                try:
                    self.largest_child = max(self.largest_child, child.memory_info().rss)
                except psutil.NoSuchProcess:
                    continue


class Body:
    """A multipart form with one large file, sent in pieces; notes when the last one was taken."""

    def __init__(self, csv: Path) -> None:
        head = (
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
            '"method_name"\r\n\r\nA method\r\n'
            f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
            '"file"; filename="embeddings.csv"\r\n\r\n'
        )
        self._csv = csv
        self._head = head.encode()
        self._tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        self.n_bytes = len(self._head) + csv.stat().st_size + len(self._tail)
        self.sent_at = 0.0

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        with self._csv.open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                yield piece
        yield self._tail
        self.sent_at = time.perf_counter()


def write_csv(path: Path, n_samples: int, n_dims: int) -> None:
    """Write embeddings with seven significant digits, as `np.float32` has them."""
    rng = np.random.default_rng(0)
    with path.open("w") as file:
        file.write(",".join(["id", *map(str, range(n_dims))]) + "\n")
        line = "s%06d" + ",%.7g" * n_dims + "\n"
        for number in range(n_samples):
            file.write(line % (number, *rng.normal(size=n_dims).tolist()))


def large_bundle(n_samples: int, n_dims: int) -> dict[str, bytes]:
    """A challenge for it, with one task."""
    ids = [f"s{number:06}" for number in range(n_samples)]
    phase = builders.phase_config(tasks=["height"])
    task = {"slug": "height", "title": "Height", "type": "regression", "labels": "height.csv"}
    config = builders.bundle_config(embedding_dim=n_dims, tasks=[task], phases=[phase])
    files = builders.bundle_files(config)
    del files["wet.csv"]
    labels = np.random.default_rng(1).normal(size=n_samples)
    files["samples.csv"] = "\n".join(["id", *ids]).encode() + b"\n"
    files["height.csv"] = builders.labels_csv(ids, [f"{value:.6f}" for value in labels])
    return files


def send(client: httpx.Client, path: str, body: Body, token: str) -> tuple[httpx.Response, float]:
    """Send it; return the answer and when it came."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        "Content-Length": str(body.n_bytes),
    }
    answer = client.post(PREFIX + path, content=body, headers=headers)
    return answer, time.perf_counter()


def measure_upload(system: System, client: httpx.Client, csv: Path, shape: tuple[int, int]) -> str:
    """Hand the file in, print the figures, and return the phase's path."""
    host = builders.organizer(system.api, system.sessions)
    challenge = builders.challenge(host, large_bundle(*shape))
    by = builders.contestant(system.api, challenge)
    phase = f"/phases/{challenge['phases'][0]['id']}"
    for label in ("first", "second"):
        body = Body(csv)
        with Watch(psutil.Process(system.pid("server"))) as watch:
            started = time.perf_counter()
            answer, ended = send(client, f"{phase}/submissions", body, by.token)
        answer.raise_for_status()
        id_ = answer.json()["id"]
        by.api.ok("POST", f"/submissions/{id_}/withdrawal")
        print(
            f"{label} upload of {body.n_bytes / MB:.0f} MB: "
            f"{body.sent_at - started:.2f} s to the last byte, "
            f"{ended - body.sent_at:.2f} s from there to the answer (goal: under 4 s)\n"
            f"    server: {watch.before / MB:.0f} MB before, at most "
            f"{(watch.largest - watch.before) / MB:+.0f} MB (goal: under 100 MB); "
            f"validating child: at most {watch.largest_child / MB:.0f} MB\n"
            f"    processor: server {watch.cpu_s:.2f} s, validating child {watch.child_cpu_s:.2f} s"
        )
    return phase


def measure_reads(client: httpx.Client, phase: str) -> None:
    """Read the board over one connection, whole and as a 304."""
    tag = client.get(f"{PREFIX}{phase}/leaderboard").headers["etag"]
    for label, headers in (("whole", {}), ("unchanged (304)", {"If-None-Match": tag})):
        started = time.perf_counter()
        for _ in range(READS):
            client.get(f"{PREFIX}{phase}/leaderboard", headers=headers)
        rate = READS / (time.perf_counter() - started)
        print(f"leaderboard, {label}: {rate:.0f} reads a second over one connection")


def main() -> None:
    """Start a system, measure, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=13_000)
    parser.add_argument("--dims", type=int, default=1024)
    shape = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pb-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        csv = Path(folder) / "embeddings.csv"
        write_csv(csv, shape.samples, shape.dims)
        with System(Path(folder) / "data") as system:
            system.programs["worker"].stop()  # what is withdrawn shall not be running already
            with httpx.Client(base_url=system.url, timeout=300.0) as client:
                phase = measure_upload(system, client, csv, (shape.samples, shape.dims))
                measure_reads(client, phase)


if __name__ == "__main__":
    main()
