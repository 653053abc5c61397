"""Which tasks of a phase share their samples and splits: the scores of such tasks err together."""

import hashlib
import json
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.blobs import BlobKind, BlobStore
from app.leaderboards.rules import BoardRules
from app.models import LabelSet, PhaseTask
from app.phases.splits import TaskSplits
from probeboard.labelsets import SplitKind, from_bytes


def read_labels_of_tasks(session: Session, phase_id: UUID) -> dict[UUID, tuple[TaskSplits, str]]:
    """Return how each task of a phase is split, and the digest of its labels."""
    rows = session.execute(
        select(PhaseTask.task_id, PhaseTask.splits, LabelSet.digest)
        .join(LabelSet, LabelSet.id == PhaseTask.label_set_id)
        .where(PhaseTask.phase_id == phase_id)
    )
    return {task_id: (TaskSplits.from_document(splits), digest) for task_id, splits, digest in rows}


def with_groups(
    rules: BoardRules, blobs: BlobStore, labels: dict[UUID, tuple[TaskSplits, str]]
) -> BoardRules:
    """Put each task into the group of those on the same samples and splits."""
    tasks = tuple(replace(task, group=_group(blobs, *labels[task.task_id])) for task in rules.tasks)
    return replace(rules, tasks=tasks)


def _group(blobs: BlobStore, splits: TaskSplits, label_digest: str) -> str:
    """Name a group by all that decides who is where: equal names, equal splits.

    Splits are drawn from the labelled samples in their order; stratified and few-shot ones by the
    labels as well.
    """
    drawn_by_labels = splits.spec.kind is SplitKind.STRATIFIED or splits.spec.shots is not None
    samples = label_digest if drawn_by_labels else _samples_digest(blobs, label_digest)
    rule = json.dumps(splits.to_document(), sort_keys=True)
    return hashlib.sha256(f"{rule}\n{samples}".encode()).hexdigest()[:16]


# A digest names its content for ever, and a hundred of them are nothing to keep.
@lru_cache(maxsize=1024)
def _samples_digest(blobs: BlobStore, label_digest: str) -> str:
    ids = from_bytes(blobs.read(BlobKind.LABELS, label_digest)).sample_ids
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()
