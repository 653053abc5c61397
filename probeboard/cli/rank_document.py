"""A ranking as a document: the members a board of the server has, as far as a table knows them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.cli.arguments import own_version
from probeboard.cli.rank_entries import Rules, baseline_entries, finite, pool_entries
from probeboard.cli.rank_results import Results
from probeboard.ranking import (
    ChallengerMethod,
    Ranking,
    RankingMethod,
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
    orders = pool.further(weights=rules.weights)
    further = orders.rankings if orders else {}
    further_would = orders.place(beside.splits) if orders and beside.names else {}
    entries = [
        *pool_entries(pool, rules, rankings, further, uncertainty),
        *baseline_entries(beside, rules, would, further_would),
    ]
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
            "draws": uncertainty.n_draws if uncertainty else rules.n_draws,
            "level": LEVEL,
        },
        "methods": [str(method) for method in rankings],
        "further_methods": [str(method) for method in further],
        "tasks": _tasks(pool, rules, official),
        "entries": sorted(entries, key=_place),
        "agreement": _agreement(pool, rankings, further, official, uncertainty),
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
        return "no scores of single splits"
    if len(pool.names) < FEWEST_ENTRIES:
        return f"fewer than {FEWEST_ENTRIES} entries"
    return f"fewer than {FEWEST_SPLITS} splits"


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


def _agreement(
    pool: Results,
    rankings: Mapping[RankingMethod, Ranking],
    further: Mapping[ChallengerMethod, Ranking],
    official: Ranking,
    uncertainty: RankUncertainty | None,
) -> dict[str, Any] | None:
    if len(pool.names) < FEWEST_ENTRIES:
        return None
    by_method = kendall_tau_b(np.column_stack([one.ranks for one in rankings.values()]))
    by_further = kendall_tau_b(
        np.column_stack([official.ranks, *(one.ranks for one in further.values())])
    )[0, 1:]
    by_task = kendall_tau_b(np.column_stack([official.ranks, official.task_ranks]))[0, 1:]
    clusters = task_clusters(pool.task_names, official.task_ranks)
    return {
        "methods": {
            "names": [str(method) for method in rankings],
            "tau": [_finite(row) for row in by_method],
        },
        "further_tau": _finite(by_further),
        "draw_tau": finite(uncertainty.draw_tau if uncertainty else None),
        "tasks": {
            "names": list(pool.task_names),
            "tau_with_board": _finite(by_task),
            "clusters": [[pool.task_names[column] for column in one] for one in clusters],
            "tau_of_draws": _finite(uncertainty.task_draw_tau) if uncertainty else None,
        },
    }


def _finite(values: NDArray[np.float64]) -> list[float | None]:
    return [finite(value) for value in values.tolist()]


def _place(entry: Mapping[str, Any]) -> tuple[int, bool, str]:
    rank = entry["would_rank"] if entry["is_baseline"] else entry["rank"]
    return rank, not entry["is_baseline"], entry["team"]
