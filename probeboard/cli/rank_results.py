"""Results to rank: what a table of split scores or a folder of NeuCo-Bench holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking import (
    FurtherOrders,
    Ranking,
    RankingMethod,
    TaskSplitScores,
    place_against_pool,
    rank,
    rank_against_pool,
    rank_by_all,
)

REPORTED_ISSUES = 100
Matrix = NDArray[np.float64]
Weights = Sequence[float] | None


@dataclass(frozen=True)
class ResultIssue:
    """One thing wrong with results.

    Attributes
    ----------
    code
        Stable, machine-readable. Of tables: ``missing_column``, ``duplicate_column``, ``no_rows``,
        ``wrong_cell_count``, ``empty_cell`` (not of a score), ``not_a_number``, ``not_finite`` (a
        score that is infinite), ``bad_ratio``, ``duplicate_row``, ``missing_split``,
        ``different_ratio``. Of folders: ``no_summary``, ``duplicate_experiment``, ``not_finite``
        (what is neither a finite number nor missing), ``different_q``. Of both: ``nothing_scored``.
    detail
        One sentence.
    line
        Line of the file, from 1; None if it concerns the file as a whole.
    """

    code: str
    detail: str
    line: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON."""
        return {"code": self.code, "line": self.line, "detail": self.detail}


class InvalidResults(ValueError):
    """Results that cannot be ranked.

    Attributes
    ----------
    issues
        The first 100, in the order of the file.
    total
        How many there are.
    """

    def __init__(self, issues: Sequence[ResultIssue]) -> None:
        self.issues = tuple(issues[:REPORTED_ISSUES])
        self.total = len(issues)
        super().__init__(self.issues[0].detail)


@dataclass(frozen=True, eq=False)
class Results:
    """n submissions, sorted by name, on t tasks in the order they came; larger is better.

    Attributes
    ----------
    names, task_names
        Of submissions and tasks.
    splits
        The split scores of each task, a row of NaN where it could not be scored; empty where only
        figures of a task are known.
    means
        Shape ``(n, t)``, NaN where a task could not be scored; None where only Q is known.
    qs
        Shape ``(n, t)``, NaN likewise.
    notes
        What was assumed.
    """

    names: tuple[str, ...]
    task_names: tuple[str, ...]
    splits: tuple[TaskSplitScores, ...]
    means: Matrix | None
    qs: Matrix
    notes: tuple[str, ...] = ()

    @property
    def methods(self) -> tuple[RankingMethod, ...]:
        """The methods that can be computed, the default one first."""
        can_test = bool(self.splits) and all(task.n_splits > 1 for task in self.splits)
        return tuple(
            method
            for method in RankingMethod
            if (method.ranks_q or self.means is not None) and (can_test or not method.needs_splits)
        )

    def rows(self, names: Sequence[str]) -> "Results":
        """Those of some submissions, in the order of the results."""
        kept = [row for row, name in enumerate(self.names) if name in names]
        return replace(
            self,
            names=tuple(self.names[row] for row in kept),
            splits=tuple(replace(task, scores=task.scores[kept]) for task in self.splits),
            means=None if self.means is None else self.means[kept],
            qs=self.qs[kept],
        )

    def rank_by_all(
        self, official: RankingMethod, *, weights: Weights, floor: float | None
    ) -> dict[RankingMethod, Ranking]:
        """Rank by every method that can be computed, the official one first."""
        if self.splits:
            return rank_by_all(self.splits, weights=weights, floor=floor, official=official)
        first = [official, *(method for method in self.methods if method is not official)]
        return {
            method: rank(
                method, self._table(method), weights=_weights(method, weights), floor=floor
            )
            for method in first
        }

    def further(self, *, weights: Weights) -> FurtherOrders | None:
        """Rank by challengeR's other methods; None where no splits are known."""
        return FurtherOrders(self.splits, weights=weights) if self.splits else None

    def place(
        self, method: RankingMethod, others: "Results", *, weights: Weights, floor: float | None
    ) -> NDArray[np.int64]:
        """Give the rank that each of the others would have if it alone joined these."""
        used = _weights(method, weights)
        if self.splits:
            return place_against_pool(method, self.splits, others.splits, weights=used, floor=floor)
        inside, rows = self._table(method), others._table(method)
        return rank_against_pool(method, inside, rows, weights=used, floor=floor)

    def _table(self, method: RankingMethod) -> Matrix:
        table = self.qs if method.ranks_q else self.means
        if table is None:
            raise ValueError(f"{method} needs mean scores, and only Q is known")
        return table


def _weights(method: RankingMethod, weights: Weights) -> Weights:
    # NeuCo-Bench's method weighs tasks by their spread.
    return None if method is RankingMethod.NEUCO else weights
