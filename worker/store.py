"""Read what a job needs, write what it found. The attempt number fences every write."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.blobs import BlobKind, BlobStore
from app.challenges.samples import parse_sample_blob
from app.models import (
    Evaluation,
    LabelSet,
    Phase,
    PhaseTask,
    Status,
    Submission,
    Task,
    TaskScore,
    new_id,
)
from app.queue import request_ranking
from app.submissions.lifecycle import move
from probeboard.labelsets import LabelSet as Labels
from probeboard.labelsets import Split, SplitSpec, from_bytes, shuffle_splits
from probeboard.probing import ProbeTask, TaskScores, package_versions


@dataclass(frozen=True)
class WorkTask:
    """A task to score."""

    task_id: UUID
    name: str
    label_set_id: UUID
    label_version: int
    label_digest: str


@dataclass(frozen=True)
class Work:
    """A claimed submission, and all that says how it is scored."""

    submission_id: UUID
    attempt: int
    request_id: str
    phase_id: UUID
    matrix_sha256: str
    samples_digest: str
    scorer: str
    scorer_version: int
    splits: SplitSpec
    tasks: tuple[WorkTask, ...]


@dataclass(frozen=True)
class Failure:
    """Why a submission was not scored: a code and words for the team, the rest for the operator."""

    code: str
    detail: str
    traceback: str | None = None


def claim(session: Session, submission_id: UUID, *, now: datetime, lease: timedelta) -> Work | None:
    """Take a queued submission under a lease; None if it is not there to be taken."""
    claimed = move(
        session,
        submission_id,
        Status.RUNNING,
        now=now,
        values={"attempt": Submission.attempt + 1, "lease_expires_at": now + lease},
    )
    return _read_work(session, submission_id) if claimed else None


def renew(
    session: Session,
    work: Work,
    *,
    now: datetime,
    lease: timedelta,
    tasks_done: int | None = None,
) -> bool:
    """Prolong the lease, and note progress; False if the lease was lost."""
    values: dict[str, Any] = {"lease_expires_at": now + lease}
    if tasks_done is not None:
        values["tasks_done"] = tasks_done
    renewed = session.scalars(
        update(Submission)
        .where(
            Submission.id == work.submission_id,
            Submission.status == Status.RUNNING,
            Submission.attempt == work.attempt,
        )
        .values(values)
        .returning(Submission.id)
    )
    return renewed.one_or_none() is not None


def finish(
    session: Session,
    work: Work,
    scores: Sequence[TaskScores],
    *,
    now: datetime,
    seconds: float,
) -> bool:
    """Write scores, status and the request to rank; False, and nothing, if the lease was lost."""
    if not move(session, work.submission_id, Status.SCORED, now=now, attempt=work.attempt):
        return False
    evaluation = Evaluation(
        id=new_id(),
        submission_id=work.submission_id,
        scorer=work.scorer,
        scorer_version=work.scorer_version,
        rules_digest=rules_digest(work),
        is_official=True,
        attempt=work.attempt,
        created_at=now,
        seconds=seconds,
        receipt=receipt_of(work),
    )
    session.add(evaluation)
    session.flush()
    for task, score in zip(work.tasks, scores, strict=True):
        session.add(
            TaskScore(
                evaluation_id=evaluation.id,
                task_id=task.task_id,
                label_set_id=task.label_set_id,
                metric=score.metric,
                mean=score.mean,
                std=score.std,
                q=score.q,
                standard_error=score.standard_error,
                split_scores=score.split_scores.tolist(),
                penalties=score.penalties.tolist(),
            )
        )
    request_ranking(session, work.phase_id)
    session.flush()
    return True


def reject(session: Session, work: Work, failure: Failure, *, now: datetime) -> bool:
    """Note that the file is at fault; False if the lease was lost."""
    return move(
        session,
        work.submission_id,
        Status.REJECTED,
        now=now,
        attempt=work.attempt,
        values=_failure_columns(failure),
    )


def release(
    session: Session, submission_id: UUID, attempt: int, failure: Failure, *, now: datetime
) -> Status | None:
    """Give a running submission back: to the queue, or, after the last attempt, as failed.

    Returns where it went; None if the attempt is not the present one.
    """
    row = session.get(Submission, submission_id, with_for_update=True, populate_existing=True)
    if row is None or row.attempt != attempt or row.status != Status.RUNNING:
        return None
    if attempt < row.attempts_allowed:
        move(session, submission_id, Status.QUEUED, now=now, attempt=attempt)
        return Status.QUEUED
    move(
        session,
        submission_id,
        Status.FAILED,
        now=now,
        attempt=attempt,
        values=_failure_columns(failure),
    )
    return Status.FAILED


def _failure_columns(failure: Failure) -> dict[str, Any]:
    return {
        "failure_code": failure.code,
        "failure_detail": failure.detail,
        "failure_traceback": failure.traceback,
    }


def _read_work(session: Session, submission_id: UUID) -> Work:
    submission, phase = session.execute(
        select(Submission, Phase)
        .join(Phase, Phase.id == Submission.phase_id)
        .where(Submission.id == submission_id)
        .execution_options(populate_existing=True)
    ).one()
    tasks = session.execute(
        select(Task, LabelSet)
        .join(PhaseTask, PhaseTask.task_id == Task.id)
        .join(LabelSet, LabelSet.id == PhaseTask.label_set_id)
        .where(PhaseTask.phase_id == phase.id)
        .order_by(PhaseTask.position)
    )
    return Work(
        submission_id=submission.id,
        attempt=submission.attempt,
        request_id=submission.request_id,
        phase_id=phase.id,
        matrix_sha256=submission.matrix_sha256,
        samples_digest=phase.samples_digest,
        scorer=phase.scorer,
        scorer_version=phase.scorer_version,
        splits=SplitSpec(phase.n_splits, phase.test_size, phase.split_seed),
        tasks=tuple(
            WorkTask(task.id, task.slug, labels.id, labels.version, labels.digest)
            for task, labels in tasks
        ),
    )


def rules_digest(work: Work) -> str:
    """Digest what, beside the scorer, decides the numbers: tasks, label sets, splits."""
    return hashlib.sha256(json.dumps(_rules(work), sort_keys=True).encode()).hexdigest()


def receipt_of(work: Work) -> dict[str, Any]:
    """Return all that is needed to compute the numbers again."""
    return {
        **_rules(work),
        "matrix_sha256": work.matrix_sha256,
        "packages": package_versions(),
    }


def _rules(work: Work) -> dict[str, Any]:
    return {
        "scorer": f"{work.scorer}@{work.scorer_version}",
        "splits": {
            "kind": "shuffle",
            "n_splits": work.splits.n_splits,
            "test_size": work.splits.test_size,
            "seed": work.splits.seed,
        },
        "samples": work.samples_digest,
        "label_sets": {
            task.name: {"version": task.label_version, "digest": task.label_digest}
            for task in work.tasks
        },
    }


def read_matrix(blobs: BlobStore, work: Work) -> NDArray[np.float32]:
    """Map a submission's matrix, shape (n_samples, n_dims); pages are read as they are used."""
    path = blobs.existing_path(BlobKind.MATRICES, work.matrix_sha256)
    matrix: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    return matrix


def read_probe_task(blobs: BlobStore, work: Work, task: WorkTask) -> ProbeTask:
    """Return a task as the scorer takes it: rows of the matrix, labels, splits."""
    labels = _read_labels(blobs, task.label_digest)
    row_of = _row_of_sample(blobs, work.samples_digest)
    return ProbeTask(
        name=task.name,
        task_type=labels.task_type,
        rows=np.array([row_of[sample] for sample in labels.sample_ids], dtype=np.intp),
        labels=labels.labels,
        splits=_splits(len(labels.sample_ids), work.splits),
    )


# Digests name their content for ever, so what was read once is kept by the process.
@lru_cache(maxsize=64)
def _read_labels(blobs: BlobStore, digest: str) -> Labels:
    return from_bytes(blobs.read(BlobKind.LABELS, digest))


@lru_cache(maxsize=8)
def _row_of_sample(blobs: BlobStore, digest: str) -> Mapping[str, int]:
    samples = parse_sample_blob(blobs.read(BlobKind.SAMPLES, digest))
    return {sample: row for row, sample in enumerate(samples)}


@lru_cache(maxsize=64)
def _splits(n: int, spec: SplitSpec) -> tuple[Split, ...]:
    return shuffle_splits(n, spec)
