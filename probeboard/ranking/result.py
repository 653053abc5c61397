"""What a ranking method returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.ties import shared_ranks


@dataclass(frozen=True, eq=False)
class Ranking:
    """n submissions ranked over t tasks.

    Attributes
    ----------
    method
        The name of a `RankingMethod`.
    ranks
        Shape ``(n,)``, int64, 1 is best; ties share the smaller rank.
    aggregate
        Shape ``(n,)``, finite: the average or weighted rank (smaller is better); or the mean
        score or Q over tasks, the share of significant wins, the average number of others beaten
        or of duels won (larger is better).
    task_ranks
        Shape ``(n, t)``: rank on each task, by the method's own rule for ties.
    weights
        Shape ``(t,)``, sum 1.
    order
        Shape ``(n,)``: row numbers from first to last; tied rows in the order they came in.
    complete
        Shape ``(n,)``: False where a task could not be scored, which a board must mark.
    tie_broken
        Shape ``(n,)``: True where the method itself has a tie and only a tie-break, if one was
        asked for, tells the submission from another of the same aggregate.
    win_rate
        Shape ``(n,)``, in [0, 1]: the share of the other submissions beaten, averaged over
        tasks, a tie counting half; None for methods other than ``average-rank`` (see
        `win_rates`).
    """

    method: str
    ranks: NDArray[np.int64]
    aggregate: NDArray[np.float64]
    task_ranks: NDArray[np.float64]
    weights: NDArray[np.float64]
    order: NDArray[np.intp]
    complete: NDArray[np.bool_]
    tie_broken: NDArray[np.bool_]
    win_rate: NDArray[np.float64] | None = None


def ranked(
    method: str,
    keys: Sequence[Any] | NDArray[np.int64],
    *,
    aggregate: NDArray[np.float64],
    task_ranks: NDArray[np.float64],
    weights: NDArray[np.float64],
    complete: NDArray[np.bool_],
    win_rate: NDArray[np.float64] | None = None,
) -> Ranking:
    """Rank by increasing key, which must be exact: equal keys are ties."""
    ranks = shared_ranks(keys)
    return Ranking(
        method=method,
        ranks=ranks,
        aggregate=aggregate,
        task_ranks=task_ranks,
        weights=weights,
        order=np.argsort(ranks, kind="stable"),
        complete=complete,
        tie_broken=np.zeros(len(ranks), dtype=np.bool_),
        win_rate=win_rate,
    )
