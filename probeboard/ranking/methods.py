"""The official methods 1 to 3: average rank, NeuCo-Bench's weighted rank, mean score or Q."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from probeboard.ranking.result import Ranking, ranked
from probeboard.ranking.ties import (
    DECIMALS,
    complete_rows,
    exact_sums,
    integer_weights,
    normalised,
    score_matrix,
    shared_ranks,
    twice_average_ranks,
)
from probeboard.ranking.ties import Weights as Weights


def average_rank(scores: ArrayLike, *, weights: Weights | None = None) -> Ranking:
    """Rank on each task by mean score, then average the ranks over tasks (method 1, the default).

    Per task, scores are compared to 1e-9 and ties share their average rank; a task that could not
    be scored (NaN or infinite) ranks after all that could, ``n_valid + 1``. Sums of ranks are
    exact integers. With equal weights this is challengeR's euclidean consensus of mean-then-rank
    (Wiesenfarth et al. 2021, doi:10.1038/s41598-021-82017-6).

    Parameters
    ----------
    scores
        Shape ``(n, t)``: mean split score of each submission on each task, larger is better.
    weights
        Shape ``(t,)``, the weights a phase announces; equal by default.

    Returns
    -------
    Ranking
        Its aggregate is the average rank, its win rate ``(n - aggregate) / (n - 1)``; that of a
        single submission is 1.

    Raises
    ------
    ValueError
        If scores is not a matrix with at least one task, or the weights make no sense.

    Examples
    --------
    >>> board = average_rank([[0.9, 0.2], [0.8, 0.2], [0.1, 0.1]])
    >>> board.ranks, board.aggregate
    (array([1, 2, 3]), array([1.25, 1.75, 3.  ]))
    """
    values = score_matrix(scores)
    n, n_tasks = values.shape
    whole = integer_weights(weights, n_tasks)
    twice = twice_average_ranks(values)
    sums = exact_sums(twice, whole)
    aggregate = np.asarray(sums / (2 * sum(whole)), dtype=np.float64)
    return ranked(
        "average-rank",
        sums,
        aggregate=aggregate,
        task_ranks=twice / 2.0,
        weights=normalised(whole),
        complete=complete_rows(values),
        win_rate=(n - aggregate) / (n - 1) if n > 1 else np.ones(n),
    )


def neuco(q: ArrayLike, *, weights: Weights | None = None, floor: float | None = 0.0) -> Ranking:
    """Rank by NeuCo-Bench's weighted sum of ranks (method 2).

    Per task, rank by Q, ties sharing the smaller rank. A task weighs as much as Q spreads over the
    pool (standard deviation, ddof 1, normalised), so the ranking depends on who else submitted.

    Where NeuCo-Bench (a89ba06) divides zero by zero or lets float noise decide, this does not:
    Q and the weighted sums are compared to 1e-9, equal weights are used if no task spreads, and a
    submission with a missing or infinite Q, which it drops in silence or lets spoil every rank,
    comes after all complete ones and touches neither their ranks nor the weights.

    Parameters
    ----------
    q
        Shape ``(n, t)``: Q of each submission on each task.
    weights
        Shape ``(t,)``: weights frozen earlier; by default they are derived from this pool.
    floor
        Q is raised to this before weights are derived from it (never before ranking), so that no
        row of, say, Q = -4000 takes all the weight. None, with default weights, is NeuCo-Bench.

    Returns
    -------
    Ranking
        Its aggregate is the weighted rank.

    Raises
    ------
    ValueError
        If q is not a matrix with at least one task, or the weights make no sense.

    Examples
    --------
    >>> board = neuco([[20.0, 5.0], [18.0, 6.0], [5.0, 5.0]])
    >>> board.ranks, board.weights.round(2)
    (array([1, 2, 3]), array([0.93, 0.07]))
    """
    values = score_matrix(q)
    complete = complete_rows(values)
    pool = values[complete]
    n_tasks = values.shape[1]
    if weights is None:
        spread = _spread(pool if floor is None else np.maximum(pool, floor))
    else:
        integer_weights(weights, n_tasks)  # refuses what makes no sense
        spread = np.array(weights, dtype=np.float64)
    shares = spread / math.fsum(spread)
    task_ranks = np.column_stack(
        [_ranks_against(pool[:, task], values[:, task]) for task in range(n_tasks)]
    )
    # fsum does not depend on the order of the tasks; rounding removes what noise is left.
    sums = [math.fsum(row) for row in (task_ranks * shares).tolist()]
    aggregate = np.round(sums, DECIMALS)
    return ranked(
        "neuco",
        list(zip((~complete).tolist(), aggregate.tolist(), strict=True)),
        aggregate=aggregate,
        task_ranks=task_ranks,
        weights=shares,
        complete=complete,
    )


def mean_score(scores: ArrayLike, *, weights: Weights | None = None) -> Ranking:
    """Average the scores over tasks, then rank (method 3). No other team affects the aggregate.

    Scores are compared and summed at a resolution of 1e-9. A submission with a task that could
    not be scored comes after all complete ones; its aggregate is over the tasks it has (0 if
    none).

    Parameters
    ----------
    scores
        Shape ``(n, t)``: mean split score of each submission on each task, larger is better.
    weights
        Shape ``(t,)``, the weights a phase announces; equal by default.

    Raises
    ------
    ValueError
        If scores is not a matrix with at least one task, or the weights make no sense.

    Examples
    --------
    >>> board = mean_score([[0.5, 0.1], [0.3, 0.5], [0.1, 0.5]])
    >>> board.ranks, board.aggregate
    (array([2, 1, 2]), array([0.3, 0.4, 0.3]))
    """
    return _mean(score_matrix(scores), weights=weights, method="mean-score")


def mean_q(q: ArrayLike, *, weights: Weights | None = None) -> Ranking:
    """Average Q over tasks, then rank (method 3); otherwise as `mean_score`.

    Examples
    --------
    >>> mean_q([[20.0, 5.0], [18.0, 6.0]]).ranks
    array([1, 2])
    """
    return _mean(score_matrix(q), weights=weights, method="mean-q")


def _mean(values: NDArray[np.float64], *, weights: Weights | None, method: str) -> Ranking:
    whole = integer_weights(weights, values.shape[1])
    complete = complete_rows(values)
    place, aggregate = _mean_places(values, whole, complete)
    return ranked(
        method,
        place,
        aggregate=aggregate,
        task_ranks=twice_average_ranks(values) / 2.0,
        weights=normalised(whole),
        complete=complete,
    )


def _mean_places(
    values: NDArray[np.float64], whole: Sequence[int], complete: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rank of each row's mean, complete rows first, and the means."""
    places = np.empty(len(values), dtype=np.int64)
    means = np.empty(len(values))
    # Integers again: a score is a whole number of billionths, so every tie is found.
    if (np.abs(values[complete]) < 1e6).all():
        billionths = np.rint(values[complete] * 10**DECIMALS).astype(np.int64)
        sums = exact_sums(billionths, whole)
        places[complete] = shared_ranks(-sums)
        means[complete] = sums / float(10**DECIMALS * sum(whole))
        rest = ~complete
    else:
        rest = np.ones(len(values), dtype=np.bool_)
    exact = [_exact_mean(row, whole) for row in values[rest].tolist()]
    keys = [(not c, -mean) for c, mean in zip(complete[rest], exact, strict=True)]
    places[rest] = shared_ranks(keys) + int(np.count_nonzero(~rest))
    means[rest] = [float(mean) for mean in exact]
    return places, means


def _exact_mean(row: Sequence[float], whole: Sequence[int]) -> Fraction:
    """Weighted mean of the scores that exist, 0 if none does."""
    pairs = [(Fraction(x), w) for x, w in zip(row, whole, strict=True) if not math.isnan(x)]
    present = [(round(x * 10**DECIMALS), w) for x, w in pairs]
    total = sum(w for _, w in present)
    return Fraction(sum(x * w for x, w in present), 10**DECIMALS * max(total, 1))


def _spread(pool: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation (ddof 1) of each task's Q; equal where there is nothing to compare."""
    n, n_tasks = pool.shape
    if n < 2 or not (pool.min(axis=0) < pool.max(axis=0)).any():
        return np.ones(n_tasks)
    # Sorted, so that the order of the submissions does not reach the last digit.
    ordered = np.sort(pool, axis=0)
    # A constant column has spread 0, whatever rounding makes of its mean.
    return np.where(ordered[0] < ordered[-1], ordered.std(axis=0, ddof=1), 0.0)


def _ranks_against(pool: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 + how many of the pool are better; NaN comes after the whole pool."""
    better = np.searchsorted(np.sort(-pool), -values, side="left")
    return 1.0 + np.where(np.isnan(values), pool.size, better)
