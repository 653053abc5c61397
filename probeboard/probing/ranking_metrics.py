"""Metrics of an order: of samples by their score, and of what a query found.

Finite for any finite input; where scikit-learn warns of an undefined value, ours is stated.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.regression_metrics import mean_ranks

Array = NDArray[Any]
Classes = NDArray[np.int64]


def average_precision(truth: Classes, scores: Array) -> float:
    """Σ (R_i - R_{i-1})·P_i over the thresholds, descending; 0 if no sample is positive.

    P_i and R_i are precision and recall of calling all samples positive that score at least the
    i-th highest of the distinct scores. Chance is the share of positives.

    Parameters
    ----------
    truth, scores
        Shape ``(n,)``: 0 or 1; what is higher for likelier positives.

    Examples
    --------
    >>> average_precision(np.array([1, 0, 1]), np.array([0.9, 0.5, 0.1])) == (1 + 2 / 3) / 2
    True
    """
    positives = int(truth.sum())
    if positives == 0:
        return 0.0
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last_of_ties = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits = np.cumsum(truth[order])[last_of_ties]
    gained = np.diff(hits, prepend=0)
    return float(gained @ (hits / (last_of_ties + 1.0))) / positives


def roc_auc(truth: Classes, scores: Array) -> float:
    """Probability that a positive outscores a negative, ties counting half (Mann and Whitney's U).

    0.5, which is chance, if all samples are of one class, where it is undefined.

    Parameters
    ----------
    truth, scores
        As `average_precision`.

    Examples
    --------
    >>> roc_auc(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.1, 0.1]))
    0.625
    """
    positives = int(truth.sum())
    negatives = truth.size - positives
    if positives == 0 or negatives == 0:
        return 0.5
    ranks = float(mean_ranks(scores)[truth == 1].sum())
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)


def micro_map(truth: Classes, scores: Array) -> float:
    """Average precision over all samples and labels at once (micro mAP); shapes ``(n, c)``.

    Examples
    --------
    >>> micro_map(np.array([[1, 0], [1, 1]]), np.array([[3.0, 0.0], [1.0, 2.0]]))
    1.0
    """
    return average_precision(truth.ravel(), scores.ravel())


def macro_map(truth: Classes, scores: Array) -> float:
    """Unweighted mean of average precision over the labels (macro mAP); shapes ``(n, c)``.

    A label that no sample has counts 0, for every submission alike.

    Examples
    --------
    >>> macro_map(np.array([[1, 0], [1, 1]]), np.array([[3.0, 2.0], [1.0, 1.0]]))
    0.75
    """
    by_label = zip(truth.T, scores.T, strict=True)
    return float(np.mean([average_precision(y, z) for y, z in by_label]))


def average_precision_at(relevant: NDArray[np.bool_], n_relevant: Array) -> NDArray[np.float64]:
    """Average precision of the first m that each query found, AP@m.

    (1/min(m, R))·Σ_{i ≤ m} rel_i·P_i, with P_i the share of relevant ones among the first i, and R
    how many relevant there are to be found: so 1 is reached if R < m too. 0 if R is 0.

    Parameters
    ----------
    relevant
        Shape ``(queries, m)``: whether what was found is relevant, best first.
    n_relevant
        Shape ``(queries,)``: R.

    Examples
    --------
    >>> found = np.array([[True, False, True]])
    >>> average_precision_at(found, np.array([2])).tolist() == [(1 + 2 / 3) / 2]
    True
    """
    places = np.arange(1, relevant.shape[1] + 1)
    precision = np.cumsum(relevant, axis=1) / places
    reachable = np.minimum(n_relevant, relevant.shape[1])
    found: NDArray[np.float64] = (precision * relevant).sum(axis=1) / np.maximum(reachable, 1)
    return found
