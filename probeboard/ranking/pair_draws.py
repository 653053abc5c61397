"""Ranks of draws by the methods that look at every pair: Copeland, test-then-rank.

Their time grows with the square of the pool, so a large pool gets fewer draws.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from probeboard.ranking.draw_ranks import DrawSource
from probeboard.ranking.draws import scored_rows
from probeboard.ranking.paired_tests import LEVEL
from probeboard.ranking.pairwise import copeland
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import Weights, exact_sums, integer_weights, shared_ranks
from probeboard.ranking.weighted_scores import weighted_scores

# Pairs times tasks times draws: a second or two; but no fewer draws than the last.
MOST_PAIRS = 2.5e8
FEWEST_DRAWS = 100
_CHUNK = 2**18


def affordable_draws(n: int, n_tasks: int, n_draws: int) -> int:
    """How many draws of n entries are ranked by pairs.

    Examples
    --------
    >>> affordable_draws(100, 11, 1000), affordable_draws(1000, 11, 1000)
    (1000, 100)
    """
    return min(n_draws, max(FEWEST_DRAWS, int(MOST_PAIRS / (n * n * n_tasks))))


def draws_of_copeland(
    tasks: Sequence[TaskSplitScores], source: DrawSource, *, weights: Weights | None = None
) -> NDArray[np.int32]:
    """Rank each draw as `copeland` does; shape ``(n_draws, n)``."""
    drawn = np.full((source.n_draws, len(tasks[0].scores), len(tasks)), np.nan, dtype=np.float32)
    for i, task in enumerate(tasks):
        rows = np.flatnonzero(scored_rows(task))
        for draws, some in source.chunks(task, of_q=False, rows=rows):
            drawn[draws, rows, i] = some
    return np.array([copeland(one, weights=weights).ranks for one in drawn], dtype=np.int32)


def draws_of_tests(
    tasks: Sequence[TaskSplitScores], source: DrawSource, *, weights: Weights | None = None
) -> NDArray[np.int32]:
    """Rank each draw as `rank_by_tests` does; shape ``(n_draws, n)``.

    A draw moves the means; the standard errors of differences stay those of the splits.
    """
    n = len(tasks[0].scores)
    wins = np.zeros((source.n_draws, n, len(tasks)), dtype=np.int64)
    for i, task in enumerate(tasks):
        scored = scored_rows(task)
        wins[:, scored, i] += np.count_nonzero(~scored)
        if np.count_nonzero(scored) > 1:
            wins[:, scored, i] += _wins(task, source, rows=np.flatnonzero(scored))
    whole = integer_weights(weights, len(tasks))
    ranks = [shared_ranks(-exact_sums(one, whole)) for one in wins]
    return np.array(ranks, dtype=np.int32)


def _wins(
    task: TaskSplitScores, source: DrawSource, *, rows: NDArray[np.intp]
) -> NDArray[np.int64]:
    part = TaskSplitScores(task.name, task.scores[rows], task.test_to_train, task.group)
    variances = weighted_scores([part], np.ones(1), of_q=False).variances_of_differences()
    # Who is better by the same on every split is better for certain; twins are not.
    precision = np.full(variances.shape, 1e9)
    np.divide(1.0, np.sqrt(variances), out=precision, where=variances > 0.0)
    wins = np.empty((source.n_draws, rows.size), dtype=np.int64)
    step = max(1, _CHUNK // rows.size**2)
    for draws, some in source.chunks(task, of_q=False, rows=rows):
        for start in range(0, len(some), step):
            theta = some[start : start + step]
            t = np.subtract(theta[:, :, None], theta[:, None, :], dtype=np.float64) * precision
            first = draws.start + start
            wins[first : first + len(theta)] = _holm_wins(t, dof=task.n_splits - 1)
    return wins


def _holm_wins(t: NDArray[np.floating], *, dof: int) -> NDArray[np.int64]:
    """Count significant wins of each row of each draw's (n, n) by Holm's procedure.

    It rejects r hypotheses where r is the smallest number with ``#{t >= critical(r)} = r``,
    critical(r) the value for level / (m - r): reached from 0 by repeating.
    """
    m = t.shape[1] * (t.shape[1] - 1)
    rejected = np.zeros(len(t), dtype=np.int64)
    while True:
        tail = LEVEL / np.maximum(m - rejected, 1)
        reached = t >= -special.stdtrit(dof, tail)[:, None, None]
        counted = np.count_nonzero(reached, axis=(1, 2))
        if (counted == rejected).all():
            return np.asarray(np.count_nonzero(reached, axis=2))
        rejected = counted
