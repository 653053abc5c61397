"""How commands end as processes: interrupted, unread, without the server's libraries."""

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest

from probeboard.cli.errors import CommandError
from probeboard.cli.plan import Plan
from probeboard.cli.pool import Pool
from probeboard.cli.pool_worker import serve
from probeboard.cli.progress import Progress
from probeboard.labelsets import SplitSpec, TaskType, read_labels
from probeboard.probing import Probe, get_scorer, prepare, score_tasks
from tests import builders
from tests.unit.cli.conftest import World

EXACT = get_scorer("exact")
ROOT = Path(__file__).parents[3]
BASE = {"numpy", "pyarrow", "scikit-learn", "scipy"}
SERVER = [
    *("alembic", "app", "argon2", "celery", "fastapi", "httpx", "kombu", "psutil", "psycopg"),
    *("pydantic", "redis", "rich", "sqlalchemy", "starlette", "structlog", "uvicorn", "worker"),
    "yaml",
]
GUARDED = f"""
import sys

class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {SERVER}:
            raise ImportError(f"the base install has no {{name}}")

sys.meta_path.insert(0, Guard())
from probeboard.cli.main import main

file, ids, labels = sys.argv[1:]
main(["check", file, "--dim", "5", "--ids", ids])
print("sklearn" in sys.modules, "scipy" in sys.modules)
main(["score", file, labels, "--splits", "3", "--jobs", "1"])
"""


def start(*arguments: str | Path, **how: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "probeboard", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # As in a terminal, even where the tests run in the background and ignore interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **how,
    )


def opened_for_reading(pipe: Path) -> list[int]:
    """A descriptor of the other end, once somebody reads."""
    try:
        return [os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)]
    except OSError:  # nobody does
        return []


def test_an_interrupt_ends_in_130_without_a_word(world: World) -> None:
    # Whoever opens this pipe has come so far as to read the samples.
    ids, ends = world.folder / "ids", []
    os.mkfifo(ids)
    process = start("check", world.file, "--dim", "5", "--ids", ids)
    builders.wait_until(lambda: ends.extend(opened_for_reading(ids)) or ends)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 130
    os.close(ends[0])


def test_a_reader_that_went_away_is_no_reason_to_complain(world: World) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start("check", world.file, "--dim", "5", "--ids", world.samples, stdout=writer)
    os.close(writer)
    assert process.communicate(timeout=30)[1] == ""
    assert process.returncode == 141


def test_a_worker_that_is_killed_is_reported(world: World) -> None:
    wet = (world.labels / "wet__classification.csv").read_bytes()
    labels = {"wet": read_labels(wet, task_type=TaskType.BINARY)}
    plan = Plan("exact", tuple(world.ids), labels, SplitSpec(), None, Probe())
    with Pool(2) as pool:
        for child in multiprocessing.active_children():
            child.kill()
            child.join()
        with pytest.raises(CommandError, match="try --jobs 1"):
            pool.score(world.matrix, plan, report=print)


def test_the_base_install_is_enough(world: World) -> None:
    command = [sys.executable, "-c", GUARDED, world.file, world.samples, world.labels]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    assert ": valid\n" in ended.stdout
    assert "False False" in ended.stdout  # checking a file loads no library of the probes
    assert "mean of the tasks" in ended.stdout


def test_a_process_answers_with_scores_or_says_why_not(world: World) -> None:
    wet = (world.labels / "wet__classification.csv").read_bytes()
    labels = {"wet": read_labels(wet, task_type=TaskType.BINARY)}
    plan = Plan("exact", tuple(world.ids), labels, SplitSpec(n_splits=2), None, Probe())
    np.save(world.folder / "matrix.npy", world.matrix)
    ours, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=serve, args=(theirs,))
    thread.start()
    with ours:
        ours.send((world.folder / "matrix.npy", plan))
        ours.send("wet")
        (expected,) = score_tasks(prepare(world.matrix), plan.probe_tasks(), scorer=EXACT)
        assert ours.recv().split_scores.tolist() == expected.split_scores.tolist()
        ours.send("dry")
        assert "KeyError: 'dry'" in str(ours.recv())
    thread.join(timeout=30)
    assert not thread.is_alive()


def test_help_and_version_load_no_library() -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "probeboard", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "numpy" not in ended.stderr


def test_an_install_without_extras_asks_for_four_libraries_and_brings_the_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {line.partition(">=")[0] for line in project["dependencies"]} == BASE
    assert project["scripts"] == {"probeboard": "probeboard.cli.main:main"}


class Terminal(io.StringIO):
    """A text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_grows_on_a_terminal_and_leaves_no_trace() -> None:
    terminal = Terminal()
    progress = Progress(terminal, total=2)
    progress.step("height")
    progress.step("wet")
    progress.close()
    drawn = terminal.getvalue().split("\r\x1b[K")
    assert drawn[1] == "[" + "." * 24 + "] 0/2 tasks  "
    assert drawn[2] == "[" + "#" * 12 + "." * 12 + "] 1/2 tasks  height"
    assert drawn[-1] == ""


def test_nothing_is_drawn_elsewhere() -> None:
    file = io.StringIO()
    progress = Progress(file, total=2)
    progress.step("height")
    progress.close()
    assert file.getvalue() == ""
