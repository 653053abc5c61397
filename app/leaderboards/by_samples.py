"""How sure ranks are of the samples that were labelled: from draws that evaluations keep."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.leaderboards.contenders import Contender
from app.leaderboards.rules import BoardRules
from probeboard.ranking import Ranking, TaskSplitScores
from probeboard.ranking.from_draws import intervals_by_samples
from probeboard.ranking.uncertainty import FEWEST_ENTRIES

Interval = tuple[int, int]

NOT_KEPT = "predictions are not kept"
TOO_FEW = f"fewer than {FEWEST_ENTRIES} entries"
NOT_DRAWN = "an entry was scored when predictions were not kept"
NO_SUM = "the metric of a task is no sum over samples"


@dataclass(frozen=True)
class BySamples:
    """Rank intervals of the pool in its order, or the reason why there are none."""

    reason: str | None
    intervals: tuple[Interval, ...] = ()


def sample_unit(grouped: Iterable[bool]) -> str:
    """Say what is drawn, from whether each task is split by group."""
    kinds = set(grouped)
    return "mixed" if len(kinds) > 1 else "group" if True in kinds else "sample"


def intervals_of(
    rules: BoardRules,
    pool: Sequence[Contender],
    tasks: Sequence[TaskSplitScores],
    ranking: Ranking,
) -> BySamples:
    """Work out the intervals where all entries of the pool have draws of all tasks."""
    if rules.sample_unit is None:
        return BySamples(NOT_KEPT)
    if len(pool) < FEWEST_ENTRIES:
        return BySamples(TOO_FEW)
    drawn = draws_by_task(pool)
    if drawn is None:
        return BySamples(NOT_DRAWN)
    if any(np.isnan(one).any() for one in drawn):
        return BySamples(NO_SUM)
    found = intervals_by_samples(
        ranking, tasks, drawn, weights=rules.ranked_by, floor=rules.policy.floor
    )
    return BySamples(None, tuple((low, high) for low, high in found.tolist()))


def draws_by_task(contenders: Sequence[Contender]) -> list[NDArray[np.float32]] | None:
    """Return per task the draws of all contenders, shape (n, n_draws); None if one has none."""
    drawn = [one.scores.sample_draws for one in contenders]
    told = [one for one in drawn if one is not None]
    if len(told) < len(drawn) or len({one.shape for one in told}) != 1:
        return None
    return [np.stack(rows) for rows in zip(*told, strict=True)]
