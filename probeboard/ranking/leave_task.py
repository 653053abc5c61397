"""What a rank hangs on: its range when each task is left out in turn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.paired_tests import significant_wins
from probeboard.ranking.pool import RankingMethod
from probeboard.ranking.result import Ranking
from probeboard.ranking.scored import rank_scores
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import Weights, integer_weights, shared_ranks


def ranks_without_task(
    ranking: Ranking,
    tasks: Sequence[TaskSplitScores],
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
) -> NDArray[np.int64]:
    """Range of each rank when each task is left out in turn.

    Parameters
    ----------
    ranking
        By the official method, of all tasks.
    tasks, weights, floor
        As for `rank_scores`.

    Returns
    -------
    NDArray
        Shape ``(n, 2)``: smallest and largest. The rank itself where no task with a weight is left.

    Examples
    --------
    >>> a = TaskSplitScores("a", np.array([[0.9], [0.5]]), test_to_train=0.25, group="a")
    >>> b = TaskSplitScores("b", np.array([[0.1], [0.2]]), test_to_train=0.25, group="b")
    >>> ranks_without_task(rank_scores("average-rank", [a, b]), [a, b])
    array([[1, 2],
           [1, 2]])
    """
    whole = integer_weights(weights, len(tasks))
    every = range(len(tasks))
    rests = [[j for j in every if j != i] for i in every]
    boards = [rest for rest in rests if any(whole[j] for j in rest)]
    if not boards:
        found = [ranking.ranks]
    elif ranking.method == RankingMethod.TEST_THEN_RANK:
        found = _by_wins(tasks, whole, boards)
    else:
        found = [
            rank_scores(
                ranking.method,
                [tasks[j] for j in rest],
                weights=None if weights is None else [float(weights[j]) for j in rest],
                floor=floor,
            ).ranks
            for rest in boards
        ]
    return np.column_stack([np.min(found, axis=0), np.max(found, axis=0)])


def _by_wins(
    tasks: Sequence[TaskSplitScores], whole: Sequence[int], boards: Sequence[Sequence[int]]
) -> list[NDArray[np.int64]]:
    """Rank by wins on the tasks of each board: tested once, as a task's tests need no other."""
    wins = np.column_stack([significant_wins(task) for task in tasks]) * np.array(whole, object)
    return [shared_ranks(list(-wins[:, rest].sum(axis=1))) for rest in boards]
