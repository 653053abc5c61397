"""What boards are made of, without a database: rules, and contenders with split scores."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.leaderboards.contenders import Contender
from app.leaderboards.rules import BoardRules, BoardTask
from app.models import Selection, TieBreak, WinRateAgainst
from app.phases.ranking_policy import RankingPolicy
from app.submissions.split_scores import EvaluationScores
from probeboard.ranking import RankingMethod

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def policy(method: RankingMethod = RankingMethod.AVERAGE_RANK, **changes: Any) -> RankingPolicy:
    """Return a policy as a phase has it that says nothing else."""
    told: dict[str, Any] = {
        "method": method,
        "floor": 0.0,
        "weights_frozen_at": None,
        "tie_break": TieBreak.NONE,
        "win_rate_against": WinRateAgainst.POOL,
        "selection": Selection.BEST,
        "selection_limit": None,
        "select_by": None,
        "decimals": 4,
        "board_frozen_at": None,
    }
    return RankingPolicy(**told | changes)


def rules(
    method: RankingMethod = RankingMethod.AVERAGE_RANK,
    *,
    weights: Sequence[float] = (1.0, 1.0),
    shows_tasks: bool = True,
    shows_rates: bool = False,
    frozen_weights: tuple[float, ...] | None = None,
    sample_unit: str | None = None,
    names: Sequence[str] | None = None,
    **of_policy: Any,
) -> BoardRules:
    """Return the rules of a phase whose tasks share their splits."""
    tasks = tuple(
        BoardTask(
            name=f"task {number}" if names is None else names[number],
            slug=f"task-{number}",
            task_type="regression",
            metric="r2",
            weight=weight,
            task_id=UUID(int=1000 + number),
            test_to_train=0.25,
            group="all",
        )
        for number, weight in enumerate(weights)
    )
    return BoardRules(
        challenge="a-challenge",
        challenge_title="A challenge",
        phase="dev",
        phase_title="Dev",
        phase_id=UUID(int=1),
        policy=policy(method, **of_policy),
        scorer="exact@1",
        tasks=tasks,
        shows_tasks=shows_tasks,
        shows_rates=shows_rates,
        frozen_weights=frozen_weights,
        sample_unit=sample_unit,
    )


def contender(
    number: int,
    means: Sequence[float],
    *,
    n_splits: int = 1,
    spread: float = 0.0,
    minute: int | None = None,
    baseline: bool = False,
    rates: Sequence[dict[str, Any]] | None = None,
    draws: NDArray[np.float32] | None = None,
    **words: Any,
) -> Contender:
    """Return a contender with these means; its splits differ by `spread`, the same for twins."""
    told: dict[str, Any] = {
        "submission_id": UUID(int=number),
        "evaluation_id": UUID(int=10_000 + number),
        "team": None if baseline else f"Team {number}",
        "method_name": "A method",
        "project_url": None,
        "paper_url": None,
        "received_at": NOON + timedelta(minutes=number if minute is None else minute),
        "n_submissions": 1,
        "is_baseline": baseline,
    }
    splits = {
        UUID(int=1000 + task): np.full(n_splits, mean) + spread * _noise(task, mean, n_splits)
        for task, mean in enumerate(means)
    }
    scores = EvaluationScores(splits, dict.fromkeys(splits, 0.25), rates, draws)
    return Contender(**told | words, scores=scores)


def _noise(task: int, mean: float, n_splits: int) -> NDArray[np.float64]:
    """Return the same for equal means: equal embeddings have equal scores."""
    drawn = np.random.default_rng([task, int(1e6 * (mean + 10))]).normal(size=n_splits)
    return np.asarray(drawn - drawn.mean())
