"""Win rates: what share of a reference set a submission beats."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from probeboard.ranking.ties import Weights, exact_sums, integer_weights, score_matrix


def win_rates(
    scores: ArrayLike, reference: ArrayLike, *, weights: Weights | None = None
) -> NDArray[np.float64]:
    """Share of a reference set beaten on a task, ties counting half, averaged over tasks.

    Against baselines it says the same whoever else submits. Against the rest of the pool, if every
    task is scored, it is ``average_rank(scores).win_rate``.

    Parameters
    ----------
    scores
        Shape ``(n, t)``: mean split score of each submission on each task, larger is better.
        Compared to 1e-9; one that does not exist (NaN) is beaten by every one that does.
    reference
        Shape ``(m, t)``: those of the reference set.
    weights
        Shape ``(t,)``, the weights a phase announces; equal by default.

    Returns
    -------
    NDArray
        Shape ``(n,)``, in [0, 1]; NaN where the reference set is empty.

    Raises
    ------
    ValueError
        If scores is not a matrix with at least one task, the reference set has other tasks, or
        the weights make no sense.

    Examples
    --------
    >>> win_rates([[0.9, 0.2], [0.1, 0.1]], [[0.5, 0.2], [0.1, 0.1]])
    array([0.875, 0.25 ])
    """
    values, against = score_matrix(scores), score_matrix(reference)
    if values.shape[1] != against.shape[1]:
        raise ValueError(f"{values.shape[1]} tasks against {against.shape[1]}")
    whole = integer_weights(weights, values.shape[1])
    if not len(against):
        return np.full(len(values), np.nan)
    twice = np.column_stack(
        [_twice_beaten(mine, other) for mine, other in zip(values.T, against.T, strict=True)]
    )
    sums = exact_sums(twice, whole)
    return np.asarray(sums / float(2 * len(against) * sum(whole)), dtype=np.float64)


def _twice_beaten(scores: NDArray[np.float64], reference: NDArray[np.float64]) -> NDArray[np.int64]:
    """Twice how many of the reference are worse, plus how many are equal."""
    # -inf is below every score and equal to itself.
    mine = np.where(np.isnan(scores), -np.inf, scores)
    ascending = np.sort(np.where(np.isnan(reference), -np.inf, reference))
    worse = np.searchsorted(ascending, mine, side="left")
    not_better = np.searchsorted(ascending, mine, side="right")
    return np.asarray(worse + not_better, dtype=np.int64)
