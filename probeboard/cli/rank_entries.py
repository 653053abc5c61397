"""The entries of a ranking as a board of the server has them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.cli.rank_results import Results
from probeboard.ranking import ChallengerMethod, Ranking, RankingMethod
from probeboard.ranking.uncertainty import RankUncertainty
from probeboard.ranking.weighted_scores import mean_score_errors

# What a table does not know of a submission.
_UNKNOWN = ("submission_id", "received_at", "project_url", "paper_url", "rate_distortion")
_SURENESS = (
    "rank_interval",
    "rank_set",
    "tier",
    "p_first",
    "p_top3",
    "rank_without_task",
    "rank_without_entry",
)


@dataclass(frozen=True)
class Rules:
    """How results are ranked.

    Attributes
    ----------
    source
        Name of the file or folder.
    weights
        One a task.
    baselines
        Names of submissions outside the ranking.
    """

    source: str
    method: RankingMethod
    weights: tuple[float, ...]
    floor: float | None
    baselines: frozenset[str]
    seed: str
    n_draws: int


def pool_entries(
    pool: Results,
    rules: Rules,
    rankings: Mapping[RankingMethod, Ranking],
    further: Mapping[ChallengerMethod, Ranking],
    uncertainty: RankUncertainty | None,
) -> list[dict[str, Any]]:
    """Return the entries of all that are ranked."""
    official, figures = rankings[rules.method], _Figures(pool, rules)
    average = rankings.get(RankingMethod.AVERAGE_RANK)
    win_rates = None if average is None else average.win_rate
    return [
        {
            "rank": int(official.ranks[row]),
            "would_rank": None,
            "is_baseline": False,
            **figures.summary(row),
            "aggregate": float(official.aggregate[row]),
            "win_rate": None if win_rates is None else float(win_rates[row]),
            **_sureness(uncertainty, row),
            "ranks": {str(method): int(every.ranks[row]) for method, every in rankings.items()},
            "further_ranks": {str(name): int(every.ranks[row]) for name, every in further.items()},
            "tasks": figures.cells(row, official.task_ranks[row].tolist()),
        }
        for row in range(len(pool.names))
    ]


def baseline_entries(
    beside: Results,
    rules: Rules,
    would: Mapping[RankingMethod, NDArray[np.int64]],
    further: Mapping[ChallengerMethod, NDArray[np.int64]],
) -> list[dict[str, Any]]:
    """Return the entries of baselines: figures of the pool are None in them."""
    figures = _Figures(beside, rules)
    return [
        {
            "rank": None,
            "would_rank": int(would[rules.method][row]),
            "is_baseline": True,
            **figures.summary(row),
            "aggregate": None,
            "win_rate": None,
            **dict.fromkeys(_SURENESS),
            "ranks": {str(method): int(every[row]) for method, every in would.items()},
            "further_ranks": {str(name): int(every[row]) for name, every in further.items()},
            "tasks": figures.cells(row, [None] * len(beside.task_names)),
        }
        for row in range(len(beside.names))
    ]


class _Figures:
    """What is known of each submission's scores, worked out once for all."""

    def __init__(self, results: Results, rules: Rules) -> None:
        self._results = results
        self._weights = rules.weights
        self._errors = [task.standard_errors for task in results.splits]
        self._mean_errors = None
        if results.splits:
            self._mean_errors = mean_score_errors(results.splits, weights=rules.weights)

    def summary(self, row: int) -> dict[str, Any]:
        """Return who it is, and what is said of all tasks together."""
        results, errors = self._results, self._mean_errors
        means = results.means
        return {
            "team": results.names[row],
            "method_name": results.names[row],
            "n_submissions": 1,
            "mean_score": None if means is None else self._weighted(means[row].tolist()),
            "mean_score_error": None if errors is None else finite(float(errors[row])),
            "mean_q": self._weighted(results.qs[row].tolist()),
            "tie_broken": False,
            **dict.fromkeys(_UNKNOWN),
        }

    def cells(self, row: int, ranks: Sequence[float | None]) -> dict[str, Any]:
        """Return the figures of each task."""
        means, qs, errors = self._results.means, self._results.qs, self._errors
        return {
            name: {
                "scored": not math.isnan(qs[row, column]),
                "mean": None if means is None else finite(float(means[row, column])),
                "standard_error": finite(float(errors[column][row])) if errors else None,
                "q": finite(float(qs[row, column])),
                "rank": ranks[column],
            }
            for column, name in enumerate(self._results.task_names)
        }

    def _weighted(self, values: Sequence[float]) -> float | None:
        """Return the mean; None where a task could not be scored, as others' means hold all."""
        pairs = zip(values, self._weights, strict=True)
        total = math.fsum(value * weight for value, weight in pairs)
        return finite(total / math.fsum(self._weights))


def _sureness(found: RankUncertainty | None, row: int) -> dict[str, Any]:
    if found is None:
        return dict.fromkeys(_SURENESS)
    return {
        "rank_interval": found.interval[row].tolist(),
        "rank_set": found.rank_set[row].tolist(),
        "tier": int(found.tier[row]),
        "p_first": round(float(found.p_first[row]), 3),
        "p_top3": round(float(found.p_top3[row]), 3),
        "rank_without_task": found.without_task[row].tolist(),
        "rank_without_entry": found.without_entry[row].tolist(),
    }


def finite(value: float | None) -> float | None:
    """Return None for what is not a number, which JSON does not have."""
    return None if value is None or math.isnan(value) else value
