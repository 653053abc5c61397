"""The split scores of a pool in one task: what methods and errors are made from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Q_OFFSET = 0.02


@dataclass(frozen=True, eq=False)
class TaskSplitScores:
    """n submissions scored on the same k splits of one task.

    Attributes
    ----------
    name
        Of the task.
    scores
        Shape ``(n, k)``, float64, larger is better, as they enter the mean. A row of NaN is a
        submission that could not be scored on this task.
    test_to_train
        Mean n_test / n_train of the splits, > 0: how strongly their training parts overlap.
    group
        Equal for tasks on the same samples and splits: their scores err together.

    Raises
    ------
    ValueError
        If scores is not a matrix with at least one column, or the ratio is negative or not finite.

    Examples
    --------
    >>> task = TaskSplitScores("slope", np.array([[0.4, 0.6]]), test_to_train=0.5, group="a")
    >>> task.means, task.qs.round(2), task.standard_errors.round(4)
    (array([0.5]), array([8.33]), array([0.1414]))
    """

    name: str
    scores: NDArray[np.float64]
    test_to_train: float
    group: str

    def __post_init__(self) -> None:
        if self.scores.ndim != 2 or self.scores.shape[1] == 0:
            raise ValueError(f"scores need shape (n, k) with k >= 1, not {self.scores.shape}")
        if not (np.isfinite(self.test_to_train) and self.test_to_train >= 0.0):
            raise ValueError(f"test_to_train is a ratio, not {self.test_to_train}")

    @property
    def n_splits(self) -> int:
        """How many splits there are."""
        return int(self.scores.shape[1])

    @property
    def means(self) -> NDArray[np.float64]:
        """Mean over the splits, shape ``(n,)``."""
        return np.asarray(self.scores.mean(axis=1))

    @property
    def qs(self) -> NDArray[np.float64]:
        """NeuCo-Bench's Q = 2·mean / (0.02 + std), std with ddof 0, shape ``(n,)``."""
        return np.asarray(2.0 * self.means / (Q_OFFSET + self.scores.std(axis=1)))

    @property
    def variance_factor(self) -> float:
        """Nadeau and Bengio's 1/k + n_test/n_train (2003, doi:10.1023/A:1024068626366)."""
        return 1.0 / self.n_splits + self.test_to_train

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Corrected standard error of each mean, shape ``(n,)``; NaN where there is one split."""
        if self.n_splits < 2:
            return np.full(self.scores.shape[0], np.nan)
        return np.asarray(self.scores.std(axis=1, ddof=1) * np.sqrt(self.variance_factor))
