"""How far methods, tasks and draws agree on the order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.leaderboards.placing import FurtherPlaces, Placing
from probeboard.ranking import RankingMethod, TaskSplitScores
from probeboard.ranking.agreement import kendall_tau_b, task_clusters
from probeboard.ranking.draw_agreement import draw_taus
from probeboard.ranking.uncertainty import FEWEST_ENTRIES, RankUncertainty

Tau = float | None


@dataclass(frozen=True)
class Agreement:
    """Kendall's tau-b, None where an order is one tie; and the names of tasks that rank alike.

    `further_tau` is of the orders by further methods with the board's.
    `draw_tau` is of the drawn orders with the board's, `task_draw_tau` of each task's with that of
    its scores; both are None where nothing was drawn.
    """

    methods: tuple[RankingMethod, ...]
    method_tau: list[list[Tau]]
    further_tau: list[Tau]
    task_tau: list[Tau]
    clusters: list[list[str]] | None
    draw_tau: Tau
    task_draw_tau: list[Tau] | None


def agreement_of(
    placing: Placing,
    further: FurtherPlaces,
    tasks: Sequence[TaskSplitScores],
    uncertainty: RankUncertainty | None,
) -> Agreement | None:
    """Compare the orders of a pool; None where there are too few to be in an order."""
    official = placing.official
    if len(official.ranks) < FEWEST_ENTRIES:
        return None
    names = [task.name for task in tasks]
    clusters = task_clusters(names, official.task_ranks)
    by_method = np.column_stack([placing.pool[method] for method in placing.methods])
    return Agreement(
        methods=placing.methods,
        method_tau=[_taus(row) for row in kendall_tau_b(by_method)],
        further_tau=_further_tau(official.ranks, further),
        task_tau=_taus(_task_tau(placing, uncertainty)),
        clusters=[[names[row] for row in rows] for rows in clusters],
        draw_tau=None if uncertainty is None else _tau(uncertainty.draw_tau),
        task_draw_tau=None if uncertainty is None else _taus(uncertainty.task_draw_tau),
    )


def _further_tau(official: NDArray[np.int64], further: FurtherPlaces) -> list[Tau]:
    if not further.pool:
        return []
    return _taus(draw_taus(official, np.stack(list(further.pool.values())).astype(np.int32)))


def _task_tau(placing: Placing, uncertainty: RankUncertainty | None) -> NDArray[np.float64]:
    if uncertainty is not None:
        return uncertainty.task_tau
    official = placing.official
    return kendall_tau_b(np.column_stack([official.ranks, official.task_ranks]))[0, 1:]


def _taus(values: NDArray[np.float64]) -> list[Tau]:
    return [_tau(value) for value in values.tolist()]


def _tau(value: float) -> Tau:
    return None if math.isnan(value) else round(value, 4) + 0.0
