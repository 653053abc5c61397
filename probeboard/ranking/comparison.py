"""Two entries side by side: by how much one is ahead, on each task and over all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.draws import deviations, multipliers, with_gaps_as_nan
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import DECIMALS, Weights, integer_weights

# As in `rank_uncertainty`: fewer splits say nothing about their spread.
FEWEST_SPLITS = 5
TAIL = 0.025


@dataclass(frozen=True)
class Difference:
    """The score of one entry less that of another.

    Attributes
    ----------
    difference
        Of the means over splits, in the unit of the score; None where either could not be scored.
    low, high
        Its 95 % interval, corrected for overlapping splits; None with fewer than 5 splits.
    p_better
        Probability that the first entry is better, a tie counting half.
    """

    difference: float | None
    low: float | None
    high: float | None
    p_better: float | None


@dataclass(frozen=True)
class Comparison:
    """One entry against another: `tasks` in the order given, `overall` the weighted mean score."""

    tasks: tuple[Difference, ...]
    overall: Difference


def compare(
    tasks: Sequence[TaskSplitScores],
    a: int,
    b: int,
    *,
    seed: str,
    weights: Weights | None = None,
    n_draws: int = 10_000,
) -> Comparison:
    """Compare entry a with entry b, positive where a is better.

    Both are scored on the same splits, so their difference is taken split by split: what makes a
    split hard for both cancels. Draws are those of `rank_uncertainty` (the first ones, where it
    makes fewer). Each interval stands for itself: with many pairs looked at, claims come from
    rank sets.

    Parameters
    ----------
    tasks
        The same submissions in each.
    a, b
        Rows of the tasks' scores.
    seed
        As for `rank_uncertainty`.
    weights
        Shape ``(t,)``, for the mean score over tasks; equal by default.
    n_draws
        How many draws.

    Raises
    ------
    ValueError
        If there is no task, or the weights make no sense.
    IndexError
        If there is no such row.

    Examples
    --------
    >>> scores = np.random.default_rng(0).normal([[0.7], [0.5]], 0.01, (2, 40))
    >>> task = TaskSplitScores("slope", scores, test_to_train=0.25, group="sites")
    >>> found = compare([task], 0, 1, seed="phase 1").overall
    >>> round(found.difference, 2), found.low < 0.2 < found.high, found.p_better
    (0.2, True, 1.0)
    """
    whole = integer_weights(weights, len(tasks))
    shares = [weight / sum(whole) for weight in whole]
    each = [_drawn(task, a, b, seed=seed, n_draws=n_draws) for task in tasks]
    counted = [(share, one) for share, one in zip(shares, each, strict=True) if share > 0]
    means = math.fsum(share * mean for share, (mean, _) in counted)
    errors = np.sum([share * error for share, (_, error) in counted], axis=0)
    return Comparison(
        tasks=tuple(difference_of(mean, error) for mean, error in each),
        overall=difference_of(means, errors),
    )


def _drawn(
    task: TaskSplitScores, a: int, b: int, *, seed: str, n_draws: int
) -> tuple[float, NDArray[np.float64]]:
    """Difference of the means, and its errors as drawn, shape (n_draws,); NaN if there are none."""
    both = with_gaps_as_nan(replace(task, scores=task.scores[[a, b]])).scores
    one = replace(task, scores=both[:1] - both[1:])
    if task.n_splits < FEWEST_SPLITS:
        return float(one.means[0]), np.full(n_draws, np.nan)
    g = multipliers(seed, task.group, n_splits=task.n_splits, n_draws=n_draws)
    return float(one.means[0]), np.asarray(g @ deviations(one)[0])


def difference_of(mean: float, errors: NDArray[np.float64]) -> Difference:
    """Describe a difference from its draws, shape ``(n_draws,)``; NaN where there are none.

    Examples
    --------
    >>> difference_of(0.5, np.array([-1.0, 0.0, 1.0, -0.5])).p_better
    0.625
    """
    if not math.isfinite(mean):
        return Difference(None, None, None, None)
    if np.isnan(errors).any():
        return Difference(mean, None, None, None)
    drawn = np.round(mean + errors, DECIMALS)
    low, high = np.quantile(drawn, [TAIL, 1 - TAIL])
    p_better = np.mean(drawn > 0) + np.mean(drawn == 0) / 2
    return Difference(mean, float(low), float(high), float(p_better))
