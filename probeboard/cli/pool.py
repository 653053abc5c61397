"""Scores the tasks of a plan, in this process or shared by several.

Scores do not depend on how many there are: each process prepares the embeddings alike, on one
BLAS thread, and a task is scored by one process.
"""

import multiprocessing
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import cast

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from probeboard.cli.errors import CommandError
from probeboard.cli.plan import Plan
from probeboard.cli.pool_worker import serve
from probeboard.probing import (
    Analysis,
    TaskScores,
    analyse,
    get_scorer,
    prepare,
    score_tasks,
)

Report = Callable[[str], None]


class Pool:
    """Processes that are started, and load their libraries, while this one reads files."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._stack = ExitStack()
        self._workers: list[Connection] = []

    def __enter__(self) -> "Pool":
        self._stack.enter_context(threadpool_limits(limits=1, user_api="blas"))
        if self._jobs > 1:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="probeboard-"))
            self._matrix_path = Path(folder) / "matrix.npy"
            with _deaf_to_interrupts():
                self._workers = [self._start() for _ in range(self._jobs)]
        return self

    def _start(self) -> Connection:
        # Spawned, not forked: the same on every system, and no thread is copied half-way.
        spawned = multiprocessing.get_context("spawn")
        ours, theirs = spawned.Pipe()
        process = spawned.Process(target=serve, args=(theirs,), daemon=True)
        process.start()
        theirs.close()
        # At the end, in this order: the pipe is closed, so that it stops, and then waited for.
        self._stack.callback(process.join)
        self._stack.callback(ours.close)
        # What it computes is not wanted any more when this one leaves with an error.
        self._stack.push(lambda kind, *_: process.terminate() if kind else None)
        return ours

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def score(
        self, matrix: NDArray[np.float32], plan: Plan, *, report: Report
    ) -> tuple[TaskScores, ...]:
        """Score all tasks, in the order of the plan; report each as it is done.

        Raises
        ------
        CommandError
            If a process was killed.
        """
        if not self._workers:
            scored = {}
            tasks = plan.probe_tasks()
            prepared = prepare(matrix, scaling=plan.scaling)
            for scores in score_tasks(prepared, tasks, scorer=get_scorer(plan.scorer)):
                scored[scores.name] = scores
                report(scores.name)
        else:
            np.save(self._matrix_path, matrix)
            try:
                scored = self._share(plan, report)
            except (EOFError, ConnectionError):
                raise CommandError(
                    "a worker process was killed, perhaps for lack of memory; try --jobs 1"
                ) from None
        return tuple(scored[name] for name in plan.label_sets)

    def _share(self, plan: Plan, report: Report) -> dict[str, TaskScores]:
        # The longest first, from the end of the list: no process is left alone with one at last.
        waiting = sorted(plan.label_sets, key=lambda name: len(plan.label_sets[name].sample_ids))
        busy: dict[Connection, str] = {}
        scored: dict[str, TaskScores] = {}
        for worker in self._workers[: len(waiting)]:
            worker.send((self._matrix_path, plan))
            worker.send(busy.setdefault(worker, waiting.pop()))
        while busy:
            for worker in cast("list[Connection]", wait(list(busy))):
                answer = worker.recv()
                if isinstance(answer, Exception):
                    raise answer
                name = busy.pop(worker)
                scored[name] = answer
                report(name)
                if waiting:
                    worker.send(busy.setdefault(worker, waiting.pop()))
        return scored

    def analyse(
        self,
        matrix: NDArray[np.float32],
        plan: Plan,
        scores: Sequence[TaskScores],
        *,
        wanted: frozenset[Analysis],
    ) -> dict[str, object]:
        """Find out what is wanted besides, in this process; ready for JSON."""
        if not wanted:
            return {}
        tasks, scorer = plan.probe_tasks(), get_scorer(plan.scorer)
        prepared = prepare(matrix, scaling=plan.scaling)
        found = analyse(matrix, prepared, tasks, scores, scorer=scorer, wanted=wanted)
        return found.to_dict()


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Start processes that ignore interrupts: the keyboard's reach all, and this one ends them."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
