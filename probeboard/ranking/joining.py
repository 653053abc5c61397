"""Where one who joined a pool would rank, without ranking the pool again for each."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.pairwise import twice_duels_won
from probeboard.ranking.ties import Weights, exact_sums, integer_weights, twice_average_ranks

Table = NDArray[np.float64]
Place = Callable[[Table], int]


def joins_average_rank(pool: Table, weights: Weights | None) -> Place:
    """Return the rank by `average_rank` that a row of rounded scores would take in the pool.

    Examples
    --------
    >>> joins_average_rank(np.array([[0.9, 0.1], [0.5, 0.2]]), None)(np.array([0.7, 0.3]))
    1
    """
    whole = integer_weights(weights, pool.shape[1])
    sums = exact_sums(twice_average_ranks(pool), whole)
    scored, floored = np.count_nonzero(~np.isnan(pool), axis=0), _floored(pool)

    def place(row: Table) -> int:
        # Whoever is worse moves down by a rank, whoever is equal by half of one. A task that the
        # row lacks (NaN) moves nobody.
        equal = (row == floored).astype(np.int64)
        moved = sums + exact_sums(2 * (row > floored) + equal, whole)
        ahead = np.count_nonzero(floored > row, axis=0)
        twice = np.where(np.isnan(row), 2 * (scored + 1), 2 * ahead + equal.sum(axis=0) + 2)
        return 1 + int(np.count_nonzero(moved < _sum(twice, whole)))

    return place


def joins_borda(pool: Table, weights: Weights | None) -> Place:
    """Return the rank by `borda` that a row of rounded scores would take in the pool.

    Examples
    --------
    >>> joins_borda(np.array([[0.9, 0.1], [0.5, 0.2]]), None)(np.array([0.7, 0.3]))
    1
    """
    whole = integer_weights(weights, pool.shape[1])
    floored = _floored(pool)
    points = exact_sums(2 * len(pool) - twice_average_ranks(floored), whole)

    def place(row: Table) -> int:
        mine = _floored(row)
        equal = (mine == floored).astype(np.int64)
        theirs = points + exact_sums(2 * (floored > mine) + equal, whole)
        own = (2 * (mine > floored) + equal).sum(axis=0)
        return 1 + int(np.count_nonzero(theirs > _sum(own, whole)))

    return place


def joins_copeland(pool: Table, weights: Weights | None) -> Place:
    """Return the rank by `copeland` that a row of rounded scores would take in the pool.

    Examples
    --------
    >>> joins_copeland(np.array([[0.9, 0.1], [0.5, 0.2]]), None)(np.array([0.7, 0.3]))
    1
    """
    whole = integer_weights(weights, pool.shape[1])
    floored = _floored(pool)
    won = twice_duels_won(twice_average_ranks(floored), whole)

    def place(row: Table) -> int:
        mine = _floored(row)
        margin = exact_sums((mine > floored).astype(np.int64) - (mine < floored), whole)
        duels = np.asarray((margin > 0).astype(np.int64) - (margin < 0))  # 1 won, -1 lost
        return 1 + int(np.count_nonzero(won + 1 - duels > (1 + duels).sum()))

    return place


def _floored(scores: Table) -> Table:
    """Scores in which one that does not exist is below all that do, and equal to its like."""
    return np.where(np.isnan(scores), -np.inf, scores)


def _sum(values: NDArray[np.int64], whole: list[int]) -> Any:
    return exact_sums(values[None, :], whole)[0]
