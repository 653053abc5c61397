"""challengeR's other methods: aggregate the cases, rank, and find the consensus of the tasks.

Wiesenfarth et al., *Scientific Reports* 11, 2369 (2021), doi:10.1038/s41598-021-82017-6. None is
an official method; they show how far the choice of method decides an order.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.paired_tests import LEVEL, holm
from probeboard.ranking.result import Ranking, ranked
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import (
    Weights,
    complete_rows,
    exact_sums,
    integer_weights,
    normalised,
    rounded,
    twice_average_ranks,
    twice_shared_ranks,
)
from probeboard.ranking.wilcoxon import wilcoxon_p

Ties = Literal["min", "average"]


class ChallengerMethod(StrEnum):
    """How the cases of a task become a figure per submission, and that a rank."""

    MEAN_THEN_RANK = "mean-then-rank"
    MEDIAN_THEN_RANK = "median-then-rank"
    QUARTILE_THEN_RANK = "quartile-then-rank"
    RANK_THEN_MEAN = "rank-then-mean"
    RANK_THEN_MEDIAN = "rank-then-median"
    WILCOXON_THEN_RANK = "wilcoxon-then-rank"
    WILCOXON_HOLM_THEN_RANK = "wilcoxon-holm-then-rank"

    @property
    def smaller_is_better(self) -> bool:
        """Whether its figure is a rank; otherwise it is a score or a share of wins."""
        return self in (ChallengerMethod.RANK_THEN_MEAN, ChallengerMethod.RANK_THEN_MEDIAN)


def case_figures(
    method: ChallengerMethod | str, scores: NDArray[np.float64], *, ties: Ties = "min"
) -> NDArray[np.float64]:
    """Aggregate the cases of one task to a figure per submission.

    The mean, the median or the lower quartile (type 7) of its scores; the mean or the median of
    its ranks within each case; or the share of the others it beats by Wilcoxon's test at 5 %,
    with Holm's correction or without.

    Parameters
    ----------
    method
        A `ChallengerMethod` or its name.
    scores
        Shape ``(n, k)``: n submissions on the same k cases, larger is better.
    ties
        Within a case, equal scores share the smaller or their average rank.

    Returns
    -------
    NDArray
        Shape ``(n,)``; NaN for a submission that lacks a score. The others are as without it.

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.8, 0.1], [0.5, 0.6, 0.6]])
    >>> case_figures("mean-then-rank", scores), case_figures("rank-then-median", scores)
    (array([0.6       , 0.56666667]), array([1., 2.]))
    """
    named = ChallengerMethod(method)
    scored = np.isfinite(scores).all(axis=1)
    figures = np.full(len(scores), np.nan)
    if scored.any():
        figures[scored] = _figures(named, scores[scored], ties)
    return figures


def rank_as_challenger(
    method: ChallengerMethod | str,
    tasks: Sequence[TaskSplitScores],
    *,
    weights: Weights | None = None,
    ties: Ties = "min",
) -> Ranking:
    """Rank on each task by challengeR's method; the euclidean consensus averages the ranks.

    Parameters
    ----------
    method
        A `ChallengerMethod` or its name.
    tasks
        The split scores of the same n submissions on each task: splits are the cases.
    weights
        Shape ``(t,)``: weights of the tasks; equal by default.
    ties
        Equal scores of a case and equal figures of a task share the smaller or their average
        rank. The consensus always averages average ranks, and its own ranks share the smaller.

    Returns
    -------
    Ranking
        Its aggregate is the average rank. Who could not be scored on a task ranks after all who
        could.

    Raises
    ------
    ValueError
        If there is no such method, no task, the tasks differ in their number of submissions, or
        the weights make no sense.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.8, 0.1], [0.5, 0.6, 0.6]])
    >>> task = TaskSplitScores("slope", scores, test_to_train=0.25, group="a")
    >>> rank_as_challenger("median-then-rank", [task]).ranks
    array([1, 2])
    """
    named = ChallengerMethod(method)
    if len({len(task.scores) for task in tasks}) != 1:
        raise ValueError("there is no task, or they differ in their number of submissions")
    figures = np.column_stack([case_figures(named, task.scores, ties=ties) for task in tasks])
    return consensus(named, figures, weights=weights, ties=ties)


def consensus(
    method: ChallengerMethod,
    figures: NDArray[np.float64],
    *,
    weights: Weights | None = None,
    ties: Ties = "min",
) -> Ranking:
    """Rank on each task by its figures, and average the ranks; otherwise as `rank_as_challenger`.

    Parameters
    ----------
    figures
        Shape ``(n, t)``: of `case_figures`, compared to 1e-9.

    Examples
    --------
    >>> consensus(ChallengerMethod.RANK_THEN_MEAN, np.array([[1.2, 1.0], [1.8, 2.0]])).ranks
    array([1, 2])
    """
    figures = rounded(figures)
    whole = integer_weights(weights, figures.shape[1])
    better = -figures if method.smaller_is_better else figures
    twice = twice_average_ranks(better)
    # The consensus takes average ranks, whichever ranks a task shows.
    sums = exact_sums(twice, whole)
    shown = twice if ties == "average" else twice_shared_ranks(better)
    return ranked(
        str(method),
        sums,
        aggregate=np.asarray(sums / (2 * sum(whole)), dtype=np.float64),
        task_ranks=shown / 2.0,
        weights=normalised(whole),
        complete=complete_rows(figures),
    )


def _figures(
    method: ChallengerMethod, scores: NDArray[np.float64], ties: Ties
) -> NDArray[np.float64]:
    match method:
        case ChallengerMethod.MEAN_THEN_RANK:
            return np.asarray(scores.mean(axis=1))
        case ChallengerMethod.MEDIAN_THEN_RANK:
            return np.asarray(np.median(scores, axis=1))
        case ChallengerMethod.QUARTILE_THEN_RANK:
            return np.asarray(np.quantile(scores, 0.25, axis=1))
        case ChallengerMethod.RANK_THEN_MEAN:
            return np.asarray(ranks_in_cases(scores, ties).mean(axis=1))
        case ChallengerMethod.RANK_THEN_MEDIAN:
            return np.asarray(np.median(ranks_in_cases(scores, ties), axis=1))
        case ChallengerMethod.WILCOXON_THEN_RANK:
            return _share_of_wins(wilcoxon_p(scores) <= LEVEL)
        case ChallengerMethod.WILCOXON_HOLM_THEN_RANK:
            return _share_of_wins(significant(wilcoxon_p(scores)))


def significant(p: NDArray[np.float64], *, level: float = LEVEL) -> NDArray[np.bool_]:
    """Apply Holm's procedure to all ordered pairs of one task.

    Parameters
    ----------
    p
        Shape ``(n, n)``, with NaN on the diagonal.
    level
        Of significance of all pairs together.

    Returns
    -------
    NDArray
        Shape ``(n, n)``, bool: whether the row beats the column; False on the diagonal.

    Examples
    --------
    >>> significant(np.array([[np.nan, 0.01], [0.99, np.nan]]))
    array([[False,  True],
           [False, False]])
    """
    beats = np.zeros(p.shape, dtype=np.bool_)
    pairs = ~np.eye(len(p), dtype=np.bool_)
    beats[pairs] = holm(p[pairs], level=level)
    return beats


def ranks_in_cases(scores: NDArray[np.float64], ties: Ties) -> NDArray[np.float64]:
    """Rank within each case, a column: 1 is best.

    Examples
    --------
    >>> ranks_in_cases(np.array([[0.9, 0.5], [0.8, 0.5]]), "min")
    array([[1., 1.],
           [2., 1.]])
    """
    twice = twice_average_ranks if ties == "average" else twice_shared_ranks
    return twice(rounded(scores)) / 2.0


def _share_of_wins(beats: NDArray[np.bool_]) -> NDArray[np.float64]:
    n = len(beats)
    return beats.sum(axis=1) / (n - 1) if n > 1 else np.ones(n)
