"""Official method 5: Borda's count, and Copeland's majority of tasks in every duel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from probeboard.ranking.result import Ranking, ranked
from probeboard.ranking.ties import (
    Weights,
    complete_rows,
    exact_sums,
    integer_weights,
    normalised,
    score_matrix,
    twice_average_ranks,
)


def borda(scores: ArrayLike, *, weights: Weights | None = None) -> Ranking:
    """Rank by how many others are beaten on a task, ties counting half (Borda's count).

    Where every task could be scored this is the order of `average_rank`, with which it shares
    its rule ``points = n - rank``. Only a task that several submissions lack makes a difference:
    here they tie with each other, there all of them rank directly after those scored.

    Parameters
    ----------
    scores
        Shape ``(n, t)``: mean split score of each submission on each task, larger is better.
        Compared to 1e-9; one that does not exist (NaN) is beaten by every one that does.
    weights
        Shape ``(t,)``, the weights a phase announces; equal by default.

    Returns
    -------
    Ranking
        Its aggregate is the average over tasks of the number of others beaten, in 0 .. n - 1.

    Raises
    ------
    ValueError
        If scores is not a matrix with at least one task, or the weights make no sense.

    Examples
    --------
    >>> board = borda([[0.9, 0.2], [0.8, 0.2], [0.1, 0.1]])
    >>> board.ranks, board.aggregate
    (array([1, 2, 3]), array([1.75, 1.25, 0.  ]))
    """
    values = score_matrix(scores)
    n, n_tasks = values.shape
    whole = integer_weights(weights, n_tasks)
    # -inf is below every score and equal to itself, which is all that counts here.
    twice = twice_average_ranks(np.where(np.isnan(values), -np.inf, values))
    points = exact_sums(2 * n - twice, whole)
    return ranked(
        "borda",
        -points,
        aggregate=np.asarray(points / (2 * sum(whole)), dtype=np.float64),
        task_ranks=twice / 2.0,
        weights=normalised(whole),
        complete=complete_rows(values),
    )


def copeland(scores: ArrayLike, *, weights: Weights | None = None) -> Ranking:
    """Rank by duels won: who is better on the heavier part of the tasks wins the duel.

    A duel with as much weight on either side counts half for both (Copeland 1951). Who wins every
    duel, the Condorcet winner, is first, by however little on each task.

    Parameters
    ----------
    scores
        Shape ``(n, t)``: mean split score of each submission on each task, larger is better.
        Compared to 1e-9; one that does not exist (NaN) is beaten by every one that does.
    weights
        Shape ``(t,)``, the weights a phase announces; equal by default.

    Returns
    -------
    Ranking
        Its aggregate is the number of duels won, in 0 .. n - 1.

    Raises
    ------
    ValueError
        If scores is not a matrix with at least one task, or the weights make no sense.

    Examples
    --------
    >>> board = copeland([[0.9, 0.1, 0.8], [0.8, 0.9, 0.1], [0.1, 0.2, 0.2]])
    >>> board.ranks, board.aggregate
    (array([1, 2, 3]), array([2., 1., 0.]))
    """
    values = score_matrix(scores)
    whole = integer_weights(weights, values.shape[1])
    places = twice_average_ranks(np.where(np.isnan(values), -np.inf, values))
    twice = twice_duels_won(places, whole)
    return ranked(
        "copeland",
        -twice,
        aggregate=twice / 2.0,
        task_ranks=places / 2.0,
        weights=normalised(whole),
        complete=complete_rows(values),
    )


def twice_duels_won(places: NDArray[np.int64], whole: Sequence[int]) -> NDArray[np.int64]:
    """Twice the duels won plus those drawn by each row.

    Parameters
    ----------
    places
        Shape ``(n, t)``: ranks on each task or twice them, the smaller the better.
    whole
        Shape ``(t,)``: weights, as of `integer_weights`.

    Returns
    -------
    NDArray
        Shape ``(n,)``, int64, in 0 .. 2(n - 1).

    Examples
    --------
    >>> twice_duels_won(np.array([[1, 2, 1], [2, 1, 2], [2, 3, 2]]), [1, 1, 1])
    array([4, 2, 0])
    """
    n = len(places)
    kind = _smallest_kind(sum(whole))
    columns = np.ascontiguousarray(places.T.astype(np.int32))
    won = np.empty(n, dtype=np.int64)
    step = max(1, 2**20 // max(n, 1))  # rows at a time: what they need stays in the cache
    for start in range(0, n, step):
        margin = np.zeros((min(step, n - start), n), dtype=kind)
        for column, weight in zip(columns, np.array(whole, dtype=kind), strict=True):
            mine = column[start : start + step, None]
            ahead = np.subtract(column > mine, column < mine, dtype=np.int8)
            margin += ahead.astype(kind, copy=False) * weight
        # wins - losses + (n - 1), as wins + losses + draws = n - 1
        won[start : start + step] = (margin > 0).sum(axis=1) - (margin < 0).sum(axis=1) + n - 1
    return won


def _smallest_kind(largest: int) -> type[np.int8] | type[np.int64] | type[object]:
    """Type of the integers up to this: the smaller, the faster."""
    if largest < 2**7:
        return np.int8
    return np.int64 if largest < 2**63 else object
