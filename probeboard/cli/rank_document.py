"""A ranking as a document: the members a board of the server has, as far as a table knows them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.cli.arguments import own_version
from probeboard.cli.rank_results import Results
from probeboard.ranking import (
    Ranking,
    RankingMethod,
    TaskSplitScores,
    kendall_tau_b,
    task_clusters,
)
from probeboard.ranking.uncertainty import (
    FEWEST_ENTRIES,
    FEWEST_SPLITS,
    LEVEL,
    RankUncertainty,
    rank_uncertainty,
)

_DECIMALS = 3
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


def rank_results(results: Results, rules: Rules) -> dict[str, Any]:
    """Rank the pool, place the baselines beside it, and say how sure that is."""
    pool = results.rows([name for name in results.names if name not in rules.baselines])
    beside = results.rows(list(rules.baselines))
    rankings = pool.rank_by_all(rules.method, weights=rules.weights, floor=rules.floor)
    official = rankings[rules.method]
    uncertainty = _uncertainty(pool, rules)
    would = (
        {
            method: pool.place(method, beside, weights=rules.weights, floor=rules.floor)
            for method in rankings
        }
        if beside.names
        else {}
    )
    entries = [
        _pool_entry(pool, row, rules, rankings, uncertainty) for row in range(len(pool.names))
    ] + [_baseline_entry(beside, row, rules, would) for row in range(len(beside.names))]
    return {
        "challenge_title": rules.source,
        "phase_title": None,
        "ranked_at": None,
        "rule": _RULES[rules.method],
        "method": str(rules.method),
        "decimals": _DECIMALS,
        "notes": list(results.notes),
        "uncertainty": {
            "shown": uncertainty is not None,
            "reason": None if uncertainty else _why_not(pool),
            "draws": rules.n_draws,
            "level": LEVEL,
        },
        "methods": [str(method) for method in rankings],
        "tasks": _tasks(pool, rules, official),
        "entries": sorted(entries, key=_place),
        "agreement": _agreement(pool, rankings, official, uncertainty),
        "receipt": {
            "probeboard": own_version(),
            "seed": rules.seed,
            "floor": rules.floor,
            "weights": list(rules.weights),
        },
    }


_RULES: Mapping[RankingMethod, str] = {
    RankingMethod.AVERAGE_RANK: "the average over tasks of the rank of the mean score",
    RankingMethod.NEUCO: (
        "ranks of Q weighted by the spread of Q over the submissions, as in NeuCo-Bench "
        "(so it depends on who else is ranked)"
    ),
    RankingMethod.MEAN_SCORE: "the mean score over tasks",
    RankingMethod.MEAN_Q: "the mean Q over tasks",
    RankingMethod.TEST_THEN_RANK: "the share of corrected paired tests won, averaged over tasks",
    RankingMethod.BORDA: "Borda counts over tasks",
    RankingMethod.COPELAND: "pairwise majorities over tasks (Copeland)",
}


def _uncertainty(pool: Results, rules: Rules) -> RankUncertainty | None:
    if not pool.splits:
        return None
    weights = None if rules.method is RankingMethod.NEUCO else rules.weights
    return rank_uncertainty(
        rules.method,
        pool.splits,
        weights=weights,
        floor=rules.floor,
        seed=rules.seed,
        n_draws=rules.n_draws,
    )


def _why_not(pool: Results) -> str:
    if not pool.splits:
        return "Intervals need the scores of single splits."
    if len(pool.names) < FEWEST_ENTRIES:
        return f"Intervals need at least {FEWEST_ENTRIES} ranked submissions."
    return f"Intervals need at least {FEWEST_SPLITS} splits of every task."


def _tasks(pool: Results, rules: Rules, official: Ranking) -> list[dict[str, Any]]:
    splits = pool.splits
    return [
        {
            "name": name,
            "weight": rules.weights[column],
            "weight_used": float(official.weights[column]),
            "splits": splits[column].n_splits if splits else None,
            "test_to_train": splits[column].test_to_train if splits else None,
        }
        for column, name in enumerate(pool.task_names)
    ]


def _pool_entry(
    pool: Results,
    row: int,
    rules: Rules,
    rankings: Mapping[RankingMethod, Ranking],
    uncertainty: RankUncertainty | None,
) -> dict[str, Any]:
    official = rankings[rules.method]
    average = rankings.get(RankingMethod.AVERAGE_RANK)
    win_rates = None if average is None else average.win_rate
    return {
        "rank": int(official.ranks[row]),
        "would_rank": None,
        "is_baseline": False,
        **_summary(pool, row, rules),
        "aggregate": float(official.aggregate[row]),
        "win_rate": None if win_rates is None else float(win_rates[row]),
        **_sureness(uncertainty, row),
        "ranks": {str(method): int(every.ranks[row]) for method, every in rankings.items()},
        "tasks": _cells(pool, row, official.task_ranks[row].tolist()),
    }


def _baseline_entry(
    beside: Results, row: int, rules: Rules, would: Mapping[RankingMethod, NDArray[np.int64]]
) -> dict[str, Any]:
    return {
        "rank": None,
        "would_rank": int(would[rules.method][row]),
        "is_baseline": True,
        **_summary(beside, row, rules),
        "aggregate": None,
        "win_rate": None,
        **dict.fromkeys(_SURENESS),
        "ranks": {str(method): int(every[row]) for method, every in would.items()},
        "tasks": _cells(beside, row, [None] * len(beside.task_names)),
    }


def _summary(results: Results, row: int, rules: Rules) -> dict[str, Any]:
    errors = mean_score_errors(results.splits, rules.weights)
    means = results.means
    return {
        "team": results.names[row],
        "method_name": results.names[row],
        "n_submissions": 1,
        "mean_score": None if means is None else _weighted(means[row].tolist(), rules.weights),
        "mean_score_error": _finite(None if errors is None else float(errors[row])),
        "mean_q": _weighted(results.qs[row].tolist(), rules.weights),
        "tie_broken": False,
        **dict.fromkeys(_UNKNOWN),
    }


def mean_score_errors(
    tasks: Sequence[TaskSplitScores], weights: Sequence[float]
) -> NDArray[np.float64] | None:
    """Return the standard errors of the weighted mean scores, shape ``(n,)``.

    Corrected for overlapping training parts (Nadeau and Bengio 2003). Tasks of one group err
    together, split by split; tasks of different groups independently. None without splits.
    """
    groups: dict[tuple[str, int, float], NDArray[np.float64]] = {}
    for task, weight in zip(tasks, weights, strict=True) if tasks else ():
        if task.n_splits < 2:
            return None
        key = (task.group, task.n_splits, task.variance_factor)
        mixed = task.scores * (weight / math.fsum(weights))
        groups[key] = groups[key] + mixed if key in groups else mixed
    variances = [mixed.var(axis=1, ddof=1) * factor for (_, _, factor), mixed in groups.items()]
    return np.sqrt(np.sum(variances, axis=0)) if variances else None


def _cells(results: Results, row: int, ranks: Sequence[float | None]) -> dict[str, Any]:
    errors = (
        [float(task.standard_errors[row]) for task in results.splits]
        if results.splits
        else [None] * len(results.task_names)
    )
    return {
        name: {
            "mean": None if results.means is None else float(results.means[row, column]),
            "standard_error": _finite(errors[column]),
            "q": float(results.qs[row, column]),
            "rank": ranks[column],
        }
        for column, name in enumerate(results.task_names)
    }


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


def _agreement(
    pool: Results,
    rankings: Mapping[RankingMethod, Ranking],
    official: Ranking,
    uncertainty: RankUncertainty | None,
) -> dict[str, Any] | None:
    if len(pool.names) < FEWEST_ENTRIES:
        return None
    by_method = kendall_tau_b(np.column_stack([one.ranks for one in rankings.values()]))
    by_task = kendall_tau_b(np.column_stack([official.ranks, official.task_ranks]))[0, 1:]
    clusters = task_clusters(pool.task_names, official.task_ranks)
    return {
        "methods": {
            "names": [str(method) for method in rankings],
            "tau": [[_finite(tau) for tau in row] for row in by_method.tolist()],
        },
        "tasks": {
            "names": list(pool.task_names),
            "tau_with_board": [_finite(tau) for tau in by_task.tolist()],
            "clusters": [[pool.task_names[column] for column in one] for one in clusters],
            "draw_tau": _finite(uncertainty.draw_tau if uncertainty else None),
        },
    }


def _place(entry: Mapping[str, Any]) -> tuple[int, bool, str]:
    rank = entry["would_rank"] if entry["is_baseline"] else entry["rank"]
    return rank, not entry["is_baseline"], entry["team"]


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    pairs = zip(values, weights, strict=True)
    return math.fsum(value * weight for value, weight in pairs) / math.fsum(weights)


def _finite(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value
