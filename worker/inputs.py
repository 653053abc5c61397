"""Read from the blobs what a scorer takes: the matrix, and of each task rows, labels, splits."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.blobs import BlobKind, BlobStore
from app.challenges.samples import parse_sample_blob
from app.models import Part
from app.phases.splits import TaskSplits
from probeboard.labelsets import (
    LabelSet,
    Split,
    from_bytes,
    make_splits,
    marks_from_bytes,
    number_groups,
    restrict,
)
from probeboard.probing import ProbeTask, Units
from worker.work import Side, Work, WorkTask


def read_matrix(blobs: BlobStore, work: Work) -> NDArray[np.float32]:
    """Map a submission's matrix, shape (n_samples, n_dims); pages are read as they are used."""
    path = blobs.existing_path(BlobKind.MATRICES, work.matrix_sha256)
    matrix: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    return matrix


def read_probe_task(
    blobs: BlobStore, work: Work, task: WorkTask, part: Part = Part.PUBLIC
) -> ProbeTask:
    """Return a task as the scorer takes it: rows of the matrix, labels, splits, probe.

    Where the phase has private samples, of one part as if there were no other.
    """
    side = work.side(part)
    labels = _read_labels(blobs, task.label_digest, side)
    row_of = _row_of_sample(blobs, work.samples_digest)
    return ProbeTask(
        name=task.name,
        task_type=labels.task_type,
        rows=np.array([row_of[sample] for sample in labels.sample_ids], dtype=np.intp),
        labels=labels.labels,
        splits=_make_splits(blobs, task.label_digest, task.splits, side),
        probe=task.probe,
    )


def read_groups(
    blobs: BlobStore, work: Work, task: WorkTask, part: Part = Part.PUBLIC
) -> Units | None:
    """Return the groups of a task's labelled samples; None where splits are not by group."""
    if task.splits.marks is None:
        return None
    return _number_groups(blobs, task.label_digest, task.splits, work.side(part))


# Digests name their content for ever, so what was read once is kept by the process: as much as a
# challenge or two have, for it counts as memory of the evaluation (40 splits of 10,000 labels
# take 3 MB; those of two parts together as much as those of the whole).
@lru_cache(maxsize=64)
def _read_labels(blobs: BlobStore, digest: str, side: Side | None) -> LabelSet:
    labels = from_bytes(blobs.read(BlobKind.LABELS, digest))
    return labels if side is None else restrict(labels, _samples_on(blobs, side))


@lru_cache(maxsize=8)
def _samples_on(blobs: BlobStore, side: Side) -> frozenset[str]:
    part_of = _read_marks(blobs, side.sides)
    return frozenset(sample for sample, part in part_of.items() if part == side.part)


@lru_cache(maxsize=4)
def _row_of_sample(blobs: BlobStore, digest: str) -> Mapping[str, int]:
    samples = parse_sample_blob(blobs.read(BlobKind.SAMPLES, digest))
    return {sample: row for row, sample in enumerate(samples)}


@lru_cache(maxsize=64)
def _make_splits(
    blobs: BlobStore, label_digest: str, splits: TaskSplits, side: Side | None
) -> tuple[Split, ...]:
    marks = None if splits.marks is None else _read_marks(blobs, splits.marks)
    return make_splits(_read_labels(blobs, label_digest, side), splits.spec, marks)


@lru_cache(maxsize=64)
def _number_groups(
    blobs: BlobStore, label_digest: str, splits: TaskSplits, side: Side | None
) -> Units | None:
    marks = None if splits.marks is None else _read_marks(blobs, splits.marks)
    groups = number_groups(_read_labels(blobs, label_digest, side), splits.spec, marks)
    return None if groups is None else Units(groups.of, groups.size, f"groups {splits.marks}")


def _read_marks(blobs: BlobStore, digest: str) -> dict[str, str]:
    return marks_from_bytes(blobs.read(BlobKind.MARKS, digest))
