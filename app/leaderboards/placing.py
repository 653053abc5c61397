"""Who stands where, by every method: the pool, and the baselines beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.leaderboards.contenders import Contender
from app.leaderboards.rules import BoardRules
from app.models import TieBreak, WinRateAgainst
from probeboard.ranking import (
    ChallengerMethod,
    FurtherOrders,
    Ranking,
    RankingMethod,
    TaskSplitScores,
    break_ties,
    mean_score_then_earlier,
    place_against_pool,
    rank_by_all,
    score_table,
    win_rates,
)

Ranks = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Placing:
    """Ranks by every method that was worked out, the official one first.

    `win_rates` are None where there is no baseline to win against.
    """

    methods: tuple[RankingMethod, ...]
    official: Ranking
    pool: Mapping[RankingMethod, Ranks]
    baselines: Mapping[RankingMethod, Ranks]
    win_rates: NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class FurtherPlaces:
    """Ranks by methods that no phase may name; there are none where splits are single."""

    pool: Mapping[ChallengerMethod, Ranks]
    baselines: Mapping[ChallengerMethod, Ranks]


def further_places(
    rules: BoardRules, tasks: Sequence[TaskSplitScores], beside: Sequence[TaskSplitScores]
) -> FurtherPlaces:
    """Rank the pool, whose scores are `tasks`, for comparison, and place those `beside` it."""
    orders = FurtherOrders(tasks, weights=rules.weights)
    return FurtherPlaces(
        pool={method: ranking.ranks for method, ranking in orders.rankings.items()},
        baselines=orders.place(beside),
    )


def place(
    rules: BoardRules,
    pool: Sequence[Contender],
    tasks: Sequence[TaskSplitScores],
    beside: Sequence[TaskSplitScores],
) -> Placing:
    """Rank the pool, whose scores are `tasks`, and place the baselines `beside` it one by one."""
    floor = rules.policy.floor
    rankings = rank_by_all(
        tasks,
        weights=rules.weights,
        floor=floor,
        frozen=rules.frozen_weights,
        official=rules.method,
    )
    rankings[rules.method] = _without_ties(rules, pool, tasks, rankings[rules.method])
    return Placing(
        methods=tuple(rankings),
        official=rankings[rules.method],
        pool={method: ranking.ranks for method, ranking in rankings.items()},
        baselines={
            method: place_against_pool(
                method,
                tasks,
                beside,
                weights=rules.frozen_weights if method is RankingMethod.NEUCO else rules.weights,
                floor=floor,
            )
            for method in rankings
        },
        win_rates=_win_rates(rules, rankings, tasks, beside),
    )


def _without_ties(
    rules: BoardRules,
    pool: Sequence[Contender],
    tasks: Sequence[TaskSplitScores],
    ranking: Ranking,
) -> Ranking:
    if rules.policy.tie_break is TieBreak.NONE or not pool:
        return ranking
    arrived = [one.received_at for one in pool]
    means = score_table(RankingMethod.MEAN_SCORE, tasks)
    return break_ties(ranking, mean_score_then_earlier(means, arrived, weights=rules.weights))


def _win_rates(
    rules: BoardRules,
    rankings: Mapping[RankingMethod, Ranking],
    tasks: Sequence[TaskSplitScores],
    beside: Sequence[TaskSplitScores],
) -> NDArray[np.float64] | None:
    """Return the share of the others, or of the baselines, that each beats: a mean over tasks."""
    if rules.policy.win_rate_against is WinRateAgainst.POOL:
        return rankings[RankingMethod.AVERAGE_RANK].win_rate
    if not len(beside[0].scores):
        return None
    own, others = (score_table(RankingMethod.MEAN_SCORE, one) for one in (tasks, beside))
    return win_rates(own, others, weights=rules.weights)
