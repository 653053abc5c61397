"""By which rules a phase scores: all that, beside the file and the scorer, decides the numbers."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import LabelSet, Phase, PhaseTask, Task
from app.models.challenge import Analysis
from app.phases.splits import TaskSplits

_OF_PHASE = (
    "samples_digest", "private_sides", "scorer", "scorer_version", "scaling", "analyses",
)  # fmt: skip


@dataclass(frozen=True)
class ScoredTask:
    """A task as a phase scores it: with these labels, in these splits."""

    task_id: UUID
    slug: str
    task_type: str
    probe: str
    signs: bool
    splits: TaskSplits
    label_set_id: UUID
    label_version: int
    label_digest: str
    weight: float
    public_name: str

    def to_document(self) -> dict[str, Any]:
        """Return what a row can hold."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        ids = {name: str(plain[name]) for name in ("task_id", "label_set_id")}
        return plain | ids | {"splits": self.splits.to_document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read back what a row holds."""
        ids = {name: UUID(document[name]) for name in ("task_id", "label_set_id")}
        splits = TaskSplits.from_document(document["splits"])
        return cls(**dict(document) | ids | {"splits": splits})


@dataclass(frozen=True)
class ScoringRules:
    """The rules of a phase; its tasks in their order."""

    samples_digest: str
    private_sides: str | None
    scorer: str
    scorer_version: int
    scaling: str
    analyses: tuple[str, ...]
    tasks: tuple[ScoredTask, ...]

    @property
    def digest(self) -> str:
        """Name what decides the numbers: evaluations of equal digests have equal scores.

        Weights decide none of a task's scores, and neither does the order of tasks; but what is
        drawn for all tasks together, where predictions are kept, is kept in their order.
        """
        named = self.receipt
        if Analysis.PREDICTIONS in self.analyses:
            named["drawn"] = [task.slug for task in self.tasks]
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()

    @property
    def receipt(self) -> dict[str, Any]:
        """What an evaluation's receipt says of them."""
        private = {} if self.private_sides is None else {"private_sides": self.private_sides}
        return {
            "scorer": f"{self.scorer}@{self.scorer_version}",
            "samples": self.samples_digest,
            **private,
            "scaling": self.scaling,
            "splits": {task.slug: task.splits.to_document() for task in self.tasks},
            "probes": {task.slug: {"kind": task.probe, "signs": task.signs} for task in self.tasks},
            "label_sets": {
                task.slug: {"version": task.label_version, "digest": task.label_digest}
                for task in self.tasks
            },
        }

    def to_document(self) -> dict[str, Any]:
        """Return what a row can hold."""
        plain = {name: getattr(self, name) for name in _OF_PHASE}
        tasks = [task.to_document() for task in self.tasks]
        return plain | {"analyses": list(self.analyses), "tasks": tasks}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read back what a row holds."""
        analyses = tuple(document["analyses"])
        tasks = tuple(ScoredTask.from_document(task) for task in document["tasks"])
        return cls(**dict(document) | {"analyses": analyses, "tasks": tasks})


def read_rules(session: Session, phase: Phase) -> ScoringRules:
    """Read the rules by which a phase scores now."""
    rows = session.execute(
        select(PhaseTask, Task, LabelSet)
        .join(Task, Task.id == PhaseTask.task_id)
        .join(LabelSet, LabelSet.id == PhaseTask.label_set_id)
        .where(PhaseTask.phase_id == phase.id)
        .order_by(PhaseTask.position)
        .execution_options(populate_existing=True)
    )
    return ScoringRules(
        samples_digest=phase.samples_digest,
        private_sides=phase.private_sides,
        scorer=phase.scorer,
        scorer_version=phase.scorer_version,
        scaling=phase.scaling,
        analyses=tuple(phase.analyses),
        tasks=tuple(
            ScoredTask(
                task_id=task.id,
                slug=task.slug,
                task_type=task.task_type,
                probe=task.probe,
                signs=task.signs,
                splits=TaskSplits.from_document(row.splits),
                label_set_id=labels.id,
                label_version=labels.version,
                label_digest=labels.digest,
                weight=row.weight,
                public_name=row.public_name,
            )
            for row, task, labels in rows
        ),
    )
