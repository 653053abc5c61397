"""The lines of a board: each contender's figures, rounded as far as the phase releases them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from app.leaderboards.contenders import Contender
from app.leaderboards.placing import FurtherPlaces, Placing
from app.leaderboards.rules import BoardRules
from probeboard.ranking import ChallengerMethod, RankingMethod, TaskSplitScores
from probeboard.ranking.uncertainty import RankUncertainty
from probeboard.ranking.weighted_scores import mean_score_errors

Interval = tuple[int, int]
Row = NDArray[np.float64]
Method = TypeVar("Method", bound=StrEnum)
OF_SCORES = (RankingMethod.MEAN_SCORE, RankingMethod.MEAN_Q)


@dataclass(frozen=True)
class TaskCell:
    """One entry's figures in one task, rounded; one split has no standard error."""

    mean: float
    standard_error: float | None
    q: float
    rank: float | None


@dataclass(frozen=True)
class Sureness:
    """How sure a rank is; see `RankUncertainty`."""

    rank_interval: Interval
    rank_set: Interval
    tier: int
    p_first: float
    p_top3: float
    rank_without_task: Interval
    rank_without_entry: Interval


@dataclass(frozen=True)
class Entry:
    """A line of the board. `rank` is None for a baseline, which has `would_rank` instead.

    `ranks` has the rank by every method that a phase may name, `further_ranks` those by others; of
    a baseline, the ones it would have. `rates` are bytes
    and the mean score at so many, where an analysis found them and tasks are shown.
    `interval_by_samples` is the rank's, had other samples been labelled.
    """

    rank: int | None
    would_rank: int | None
    contender: Contender
    aggregate: float | None
    win_rate: float | None
    mean_score: float
    mean_score_error: float | None
    mean_q: float
    ranks: Mapping[RankingMethod, int]
    further_ranks: Mapping[ChallengerMethod, int]
    tie_broken: bool
    sureness: Sureness | None
    rates: tuple[tuple[float, float], ...] | None
    cells: tuple[TaskCell, ...]
    interval_by_samples: Interval | None = None


def pool_entries(
    figures: "Figures",
    placing: Placing,
    further: FurtherPlaces,
    uncertainty: RankUncertainty | None,
    by_samples: Sequence[Interval] = (),
) -> list[Entry]:
    """Return the lines of the pool, which comes first in `figures`."""
    official = placing.official
    rates = placing.win_rates
    ranks = official.ranks.tolist()
    sureness = [_sureness(uncertainty, *one) for one in enumerate(ranks)] if uncertainty else []
    return [
        Entry(
            rank=rank,
            would_rank=None,
            aggregate=figures.aggregate(float(official.aggregate[row])),
            win_rate=None if rates is None else rounded(float(rates[row]), 4),
            ranks=_at(placing.pool, row),
            further_ranks=_at(further.pool, row),
            tie_broken=bool(official.tie_broken[row]),
            sureness=sureness[row] if sureness else None,
            cells=figures.cells(row, official.task_ranks[row].tolist()),
            interval_by_samples=by_samples[row] if by_samples else None,
            **figures.summary(row),
        )
        for row, rank in enumerate(ranks)
    ]


def baseline_entries(
    figures: "Figures", placing: Placing, further: FurtherPlaces, n_pool: int
) -> list[Entry]:
    """Return the lines of the baselines, which follow the pool: its figures are None in them."""
    would = placing.baselines[figures.rules.method]
    return [
        Entry(
            rank=None,
            would_rank=int(would[row]),
            aggregate=None,
            win_rate=None,
            ranks=_at(placing.baselines, row),
            further_ranks=_at(further.baselines, row),
            tie_broken=False,
            sureness=None,
            cells=figures.cells(n_pool + row, [None] * len(figures.rules.tasks)),
            **figures.summary(n_pool + row),
        )
        for row in range(len(would))
    ]


class Figures:
    """The scores of some contenders, in plain numbers: a board of thousands is built of them."""

    def __init__(
        self,
        rules: BoardRules,
        contenders: Sequence[Contender],
        tasks: Sequence[TaskSplitScores],
    ) -> None:
        self.rules = rules
        self._contenders = contenders
        self._means = _by_row([task.means for task in tasks])
        self._qs = _by_row([task.qs for task in tasks])
        self._errors = _by_row([task.standard_errors for task in tasks])
        self._mean_scores = weighted_means([task.means for task in tasks], rules.weights).tolist()
        self._mean_qs = weighted_means([task.qs for task in tasks], rules.weights).tolist()
        self._mean_errors = mean_score_errors(tasks, weights=rules.weights).tolist()

    def aggregate(self, value: float) -> float:
        """Round what ranks: an average of ranks tells nothing of scores, a mean of them does."""
        return rounded(value, self.rules.decimals if self.rules.method in OF_SCORES else 4)

    def summary(self, row: int) -> dict[str, Any]:
        """Return who it is, and what is said of all tasks together."""
        decimals = self.rules.decimals
        one = self._contenders[row]
        return {
            "contender": one,
            "mean_score": rounded(self._mean_scores[row], decimals),
            "mean_score_error": _error(self._mean_errors[row], decimals),
            "mean_q": rounded(self._mean_qs[row], decimals),
            "rates": _rates(self.rules, one),
        }

    def cells(self, row: int, ranks: Sequence[float | None]) -> tuple[TaskCell, ...]:
        """Return the figures of each task, where they are shown."""
        if not self.rules.shows_tasks:
            return ()
        decimals = self.rules.decimals
        found = zip(self._means[row], self._errors[row], self._qs[row], ranks, strict=True)
        return tuple(
            TaskCell(rounded(mean, decimals), _error(error, decimals), rounded(q, decimals), place)
            for mean, error, q, place in found
        )


def weighted_means(columns: Sequence[Row], weights: Sequence[float]) -> Row:
    """Return weighted means over tasks, a column each, summed in their order.

    One task after the other, so that the sum has the same bits wherever it is taken.
    """
    pairs = zip(columns, weights, strict=True)
    total = sum((column * weight for column, weight in pairs), start=np.zeros(len(columns[0])))
    return total / sum(weights)


def rounded(value: float, decimals: int) -> float:
    """Round a figure as it is released; a board shows no -0.0."""
    return round(value, decimals) + 0.0


def _at(ranks: Mapping[Method, NDArray[np.int64]], row: int) -> dict[Method, int]:
    return {method: int(every[row]) for method, every in ranks.items()}


def _by_row(columns: Sequence[Row]) -> list[list[float]]:
    rows: list[list[float]] = np.column_stack(columns).tolist()
    return rows


def _error(value: float, decimals: int) -> float | None:
    return None if math.isnan(value) else rounded(value, decimals)


def _sureness(found: RankUncertainty, row: int, rank: int) -> Sureness:
    def reaching(ranges: NDArray[np.int64]) -> Interval:
        # A rank that a tie-break gave may lie outside of what the method alone says.
        low, high = ranges[row].tolist()
        return min(low, rank), max(high, rank)

    return Sureness(
        rank_interval=reaching(found.interval),
        rank_set=reaching(found.rank_set),
        tier=int(found.tier[row]),
        p_first=rounded(float(found.p_first[row]), 3),
        p_top3=rounded(float(found.p_top3[row]), 3),
        rank_without_task=reaching(found.without_task),
        rank_without_entry=reaching(found.without_entry),
    )


def _rates(rules: BoardRules, one: Contender) -> tuple[tuple[float, float], ...] | None:
    """Return the best mean score at each number of bytes: several encodings may have one size."""
    if not (rules.shows_tasks and rules.shows_rates) or one.scores.rates is None:
        return None
    best: dict[float, float] = {}
    for point in one.scores.rates:
        means = [np.array([point["tasks"][task.slug]], dtype=float) for task in rules.tasks]
        score = rounded(float(weighted_means(means, rules.weights)[0]), rules.decimals)
        size = point["bytes_per_sample"]
        best[size] = max(score, best.get(size, score))
    return tuple(sorted(best.items()))
