"""What a rank hangs on: its range when each other entry is left out in turn.

The entry left out keeps its place: it counts as ranked where it was, so that only a change of
order among the others shows, and not that all below it move up by one. Then nothing changes under
``mean-score`` and ``mean-q``, which compare two entries without looking at others. Elsewhere every
board without one entry follows from the full one by subtraction, so n boards of n - 1 cost n sorts:

- average rank, Borda: an entry's rank on a task falls by one if the one left out was better, by a
  half if it tied.
- NeuCo-Bench: ranks fall likewise, and the weights, unless frozen, are the spreads of the rest.
- Copeland, test-then-rank: an entry loses its win over the one left out. (Holm's thresholds, which
  move by a few percent as fewer pairs are tested, stay.)

Who ranks after all others for want of a score keeps that rank.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.draws import scored_rows
from probeboard.ranking.paired_tests import paired_t, significant_wins
from probeboard.ranking.pool import RankingMethod
from probeboard.ranking.result import Ranking
from probeboard.ranking.row_ranks import row_ranks
from probeboard.ranking.scored import score_table
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import DECIMALS, Weights, integer_weights, rounded, shared_ranks

# Boards at a time times their entries.
_CHUNK = 2**18

# From the rows left out to the keys of all entries, the smallest first: (m,) -> (m, n).
KeysWithout = Callable[[NDArray[np.intp]], NDArray[np.float64]]


def ranks_without_entry(
    ranking: Ranking,
    tasks: Sequence[TaskSplitScores],
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
) -> NDArray[np.int64]:
    """Range of each rank when each other entry is left out in turn, keeping its place.

    Parameters
    ----------
    ranking
        By the official method, of all entries.
    tasks, weights, floor
        As for `rank_scores`.

    Returns
    -------
    NDArray
        Shape ``(n, 2)``: smallest and largest.

    Examples
    --------
    Without the third, the first two tie; without the second, the first and the third.

    >>> from probeboard.ranking.scored import rank_scores
    >>> a = TaskSplitScores("a", np.array([[3.0], [2.0], [1.0]]), test_to_train=0.25, group="a")
    >>> b = TaskSplitScores("b", np.array([[2.0], [3.0], [2.5]]), test_to_train=0.25, group="a")
    >>> board = rank_scores("average-rank", [a, b])
    >>> board.ranks, ranks_without_entry(board, [a, b]).tolist()
    (array([2, 1, 3]), [[1, 2], [1, 1], [2, 3]])
    """
    rows = np.arange(len(ranking.ranks))
    whole = np.array(integer_weights(weights, len(tasks)), dtype=np.float64)
    values = rounded(score_table(ranking.method, tasks))
    match RankingMethod(ranking.method):
        case RankingMethod.MEAN_SCORE | RankingMethod.MEAN_Q:
            return np.column_stack([ranking.ranks, ranking.ranks])
        case RankingMethod.AVERAGE_RANK | RankingMethod.BORDA:
            keys_without = _by_average_rank(ranking, values, whole)
        case RankingMethod.NEUCO:
            rows = np.flatnonzero(ranking.complete)
            frozen = None if weights is None else np.array(weights, dtype=np.float64)
            keys_without = _by_neuco(values[rows], frozen=frozen, floor=floor)
        case RankingMethod.COPELAND:
            keys_without = _by_wins(_duels(values, whole))
        case RankingMethod.TEST_THEN_RANK:
            wins = [weight * _claimed_wins(task) for weight, task in zip(whole, tasks, strict=True)]
            keys_without = _by_wins(np.sum(wins, axis=0))
    found = np.column_stack([ranking.ranks, ranking.ranks])
    found[rows] = _range(ranking.ranks[rows], keys_without)
    return found


def _range(ranks: NDArray[np.int64], keys_without: KeysWithout) -> NDArray[np.int64]:
    n = len(ranks)
    found = np.column_stack([ranks, ranks])
    if n < 2:
        return found
    smallest = np.full(n, n + 1)
    largest = np.zeros(n, dtype=np.int64)
    step = max(1, _CHUNK // n)
    for start in range(0, n, step):
        out = np.arange(start, min(start + step, n))
        keys = keys_without(out)
        itself = (np.arange(out.size), out)
        keys[itself] = np.inf  # behind all; its place is given back below
        places = row_ranks(keys, "min") + (ranks[out, None] < ranks[None, :])
        places[itself] = ranks[out]
        np.minimum(smallest, places.min(axis=0), out=smallest)
        np.maximum(largest, places.max(axis=0), out=largest)
    return np.column_stack([smallest, largest])


def _by_average_rank(
    ranking: Ranking, values: NDArray[np.float64], weights: NDArray[np.float64]
) -> KeysWithout:
    sums = 2.0 * ranking.task_ranks @ weights
    # Who could not be scored is beaten by all who could. By average rank they rank at n_valid + 1
    # and lose nothing with one another; to Borda they tie.
    columns = np.where(np.isnan(values), -np.inf, values).T
    unscored_tie = ranking.method == RankingMethod.BORDA

    def keys_without(out: NDArray[np.intp]) -> NDArray[np.float64]:
        keys = np.tile(sums, (out.size, 1))
        for column, weight in zip(columns, weights, strict=True):
            gone = column[out, None]
            keys -= 2.0 * weight * (gone > column)
            keys -= weight * ((gone == column) & (unscored_tie | (gone > -np.inf)))
        return keys

    return keys_without


def _by_neuco(
    q: NDArray[np.float64], *, frozen: NDArray[np.float64] | None, floor: float | None
) -> KeysWithout:
    columns = np.ascontiguousarray(q.T)
    ranks = np.array([shared_ranks(-column) for column in columns])
    spreads = np.tile(frozen, (len(q), 1)) if frozen is not None else _spreads_without(q, floor)
    shares = spreads / spreads.sum(axis=1, keepdims=True)

    def keys_without(out: NDArray[np.intp]) -> NDArray[np.float64]:
        keys = np.zeros((out.size, len(q)))
        for task, (column, rank) in enumerate(zip(columns, ranks, strict=True)):
            keys += shares[out, task, None] * (rank - (column[out, None] > column))
        return np.round(keys, DECIMALS)

    return keys_without


def _spreads_without(q: NDArray[np.float64], floor: float | None) -> NDArray[np.float64]:
    """Spread (ddof 1) of each task over the pool less one row, for each row; ones if all are 0.

    ``Σ_{i≠j} (x_i - m')² = Σ_i (x_i - m)² - (x_j - m)² n / (n - 1)``, m' the mean without j.
    """
    pool = q if floor is None else np.maximum(q, floor)
    n = len(pool)
    if n < 3:
        return np.ones(pool.shape)
    squares = np.square(pool - pool.mean(axis=0))
    rest = np.maximum(squares.sum(axis=0) - squares * n / (n - 1), 0.0)
    ordered = np.sort(pool, axis=0)
    # All the rest are the same if only the one left out, at either end, is not.
    low = np.where(pool == ordered[0], ordered[1], ordered[0])
    high = np.where(pool == ordered[-1], ordered[-2], ordered[-1])
    spreads = np.where(low < high, np.sqrt(rest / (n - 2)), 0.0)
    nowhere = ~spreads.any(axis=1, keepdims=True)
    return np.where(nowhere, 1.0, spreads)


def _by_wins(wins: NDArray[np.float64]) -> KeysWithout:
    """Most wins first; what i won against j at [i, j] is lost without j."""
    total = wins.sum(axis=1)
    return lambda out: wins[:, out].T - total


def _duels(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 at [i, j] if i wins on the heavier part of the tasks, 1/2 if neither does."""
    margin = np.zeros((len(values),) * 2)
    for column, weight in zip(np.where(np.isnan(values), -np.inf, values).T, weights, strict=True):
        margin += weight * (column[:, None] > column)
        margin -= weight * (column[:, None] < column)
    duels = (np.sign(margin) + 1.0) / 2.0
    np.fill_diagonal(duels, 0.0)
    return duels


def _claimed_wins(task: TaskSplitScores) -> NDArray[np.float64]:
    """1 at [i, j] if i beats j significantly, as `significant_wins` counts."""
    scored = scored_rows(task)
    t = np.nan_to_num(paired_t(task), nan=-np.inf, posinf=np.inf, neginf=-np.inf)
    by_test = significant_wins(task) - np.where(scored, np.count_nonzero(~scored), 0)
    wins = scored[:, None] & ~scored[None, :]
    if n_claims := int(by_test.sum()):
        wins |= t >= np.sort(t, axis=None)[-n_claims]
    return wins.astype(np.float64)
