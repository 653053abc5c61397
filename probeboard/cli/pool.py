"""Scores the tasks of a plan, in this process or shared by several.

Scores do not depend on how many there are: each process prepares the embeddings alike, on one
BLAS thread, and a task is scored by one process.
"""

import multiprocessing
import signal
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from probeboard.cli.errors import CommandError
from probeboard.cli.plan import Plan
from probeboard.probing import PreparedEmbeddings, TaskScores, get_scorer, prepare, score_tasks
from probeboard.probing.neuco import Context, contexts, score_in_context

Report = Callable[[str], None]


class Pool:
    """Processes that are started, and load their libraries, while this one reads files."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._stack = ExitStack()
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Pool":
        if self._jobs == 1:
            self._stack.enter_context(threadpool_limits(limits=1, user_api="blas"))
            return self
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="probeboard-"))
        self._matrix_path = Path(folder) / "matrix.npy"
        # Spawned, not forked: the same on every system, and no thread is copied half-way.
        spawned = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(self._jobs, spawned, initializer=_start)
        self._executor.submit(_warm_up)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._executor is not None:
            if kind is not None:
                # What they compute is not wanted any more.
                for child in multiprocessing.active_children():
                    child.terminate()
            self._executor.shutdown(cancel_futures=True)
        self._stack.close()

    def score(
        self, matrix: NDArray[np.float32], plan: Plan, *, report: Report
    ) -> tuple[TaskScores, ...]:
        """Score all tasks, in the order of the plan; report each as it is done.

        Raises
        ------
        CommandError
            If a process was killed.
        """
        if self._executor is None:
            return _score_here(matrix, plan, report)
        np.save(self._matrix_path, matrix)
        # The longest first, so that no process is left alone with one in the end.
        names = sorted(plan.label_sets, key=lambda name: -len(plan.label_sets[name].sample_ids))
        work = Work(self._matrix_path, plan)
        futures: dict[Future[TaskScores], str] = {
            self._executor.submit(_score_one, work, name): name for name in names
        }
        scored = {}
        try:
            for future in as_completed(futures):
                scored[futures[future]] = future.result()
                report(futures[future])
        except BrokenProcessPool:
            raise CommandError(
                "a worker process was killed, perhaps for lack of memory; try --jobs 1"
            ) from None
        return tuple(scored[name] for name in plan.label_sets)


def _score_here(matrix: NDArray[np.float32], plan: Plan, report: Report) -> tuple[TaskScores, ...]:
    scored = []
    tasks = plan.probe_tasks()
    for scores in score_tasks(prepare(matrix), tasks, scorer=get_scorer(plan.scorer)):
        scored.append(scores)
        report(scores.name)
    return tuple(scored)


@dataclass(frozen=True, eq=False)
class Work:
    """What a process is sent with each task; it looks at the first of them only."""

    matrix_path: Path
    plan: Plan


def _start() -> None:
    # An interrupt from the keyboard reaches every process: those that compute die without a word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threadpool_limits(limits=1, user_api="blas")


def _warm_up() -> None:
    """Do nothing: a process that is asked has imported this module."""


_received: dict[Path, Work] = {}


def _score_one(work: Work, name: str) -> TaskScores:
    work = _received.setdefault(work.matrix_path, work)
    prepared = _prepared(work.matrix_path)
    scorer = get_scorer(work.plan.scorer)
    if scorer.score_tasks is None:
        return scorer.score_task(prepared, work.plan.probe_task(name))
    return score_in_context(prepared, work.plan.probe_task(name), _contexts(work)[name])


@lru_cache(maxsize=1)
def _prepared(matrix_path: Path) -> PreparedEmbeddings:
    return prepare(np.load(matrix_path, mmap_mode="r", allow_pickle=False))


@lru_cache(maxsize=1)
def _contexts(work: Work) -> dict[str, Context]:
    return contexts(_prepared(work.matrix_path), work.plan.probe_tasks())
