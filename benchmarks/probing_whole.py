"""Whole runs of the probing benchmark: from the CSV to the scores, as a person starts them."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

WHOLE = "csv"
_ROOT = Path(__file__).resolve().parents[1]
# NeuCo-Bench's own sample configuration for linear probes, at a89ba06.
_NEUCO_BENCH_CONFIG = """\
k_folds: 40
embedding_dim: null
standardize_embeddings: true
normalize_labels: true
enable_plots: false
update_leaderboard: false
task_filter: null
probe_type: linear
probe_params:
  batch_size: 64
  epochs: 10
  learning_rate: 0.001
"""


def measure_command(
    command: Sequence[str], *, cwd: Path, environment: dict[str, str]
) -> tuple[float, float, float]:
    """Run a command: processor and wall seconds, and the peak of its largest process in MB.

    Raises
    ------
    SystemExit
        If it fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL)
    # Its own figures and those of the children it waited for; ru_maxrss is the largest of them.
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024 / 1e6


def measure_whole(scorer: str, folder: Path, *, jobs: int = 2) -> tuple[float, float, float]:
    """Run `probeboard score` on the CSV with its tasks over worker processes."""
    files = [str(folder / "embeddings.csv"), str(folder / "labels")]
    command = [sys.executable, "-m", "probeboard", "score", *files, "--json"]
    command += ["--scorer", scorer, "--jobs", str(jobs)]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    return measure_command(command, cwd=_ROOT, environment=environment)


def measure_neuco_bench(checkout: Path, folder: Path) -> tuple[float, float, float]:
    """Run NeuCo-Bench as its README says, on two torch threads."""
    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / "config.yaml"
        config.write_text(_NEUCO_BENCH_CONFIG)
        command = [sys.executable, "main.py", "--annotation_path", str(folder / "labels")]
        command += ["--submission_file", str(folder / "embeddings.csv"), "--config", str(config)]
        command += ["--output_dir", name, "--method_name", "benchmark", "--phase", "benchmark"]
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}
        return measure_command(
            command, cwd=checkout.resolve() / "benchmark", environment=environment
        )
