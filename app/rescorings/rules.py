"""What a set is to change: of each phase it touches the rules before and after, and the tasks."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self
from uuid import UUID

from app.models import Task
from app.phases.scoring import ScoringRules


@dataclass(frozen=True)
class PhaseChange:
    """How a phase scores, and how it is to score."""

    phase_id: UUID
    before: ScoringRules
    after: ScoringRules


@dataclass(frozen=True)
class TaskChange:
    """A task of the challenge as it is to be."""

    task_id: UUID
    title: str
    task_type: str
    probe: str
    signs: bool

    @classmethod
    def of(cls, task: Task) -> Self:
        """Return a task as it is."""
        return cls(task.id, task.title, task.task_type, task.probe, task.signs)

    def write_to(self, task: Task) -> None:
        """Make a task so; from then on the challenge's bundle has it."""
        task.title = self.title
        task.task_type = self.task_type
        task.probe = self.probe
        task.signs = self.signs
        task.listed = True


@dataclass(frozen=True)
class SetRules:
    """All that is to change.

    `tasks` are those that are new or asked in another way; `unlisted` are those that the bundle has
    no more.
    """

    phases: tuple[PhaseChange, ...]
    tasks: tuple[TaskChange, ...]
    unlisted: tuple[UUID, ...]

    @property
    def phase_ids(self) -> tuple[UUID, ...]:
        """The phases it touches."""
        return tuple(phase.phase_id for phase in self.phases)

    def to_document(self) -> dict[str, Any]:
        """Return what the row holds."""
        return {
            "phases": [
                {
                    "phase_id": str(phase.phase_id),
                    "before": phase.before.to_document(),
                    "after": phase.after.to_document(),
                }
                for phase in self.phases
            ],
            "tasks": [asdict(task) | {"task_id": str(task.task_id)} for task in self.tasks],
            "unlisted": [str(task_id) for task_id in self.unlisted],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read back what the row holds."""
        return cls(
            phases=tuple(
                PhaseChange(
                    phase_id=UUID(phase["phase_id"]),
                    before=ScoringRules.from_document(phase["before"]),
                    after=ScoringRules.from_document(phase["after"]),
                )
                for phase in document["phases"]
            ),
            tasks=tuple(
                TaskChange(**task | {"task_id": UUID(task["task_id"])})
                for task in document["tasks"]
            ),
            unlisted=tuple(UUID(task_id) for task_id in document["unlisted"]),
        )
