"""Whole runs of the probing benchmark: from the CSV to the scores, as a person starts them.

NeuCo-Bench runs unmodified, in a process of its own by the interpreter that has its requirements.
That process starts here, to time two of NeuCo-Bench's functions from outside:

    python benchmarks/probing_whole.py REPORT ARGUMENTS_OF_MAIN...     (in CHECKOUT/benchmark)
"""

import hashlib
import importlib
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

WHOLE = "csv"
_ROOT = Path(__file__).resolve().parents[1]
# NeuCo-Bench's own sample configuration for linear probes, at a89ba06, and each split's score.
_NEUCO_BENCH_CONFIG = """\
k_folds: 40
embedding_dim: null
standardize_embeddings: true
normalize_labels: true
enable_plots: false
update_leaderboard: false
task_filter: null
output_fold_results: true
probe_type: linear
probe_params:
  batch_size: 64
  epochs: 10
  learning_rate: 0.001
"""


@dataclass(frozen=True)
class Whole:
    """Processor and wall seconds, the peak of the largest process, each task's split scores."""

    cpu: float
    wall: float
    peak_mb: float
    scores: dict[str, list[float]]


@dataclass(frozen=True)
class NeucoBenchRun:
    """A whole run of NeuCo-Bench; its tasks are counted without the loss curves it draws."""

    whole: Whole
    version: str
    torch: str
    threads: int
    tasks_cpu: float
    curves_cpu: float


def measure_command(
    command: Sequence[str], *, cwd: Path, environment: dict[str, str], folder: Path
) -> tuple[float, float, float]:
    """Run a command: processor and wall seconds, and the peak of its largest process in MB.

    What it prints is in `stdout` and `stderr` in `folder`.

    Raises
    ------
    SystemExit
        If it fails.
    """
    started = time.perf_counter()
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=out, stderr=err)
        # Its own figures and those of the children it waited for; ru_maxrss is the largest's.
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = (folder / "stderr").read_text(errors="replace")[-2_000:]
        raise SystemExit(f"{said}\n{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024 / 1e6


def measure_whole(scorer: str, folder: Path, *, jobs: int = 2) -> Whole:
    """Run `probeboard score` on the CSV with its tasks over worker processes."""
    files = [str(folder / "embeddings.csv"), str(folder / "labels")]
    command = [sys.executable, "-m", "probeboard", "score", *files, "--json"]
    command += ["--scorer", scorer, "--jobs", str(jobs)]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    with tempfile.TemporaryDirectory() as name:
        output = Path(name)
        measured = measure_command(command, cwd=_ROOT, environment=environment, folder=output)
        tasks = json.loads((output / "stdout").read_text())["tasks"]
    return Whole(*measured, scores={task["task"]: task["split_scores"] for task in tasks})


def measure_neuco_bench(
    checkout: Path, folder: Path, *, python: Path, threads: int
) -> NeucoBenchRun:
    """Run NeuCo-Bench as its README says, on so many torch threads."""
    benchmark = checkout.resolve() / "benchmark"
    with tempfile.TemporaryDirectory() as name:
        output = Path(name)
        config, report = output / "config.yaml", output / "report.json"
        config.write_text(_NEUCO_BENCH_CONFIG)
        # The path as given: resolved, a virtual environment's python is no longer in it.
        command = [str(python.absolute()), str(Path(__file__).resolve()), str(report)]
        command += ["--annotation_path", str(folder / "labels"), "--config", str(config)]
        command += ["--submission_file", str(folder / "embeddings.csv"), "--output_dir", name]
        command += ["--method_name", "benchmark", "--phase", "benchmark"]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        measured = measure_command(command, cwd=benchmark, environment=environment, folder=output)
        scores = {
            path.parent.name: json.loads(path.read_text())["q_t"]
            for path in output.glob("benchmark/*/*/*_result.json")
        }
        timed = json.loads(report.read_text())
    return NeucoBenchRun(Whole(*measured, scores=scores), _version(checkout), **timed)


def _version(checkout: Path) -> str:
    """Name the commit; without git, the files."""
    if (checkout / ".git").exists():
        command = ["git", "-C", str(checkout), "describe", "--always", "--dirty", "--exclude=*"]
        return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    digest = hashlib.sha256()
    for path in sorted(checkout.glob("benchmark/**/*.py")):
        digest.update(path.read_bytes())
    return f"no git, sha256 of its .py files {digest.hexdigest()[:12]}"


def largest_difference(
    some: dict[str, list[float]], others: dict[str, list[float]]
) -> tuple[float, int]:
    """Compare split scores: the largest difference, and of how many.

    Raises
    ------
    SystemExit
        If they are not of the same tasks and splits.
    """
    if {task: len(scores) for task, scores in some.items()} != {
        task: len(scores) for task, scores in others.items()
    }:
        raise SystemExit("NeuCo-Bench scored other tasks or splits than probeboard")
    pairs = [pair for task in some for pair in zip(some[task], others[task], strict=True)]
    return max(abs(one - other) for one, other in pairs), len(pairs)


def _time_calls(module: ModuleType, name: str) -> Callable[[], float]:
    """Have a function add up the processor seconds of its calls, over all threads."""
    function, seconds = getattr(module, name), 0.0

    def timed(*arguments: Any, **named: Any) -> Any:
        nonlocal seconds
        started = time.process_time()
        result = function(*arguments, **named)
        seconds += time.process_time() - started
        return result

    setattr(module, name, timed)
    return lambda: seconds


def _run_neuco_bench(report: Path, arguments: list[str]) -> None:
    """Run the main.py of the working directory, timed from outside."""
    sys.path[0] = str(Path.cwd())
    evaluation = importlib.import_module("evaluation.evaluation")
    # Some versions import it, some define it there: the curves are drawn where it is defined.
    drawing = sys.modules[evaluation.cross_validate.__module__]
    curves = _time_calls(drawing, "save_loss_curve")
    tasks = _time_calls(evaluation, "cross_validate")
    sys.argv = ["main.py", *arguments]
    runpy.run_path("main.py", run_name="__main__")
    torch = importlib.import_module("torch")
    timed = {"tasks_cpu": tasks() - curves(), "curves_cpu": curves()}
    described = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    report.write_text(json.dumps(timed | described))


if __name__ == "__main__":
    _run_neuco_bench(Path(sys.argv[1]), sys.argv[2:])
