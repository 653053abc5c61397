"""Write one phase of a bundle into the rows: its rules, its label sets, its tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.blobs import BlobKind, BlobStore
from app.challenges.outline import SCORER_VERSIONS
from app.challenges.phase_bundle import PhaseBundle, TaskBundle
from app.challenges.private_part import sides_to_bytes
from app.challenges.rules import policy_of
from app.challenges.samples import write_sample_ids
from app.models import Challenge, LabelSet, Phase, PhaseExtension, PhaseTask, Task, new_id
from app.phases.splits import TaskSplits
from app.queue import request_ranking
from probeboard.labelsets import LabelSet as Labels
from probeboard.labelsets import marks_to_bytes, to_bytes


@dataclass(frozen=True)
class Target:
    """What a bundle is applied to."""

    session: Session
    blobs: BlobStore
    challenge: Challenge
    now: datetime


def write_phase(
    target: Target,
    phase: Phase | None,
    part: PhaseBundle,
    position: int,
    ids: Mapping[str, UUID],
    tasks: Mapping[str, Task],
) -> UUID:
    """Bring one phase to what its part of the bundle says; return its id.

    `ids` are those of the phases before it, `tasks` the challenge's by slug.
    """
    session = target.session
    samples_digest = target.blobs.put(BlobKind.SAMPLES, write_sample_ids(part.sample_ids))
    rows = [
        _ScoredTask(
            tasks[item.task].id,
            write_label_set(target, tasks[item.task], part.tasks[item.task].labels).id,
            item.weight,
            write_splits(target, part.tasks[item.task]),
        )
        for item in part.config.tasks
    ]
    if phase is None:
        phase = Phase(id=new_id(), challenge_id=target.challenge.id, slug=part.config.slug)
        session.add(phase)
    _set_columns(phase, part, position, samples_digest, ids)
    _set_private(target, phase, part)
    session.flush()
    _write_phase_tasks(target, phase, part, rows)
    request_ranking(session, phase.id)
    return phase.id


@dataclass(frozen=True)
class _ScoredTask:
    """A task's row in a phase, but for its place and public name."""

    task_id: UUID
    label_set_id: UUID
    weight: float
    splits: TaskSplits


def _set_columns(
    phase: Phase,
    part: PhaseBundle,
    position: int,
    samples_digest: str,
    ids: Mapping[str, UUID],
) -> None:
    config = part.config
    phase.title = config.title
    phase.position = position
    phase.opens_at = config.opens_at
    phase.closes_at = config.closes_at
    phase.samples_digest = samples_digest
    phase.n_samples = len(part.sample_ids)
    phase.scorer = config.scorer
    phase.scorer_version = SCORER_VERSIONS[config.scorer]
    phase.scaling = config.scaling
    phase.analyses = [analysis.value for analysis in config.analyses]
    phase.budget_bytes = config.budget_bytes
    policy_of(config).write_to(phase)
    phase.quota_per_day = config.quota.per_day
    phase.quota_total = config.quota.total
    phase.quota_in_flight = config.quota.in_flight
    phase.requires_phase_id = ids[config.requires] if config.requires else None
    phase.team_sees = config.team_sees
    phase.board_tasks = config.board.tasks
    phase.board_task_names = config.board.task_names


def _set_private(target: Target, phase: Phase, part: PhaseBundle) -> None:
    """Say which samples are private: on which side each is goes to a blob nobody is handed."""
    if part.private is None or part.config.private is None:
        phase.private_sides = phase.n_private_samples = None
        phase.revealed_at = phase.hidden_until = None
        return
    sides = sides_to_bytes(part.sample_ids, part.private)
    phase.private_sides = target.blobs.put(BlobKind.MARKS, sides)
    phase.n_private_samples = len(part.private)
    phase.revealed_at = part.config.private.revealed_at
    # Whoever was given more time, be it before there were private samples.
    phase.hidden_until = target.session.scalar(
        select(func.max(PhaseExtension.closes_at)).where(
            PhaseExtension.phase_id == phase.id, PhaseExtension.participation_id.is_not(None)
        )
    )


def _write_phase_tasks(
    target: Target, phase: Phase, part: PhaseBundle, rows: Sequence[_ScoredTask]
) -> None:
    drop_phase_tasks(target, phase)
    for position, (item, row) in enumerate(zip(part.config.tasks, rows, strict=True)):
        target.session.add(
            PhaseTask(
                phase_id=phase.id,
                task_id=row.task_id,
                label_set_id=row.label_set_id,
                position=position,
                weight=row.weight,
                splits=row.splits.to_document(),
                public_name=item.public_name or item.task,
            )
        )
    target.session.flush()


def drop_phase_tasks(target: Target, phase: Phase) -> None:
    """Take a phase's tasks away from it."""
    for row in target.session.scalars(select(PhaseTask).where(PhaseTask.phase_id == phase.id)):
        target.session.delete(row)
    target.session.flush()


def write_splits(target: Target, task: TaskBundle) -> TaskSplits:
    """Return how the row says a task is split; its marks go to a blob nobody is handed."""
    if task.marks is None:
        return TaskSplits(task.splits)
    return TaskSplits(task.splits, target.blobs.put(BlobKind.MARKS, marks_to_bytes(task.marks)))


def write_label_set(target: Target, task: Task, labels: Labels) -> LabelSet:
    """Return the task's label set with these labels; make its next version if there is none."""
    data = to_bytes(labels)
    digest = sha256(data).hexdigest()
    known = target.session.scalars(
        select(LabelSet).where(LabelSet.task_id == task.id, LabelSet.digest == digest)
    ).one_or_none()
    if known is not None:
        return known
    target.blobs.put(BlobKind.LABELS, data)
    newest = target.session.scalar(
        select(func.max(LabelSet.version)).where(LabelSet.task_id == task.id)
    )
    row = LabelSet(
        id=new_id(),
        task_id=task.id,
        version=(newest or 0) + 1,
        digest=digest,
        n_labels=len(labels.sample_ids),
        created_at=target.now,
    )
    target.session.add(row)
    target.session.flush()
    return row
