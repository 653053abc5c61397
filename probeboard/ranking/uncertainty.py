"""How sure the ranks of a pool are: intervals, chances, claims and what a rank hangs on."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.draw_cache import DrawCache
from probeboard.ranking.draws import deviations, multipliers
from probeboard.ranking.methods import Weights
from probeboard.ranking.pool import RankingMethod, rank
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import integer_weights

LEVEL = 0.95
FEWEST_ENTRIES = 3
FEWEST_SPLITS = 5


@dataclass(frozen=True, eq=False)
class RankUncertainty:
    """What is shown beside the ranks of n submissions over t tasks.

    Attributes
    ----------
    n_draws
        How many draws it is made from.
    interval
        Shape ``(n, 2)``, int64: the 95 % interval of each rank; holds the rank itself.
    p_first
        Shape ``(n,)``: probability of being first, a tie split; sums to 1.
    p_top3
        Shape ``(n,)``: probability of a rank of 3 or better.
    rank_set
        Shape ``(n, 2)``, int64: simultaneous 95 % confidence sets for all ranks; each holds the
        rank itself.
    tier
        Shape ``(n,)``, int64: 1 for all that may be best; 2 for all that may be best of the rest.
    without_task
        Shape ``(n, 2)``, int64: the range of the rank when each task is left out in turn.
    without_entry
        Shape ``(n, 2)``, int64: the range when each other entry is left out in turn, which keeps
        its place, so that only a change of order among the others shows.
    draw_tau
        Mean Kendall tau-b of the draws' rankings with the full ranking, in [-1, 1]; NaN where
        the full ranking is one tie.
    task_tau
        Shape ``(t,)``: Kendall tau-b of each task's ranking with the full ranking; NaN where
        either is one tie.
    """

    n_draws: int
    interval: NDArray[np.int64]
    p_first: NDArray[np.float64]
    p_top3: NDArray[np.float64]
    rank_set: NDArray[np.int64]
    tier: NDArray[np.int64]
    without_task: NDArray[np.int64]
    without_entry: NDArray[np.int64]
    draw_tau: float
    task_tau: NDArray[np.float64]


def rank_uncertainty(
    method: RankingMethod | str,
    tasks: Sequence[TaskSplitScores],
    *,
    seed: str,
    weights: Weights | None = None,
    floor: float | None = 0.0,
    n_draws: int = 1000,
    cache: DrawCache | None = None,
    keys: Sequence[Hashable] | None = None,
) -> RankUncertainty | None:
    """Say how sure the ranks of a pool are.

    Parameters
    ----------
    method, weights, floor
        As for `rank`.
    tasks
        The same n submissions in each.
    seed
        Names the random numbers, with each task's group: two pools with the same seed share them,
        submission by submission.
    n_draws
        How many draws.
    cache, keys
        Draws of earlier calls by key; a key names one submission's split scores on these tasks,
        for good. Without either, nothing is kept.

    Returns
    -------
    RankUncertainty | None
        None, as nothing is to be shown, with fewer than 3 submissions or 5 splits.

    Raises
    ------
    ValueError
        If the tasks differ in their submissions, or the arguments make no sense to the method.
    """
    n = tasks[0].scores.shape[0]
    if n < FEWEST_ENTRIES or min(task.n_splits for task in tasks) < FEWEST_SPLITS:
        return None
    by_q = RankingMethod(method).ranks_q
    values = np.column_stack([task.qs if by_q else task.means for task in tasks])
    ranks = rank(method, values, weights=weights, floor=floor).ranks
    errors = np.stack([_errors(task, seed=seed, n_draws=n_draws) for task in tasks], axis=2)
    drawn = np.array(
        [rank(method, values + error, weights=weights, floor=floor).ranks for error in errors]
    )
    first = drawn == 1
    low, high = np.quantile(
        drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0, method="inverted_cdf"
    )
    better = _significant(values, errors, weights=weights)
    pairs = np.column_stack([ranks, ranks])
    return RankUncertainty(
        n_draws=n_draws,
        interval=np.column_stack([np.minimum(low, ranks), np.maximum(high, ranks)]),
        p_first=(first / first.sum(axis=1, keepdims=True)).mean(axis=0),
        p_top3=(drawn <= 3).mean(axis=0),
        rank_set=np.column_stack([1 + better.sum(axis=0), n - better.sum(axis=1)]),
        tier=_tiers(better),
        without_task=pairs,
        without_entry=pairs,
        draw_tau=1.0,
        task_tau=np.ones(len(tasks)),
    )


def _errors(task: TaskSplitScores, *, seed: str, n_draws: int) -> NDArray[np.float64]:
    g = multipliers(seed, task.group, n_splits=task.n_splits, n_draws=n_draws)
    return np.asarray(g @ deviations(task).T)


def _significant(
    values: NDArray[np.float64], errors: NDArray[np.float64], *, weights: Weights | None
) -> NDArray[np.bool_]:
    shares = np.array(
        integer_weights(np.ones(values.shape[1]) if weights is None else weights, values.shape[1]),
        dtype=np.float64,
    )
    shares /= shares.sum()
    overall, drawn = values @ shares, errors @ shares
    apart = drawn[:, :, None] - drawn[:, None, :]
    spread = apart.std(axis=0)
    spread[spread <= 1e-12] = np.inf
    critical = np.quantile((np.abs(apart) / spread).max(axis=(1, 2)), LEVEL)
    return np.asarray((overall[:, None] - overall[None, :]) / spread > critical)


def _tiers(better: NDArray[np.bool_]) -> NDArray[np.int64]:
    tiers = np.zeros(len(better), dtype=np.int64)
    while (rest := tiers == 0).any():
        tiers[rest & ~better[rest].any(axis=0)] = tiers.max() + 1
    return tiers
