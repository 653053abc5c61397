"""What a ranking method returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Ranking:
    """n submissions ranked over t tasks.

    Attributes
    ----------
    method
        ``average-rank``, ``neuco``, ``mean-score`` or ``mean-q``.
    ranks
        Shape ``(n,)``, int64, 1 is best; ties share the smaller rank.
    aggregate
        Shape ``(n,)``, finite: the average or weighted rank (smaller is better), or the mean
        score or Q over tasks (larger is better).
    task_ranks
        Shape ``(n, t)``: rank on each task, by the method's own rule for ties.
    weights
        Shape ``(t,)``, sum 1.
    order
        Shape ``(n,)``: row numbers from first to last; tied rows in the order they came in.
    complete
        Shape ``(n,)``: False where a task could not be scored, which a board must mark.
    win_rate
        Shape ``(n,)``, in [0, 1]: the share of the other submissions beaten, averaged over
        tasks, a tie counting half; None for methods other than ``average-rank``.
    """

    method: str
    ranks: NDArray[np.int64]
    aggregate: NDArray[np.float64]
    task_ranks: NDArray[np.float64]
    weights: NDArray[np.float64]
    order: NDArray[np.intp]
    complete: NDArray[np.bool_]
    win_rate: NDArray[np.float64] | None = None
