"""Weighted sums of scores over tasks, with how they vary together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.draws import deviations, multipliers, scored_rows
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import DECIMALS, Weights, integer_weights, normalised

# Interquartile range of a normal distribution, in standard deviations.
NORMAL_QUARTILES = 1.349


@dataclass(frozen=True, eq=False)
class WeightedScores:
    """One figure per submission and what its error is made of.

    Attributes
    ----------
    values
        Shape ``(n,)``.
    parts
        By group of tasks and number of splits: shape ``(n, k)``, what multipliers are applied to.
        Groups err independently; the sum over them of each part's product with its transpose is
        the covariance of the values.
    resolution
        A spread below this is none: what differences of 1e-9 in each score amount to.
    """

    values: NDArray[np.float64]
    parts: dict[tuple[str, int], NDArray[np.float64]]
    resolution: float

    @property
    def errors(self) -> NDArray[np.float64]:
        """Corrected standard error of each value, shape ``(n,)``."""
        squares = [np.square(part).sum(axis=1) for part in self.parts.values()]
        return np.asarray(np.sqrt(np.sum(squares, axis=0)))

    @property
    def dof(self) -> int:
        """Degrees of freedom of any difference, at least: those of the group with fewest splits."""
        return min(n_splits for _, n_splits in self.parts) - 1

    def variances_of_differences(self) -> NDArray[np.float64]:
        """Var(i - j) = C_ii + C_jj - 2 C_ij, shape ``(n, n)``.

        Exactly 0 where the difference of two is the same on every split, as of identical ones.
        """
        n = len(self.values)
        covariance = np.zeros((n, n))
        for part in self.parts.values():
            # What all share cancels in differences; taken out first, it costs no digits.
            apart = part - part.mean(axis=0)
            covariance += apart @ apart.T
        own = covariance.diagonal().copy()
        both = own[:, None] + own[None, :]
        covariance *= -2.0
        covariance += both
        covariance[covariance <= np.maximum(1e-12 * both, self.resolution**2)] = 0.0
        return covariance

    def deviations_drawn(self, seed: str, n_draws: int) -> NDArray[np.float32]:
        """Normal draws of the errors, shape ``(n, n_draws)``."""
        drawn = np.zeros((len(self.values), n_draws))
        for (group, k), part in self.parts.items():
            drawn += part @ multipliers(seed, group, n_splits=k, n_draws=n_draws, student=False).T
        return drawn.astype(np.float32)


def weighted_scores(
    tasks: Sequence[TaskSplitScores],
    coefficients: NDArray[np.float64],
    *,
    of_q: bool,
) -> WeightedScores:
    """Sum a submission's mean scores, or Qs, times a coefficient per task.

    A score that does not exist counts as the worst of the pool, which is known for certain.

    Examples
    --------
    >>> scores = np.array([[0.4, 0.6], [0.2, 0.3]])
    >>> task = TaskSplitScores("slope", scores, test_to_train=0.25, group="a")
    >>> weighted = weighted_scores([task], np.array([1.0]), of_q=False)
    >>> weighted.values, weighted.errors.round(3), task.standard_errors.round(3)
    (array([0.5 , 0.25]), array([0.122, 0.061]), array([0.122, 0.061]))
    """
    values = np.zeros(len(tasks[0].scores))
    parts: dict[tuple[str, int], NDArray[np.float64]] = {}
    for task, coefficient in zip(tasks, coefficients, strict=True):
        scored = scored_rows(task)
        if coefficient == 0.0 or not scored.any():
            continue
        of_task = task.qs if of_q else task.means
        values += coefficient * np.where(scored, of_task, of_task[scored].min())
        errors = np.where(scored[:, None], deviations(task, of_q=of_q), 0.0)
        key = (task.group, task.n_splits)
        parts[key] = parts.get(key, 0.0) + coefficient * errors
    resolution = 10.0**-DECIMALS * float(np.linalg.norm(coefficients))
    return WeightedScores(values, parts, resolution)


def mean_score_errors(
    tasks: Sequence[TaskSplitScores], *, weights: Weights | None = None
) -> NDArray[np.float64]:
    """Corrected standard error of each submission's weighted mean score.

    Tasks on the same samples err together, which their covariance accounts for.

    Parameters
    ----------
    tasks
        Of the same n submissions.
    weights
        Shape ``(t,)``; equal by default.

    Returns
    -------
    NDArray
        Shape ``(n,)``, in the unit of the score; NaN where a task could not be scored or has a
        single split.

    Raises
    ------
    ValueError
        If the weights make no sense.

    Examples
    --------
    >>> scores = np.array([[0.4, 0.6], [np.nan, np.nan]])
    >>> task = TaskSplitScores("slope", scores, test_to_train=0.25, group="a")
    >>> mean_score_errors([task]).round(3)
    array([0.122,   nan])
    """
    shares = normalised(integer_weights(weights, len(tasks)))
    if min(task.n_splits for task in tasks) < 2:
        return np.full(len(tasks[0].scores), np.nan)
    complete = np.logical_and.reduce([scored_rows(task) for task in tasks])
    return np.where(complete, weighted_scores(tasks, shares, of_q=False).errors, np.nan)


def spread_of_pool(task: TaskSplitScores, *, of_q: bool) -> float:
    """How far scores of a task lie apart: over the pool, and over what the splits could have been.

    ``√((IQR / 1.349)² + median corrected variance)``, neither of which one wild submission moves;
    where most are the same for certain, the standard deviation over the pool.

    Examples
    --------
    >>> scores = np.array([[0.3, 0.3], [0.4, 0.4], [0.5, 0.5], [0.6, 0.6], [-9.0, -9.0]])
    >>> task = TaskSplitScores("slope", scores, test_to_train=0.25, group="a")
    >>> round(spread_of_pool(task, of_q=False), 3)
    0.148
    """
    scored = scored_rows(task)
    if not scored.any():
        return 0.0
    of_task = (task.qs if of_q else task.means)[scored]
    lower, upper = np.quantile(of_task, [0.25, 0.75])
    variances = np.square(deviations(task, of_q=of_q)[scored]).sum(axis=1)
    spread = np.hypot((upper - lower) / NORMAL_QUARTILES, np.sqrt(np.median(variances)))
    return float(spread) or float(of_task.std())
