"""Metrics of predicted values.

Each takes truth and predictions of shape ``(n,)``, or ``(n, t)`` for several targets: then it is
the unweighted mean over the targets. Finite for any finite input.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

LARGEST = float(np.finfo(np.float64).max)


def r2(truth: Values, predicted: Values) -> float:
    """Coefficient of determination, R² = 1 - Σ(y - ŷ)² / Σ(y - ȳ)².

    Constant truth has no R²: 1 if predicted exactly, otherwise 0, as in scikit-learn; so also for a
    single sample, where scikit-learn has none.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    >>> r2(np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]), np.array([[1.0, 5], [2, 6], [4, 7]]))
    0.75
    """
    return _mean_over_targets(_r2, truth, predicted)


def mse(truth: Values, predicted: Values) -> float:
    """Mean squared error, in the labels' unit squared; beyond float64 its largest value.

    Examples
    --------
    >>> mse(np.array([0.0, 0.0]), np.array([1.0, 3.0]))
    5.0
    """
    with np.errstate(over="ignore"):
        return _mean_over_targets(
            lambda y, z: min(float(np.mean(np.square(y - z))), LARGEST), truth, predicted
        )


def mae(truth: Values, predicted: Values) -> float:
    """Mean absolute error, in the labels' unit; beyond float64 its largest value.

    Examples
    --------
    >>> mae(np.array([0.0, 0.0]), np.array([1.0, -3.0]))
    2.0
    """
    with np.errstate(over="ignore"):
        return _mean_over_targets(
            lambda y, z: min(float(np.mean(np.abs(y - z))), LARGEST), truth, predicted
        )


def spearman(truth: Values, predicted: Values) -> float:
    """Spearman's correlation: Pearson's of the ranks, ties sharing their mean rank, in [-1, 1].

    0 if truth or prediction is constant, where it is undefined: an order was not predicted.

    Examples
    --------
    >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 10.0, 5.0])), 6)
    0.5
    """
    return _mean_over_targets(_spearman, truth, predicted)


def mean_ranks(values: Values) -> Values:
    """Ranks from 1, ascending, of ``(n,)`` values; ties share the mean of theirs.

    Examples
    --------
    >>> mean_ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, which, times = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(times)
    ranks: Values = (last - (times - 1) / 2)[which]
    return ranks


def _r2(truth: Values, predicted: Values) -> float:
    residual = float(((truth - predicted) ** 2).sum())
    total = float(((truth - truth.mean()) ** 2).sum())
    if total == 0.0:
        return 1.0 if residual == 0.0 else 0.0
    # Truth that is constant up to rounding makes a quotient that float64 has not.
    return max(1.0 - residual / total, -LARGEST)


def _spearman(truth: Values, predicted: Values) -> float:
    a, b = mean_ranks(truth), mean_ranks(predicted)
    a -= a.mean()
    b -= b.mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / spread, -1.0, 1.0)) if spread else 0.0


def _mean_over_targets(
    metric: Callable[[Values, Values], float], truth: Values, predicted: Values
) -> float:
    if truth.ndim == 1:
        return metric(truth, predicted)
    by_target = [metric(y, z) for y, z in zip(truth.T, predicted.T, strict=True)]
    # Divided first: a sum of the largest values would not be one.
    return float(sum(value / len(by_target) for value in by_target))
