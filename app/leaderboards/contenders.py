"""What is ranked: a submission's words and split scores; and the pool's scores by task."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.leaderboards.rules import BoardRules
from app.submissions.split_scores import EvaluationScores
from probeboard.ranking import TaskSplitScores

Row = NDArray[np.float64]


@dataclass(frozen=True)
class Contender:
    """A team's submission that counts, or a baseline."""

    submission_id: UUID
    evaluation_id: UUID
    team: str | None
    method_name: str
    project_url: str | None
    paper_url: str | None
    received_at: datetime
    n_submissions: int
    is_baseline: bool
    scores: EvaluationScores = field(repr=False, compare=False)


@dataclass(frozen=True)
class Contenders:
    """All that a phase's board is made from, each group in the order of receipt."""

    rules: BoardRules
    pool: tuple[Contender, ...]
    baselines: tuple[Contender, ...]


def in_order(contenders: Sequence[Contender]) -> list[Contender]:
    """Sort by receipt, so that the order of reading never shows."""
    return sorted(contenders, key=lambda one: (one.received_at, one.submission_id))


def task_scores(rules: BoardRules, contenders: Sequence[Contender]) -> list[TaskSplitScores]:
    """Return the split scores of the contenders as they count: for each task a matrix."""
    return [
        TaskSplitScores(
            name=task.name,
            scores=np.stack([one.scores.of(task.task_id) for one in contenders]),
            test_to_train=task.test_to_train,
            group=task.group,
        )
        for task in rules.tasks
    ]


def rows_of(tasks: Sequence[TaskSplitScores], rows: slice) -> list[TaskSplitScores]:
    """Return the scores of some of the contenders; there may be none."""
    return [replace(task, scores=task.scores[rows]) for task in tasks]
