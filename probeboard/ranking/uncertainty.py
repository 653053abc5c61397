"""How sure the ranks of a pool are: intervals, chances, claims and what a rank hangs on."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.draw_agreement import AGREEING_DRAWS, draw_taus, task_draw_taus
from probeboard.ranking.draw_cache import DrawCache
from probeboard.ranking.draw_ranks import DrawSource, rank_draws
from probeboard.ranking.draws import with_gaps_as_nan
from probeboard.ranking.leave_entry import ranks_without_entry
from probeboard.ranking.leave_task import ranks_without_task
from probeboard.ranking.pair_draws import affordable_draws, draws_of_copeland, draws_of_tests
from probeboard.ranking.pool import RankingMethod
from probeboard.ranking.rank_sets import rank_sets, significantly_better, tiers
from probeboard.ranking.result import Ranking
from probeboard.ranking.row_ranks import row_ranks
from probeboard.ranking.scored import rank_scores
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import Weights

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
    task_draw_tau
        Shape ``(t,)``: mean Kendall tau-b of each task's order with the orders drawn of its
        scores; NaN where it is one tie.
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
    task_draw_tau: NDArray[np.float64]


def rank_uncertainty(
    method: RankingMethod | str,
    tasks: Sequence[TaskSplitScores],
    *,
    seed: str,
    weights: Weights | None = None,
    floor: float | None = 0.0,
    n_draws: int = 1000,
    level: float = LEVEL,
    cache: DrawCache | None = None,
    keys: Sequence[Hashable] | None = None,
) -> RankUncertainty | None:
    """Say how sure the ranks of a pool are.

    Parameters
    ----------
    method, weights, floor
        As for `rank_scores`.
    tasks
        The same n submissions in each.
    seed
        Names the random numbers, with each task's group: two pools with the same seed share them,
        submission by submission.
    n_draws
        How many draws.
    level
        Of intervals and rank sets.
    cache, keys
        Draws of earlier calls by key; a key names one submission's split scores on these tasks,
        for good. Without both, nothing is kept.

    Returns
    -------
    RankUncertainty | None
        None, as nothing is to be shown, with fewer than 3 submissions or 5 splits.

    Raises
    ------
    ValueError
        As for `rank_scores`, and if there is not one key per submission.

    Examples
    --------
    >>> splits = np.random.default_rng(0).normal([[0.9], [0.5], [0.5]], 0.05, (3, 40))
    >>> task = TaskSplitScores("slope", splits, test_to_train=0.25, group="sites")
    >>> sure = rank_uncertainty("average-rank", [task], seed="phase 1")
    >>> sure.tier, sure.rank_set.tolist(), sure.interval.tolist(), sure.p_first[0]
    (array([1, 2, 2]), [[1, 1], [2, 3], [2, 3]], [[1, 1], [2, 3], [2, 3]], np.float64(1.0))
    """
    tasks = [with_gaps_as_nan(task) for task in tasks]
    ranking = rank_scores(method, tasks, weights=weights, floor=floor)
    n = ranking.ranks.size
    if keys is not None and len(keys) != n:
        raise ValueError(f"{n} submissions need as many keys, not {len(keys)}")
    if n < FEWEST_ENTRIES or min(task.n_splits for task in tasks) < FEWEST_SPLITS:
        return None
    source = DrawSource(seed, n_draws, cache, keys)
    drawn = draw_ranks(ranking, tasks, source, weights=weights, floor=floor)
    better = significantly_better(
        ranking, tasks, seed=seed, weights=weights, n_draws=n_draws, level=level
    )
    by_task = row_ranks(np.ascontiguousarray(ranking.task_ranks.T), "min")
    return RankUncertainty(
        n_draws=len(drawn),
        interval=intervals(ranking.ranks, drawn, level=level),
        p_first=p_first(drawn),
        p_top3=np.asarray((drawn <= 3).mean(axis=0)),
        rank_set=rank_sets(better),
        tier=tiers(better),
        without_task=ranks_without_task(ranking, tasks, weights=weights, floor=floor),
        without_entry=ranks_without_entry(ranking, tasks, weights=weights, floor=floor),
        draw_tau=float(draw_taus(ranking.ranks, drawn[:AGREEING_DRAWS]).mean()),
        task_tau=draw_taus(ranking.ranks, by_task),
        task_draw_tau=task_draw_taus(
            tasks, of_q=RankingMethod(method).ranks_q, seed=seed, n_draws=len(drawn)
        ),
    )


def draw_ranks(
    ranking: Ranking,
    tasks: Sequence[TaskSplitScores],
    source: DrawSource,
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
) -> NDArray[np.int32]:
    """Rank draws by whichever method the full ranking is by, shape ``(n_draws, n)``.

    Those that look at pairs get fewer draws in a large pool, see `affordable_draws`.
    """
    n_draws = affordable_draws(ranking.ranks.size, len(tasks), source.n_draws)
    match RankingMethod(ranking.method):
        case RankingMethod.COPELAND:
            return draws_of_copeland(tasks, replace(source, n_draws=n_draws), weights=weights)
        case RankingMethod.TEST_THEN_RANK:
            return draws_of_tests(tasks, replace(source, n_draws=n_draws), weights=weights)
        case _:
            return rank_draws(ranking, tasks, source, weights=weights, floor=floor)


def intervals(
    ranks: NDArray[np.int64], drawn: NDArray[np.int32], *, level: float
) -> NDArray[np.int64]:
    """Central interval of each column's ranks, widened to hold the rank itself.

    Draws add noise to scores that have some already, which pulls ranks towards the middle; the
    rank on the board may lie outside of what the draws say, and is never denied.

    Examples
    --------
    >>> intervals(np.array([1, 2]), np.array([[1, 2], [2, 1], [2, 1], [2, 1]]), level=0.5)
    array([[1, 2],
           [1, 2]])
    """
    n_draws = len(drawn)
    tail = (1.0 - level) / 2.0
    # The smallest rank that at least that share of the draws does not exceed.
    low, high = (max(math.ceil(n_draws * p - 1e-9), 1) - 1 for p in (tail, 1.0 - tail))
    ordered = np.partition(drawn, (low, high), axis=0)
    return np.column_stack([np.minimum(ordered[low], ranks), np.maximum(ordered[high], ranks)])


def p_first(drawn: NDArray[np.int32]) -> NDArray[np.float64]:
    """Share of the draws in which each is first, a tie split among those who share it.

    Examples
    --------
    >>> p_first(np.array([[1, 1, 3], [1, 2, 3]]))
    array([0.75, 0.25, 0.  ])
    """
    first = drawn == 1
    return np.asarray((first / first.sum(axis=1, keepdims=True)).mean(axis=0))
