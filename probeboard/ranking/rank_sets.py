"""Which differences between entries are claimed: simultaneous rank sets, and tiers.

For every pair of entries ``t_ij = (S_i - S_j) / √Var(S_i - S_j)``, S a figure per entry and the
variance corrected for overlapping splits (see `draws`). A pair is claimed to differ where |t_ij|
exceeds the 95 % quantile of max |S*_i - S*_j - (S_i - S_j)| / √Var over all pairs and draws of the
same splits, so that with 95 % confidence no claim at all is false. Claimed pairs leave the family,
the quantile of the rest is smaller, and so on until nothing more is claimed (Romano and Wolf,
*Econometrica* 73, 2005, doi:10.1111/j.1468-0262.2005.00615.x). Then ``[1 + how many are
significantly better, n - how many are significantly worse]`` are simultaneous confidence sets for
all ranks (Mogstad, Romano, Shaikh and Wilhelm, *Review of Economic Studies* 91, 2024,
doi:10.1093/restud/rdad006).

**The tails.** A draw is normal, but t has an estimated variance, on k - 1 degrees of freedom: the
quantile is moved to the t of the same tail. Otherwise the maximum over the 435 pairs of 30 equals
with k = 40 is exceeded in some 20 % of data sets.

**The figure.** An aggregate of ranks is not smooth in the scores, and a bootstrap of it has the
wrong size. False claims in % of 600 simulated data sets of equals (normal scores with the
covariance of overlapping splits, k = 40, 80/20, tasks in different units), and Kendall's tau of
the figure with the official order:

    entries x tasks                        3x1   3x3  3x11  10x11  30x1  30x11  tau (10x11)
    (a) average rank of the draws         24.0   2.2   3.5   19.7  80.0   57.3     1
    (b) weighted mean score                4.7   4.2   4.8    5.2   6.5    6.2     0.50
    (c) scores over the pool's spread      4.7   1.2   0.5    2.8   6.5    4.5     0.84
    (d) scores over the splits' spread     4.7   3.2   7.5    5.8   6.5    7.0     0.79
    (e) scores over both (chosen)          4.7   2.5   6.3    4.8   6.5    6.5     0.80

Among equals where half of the entries are truly better: 3.0 to 7.3 (e). On real random splits of
least squares, 400 data sets of equals: (e) 3.8, 5.0, 3.5 for 3x1, 6x3, 6x11 at 80/20 and 4.8, 2.0,
1.2 at 90/10; (a) 21, 12, 9.5 and 19, 10.5, 7.5. As built, with 299 draws and other seeds, 500 or
1000 data sets: 4.7, 4.7, 3.9, 6.0, 8.6, 5.2 in the order of the table. (c) misses real differences
in small pools (finds 11 % of them where (e) finds 37 %); (d) lets one precise task outvote the
others where tasks differ in how far entries lie apart: 4 % of its claims contradict the official
order, of (e)'s 0.03 %. A naive paired t-test, Wilcoxon test or bootstrap over the splits of a
single pair claims a difference in about 40 % of data sets at 90/10, more at 80/20.

So S is, for ``mean-score`` and ``mean-q``, the official aggregate itself; for methods that rank,
the weighted sum of scores (Qs for ``neuco``) in units of `spread_of_pool`. With weights of
``neuco`` that are not frozen, which are the spread of Q, that unit cancels: S is the mean Q, whose
false claims on real splits are 4 to 5 % at 80/20 (up to 10 % on a single task at 90/10). A pair is
claimed only if the official ranks agree, so a rank set always holds the rank.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from probeboard.ranking.pool import RankingMethod
from probeboard.ranking.result import Ranking
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import Weights
from probeboard.ranking.weighted_scores import WeightedScores, spread_of_pool, weighted_scores

_COMPLETE_FIRST = (RankingMethod.NEUCO, RankingMethod.MEAN_SCORE, RankingMethod.MEAN_Q)

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
    weights: Weights | None = None,
    n_draws: int = 1000,
    level: float = 0.95,
) -> NDArray[np.bool_]:
    """Tell which entries are better than which, all claims together at the level.

    Who ranks after all complete submissions for want of a score, by the rule of ``neuco``,
    ``mean-score`` and ``mean-q``, is worse than those for certain.

    Parameters
    ----------
    ranking
        By the official method.
    tasks, weights
        What it was made from.
    seed, n_draws
        As for `rank_uncertainty`; a large pool uses fewer of the draws.
    level
        Probability that no claim is false.

    Returns
    -------
    NDArray
        Shape ``(n, n)``: True where the row is claimed to be better than the column.

    Examples
    --------
    >>> from probeboard.ranking.scored import rank_scores
    >>> splits = np.random.default_rng(0).normal([[0.9], [0.5], [0.5]], 0.05, (3, 40))
    >>> tasks = [TaskSplitScores("slope", splits, test_to_train=0.25, group="sites")]
    >>> significantly_better(rank_scores("average-rank", tasks), tasks, seed="phase 1").astype(int)
    array([[0, 1, 1],
           [0, 0, 0],
           [0, 0, 0]])
    """
    method = RankingMethod(ranking.method)
    by_rule = method in _COMPLETE_FIRST
    n = ranking.ranks.size
    better = np.zeros((n, n), dtype=np.bool_)
    coefficients = _coefficients(ranking, tasks, frozen=weights is not None)
    tested = np.flatnonzero(ranking.complete | (not by_rule))
    if tested.size > 1 and coefficients.any():
        part = [replace(task, scores=task.scores[tested]) for task in tasks]
        weighted = weighted_scores(part, coefficients, of_q=method.ranks_q)
        claims = step_down(weighted, seed=seed, n_draws=n_draws, level=level)
        better[np.ix_(tested, tested)] = claims
    if by_rule:
        better |= ranking.complete[:, None] & ~ranking.complete[None, :]
    return better & (ranking.ranks[:, None] < ranking.ranks[None, :])


def step_down(
    weighted: WeightedScores, *, seed: str, n_draws: int, level: float
) -> NDArray[np.bool_]:
    """Claim which differ, of all pairs at once: True where the row is ahead of the column."""
    n = weighted.values.size
    order = np.argsort(-weighted.values, kind="stable")  # who is close is next to each other
    values = weighted.values[order]
    # One over the standard error of each pair in the family, 0 of all others.
    precision = np.zeros((n, n), dtype=np.float32)
    variances = weighted.variances_of_differences()[np.ix_(order, order)]
    np.divide(1.0, np.sqrt(variances), out=precision, where=np.triu(variances > 0.0, 1))
    t = (values[:, None] - values[None, :]) * precision
    enough = max(FEWEST_DRAWS, int(MOST_PAIR_DRAWS / (n * n / 2)))
    drawn = weighted.deviations_drawn(seed, min(n_draws, enough))[order]
    place = min(math.ceil(level * (drawn.shape[1] + 1)), drawn.shape[1]) - 1
    ahead = np.zeros((n, n), dtype=np.bool_)
    for _ in range(MOST_STEPS):
        quantile = float(np.sort(_largest(drawn, precision))[place])
        critical = -special.stdtrit(weighted.dof, special.ndtr(-quantile))
        claimed = (t > critical) & (precision > 0.0)
        ahead |= claimed
        precision[claimed] = 0.0
        if not claimed.any() or not precision.any():
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


def _coefficients(
    ranking: Ranking, tasks: Sequence[TaskSplitScores], *, frozen: bool
) -> NDArray[np.float64]:
    """What scores are multiplied by for the figure that claims are judged on."""
    method = RankingMethod(ranking.method)
    if method in (RankingMethod.MEAN_SCORE, RankingMethod.MEAN_Q):
        return ranking.weights
    if method is RankingMethod.NEUCO and not frozen:
        return np.full(len(tasks), 1.0 / len(tasks))
    spreads = np.array([spread_of_pool(task, of_q=method.ranks_q) for task in tasks])
    coefficients = np.zeros(len(tasks))
    np.divide(ranking.weights, spreads, out=coefficients, where=spreads > 0.0)
    return coefficients


def _largest(drawn: NDArray[np.float32], precision: NDArray[np.float32]) -> NDArray[np.float32]:
    """Largest |difference| · precision over the family of pairs i < j, for each draw."""
    n, n_draws = drawn.shape
    largest = np.zeros(n_draws, dtype=np.float32)
    family = precision > 0.0
    stops = np.where(family.any(axis=1), n - family[:, ::-1].argmax(axis=1), 0)
    starts = family.argmax(axis=1)
    for first in range(0, n_draws, DRAWS_AT_A_TIME):
        some = np.ascontiguousarray(drawn[:, first : first + DRAWS_AT_A_TIME])
        found = largest[first : first + DRAWS_AT_A_TIME]
        room = np.empty_like(some)
        for i in np.flatnonzero(stops):
            others = slice(starts[i], stops[i])
            apart = np.subtract(some[others], some[i], out=room[: stops[i] - starts[i]])
            apart *= precision[i, others, None]
            np.abs(apart, out=apart)
            np.maximum(found, apart.max(axis=0), out=found)
    return largest
