"""How far each task's order agrees with the orders that are drawn of its scores."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from probeboard.ranking.draw_agreement import task_draw_taus
from probeboard.ranking.draws import task_draws
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.uncertainty import rank_uncertainty


def pool(n: int, n_tasks: int, *, k: int = 8, gap: float = 0.05) -> list[TaskSplitScores]:
    rng = np.random.default_rng(0)
    return [
        TaskSplitScores(
            f"task {i}",
            rng.normal(rng.normal(0.6, gap, (n, 1)), 0.03, (n, k)),
            test_to_train=0.25,
            group=f"group {i % 2}",
        )
        for i in range(n_tasks)
    ]


@pytest.mark.parametrize("method", ["average-rank", "mean-q"])
def test_each_task_agrees_with_its_own_draws_by_kendalls_tau(method: str) -> None:
    tasks = pool(9, 3)
    of_q = method == "mean-q"
    tasks[0].scores[3] = np.nan
    found = rank_uncertainty(method, tasks, seed="phase", n_draws=200)
    assert found is not None
    for task, tau in zip(tasks, found.task_draw_tau, strict=True):
        rows = np.flatnonzero(np.isfinite(task.scores).all(axis=1))
        figures = (task.qs if of_q else task.means)[rows]
        drawn = task_draws(task, of_q=of_q, seed="phase", n_draws=200, rows=rows).between(0, 200)
        expected = np.mean([stats.kendalltau(figures, one).statistic for one in drawn])
        assert tau == pytest.approx(expected, abs=1e-12)
        assert 0.2 < tau < 1.0


def test_many_entries_need_few_draws_to_say_how_far_a_task_agrees_with_them() -> None:
    tasks = pool(400, 4, k=10)
    few = task_draw_taus(tasks, of_q=False, seed="phase", n_draws=1000)
    all_of_them = task_draw_taus([tasks[0]], of_q=False, seed="phase", n_draws=1000)
    assert abs(few[0] - all_of_them[0]) < 0.01


def test_a_task_that_scored_nobody_or_one_agrees_with_nothing() -> None:
    (task,) = pool(3, 1)
    task.scores[1:] = np.nan
    nobody = replace(task, scores=np.full_like(task.scores, np.nan))
    assert np.isnan(task_draw_taus([task, nobody], of_q=False, seed="a", n_draws=100)).all()
