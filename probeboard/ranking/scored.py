"""Rank submissions by the scores of their splits: what a board, a command line and draws call."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.paired_tests import rank_by_tests
from probeboard.ranking.pool import RankingMethod, rank, rank_against_pool
from probeboard.ranking.result import Ranking
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.tie_break import break_ties
from probeboard.ranking.ties import Weights

# Up to here test-then-rank, which looks at all pairs, is computed beside the official method.
TESTED_BESIDE = 200


def rank_scores(
    method: RankingMethod | str,
    tasks: Sequence[TaskSplitScores],
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
    tie_break: Sequence[Any] | None = None,
) -> Ranking:
    """Rank a pool by the named method.

    Parameters
    ----------
    method
        A `RankingMethod` or its name.
    tasks
        The split scores of the same n submissions on each task; n may be 0.
    weights
        Shape ``(t,)``: the weights a phase announces; for ``neuco``, weights frozen earlier.
    floor
        For ``neuco`` only: see `neuco`.
    tie_break
        One key per submission, the smaller the better, for who shares a rank: see
        `mean_score_then_earlier`. None leaves ties as they are.

    Raises
    ------
    ValueError
        If there is no such method, no task, the tasks differ in their number of submissions, or
        the other arguments make no sense.

    Examples
    --------
    >>> a = TaskSplitScores("a", np.array([[0.5, 0.7], [0.8, 0.6]]), test_to_train=0.5, group="a")
    >>> rank_scores("average-rank", [a]).ranks
    array([2, 1])
    """
    named = RankingMethod(method)
    if named.needs_splits:
        ranking = rank_by_tests(tasks, weights=weights)
    else:
        ranking = rank(named, score_table(named, tasks), weights=weights, floor=floor)
    return ranking if tie_break is None else break_ties(ranking, tie_break)


def place_against_pool(
    method: RankingMethod | str,
    pool: Sequence[TaskSplitScores],
    candidates: Sequence[TaskSplitScores],
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
) -> NDArray[np.int64]:
    """Give the rank each candidate would have if it alone joined the pool.

    For baselines, withdrawn and hidden entries: shown beside the board, never part of it. The
    pool keeps its ranks, and the weights of ``neuco`` stay those of the pool.

    Parameters
    ----------
    method, weights, floor
        As for `rank_scores`.
    pool
        The split scores of n submissions on each task; n may be 0.
    candidates
        Those of m others on the same tasks and splits.

    Returns
    -------
    NDArray
        Shape ``(m,)``, int64, each in 1 .. n + 1. A copy of a pool entry ties with it.

    Raises
    ------
    ValueError
        As for `rank_scores`, and if pool and candidates differ in their tasks.

    Examples
    --------
    >>> pool = TaskSplitScores("a", np.array([[0.9], [0.5]]), test_to_train=0.5, group="a")
    >>> others = TaskSplitScores("a", np.array([[0.7], [0.1]]), test_to_train=0.5, group="a")
    >>> place_against_pool("mean-score", [pool], [others])
    array([2, 3])
    """
    named = RankingMethod(method)
    if [task.name for task in pool] != [task.name for task in candidates]:
        raise ValueError("pool and candidates differ in their tasks")
    if not named.needs_splits:
        inside, rows = score_table(named, pool), score_table(named, candidates)
        return rank_against_pool(named, inside, rows, weights=weights, floor=floor)
    joined = (
        rank_by_tests(_joined(pool, candidates, row), weights=weights).ranks[-1]
        for row in range(len(candidates[0].scores))
    )
    return np.fromiter(joined, dtype=np.int64, count=len(candidates[0].scores))


def rank_by_all(
    tasks: Sequence[TaskSplitScores],
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
    frozen: Weights | None = None,
    official: RankingMethod | str | None = None,
) -> dict[RankingMethod, Ranking]:
    """Rank a pool by every method that can be computed, for a reader to see how far each decides.

    ``test-then-rank`` looks at all pairs: it is left out above 200 submissions unless it is the
    official method, and where a task has a single split.

    Parameters
    ----------
    tasks
        The split scores of the same n submissions on each task.
    weights
        Shape ``(t,)``: the weights a phase announces, for all methods but ``neuco``.
    floor
        For ``neuco`` only: see `neuco`.
    frozen
        Shape ``(t,)``: weights of ``neuco`` that were frozen; by default those of this pool.
    official
        The method of the phase: it comes first, and is never left out.

    Returns
    -------
    dict
        From method to ranking, without any tie-break.

    Raises
    ------
    ValueError
        As for `rank_scores`.

    Examples
    --------
    >>> a = TaskSplitScores("a", np.array([[0.5], [0.8]]), test_to_train=0.5, group="a")
    >>> [str(method) for method in rank_by_all([a], official="mean-q")]
    ['mean-q', 'average-rank', 'neuco', 'mean-score', 'borda', 'copeland']
    """
    first = [] if official is None else [RankingMethod(official)]
    named = first + [
        method for method in RankingMethod if method not in first and _is_cheap(method, tasks)
    ]
    return {
        method: rank_scores(
            method,
            tasks,
            weights=frozen if method is RankingMethod.NEUCO else weights,
            floor=floor,
        )
        for method in named
    }


def score_table(
    method: RankingMethod | str, tasks: Sequence[TaskSplitScores]
) -> NDArray[np.float64]:
    """Mean scores, or Qs where the method ranks those, of shape ``(n, t)``.

    Raises
    ------
    ValueError
        If there is no task, or they differ in their number of submissions.

    Examples
    --------
    >>> a = TaskSplitScores("a", np.array([[0.5, 0.7]]), test_to_train=0.5, group="a")
    >>> score_table("mean-score", [a]), score_table("mean-q", [a])
    (array([[0.6]]), array([[10.]]))
    """
    if not tasks:
        raise ValueError("there is no task to rank by")
    if len({len(task.scores) for task in tasks}) > 1:
        raise ValueError("the tasks differ in their number of submissions")
    of_q = RankingMethod(method).ranks_q
    return np.column_stack([task.qs if of_q else task.means for task in tasks])


def _is_cheap(method: RankingMethod, tasks: Sequence[TaskSplitScores]) -> bool:
    if not method.needs_splits:
        return True
    return all(len(task.scores) <= TESTED_BESIDE and task.n_splits > 1 for task in tasks)


def _joined(
    pool: Sequence[TaskSplitScores], candidates: Sequence[TaskSplitScores], row: int
) -> list[TaskSplitScores]:
    return [
        replace(inside, scores=np.vstack([inside.scores, outside.scores[row]]))
        for inside, outside in zip(pool, candidates, strict=True)
    ]
