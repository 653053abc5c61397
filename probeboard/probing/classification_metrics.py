"""Metrics of predicted classes: class numbers ``(n,)``, or 0 and 1 of shape ``(n, c)``.

Finite for any input; where scikit-learn warns of an undefined value, ours is stated.
"""

import numpy as np
from numpy.typing import NDArray

Classes = NDArray[np.int64]


def f1(truth: Classes, predicted: Classes) -> float:
    """F1 of the positive class, 1: 2·TP / (2·TP + FP + FN), 0 if there is no positive anywhere.

    Examples
    --------
    >>> f1(np.array([0, 1, 1]), np.array([0, 1, 0])) == 2 / 3
    True
    """
    hits = int(((truth == 1) & (predicted == 1)).sum())
    called = int((truth == 1).sum()) + int((predicted == 1).sum())
    return 2.0 * hits / called if called else 0.0


def macro_f1(truth: Classes, predicted: Classes) -> float:
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


def accuracy(truth: Classes, predicted: Classes) -> float:
    """Share of samples whose class was predicted.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 0]))
    0.75
    """
    return float(np.mean(truth == predicted))


def balanced_accuracy(truth: Classes, predicted: Classes) -> float:
    """Mean recall of the classes that occur in truth; chance is 1 over their number.

    Examples
    --------
    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """
    size = int(max(truth.max(), predicted.max())) + 1
    hits = np.bincount(truth[truth == predicted], minlength=size)
    occurring = np.bincount(truth, minlength=size)
    return float((hits[occurring > 0] / occurring[occurring > 0]).mean())


def cohen_kappa(truth: Classes, predicted: Classes) -> float:
    """Cohen's κ = (p_o - p_e)/(1 - p_e): agreement beyond that of the same counts at random.

    0 if truth and prediction are one and the same class throughout, where it is undefined: that
    agreement is no more than chance's.

    Examples
    --------
    >>> cohen_kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))
    0.5
    """
    size = int(max(truth.max(), predicted.max())) + 1
    n = truth.size
    observed = float(np.mean(truth == predicted))
    counts = np.bincount(truth, minlength=size) @ np.bincount(predicted, minlength=size)
    expected = int(counts) / n**2
    return (observed - expected) / (1.0 - expected) if expected < 1.0 else 0.0


def micro_f1(truth: Classes, predicted: Classes) -> float:
    """F1 over all samples and labels at once, each pair counting alike; shapes ``(n, c)``.

    Examples
    --------
    >>> micro_f1(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [1, 0]]))
    0.8
    """
    return f1(truth.ravel(), predicted.ravel())


def mean_f1_of_labels(truth: Classes, predicted: Classes) -> float:
    """Unweighted mean of F1 over the labels (macro-F1 of a multilabel task); shapes ``(n, c)``.

    A label that no sample has and none was called has F1 0, for every submission alike.

    Examples
    --------
    >>> mean_f1_of_labels(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [1, 0]]))
    0.5
    """
    return float(np.mean([f1(y, z) for y, z in zip(truth.T, predicted.T, strict=True)]))
