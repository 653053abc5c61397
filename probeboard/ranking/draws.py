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
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.split_scores import TaskSplitScores

# From here on the chi-square factor is within a few percent of one.
ENOUGH_SPLITS = 20


def multipliers(seed: str, group: str, *, n_splits: int, n_draws: int) -> NDArray[np.float64]:
    """Random numbers that one seed and one group of tasks always get.

    Returns
    -------
    NDArray
        Shape ``(n_draws, n_splits)``: g, divided by √(χ²/(k-1)) where k < 20. The first draws of
        more are the same draws.

    Examples
    --------
    >>> g = multipliers("phase 1", "sites", n_splits=40, n_draws=1000)
    >>> bool((g[:10] == multipliers("phase 1", "sites", n_splits=40, n_draws=10)).all())
    True
    """
    g = _generator(seed, group, "normal").standard_normal((n_draws, n_splits))
    if n_splits < ENOUGH_SPLITS and n_splits > 1:
        dof = n_splits - 1
        chi_square = _generator(seed, group, "chi-square").chisquare(dof, n_draws)
        g /= np.sqrt(chi_square / dof)[:, None]
    return g


def deviations(task: TaskSplitScores) -> NDArray[np.float64]:
    """What a draw's multipliers are applied to: √((1/k + n_test/n_train)/(k-1)) (F - mean).

    Returns
    -------
    NDArray
        Shape ``(n, k)``; its product with its transpose is the corrected covariance of the means.
        NaN where a submission could not be scored.
    """
    scale = np.sqrt(task.variance_factor / (task.n_splits - 1))
    return np.asarray(scale * (task.scores - task.means[:, None]))


def _generator(seed: str, group: str, use: str) -> np.random.Generator:
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    name = f"{len(seed)}:{seed}{len(group)}:{group}{use}"
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "big")))
