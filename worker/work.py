"""What an evaluation is asked to do, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.phases.scoring import ScoringRules
from app.phases.splits import TaskSplits
from probeboard.probing import Probe, Scaling, TaskScores


@dataclass(frozen=True)
class WorkTask:
    """A task to score."""

    task_id: UUID
    name: str
    weight: float
    probe: Probe
    splits: TaskSplits
    label_set_id: UUID
    label_version: int
    label_digest: str


@dataclass(frozen=True)
class Work:
    """A claimed submission, and all that says how it is scored.

    `seed` names the phase, as its board does: what is drawn at random comes from it. `rules` are
    those that all the rest is from; their digest tells whether they are still the phase's.
    """

    submission_id: UUID
    attempt: int
    request_id: str
    phase_id: UUID
    seed: str
    matrix_sha256: str
    samples_digest: str
    scorer: str
    scorer_version: int
    scaling: Scaling
    analyses: tuple[str, ...]
    rules: ScoringRules
    tasks: tuple[WorkTask, ...]


@dataclass(frozen=True)
class Outcome:
    """What an evaluation found: scores in the order of the tasks, and what else was wanted."""

    scores: Sequence[TaskScores]
    seconds: float = 0.0
    receipt: dict[str, Any] = field(default_factory=dict)
    analyses: dict[str, Any] | None = None
    predictions_digest: str | None = None
    sample_draws: bytes | None = None
