"""One contestant of the probing benchmark, measured in the process that runs this.

    python benchmarks/probing_contestants.py NAME FOLDER [--splits K] [--tasks a,b]

Prints one JSON object: processor and wall seconds per task, mean scores, the peak memory.
"""

import argparse
import json
import resource
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from probing_data import SPLITS, DrawnTask, load

from probeboard.labelsets import Split, SplitSpec, TaskType, shuffle_splits
from probeboard.probing import ProbeTask

N_PENALTIES = 15


@dataclass(frozen=True)
class Measured:
    """What a task cost: seconds, over so many splits, and the mean score."""

    cpu: float
    wall: float
    n_splits: int
    mean: float


class Clock:
    """Processor and wall time since it was last asked."""

    def __init__(self) -> None:
        self.cpu, self.wall = time.process_time(), time.perf_counter()

    def lap(self) -> tuple[float, float]:
        """Seconds since the last lap."""
        before = self.cpu, self.wall
        self.cpu, self.wall = time.process_time(), time.perf_counter()
        return self.cpu - before[0], self.wall - before[1]


@dataclass(frozen=True, eq=False)
class SplitTask:
    """A task with the splits it is measured on: perhaps one, which no scorer would take."""

    name: str
    task_type: TaskType
    rows: NDArray[np.intp]
    labels: NDArray[Any]
    splits: tuple[Split, ...]

    @classmethod
    def of(cls, task: DrawnTask, n_splits: int) -> "SplitTask":
        """The first of 40 splits, or more if more are asked for."""
        kind = TaskType.REGRESSION if task.kind == "regression" else TaskType.BINARY
        splits = shuffle_splits(len(task.rows), SplitSpec(n_splits=max(n_splits, SPLITS)))
        return cls(task.name, kind, task.rows, task.labels, splits[:n_splits])

    def as_probe_task(self) -> ProbeTask:
        """As Probeboard takes it."""
        return ProbeTask(self.name, self.task_type, self.rows, self.labels, self.splits)


Scored = Iterator[tuple[str, float]]
Contestant = Callable[[NDArray[np.float32], Sequence[SplitTask]], Scored]


def ours(scorer: str) -> Contestant:
    """A scorer of Probeboard, as the worker calls it."""

    def run(matrix: NDArray[np.float32], tasks: Sequence[SplitTask]) -> Scored:
        from probeboard.probing import get_scorer, prepare, score_tasks

        prepared = prepare(matrix)
        yield "prepare", float("nan")
        taken = [task.as_probe_task() for task in tasks]
        for scores in score_tasks(prepared, taken, scorer=get_scorer(scorer)):
            yield scores.name, scores.mean

    return run


def exact_one_c(matrix: NDArray[np.float32], tasks: Sequence[SplitTask]) -> Scored:
    """`exact`'s logistic regression, the penalty given: C = 1."""
    from probeboard.probing import prepare
    from probeboard.probing.classification import fit_logistic
    from probeboard.probing.metrics import f1

    prepared = prepare(matrix)
    yield "prepare", float("nan")
    for task in tasks:
        # Of rows with variance 1, the mean eigenvalue of the Gram matrix is their number.
        relative = np.array([1 / task.splits[0].train.size])
        fits = fit_logistic(prepared.axes(task.rows), task.labels, task.splits, relative=relative)
        scored = zip(task.splits, fits, strict=True)
        yield task.name, float(np.mean([f1(task.labels[s.test], f.predicted) for s, f in scored]))


def scikit_learn(make: Callable[[int], Any], metric: str) -> Contestant:
    """A loop over the splits, as one writes it with scikit-learn, in double precision."""

    def run(matrix: NDArray[np.float32], tasks: Sequence[SplitTask]) -> Scored:
        from sklearn import metrics

        score = getattr(metrics, metric)
        X_all = matrix.astype(np.float64)
        X_all -= X_all.mean(axis=0)
        X_all /= X_all.std()
        yield "prepare", float("nan")
        for task in tasks:
            X, y, scores = X_all[task.rows], task.labels, []
            for split in task.splits:
                model = make(split.train.size).fit(X[split.train], y[split.train])
                scores.append(score(y[split.test], model.predict(X[split.test])))
            yield task.name, float(np.mean(scores))

    return run


def ridge_cv(n_train: int) -> Any:
    """RidgeCV over 15 penalties around the mean eigenvalue, by leave-one-out."""
    from sklearn.linear_model import RidgeCV

    return RidgeCV(alphas=np.logspace(-7, 2, N_PENALTIES) * n_train)


def lbfgs(n_train: int) -> Any:
    """LogisticRegression as it comes."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def newton_cholesky(n_train: int) -> Any:
    """LogisticRegression, converged."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(solver="newton-cholesky", tol=1e-8)


CONTESTANTS: dict[str, Contestant] = {
    "exact": ours("exact"),
    "exact-one-C": exact_one_c,
    "neuco": ours("neuco"),
    "RidgeCV": scikit_learn(ridge_cv, "r2_score"),
    "lbfgs": scikit_learn(lbfgs, "f1_score"),
    "newton-cholesky": scikit_learn(newton_cholesky, "f1_score"),
}


def measure(
    name: str, matrix: NDArray[np.float32], tasks: Sequence[SplitTask]
) -> dict[str, Measured]:
    """Run a contestant over tasks, timing what comes between its reports."""
    clock, measured = Clock(), {}
    n_splits = {task.name: len(task.splits) for task in tasks}
    for label, mean in CONTESTANTS[name](matrix, tasks):
        cpu, wall = clock.lap()
        measured[label] = Measured(cpu, wall, n_splits.get(label, 0), mean)
    return measured


def warm_up(name: str) -> None:
    """Have libraries loaded before the clock runs."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 4)).astype(np.float32)
    kind = TaskType.REGRESSION if name == "RidgeCV" else TaskType.BINARY
    labels = X[:, 0] > 0
    y = labels.astype(np.float64 if kind is TaskType.REGRESSION else np.int64)
    splits = shuffle_splits(80, SplitSpec(n_splits=2))
    list(CONTESTANTS[name](X, [SplitTask("t", kind, np.arange(80), y, splits)]))


def main() -> None:
    """Measure one contestant."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("name", choices=CONTESTANTS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=SPLITS)
    parser.add_argument("--tasks", help="names, comma-separated; all if not given")
    options = parser.parse_args()
    matrix, drawn = load(options.folder)
    wanted = options.tasks.split(",") if options.tasks else [task.name for task in drawn]
    tasks = [SplitTask.of(task, options.splits) for task in drawn if task.name in wanted]
    # Default lbfgs stops before it converged, and says so; the benchmark's text does too.
    warnings.simplefilter("ignore")
    warm_up(options.name)
    measured = measure(options.name, matrix, tasks)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    parts = {label: asdict(one) for label, one in measured.items()}
    print(json.dumps({"parts": parts, "peak_mb": peak_mb}))


if __name__ == "__main__":
    main()
