"""Which differences between entries are claimed: simultaneous rank sets, and tiers."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from probeboard.ranking.pool import RankingMethod
from probeboard.ranking.result import Ranking
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.weighted_scores import WeightedScores, spread_of_pool, weighted_scores

# Stopping early claims less, never more.
MOST_STEPS = 5
# Fewer draws for many entries: pairs times draws, but never fewer draws than the last. A critical
# value that is the ⌈level · (B + 1)⌉-th of B draws holds the level exactly, however many they are.
MOST_PAIR_DRAWS = 1.5e8
FEWEST_DRAWS = 199
DRAWS_AT_A_TIME = 256


def significantly_better(
    ranking: Ranking,
    tasks: Sequence[TaskSplitScores],
    *,
    seed: str,
    n_draws: int = 1000,
    level: float = 0.95,
) -> NDArray[np.bool_]:
    """Tell which entries are better than which, with all claims true at once at the level."""
    of_q = RankingMethod(ranking.method).ranks_q
    averages = ranking.method in (RankingMethod.MEAN_SCORE, RankingMethod.MEAN_Q)
    coefficients = ranking.weights.copy()
    if not averages:
        spreads = np.array([spread_of_pool(task, of_q=of_q) for task in tasks])
        np.divide(coefficients, spreads, out=coefficients, where=spreads > 0.0)
        coefficients[spreads == 0.0] = 0.0
    better = np.zeros((len(ranking.ranks),) * 2, dtype=np.bool_)
    by_rule = averages or ranking.method == RankingMethod.NEUCO
    tested = np.flatnonzero(ranking.complete | (not by_rule))
    if tested.size > 1 and coefficients.any():
        part = [TaskSplitScores(t.name, t.scores[tested], t.test_to_train, t.group) for t in tasks]
        weighted = weighted_scores(part, coefficients, of_q=of_q)
        better[np.ix_(tested, tested)] = step_down(
            weighted, seed=seed, n_draws=n_draws, level=level
        )
    if by_rule:
        better |= ranking.complete[:, None] & ~ranking.complete[None, :]
    return better & (ranking.ranks[:, None] < ranking.ranks[None, :])


def step_down(
    weighted: WeightedScores, *, seed: str, n_draws: int, level: float
) -> NDArray[np.bool_]:
    """All pairs, studentised max-T."""
    n = len(weighted.values)
    order = np.argsort(-weighted.values, kind="stable")
    variances = weighted.variances_of_differences()[np.ix_(order, order)]
    values = weighted.values[order]
    scale = np.zeros((n, n), dtype=np.float32)
    np.divide(1.0, np.sqrt(variances), out=scale, where=np.triu(variances > 0.0, 1))
    del variances
    t = (values[:, None] - values[None, :]) * scale
    enough = max(FEWEST_DRAWS, int(MOST_PAIR_DRAWS / (n * n / 2)))
    drawn = weighted.deviations_drawn(seed, min(n_draws, enough))[order]
    place = min(math.ceil(level * (drawn.shape[1] + 1)), drawn.shape[1]) - 1
    ahead = np.zeros((n, n), dtype=np.bool_)
    for _ in range(MOST_STEPS):
        largest = np.sort(_largest(drawn, scale))[place]
        # Each t is Student's, the draws are normal: compared where their tails are the same.
        critical = -special.stdtrit(weighted.dof, special.ndtr(-float(largest)))
        claimed = t > critical
        claimed &= scale > 0.0
        if not claimed.any():
            break
        ahead |= claimed
        scale[claimed] = 0.0
        if not scale.any():
            break
    better = np.zeros((n, n), dtype=np.bool_)
    better[np.ix_(order, order)] = ahead
    return better


def rank_sets(better: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rank sets ``[1 + how many are significantly better, n - how many are worse]``.

    Examples
    --------
    >>> rank_sets(np.array([[False, False, True], [False, False, False], [False, False, False]]))
    array([[1, 2],
           [1, 3],
           [2, 3]])
    """
    return np.column_stack([1 + better.sum(axis=0), len(better) - better.sum(axis=1)])


def tiers(better: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Tier 1: all than whom nobody is significantly better; then the same of the rest.

    Examples
    --------
    >>> tiers(np.array([[False, False, True], [False, False, False], [False, False, False]]))
    array([1, 1, 2])
    """
    found = np.zeros(len(better), dtype=np.int64)
    beaten_by = better.sum(axis=0)
    tier = 0
    while (left := found == 0).any():
        tier += 1
        best = left & (beaten_by == 0)
        found[best] = tier
        beaten_by = beaten_by - better[best].sum(axis=0)
    return found


def _largest(drawn: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Largest |difference| · scale over pairs i < j, for each draw."""
    n, n_draws = drawn.shape
    largest = np.zeros(n_draws, dtype=np.float32)
    counts = scale > 0.0
    stops = np.where(counts.any(axis=1), n - counts[:, ::-1].argmax(axis=1), 0)
    starts = counts.argmax(axis=1)
    for first in range(0, n_draws, DRAWS_AT_A_TIME):
        some = np.ascontiguousarray(drawn[:, first : first + DRAWS_AT_A_TIME])
        found = largest[first : first + DRAWS_AT_A_TIME]
        room = np.empty_like(some)
        for i in np.flatnonzero(stops):
            others = slice(starts[i], stops[i])
            apart = np.subtract(some[others], some[i], out=room[: stops[i] - starts[i]])
            apart *= scale[i, others, None]
            np.abs(apart, out=apart)
            np.maximum(found, apart.max(axis=0), out=found)
    return largest
