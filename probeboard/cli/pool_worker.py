"""A process of the pool: takes a plan, then names of tasks, and answers each with its scores."""

import traceback
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from probeboard.cli.plan import Plan
from probeboard.probing import TaskScores, UnsupportedTask, get_scorer, prepare
from probeboard.probing.neuco import Context, contexts, score_in_context


def serve(connection: Connection) -> None:
    """Answer until the other end is closed."""
    with threadpool_limits(limits=1, user_api="blas"):
        try:
            matrix_path, plan = connection.recv()
            score: Callable[[str], TaskScores] | None = None
            while True:
                name = connection.recv()
                try:
                    score = score or scorer_of(matrix_path, plan)
                    connection.send(score(name))
                except UnsupportedTask as error:
                    connection.send(error)
                # Nobody would see what this process prints: it has to say why it cannot answer.
                except Exception:
                    connection.send(RuntimeError(traceback.format_exc()))
        except (EOFError, ConnectionError):
            return


def scorer_of(matrix_path: Path, plan: Plan) -> Callable[[str], TaskScores]:
    """Return what scores a task of the plan by its name."""
    matrix = np.load(matrix_path, mmap_mode="r", allow_pickle=False)
    prepared = prepare(matrix, scaling=plan.scaling)
    scorer = get_scorer(plan.scorer)
    if scorer.score_tasks is None:
        return lambda name: scorer.score_task(prepared, plan.probe_task(name))

    @cache
    def placed() -> dict[str, Context]:
        return contexts(prepared, plan.probe_tasks())

    return lambda name: score_in_context(prepared, plan.probe_task(name), placed()[name])
