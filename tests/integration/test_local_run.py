"""`make run` itself: the demo scored over HTTP, children killed, stopped, started again."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.local.children import LAUNCHER

ROOT = LAUNCHER.parents[2]
DEMO_WITHIN_S = 300.0
MOMENT_S = 60.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Run:
    """A running `python -m app.local` and what it has said so far."""

    data: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=_free_port)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        command = [sys.executable, "-m", "app.local", "--data", str(self.data)]
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in {"DATABASE_URL", "REDIS_URL", "BLOB_ROOT", "PUBLIC_URL"}
        }
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), *self.options],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, words: str, *, within_s: float = MOMENT_S) -> str:
        """Return the first line with `words`."""

        def found() -> str | None:
            return next((line for line in list(self.said) if words in line), None)

        _wait(lambda: found() is not None or self.process.poll() is not None, within_s=within_s)
        line = found()
        assert line is not None, "\n".join(self.said)
        return line

    def family(self) -> list[psutil.Process]:
        """Return every process that must be gone when this one is."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, with_signal: signal.Signals) -> list[psutil.Process]:
        """Stop it and return the processes that are left."""
        family = self.family()
        self.process.send_signal(with_signal)
        self.process.wait(MOMENT_S)
        _, alive = psutil.wait_procs(family, timeout=MOMENT_S)
        self.close()
        assert len(family) >= 5
        return alive

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(MOMENT_S)
        self._reader.join(MOMENT_S)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def child(self, words: str) -> psutil.Process | None:
        """Return our direct child whose command line contains `words`."""
        for child in psutil.Process(self.process.pid).children():
            try:
                if words in " ".join(child.cmdline()):
                    return child
            except psutil.NoSuchProcess:
                continue
        return None


def _wait(condition: Callable[[], bool], *, within_s: float = MOMENT_S) -> None:
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        pause.wait(0.05)


def _json(url: str, **options: Any) -> Any:
    return httpx.get(url, trust_env=False, timeout=30, **options).raise_for_status().json()


def _boards(run: Run) -> dict[str, dict[str, Any]]:
    """Follow the links that were printed."""
    lines = [run.wait_for(f"{phase} as JSON: ") for phase in ("dev", "test")]
    return {line.split()[0]: _json(line.split()[-1]) for line in lines}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("local") / ".data"


@pytest.fixture(scope="module")
def run(data: Path) -> Iterator[Run]:
    """The first run, with its demo played to the end."""
    first = Run(data)
    try:
        first.wait_for("Serving", within_s=DEMO_WITHIN_S)
        yield first
    finally:
        first.close()


def test_the_demo_ranks_what_is_known_to_be_better_first_and_noise_last(run: Run) -> None:
    for board in _boards(run).values():
        teams = [entry["team"] for entry in board["entries"] if not entry["is_baseline"]]
        assert teams.index("Presto") < teams.index("Blank Slate")
        assert teams[-1] == "Noise"
        baselines = [entry for entry in board["entries"] if entry["is_baseline"]]
        assert [entry["rank"] for entry in baselines] == [None]


def test_the_printed_table_is_the_board(run: Run) -> None:
    rows = [line.strip("│").split("│") for line in run.said if line.startswith("│")]
    printed = [row[1].strip() for row in rows if row[1].strip() != "baseline"]
    boards = _boards(run)
    expected = [
        entry["team"]
        for phase in ("dev", "test")
        for entry in boards[phase]["entries"]
        if not entry["is_baseline"]
    ]
    assert printed == expected


def test_the_printed_tokens_work_for_whom_they_are_said_to_be(run: Run) -> None:
    for words in ("Organizer's token", "Participant's token"):
        token = run.wait_for(words).split()[-1]
        headers = {"Authorization": f"Bearer {token}"}
        assert _json(f"{run.url}/api/v1/tokens", headers=headers)["items"]


def test_the_credentials_are_for_their_owner_alone(run: Run) -> None:
    path = run.data / "demo.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(set(json.loads(path.read_text())["passwords"].values())) == 10


def test_the_printed_curl_line_hands_in_a_submission(run: Run) -> None:
    start = run.said.index(run.wait_for("curl -sS"))
    words = shlex.split("\n".join(run.said[start : start + 3]))
    fields = [words[index + 1] for index, word in enumerate(words) if word == "-F"]
    file = Path(next(part for part in fields if part.startswith("file=@"))[6:])
    header = words[words.index("-H") + 1].split(": ", 1)
    answer = httpx.post(
        words[-1],
        headers=dict([header]),
        data={"method_name": "mine"},
        files={"file": file.read_bytes()},
        trust_env=False,
        timeout=60,
    )
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("worker", "worker.celery_app worker"),
        ("server", "app.main:create"),
        ("Redis", "redis-server"),
        ("PostgreSQL", "bin/postgres"),
    ],
)
def test_a_killed_child_comes_back_and_the_server_is_well_again(
    run: Run, name: str, words: str
) -> None:
    victim = run.child(words)
    assert victim is not None
    victim.kill()
    run.wait_for(f"{name} died, starting it again")

    def is_back() -> bool:
        child = run.child(words)
        return child is not None and child.pid != victim.pid

    def is_well() -> bool:
        try:
            return httpx.get(f"{run.url}/health/ready", trust_env=False, timeout=10).is_success
        except httpx.TransportError:
            return False

    _wait(is_back)
    _wait(is_well, within_s=120)


def test_a_second_run_on_the_folder_is_refused(run: Run) -> None:
    second = Run(run.data)
    second.wait_for("runs already on")
    assert second.process.wait(MOMENT_S) == 1
    second.close()


def test_stopping_and_starting_again_submits_nothing_twice_and_leaves_no_process(
    run: Run, data: Path
) -> None:
    before = _boards(run)
    assert run.end(signal.SIGINT) == []
    assert run.process.returncode == 0

    again = Run(data)
    again.wait_for("Serving")
    after = _boards(again)
    for phase, board in after.items():
        assert {entry["n_submissions"] for entry in board["entries"]} == {1}, phase
        assert {entry["submission_id"] for entry in before[phase]["entries"]} <= {
            entry["submission_id"] for entry in board["entries"]
        }
    assert again.end(signal.SIGKILL) == []

    third = Run(data, options=("--no-demo",))
    third.wait_for("Serving")
    assert third.end(signal.SIGTERM) == []
