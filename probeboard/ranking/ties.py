"""Ranks, ties and sums in which float noise breaks no tie."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Two scores closer than this are the same score: the resolution of every ranking.
DECIMALS = 9

Weights = Sequence[float] | NDArray[np.float64]


def rounded(scores: ArrayLike) -> NDArray[np.float64]:
    """Scores rounded to 1e-9, with NaN wherever one is not finite.

    Examples
    --------
    >>> rounded([0.1 + 0.2, np.inf])
    array([0.3, nan])
    """
    values = np.array(scores, dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    # Larger floats are further apart than 1e-9 anyway, and the largest would overflow in rounding.
    small = np.abs(values) < 1e6
    values[small] = np.round(values[small], DECIMALS)
    return values


def shared_ranks(keys: Sequence[Any] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Rank by increasing key: 1 + how many keys are smaller, so ties share the smaller rank.

    Examples
    --------
    >>> shared_ranks([2, 1, 2, 5]), shared_ranks(np.array([2, 1, 2, 5]))
    (array([2, 1, 2, 4]), array([2, 1, 2, 4]))
    """
    if isinstance(keys, np.ndarray):
        return np.searchsorted(np.sort(keys), keys, side="left").astype(np.int64) + 1
    first: dict[Any, int] = {}
    for position, key in enumerate(sorted(keys)):
        first.setdefault(key, position + 1)
    return np.array([first[key] for key in keys], dtype=np.int64)


def score_matrix(scores: ArrayLike) -> NDArray[np.float64]:
    """Rounded scores of shape ``(n, t)``, as of `rounded`.

    Raises
    ------
    ValueError
        If scores is not a matrix with at least one task.

    Examples
    --------
    >>> score_matrix([[0.1 + 0.2, 1.0]])
    array([[0.3, 1. ]])
    """
    values = rounded(scores)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"scores need shape (n, t) with t >= 1, not {values.shape}")
    return values


def complete_rows(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which rows have every score.

    Examples
    --------
    >>> complete_rows(np.array([[0.1, 0.2], [0.1, np.nan]]))
    array([ True, False])
    """
    return np.asarray(~np.isnan(values).any(axis=1))


def twice_average_ranks(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Twice the rank by decreasing score, where ties share their average rank: an integer.

    NaN, a score that does not exist, ranks after every score: ``n_valid + 1``.

    Parameters
    ----------
    scores
        Shape ``(n,)``, or ``(n, t)`` to rank each column.

    Returns
    -------
    NDArray
        Of the same shape, int64.

    Examples
    --------
    >>> twice_average_ranks(np.array([0.9, 0.5, 0.5, np.nan]))
    array([2, 5, 5, 8])
    """
    if scores.ndim == 2:
        return np.column_stack([twice_average_ranks(column) for column in scores.T])
    valid = ~np.isnan(scores)
    ascending = np.sort(-scores[valid])
    # The ranks of a group of ties run from `better + 1` to `not_worse`; twice their mean is the sum
    # of the two ends.
    better = np.searchsorted(ascending, -scores, side="left")
    not_worse = np.searchsorted(ascending, -scores, side="right")
    twice = np.where(valid, better + 1 + not_worse, 2 * (ascending.size + 1))
    return twice.astype(np.int64)


def twice_shared_ranks(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Twice the rank by decreasing score, where ties share the smaller rank.

    Otherwise as `twice_average_ranks`, in whose place it may stand.

    Examples
    --------
    >>> twice_shared_ranks(np.array([0.9, 0.5, 0.5, np.nan]))
    array([2, 4, 4, 8])
    """
    if scores.ndim == 2:
        return np.column_stack([twice_shared_ranks(column) for column in scores.T])
    ascending = np.sort(-scores)  # NaN comes last, after every score
    return 2 * (1 + np.searchsorted(ascending, -scores, side="left")).astype(np.int64)


def integer_weights(weights: Weights | None, n_tasks: int) -> list[int]:
    """Scale weights to integers in exactly the same proportions; None means equal ones.

    A weight means the decimal number it is written as: 0.1 is a tenth, not the nearest float.

    Raises
    ------
    ValueError
        If there is not one weight per task, one is negative or not finite, or all are zero.

    Examples
    --------
    >>> integer_weights([0.1, 0.2, 0.5], 3)
    [1, 2, 5]
    """
    if weights is None:
        return [1] * n_tasks
    values = [float(weight) for weight in weights]
    if len(values) != n_tasks:
        raise ValueError(f"{n_tasks} tasks need as many weights, not {len(values)}")
    if not all(math.isfinite(value) and value >= 0.0 for value in values) or not any(values):
        raise ValueError("weights must be finite, none negative and not all zero")
    exact = [Fraction(repr(value)) for value in values]
    scale = math.lcm(*(fraction.denominator for fraction in exact))
    whole = [int(fraction * scale) for fraction in exact]
    divisor = math.gcd(*whole)
    return [weight // divisor for weight in whole]


def normalised(whole: Sequence[int]) -> NDArray[np.float64]:
    """Integer weights as shares of their sum.

    Examples
    --------
    >>> normalised([1, 3])
    array([0.25, 0.75])
    """
    return np.array([weight / sum(whole) for weight in whole])


# Below this, integers and their quotients are exact in float64 too.
_EXACT = 2**53


def exact_sums(values: NDArray[np.int64], whole: Sequence[int]) -> NDArray[np.int64]:
    """Weighted sums of the rows of integers: int64, or Python integers where those overflow.

    Parameters
    ----------
    values
        Shape ``(n, t)``.
    whole
        Shape ``(t,)``: weights, as of `integer_weights`.

    Returns
    -------
    NDArray
        Shape ``(n,)``, exact; of dtype object where a sum could pass 2^53.

    Examples
    --------
    >>> exact_sums(np.array([[1, 2], [3, 4]]), [1, 10])
    array([21, 43])
    """
    largest = int(np.abs(values).max(initial=1))
    if largest * sum(whole) < _EXACT:
        return np.asarray(values @ np.array(whole, dtype=np.int64))
    return np.asarray(values.astype(object) @ np.array(whole, dtype=object))
