"""Phases: find them, and what they ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Challenge, Phase, PhaseTask, Task
from app.phases.splits import TaskSplits
from app.policy import Viewer, masks_names, sees_challenge


@dataclass(frozen=True)
class TaskInPhase:
    """A task as a phase scores it."""

    task_id: UUID
    slug: str
    title: str
    task_type: str
    probe: str
    signs: bool
    splits: TaskSplits
    public_name: str
    weight: float
    label_set_id: UUID


def phases_of(session: Session, challenge_id: UUID) -> Sequence[Phase]:
    """Return a challenge's phases in their order."""
    return session.scalars(
        select(Phase).where(Phase.challenge_id == challenge_id).order_by(Phase.position)
    ).all()


def get_phase(session: Session, viewer: Viewer, phase_id: UUID) -> tuple[Phase, Challenge]:
    """Return a phase of a challenge the viewer may see.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.execute(
        select(Phase, Challenge)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(Phase.id == phase_id, sees_challenge(viewer))
    ).one_or_none()
    if row is None:
        raise NotFound("phase")
    phase, challenge = row
    return phase, challenge


def tasks_of(session: Session, phase_id: UUID) -> list[TaskInPhase]:
    """Return a phase's tasks in their order."""
    rows = session.execute(
        select(PhaseTask, Task)
        .join(Task, Task.id == PhaseTask.task_id)
        .where(PhaseTask.phase_id == phase_id)
        .order_by(PhaseTask.position)
    )
    return [
        TaskInPhase(
            task_id=task.id,
            slug=task.slug,
            title=task.title,
            task_type=task.task_type,
            probe=task.probe,
            signs=task.signs,
            splits=TaskSplits.from_document(row.splits),
            public_name=row.public_name,
            weight=row.weight,
            label_set_id=row.label_set_id,
        )
        for row, task in rows
    ]


def display_names(phase: Phase, tasks: Sequence[TaskInPhase]) -> dict[UUID, str]:
    """Return the name each task is shown under: its public name, or `task-01`, `task-02`, …"""
    if masks_names(phase):
        return {task.task_id: f"task-{number:02}" for number, task in enumerate(tasks, start=1)}
    return {task.task_id: task.public_name for task in tasks}
