"""Draws of what the scores could have been: a Gaussian multiplier bootstrap over splits.

The k splits of a ShuffleSplit share training samples, so their scores are correlated, and the
variance of their mean is not s²/k. Nadeau and Bengio (*Machine Learning* 52, 2003,
doi:10.1023/A:1024068626366, section 5) estimate it by ``s² (1/k + n_test/n_train)``, s² with
ddof 1; the covariance of two submissions scored on the same splits likewise, with their sample
covariance in place of s². A draw

    θ*_i = mean_i + √((1/k + n_test/n_train)/(k - 1)) · Σ_j g_j (F_ij - mean_i),   g ~ N(0, I_k)

has, given the scores, exactly that covariance, as ``Cov(Σ_j g_j a_j, Σ_j g_j b_j) = Σ_j a_j b_j``.
The same g serves every submission and every task of a group (same samples, same splits), so what
submissions and tasks share cancels in differences as it does in the scores. With k < 20 splits
s² itself is uncertain: a draw's deviation is divided by √(χ²_{k-1}/(k-1)), the same for a whole
group, which makes each θ* Student's t with k - 1 degrees of freedom, as the corrected t-test has.

Q = 2 m / (0.02 + s) is drawn from draws of m, as above, and of the standard deviation s. With z
the standardised scores of the splits, by the delta method

    log s* = log s + ½ √((1/k + c²/(1 - c²))/(k - 1)) · Σ_j g_j (z_j² - 1),   the same g,

where c = n_test/(n_test + n_train) is the correlation of two splits that the correction assumes
(1/k + c/(1 - c) is its factor), and c² that of their squares, were they normal. The logarithm
keeps s* positive. Without c² the claims of `rank_sets` on Q would be false too often on real
splits (up to 12 % at a nominal 5 %), with all of the correction of m never right (0 to 3 %).
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.split_scores import Q_OFFSET, TaskSplitScores
from probeboard.ranking.ties import rounded

# From here on the chi-square factor is within a few percent of one.
ENOUGH_SPLITS = 20


def multipliers(
    seed: str, group: str, *, n_splits: int, n_draws: int, student: bool = True
) -> NDArray[np.float64]:
    """Random numbers that one seed and one group of tasks always get.

    Returns
    -------
    NDArray
        Shape ``(n_draws, n_splits)``: g, divided by √(χ²/(k-1)) where k < 20 unless `student` is
        false. The first draws of more are the same draws.

    Examples
    --------
    >>> g = multipliers("phase 1", "sites", n_splits=40, n_draws=1000)
    >>> bool((g[:10] == multipliers("phase 1", "sites", n_splits=40, n_draws=10)).all())
    True
    """
    g = _generator(seed, group, "normal").standard_normal((n_draws, n_splits))
    if student and n_splits < ENOUGH_SPLITS:
        dof = n_splits - 1
        chi_square = _generator(seed, group, "chi-square").chisquare(dof, n_draws)
        g /= np.sqrt(chi_square / dof)[:, None]
    return g


def deviations(task: TaskSplitScores, *, of_q: bool = False) -> NDArray[np.float64]:
    """What multipliers are applied to: √((1/k + n_test/n_train)/(k-1)) (F - mean).

    Parameters
    ----------
    task
        At least two splits.
    of_q
        Those of Q instead, to first order:
        ``dQ = 2 dm / (0.02 + s) - 2 m ds / (0.02 + s)²``.

    Returns
    -------
    NDArray
        Shape ``(n, k)``; its product with its transpose is the corrected covariance of the means,
        or of the Qs. NaN where a submission could not be scored.
    """
    k = task.n_splits
    # Identical submissions get identical rows, whatever their place in memory.
    scores = np.ascontiguousarray(task.scores)
    from_mean = scores - task.means[:, None]
    of_mean = np.sqrt(task.variance_factor / (k - 1)) * from_mean
    if not of_q:
        return np.asarray(of_mean)
    s = scores.std(axis=1)[:, None]
    of_spread = s * _log_spread(task)
    scale = 2.0 / (Q_OFFSET + s)
    return np.asarray(scale * of_mean - scale * task.means[:, None] / (Q_OFFSET + s) * of_spread)


@dataclass(frozen=True, eq=False)
class TaskDraws:
    """Draws of one task's mean scores, or Qs, made as they are asked for.

    Attributes
    ----------
    g
        Shape ``(n_draws, k)``, of `multipliers`.
    centre
        Shape ``(n,)``: the means; of Q, too.
    from_centre
        Shape ``(n, k)``: `deviations` of the means.
    spread, log_spread
        Of Q only, shapes ``(n,)`` and ``(n, k)``: s, and what g is applied to for log s*.
    """

    g: NDArray[np.float64]
    centre: NDArray[np.float64]
    from_centre: NDArray[np.float64]
    spread: NDArray[np.float64] | None = None
    log_spread: NDArray[np.float64] | None = None

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Draws ``start .. stop - 1``, shape ``(stop - start, n)``.

        Products are made in float64 and kept in float32: what the order of summation leaves in
        the last digits, and with it how many submissions are computed at once, does not show.
        """
        g = self.g[start:stop]
        drawn = g @ self.from_centre.T
        drawn += self.centre
        if self.spread is not None and self.log_spread is not None:
            spread = self.spread * np.exp(g @ self.log_spread.T)
            drawn = 2.0 * drawn / (Q_OFFSET + spread)
        return drawn.astype(np.float32)


def task_draws(
    task: TaskSplitScores, *, of_q: bool, seed: str, n_draws: int, rows: NDArray[np.intp]
) -> TaskDraws:
    """Draws of the submissions in these rows, all of which must have been scored.

    Examples
    --------
    >>> scores = np.array([[0.4, 0.6, 0.5, 0.4, 0.7], [0.2, 0.3, 0.2, 0.2, 0.4]])
    >>> task = TaskSplitScores("slope", scores, test_to_train=0.25, group="a")
    >>> draws = task_draws(task, of_q=False, seed="phase", n_draws=500, rows=np.arange(2))
    >>> draws.between(0, 500).shape, draws.between(0, 500).mean(axis=0).round(2)
    ((500, 2), array([0.52, 0.26], dtype=float32))
    """
    part = TaskSplitScores(task.name, task.scores[rows], task.test_to_train, task.group)
    g = multipliers(seed, task.group, n_splits=task.n_splits, n_draws=n_draws)
    if not of_q:
        return TaskDraws(g, part.means, deviations(part))
    spread = part.scores.std(axis=1)
    return TaskDraws(g, part.means, deviations(part), spread, _log_spread(part))


def scored_rows(task: TaskSplitScores) -> NDArray[np.bool_]:
    """Tell which submissions could be scored on a task, shape ``(n,)``.

    Examples
    --------
    >>> scores = np.array([[0.4, 0.6], [np.nan, np.nan]])
    >>> scored_rows(TaskSplitScores("slope", scores, test_to_train=0.25, group="a"))
    array([ True, False])
    """
    return np.asarray(np.isfinite(task.scores).all(axis=1))


def with_gaps_as_nan(task: TaskSplitScores) -> TaskSplitScores:
    """Replace a whole row by NaN where a score is not finite: nothing is computed from the rest.

    Examples
    --------
    >>> scores = np.array([[0.4, 0.6], [np.inf, 0.5]])
    >>> with_gaps_as_nan(TaskSplitScores("slope", scores, test_to_train=0.25, group="a")).scores
    array([[0.4, 0.6],
           [nan, nan]])
    """
    scored = scored_rows(task)
    return replace(task, scores=np.where(scored[:, None], task.scores, np.nan))


def first_of_twins(task: TaskSplitScores) -> NDArray[np.intp]:
    """For each submission, the first with the same split scores to 1e-9: mostly itself.

    Examples
    --------
    >>> scores = np.array([[0.4, 0.6], [0.5, 0.5], [0.4, 0.6]])
    >>> first_of_twins(TaskSplitScores("slope", scores, test_to_train=0.25, group="a"))
    array([0, 1, 0])
    """
    first: dict[bytes, int] = {}
    rows = rounded(task.scores) + 0.0  # -0.0 is 0.0
    return np.array([first.setdefault(row.tobytes(), i) for i, row in enumerate(rows)], np.intp)


def _log_spread(task: TaskSplitScores) -> NDArray[np.float64]:
    """What g is applied to for log s*, 0 where nothing spreads."""
    k, ratio = task.n_splits, task.test_to_train
    spread = task.scores.std(axis=1)[:, None]
    steady = spread == 0.0
    squares = ((task.scores - task.means[:, None]) / np.where(steady, 1.0, spread)) ** 2
    # c²/(1 - c²) of c = r/(1 + r) is r²/(1 + 2 r).
    scale = 0.5 * np.sqrt((1.0 / k + ratio**2 / (1.0 + 2.0 * ratio)) / (k - 1))
    return np.where(steady, 0.0, scale * (squares - 1.0))


def _generator(seed: str, group: str, use: str) -> np.random.Generator:
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    name = f"{len(seed)}:{seed}{len(group)}:{group}{use}"
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
