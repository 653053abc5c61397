"""What an evaluation is asked to do, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.models import Part
from app.phases.scoring import ScoringRules
from app.phases.splits import TaskSplits
from probeboard.probing import Probe, Scaling, TaskScores


@dataclass(frozen=True)
class Side:
    """A part of the samples, by the blob that says on which side each is."""

    sides: str
    part: Part


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

    def side(self, part: Part) -> Side | None:
        """Return where a part's samples are told; None where all samples are public."""
        sides = self.rules.private_sides
        return None if sides is None else Side(sides, part)


@dataclass(frozen=True)
class Found:
    """What was found on some of the samples; scores in the order of the tasks."""

    scores: Sequence[TaskScores]
    analyses: dict[str, Any] | None = None
    predictions_digest: str | None = None
    sample_draws: bytes | None = None


@dataclass(frozen=True)
class Outcome(Found):
    """What an evaluation found: on the public samples, which may be all, and on private ones."""

    seconds: float = 0.0
    receipt: dict[str, Any] = field(default_factory=dict)
    private: Found | None = None
