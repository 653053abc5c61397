"""Orders by those of challengeR's methods that no phase may name: for comparison only.

The figure of a task is the median or the lower quartile of its splits, or the mean or the median of
the ranks in each split. Its Wilcoxon tests look at all pairs as ``test-then-rank`` does, and claim
too much of splits that overlap; mean-then-rank is ``average-rank``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.challenger import (
    ChallengerMethod,
    case_figures,
    consensus,
    ranks_in_cases,
)
from probeboard.ranking.draws import scored_rows
from probeboard.ranking.pool import RankingMethod, rank_against_pool
from probeboard.ranking.result import Ranking
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import Weights, rounded

Column = NDArray[np.float64]

OF_SCORES = (ChallengerMethod.MEDIAN_THEN_RANK, ChallengerMethod.QUARTILE_THEN_RANK)
OF_RANKS = (ChallengerMethod.RANK_THEN_MEAN, ChallengerMethod.RANK_THEN_MEDIAN)
FURTHER = OF_SCORES + OF_RANKS


class FurtherOrders:
    """A pool in the order of each of `FURTHER`, and where others would be in it.

    Parameters
    ----------
    tasks
        The split scores of the same n submissions on each task.
    weights
        Shape ``(t,)``: weights of the tasks; equal by default.

    Attributes
    ----------
    rankings
        As of `rank_as_challenger`, by method; empty where no task has more than one split, of which
        mean, median and quartile are the same.

    Examples
    --------
    >>> scores = np.array([[0.9, 0.8, 0.1], [0.5, 0.6, 0.6]])
    >>> orders = FurtherOrders([TaskSplitScores("a", scores, test_to_train=0.25, group="a")])
    >>> [ranking.ranks.tolist() for ranking in orders.rankings.values()]
    [[1, 2], [2, 1], [1, 2], [1, 2]]
    """

    rankings: Mapping[ChallengerMethod, Ranking]

    def __init__(self, tasks: Sequence[TaskSplitScores], *, weights: Weights | None = None) -> None:
        self._weights = weights
        self.rankings = {}
        if all(task.n_splits == 1 for task in tasks):
            return
        self._tables = {method: _table(method, tasks) for method in OF_SCORES}
        self._cases = [_Cases(task) for task in tasks]
        self.rankings = {
            method: consensus(method, table, weights=weights)
            for method, table in (self._tables | _tables_of(self._figures(None))).items()
        }

    def place(self, others: Sequence[TaskSplitScores]) -> dict[ChallengerMethod, NDArray[np.int64]]:
        """Give the rank each of the others would have if it alone joined the pool.

        Parameters
        ----------
        others
            The split scores of m submissions on the same tasks and splits.

        Returns
        -------
        dict
            Shape ``(m,)``, int64, by method; empty where `rankings` is.

        Examples
        --------
        >>> pool = TaskSplitScores("a", np.array([[0.9, 0.8]]), test_to_train=0.5, group="a")
        >>> other = TaskSplitScores("a", np.array([[0.7, 0.1]]), test_to_train=0.5, group="a")
        >>> [ranks.tolist() for ranks in FurtherOrders([pool]).place([other]).values()]
        [[2], [2], [2], [2]]
        """
        if not self.rankings:
            return {}
        weights = self._weights
        found = {
            method: rank_against_pool(
                RankingMethod.AVERAGE_RANK, table, _table(method, others), weights=weights
            )
            for method, table in self._tables.items()
        }
        joined = [
            _tables_of(self._figures([task.scores[row] for task in others]))
            for row in range(len(others[0].scores))
        ]
        for method in OF_RANKS:
            ranks = [consensus(method, one[method], weights=weights).ranks[-1] for one in joined]
            found[method] = np.array(ranks, dtype=np.int64)
        return found

    def _figures(self, row: Sequence[Column] | None) -> list[tuple[Column, Column]]:
        """Return mean and median of the ranks in each task, of one more in the last place."""
        if row is None:
            return [cases.figures() for cases in self._cases]
        return [cases.figures(scores) for cases, scores in zip(self._cases, row, strict=True)]


class _Cases:
    """The ranks of a pool within each case of a task, into which one more may come."""

    def __init__(self, task: TaskSplitScores) -> None:
        self._rows = np.flatnonzero(scored_rows(task))
        self._n = len(task.scores)
        self._scores = rounded(task.scores[self._rows])
        self._ranks = ranks_in_cases(self._scores, "min")

    def figures(self, joining: Column | None = None) -> tuple[Column, Column]:
        """Return their mean and median; NaN where the task could not be scored."""
        rows, ranks = self._rows, self._ranks
        if joining is not None and np.isfinite(joining).all():
            mine = rounded(joining)
            # Whoever is worse moves down by a rank.
            own = 1.0 + np.count_nonzero(self._scores > mine, axis=0)
            ranks = np.vstack([ranks + (self._scores < mine), own])
            rows = np.append(rows, self._n)
        placed = np.full((2, self._n + (joining is not None)), np.nan)
        if rows.size:
            placed[:, rows] = ranks.mean(axis=1), np.median(ranks, axis=1)
        return placed[0], placed[1]


def _table(method: ChallengerMethod, tasks: Sequence[TaskSplitScores]) -> NDArray[np.float64]:
    return np.column_stack([case_figures(method, task.scores) for task in tasks])


def _tables_of(
    figures: Sequence[tuple[Column, Column]],
) -> dict[ChallengerMethod, NDArray[np.float64]]:
    columns = zip(*figures, strict=True)
    return {method: np.column_stack(each) for method, each in zip(OF_RANKS, columns, strict=True)}
