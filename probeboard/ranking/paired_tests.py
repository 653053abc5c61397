"""Official method 4: count whom a submission beats significantly, by corrected paired tests."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from probeboard.ranking.result import Ranking, ranked
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import (
    Weights,
    complete_rows,
    exact_sums,
    integer_weights,
    normalised,
    rounded,
    shared_ranks,
)

LEVEL = 0.05

# A standard deviation below the resolution of scores is none, and one so much smaller than what
# it is the difference of has lost its digits and is taken again from the differences.
_RESOLUTION = 1e-9
_CANCELLED = 1e-9
_STRIDE = 512


def rank_by_tests(
    tasks: Sequence[TaskSplitScores], *, weights: Weights | None = None, level: float = LEVEL
) -> Ranking:
    """Rank by the share of the others beaten significantly, averaged over tasks (method 4).

    On each task every ordered pair is tested (`paired_t`) and Holm's procedure is applied to
    the n(n - 1) of them, so the chance that any claim of a task is wrong is at most the level.
    Conservative: on few splits nobody may beat anybody, which is then a tie of all.

    Parameters
    ----------
    tasks
        The split scores of the same n submissions on each task, of at least two splits.
    weights
        Shape ``(t,)``, the weights a phase announces; equal by default.
    level
        Of significance, per task.

    Returns
    -------
    Ranking
        Its aggregate is the average share of significant wins, in [0, 1]; that of a single
        submission is 1. Who could not be scored on a task is beaten on it by all who could.

    Raises
    ------
    ValueError
        If there is no task, they differ in their number of submissions, one has a single split,
        or the weights make no sense.

    Examples
    --------
    >>> splits = np.array([[0.9, 0.8, 0.9], [0.89, 0.8, 0.92], [0.2, 0.3, 0.25]])
    >>> task = TaskSplitScores("slope", splits, test_to_train=0.25, group="a")
    >>> board = rank_by_tests([task])
    >>> board.ranks, board.aggregate
    (array([1, 1, 3]), array([0.5, 0.5, 0. ]))
    """
    if not tasks:
        raise ValueError("there is no task to rank by")
    n = len(tasks[0].scores)
    if any(len(task.scores) != n for task in tasks):
        raise ValueError("the tasks differ in their number of submissions")
    whole = integer_weights(weights, len(tasks))
    wins = np.column_stack([significant_wins(task, level=level) for task in tasks])
    sums = exact_sums(wins, whole)
    share = sums / float((n - 1) * sum(whole)) if n > 1 else np.ones(n)
    return ranked(
        "test-then-rank",
        -sums,
        aggregate=np.asarray(share, dtype=np.float64),
        task_ranks=np.column_stack([shared_ranks(-column) for column in wins.T]).astype(np.float64),
        weights=normalised(whole),
        complete=complete_rows(np.column_stack([rounded(task.means) for task in tasks])),
    )


def significant_wins(task: TaskSplitScores, *, level: float = LEVEL) -> NDArray[np.int64]:
    """Count whom each submission beats significantly on a task, of all pairs by Holm.

    Returns
    -------
    NDArray
        Shape ``(n,)``, int64. Who could not be scored is beaten by all who could, without a test.

    Raises
    ------
    ValueError
        As for `paired_t`.

    Examples
    --------
    >>> splits = np.array([[0.9, 0.8, 0.9], [0.89, 0.8, 0.92], [np.nan] * 3])
    >>> significant_wins(TaskSplitScores("slope", splits, test_to_train=0.25, group="a"))
    array([1, 1, 0])
    """
    t = paired_t(task)
    scored = np.isfinite(task.scores).all(axis=1)
    n_scored = int(np.count_nonzero(scored))
    least = _least_significant_t(
        t[t > 0.0], dof=task.n_splits - 1, n_tests=n_scored * (n_scored - 1), level=level
    )
    wins = np.count_nonzero(t >= least, axis=1)
    return np.asarray(wins + np.where(scored, len(t) - n_scored, 0), dtype=np.int64)


def paired_t(task: TaskSplitScores) -> NDArray[np.float64]:
    """Corrected paired t of every ordered pair, on k - 1 degrees of freedom.

    With d the differences of two submissions on the k splits and s their standard deviation
    (ddof 1), ``t = mean(d) / (s · sqrt(1/k + n_test/n_train))``: splits share training samples, so
    their differences are not independent (Nadeau and Bengio 2003, doi:10.1023/A:1024068626366).

    Returns
    -------
    NDArray
        Shape ``(n, n)``: positive where the row is better than the column. 0 where the two means
        are equal to 1e-9, infinite where one is better by the same on every split, NaN where one
        of the two could not be scored.

    Raises
    ------
    ValueError
        If the task has a single split: nothing tells how much a score varies.

    Examples
    --------
    >>> splits = np.array([[0.9, 0.8, 0.7], [0.6, 0.6, 0.6]])
    >>> paired_t(TaskSplitScores("slope", splits, test_to_train=2 / 3, group="a")).round(6)
    array([[ 0.,  2.],
           [-2.,  0.]])
    """
    if task.n_splits < 2:
        raise ValueError(f"task {task.name!r} has a single split: nothing can be tested")
    values = np.where(np.isfinite(task.scores).all(axis=1, keepdims=True), task.scores, np.nan)
    scale = max(1.0, float(np.nanmax(np.abs(values), initial=0.0)))  # t has no unit
    values = values / scale
    means = values.mean(axis=1)
    resolution = max(_RESOLUTION / scale, 1e-14)
    variances = _variances_of_differences(values - means[:, None])
    steady = variances <= resolution**2
    places = rounded(means * scale)  # two means that rank the same differ by nothing
    d = means[:, None] - means[None, :]
    d[places[:, None] == places[None, :]] = 0.0
    t = d / np.sqrt(task.variance_factor * np.where(steady, 1.0, variances))
    t[steady & (d > 0.0)] = np.inf
    return np.where(steady & (d < 0.0), -np.inf, t)


def holm(p: NDArray[np.float64], *, level: float) -> NDArray[np.bool_]:
    """Tell which hypotheses Holm's step-down procedure rejects (Holm 1979).

    The smallest of m values is held against ``level / m``, the next against ``level / (m - 1)``
    and so on, until one is not small enough. This keeps the chance of any wrong rejection below
    the level, whatever the dependence of the tests.

    Parameters
    ----------
    p
        Shape ``(m,)``, no NaN.
    level
        Of significance of the whole family.

    Returns
    -------
    NDArray
        Shape ``(m,)``, bool.

    Examples
    --------
    >>> holm(np.array([0.04, 0.01, 0.02, 0.9]), level=0.05)
    array([False,  True, False, False])
    """
    ordered = np.argsort(p, kind="stable")
    fails = p[ordered] > level / (p.size - np.arange(p.size))
    rejected = np.zeros(p.shape, dtype=np.bool_)
    rejected[ordered[: int(fails.argmax()) if fails.any() else p.size]] = True
    return rejected


def _least_significant_t(t: NDArray[np.float64], *, dof: int, n_tests: int, level: float) -> float:
    """Give the smallest t that Holm's procedure rejects, NaN where it rejects none.

    The same as `holm` on all p, of which it computes few: a million of Student's tails take half
    a second. Between two positions of the sorted t, p grows and so does what it is held against.
    """
    descending = -np.sort(-t)
    steps = np.append(np.arange(0, t.size, _STRIDE), t.size)
    least = np.nan  # which no t reaches
    for start, stop in pairwise(steps.tolist()):
        first = level / (n_tests - start)
        if special.stdtr(dof, -descending[stop - 1]) > first:
            block = descending[start:stop]
            limits = level / (n_tests - np.arange(start, stop))
            fails = special.stdtr(dof, -block) > limits
            if fails.any():
                failed = start + int(fails.argmax())
                return float(descending[failed - 1]) if failed else least
        least = float(descending[stop - 1])
    return least


def _variances_of_differences(Z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Variance (ddof 1) of every difference of two rows that are centred already."""
    C = Z @ Z.T
    own = np.diagonal(C)
    total = own[:, None] + own[None, :]
    sums = total - 2.0 * C
    np.fill_diagonal(total, np.nan)  # a row and itself differ by nothing
    np.fill_diagonal(sums, 0.0)
    rows, columns = np.nonzero(sums <= _CANCELLED * total)
    for start in range(0, rows.size, 2**14):
        i, j = rows[start : start + 2**14], columns[start : start + 2**14]
        sums[i, j] = np.square(Z[i] - Z[j]).sum(axis=1)
    return np.asarray(sums / (Z.shape[1] - 1))
