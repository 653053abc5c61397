"""Metrics, and the figures that summarise a task's split scores.

Every metric is finite for any finite input and equals scikit-learn's of the same name; computed
here because scikit-learn checks its arguments for longer than the arithmetic takes.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split, TaskType

METRIC = {
    TaskType.REGRESSION: "r2",
    TaskType.BINARY: "f1",
    TaskType.MULTICLASS: "macro_f1",
}
# An R² has no lower bound; one bad split must not decide a mean, so it counts as no less than this.
FLOOR = -1.0


def r2(truth: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Coefficient of determination, R² = 1 - Σ(y - ŷ)² / Σ(y - ȳ)².

    Constant truth has no R²: 1 if predicted exactly, otherwise 0, as in scikit-learn.

    Examples
    --------
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    """
    residual = float(((truth - predicted) ** 2).sum())
    total = float(((truth - truth.mean()) ** 2).sum())
    if total == 0.0:
        return 1.0 if residual == 0.0 else 0.0
    return 1.0 - residual / total


def f1(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """F1 of the positive class, 1: 2·TP / (2·TP + FP + FN), 0 if there is no positive anywhere.

    Examples
    --------
    >>> f1(np.array([0, 1, 1]), np.array([0, 1, 0])) == 2 / 3
    True
    """
    hits = int(((truth == 1) & (predicted == 1)).sum())
    called = int((truth == 1).sum()) + int((predicted == 1).sum())
    return 2.0 * hits / called if called else 0.0


def macro_f1(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> float:
    """Unweighted mean of F1 over the classes that occur in truth or prediction.

    Examples
    --------
    >>> macro_f1(np.array([0, 0, 2, 2]), np.array([0, 0, 2, 0]))  # F1: 0.8 and 2/3, no class 1
    0.7333333333333334
    """
    size = int(max(truth.max(), predicted.max())) + 1
    hits = np.bincount(truth[truth == predicted], minlength=size)
    called = np.bincount(truth, minlength=size) + np.bincount(predicted, minlength=size)
    return float((2.0 * hits[called > 0] / called[called > 0]).mean())


def floored(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Split scores as they enter a mean: none below -1."""
    return np.maximum(scores, FLOOR)


def q_score(scores: NDArray[np.float64]) -> float:
    """NeuCo-Bench's quality score, Q = 2·mean / (0.02 + std), std with ddof 0.

    Source: Vinge et al. 2026, arXiv:2510.17914. For a negative mean it rewards instability.

    Parameters
    ----------
    scores
        Shape ``(k,)``: split scores.

    Examples
    --------
    >>> q_score(np.array([0.5]))
    50.0
    """
    return float(2.0 * scores.mean() / (0.02 + scores.std()))


def standard_error(scores: NDArray[np.float64], *, test_to_train: float) -> float | None:
    """Standard error of a mean split score, corrected for training parts that overlap.

    s·√(1/k + n_test/n_train), s with ddof 1 (Nadeau & Bengio, *Machine Learning* 52, 2003,
    doi:10.1023/A:1024068626366). A single split says nothing of its own spread: None.

    Parameters
    ----------
    scores
        Shape ``(k,)``.
    test_to_train
        n_test / n_train of a split.

    Examples
    --------
    >>> standard_error(np.array([0.4, 0.6]), test_to_train=0.5)
    0.14142135623730948
    >>> standard_error(np.array([0.4]), test_to_train=0.5) is None
    True
    """
    if scores.size < 2:
        return None
    return float(scores.std(ddof=1)) * math.sqrt(1.0 / scores.size + test_to_train)


def test_to_train(splits: Sequence[Split]) -> float:
    """Mean n_test / n_train of splits."""
    return float(np.mean([split.test.size / split.train.size for split in splits]))
