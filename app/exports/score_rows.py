"""Scores as tables: a row for each task of an evaluation, or for each of its splits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, Row, Select, SQLColumnExpression, and_, func, select
from sqlalchemy.orm import Session

from app.models import (
    Evaluation,
    LabelSet,
    Part,
    Participation,
    Phase,
    PhaseTask,
    Submission,
    Task,
    TaskScore,
    Team,
)
from app.submissions.selection import Standing
from app.submissions.split_scores import numbers_of
from probeboard.scores import as_counted

AT_ONCE = 250

_INSTANT = pa.timestamp("us", tz="UTC")
_NAMED = (
    ("phase", pa.string()),
    ("submission", pa.string()),
    ("team", pa.string()),
    ("is_baseline", pa.bool_()),
    ("method", pa.string()),
    ("received_at", _INSTANT),
    ("status", pa.string()),
    ("standing", pa.string()),
    ("counts", pa.bool_()),
    ("evaluation", pa.string()),
    ("official", pa.bool_()),
    ("evaluated_at", _INSTANT),
    ("scorer", pa.string()),
    ("task", pa.string()),
    ("label_set", pa.int32()),
    ("part", pa.string()),
    ("metric", pa.string()),
)
_OF_TASKS = (
    ("mean", pa.float64()),
    ("std", pa.float64()),
    ("standard_error", pa.float64()),
    ("q", pa.float64()),
    ("n_splits", pa.int32()),
    ("test_to_train", pa.float64()),
)
_OF_SPLITS = (
    ("split", pa.int32()),
    ("score", pa.float64()),
    ("raw_score", pa.float64()),
    ("test_to_train", pa.float64()),
)
TASK_SCHEMA = pa.schema([*_NAMED, *_OF_TASKS])
SPLIT_SCHEMA = pa.schema([*_NAMED, *_OF_SPLITS])


@dataclass(frozen=True)
class Wanted:
    """Which scores: of which part, also of evaluations that are not official, only what counts."""

    splits: bool = False
    part: Part | None = None
    all_evaluations: bool = False
    counting: bool = False

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return SPLIT_SCHEMA if self.splits else TASK_SCHEMA


def score_batches(
    session: Session,
    phases: Sequence[Phase],
    standing: Mapping[UUID, Standing],
    wanted: Wanted,
) -> Iterator[pa.RecordBatch]:
    """Read the rows by a cursor of the server's, a batch of bounded size at a time.

    In the phases' order, the submissions' of arrival and the tasks'.
    """
    rows = session.execute(
        _statement([phase.id for phase in phases], wanted).execution_options(yield_per=AT_ONCE)
    )
    for part in rows.partitions():
        kept = [row for row in part if not wanted.counting or _on_board(standing[row.submission])]
        if kept:
            yield _split_batch(kept, standing) if wanted.splits else _task_batch(kept, standing)


def _on_board(standing: Standing) -> bool:
    return standing in (Standing.COUNTS, Standing.BASELINE)


def _statement(phase_ids: Sequence[UUID], wanted: Wanted) -> Select[*tuple[Any, ...]]:
    conditions: list[SQLColumnExpression[bool]] = [Submission.phase_id.in_(phase_ids)]
    if not wanted.all_evaluations:
        conditions.append(Evaluation.is_official)
    if wanted.part is not None:
        conditions.append(TaskScore.part == wanted.part)
    figures: list[SQLColumnExpression[Any]] = [
        TaskScore.mean,
        TaskScore.std,
        TaskScore.standard_error,
        TaskScore.q,
        func.cardinality(TaskScore.split_scores).label("n_splits"),
    ]
    if wanted.splits:
        figures = [func.array_send(TaskScore.split_scores, type_=LargeBinary).label("sent")]
    return (
        select(
            Phase.slug.label("phase"),
            Submission.id.label("submission"),
            Team.name.label("team"),
            Submission.is_baseline,
            Submission.method_name.label("method"),
            Submission.received_at,
            Submission.status,
            Evaluation.id.label("evaluation"),
            Evaluation.is_official.label("official"),
            Evaluation.created_at.label("evaluated_at"),
            Evaluation.scorer,
            Evaluation.scorer_version,
            Task.slug.label("task"),
            LabelSet.version.label("label_set"),
            TaskScore.part,
            TaskScore.metric,
            TaskScore.test_to_train,
            *figures,
        )
        .join(Evaluation, Evaluation.id == TaskScore.evaluation_id)
        .join(Submission, Submission.id == Evaluation.submission_id)
        .join(Phase, Phase.id == Submission.phase_id)
        .join(Task, Task.id == TaskScore.task_id)
        .join(LabelSet, LabelSet.id == TaskScore.label_set_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        # A task may have left its phase since; it comes last.
        .outerjoin(
            PhaseTask, and_(PhaseTask.phase_id == Phase.id, PhaseTask.task_id == TaskScore.task_id)
        )
        .where(*conditions)
        .order_by(
            Phase.position,
            Submission.queue_number,
            Evaluation.created_at,
            Evaluation.id,
            TaskScore.part.desc(),  # public, private
            PhaseTask.position,
            Task.slug,
        )
    )


def _named(rows: Sequence[Row[*tuple[Any, ...]]], standing: Mapping[UUID, Standing]) -> pa.Table:
    """Return what says whose score it is."""
    told = [
        {
            "phase": row.phase,
            "submission": str(row.submission),
            "team": row.team,
            "is_baseline": row.is_baseline,
            "method": row.method,
            "received_at": row.received_at,
            "status": row.status,
            "standing": str(standing[row.submission]),
            "counts": standing[row.submission] is Standing.COUNTS,
            "evaluation": str(row.evaluation),
            "official": row.official,
            "evaluated_at": row.evaluated_at,
            "scorer": f"{row.scorer}@{row.scorer_version}",
            "task": row.task,
            "label_set": row.label_set,
            "part": row.part,
            "metric": row.metric,
        }
        for row in rows
    ]
    return pa.RecordBatch.from_pylist(told, schema=pa.schema(_NAMED))


def _task_batch(
    rows: Sequence[Row[*tuple[Any, ...]]], standing: Mapping[UUID, Standing]
) -> pa.RecordBatch:
    figures = [
        pa.array([getattr(row, name) for row in rows], type=kind) for name, kind in _OF_TASKS
    ]
    named = _named(rows, standing)
    return pa.RecordBatch.from_arrays([*named.columns, *figures], schema=TASK_SCHEMA)


def _split_batch(
    rows: Sequence[Row[*tuple[Any, ...]]], standing: Mapping[UUID, Standing]
) -> pa.RecordBatch:
    """Repeat what names a score for each of its splits."""
    raw = [numbers_of(row.sent) for row in rows]
    counted = [as_counted(scores, scorer=row.scorer) for row, scores in zip(rows, raw, strict=True)]
    lengths = [len(scores) for scores in raw]
    named = _named(rows, standing).take(pa.array(np.repeat(np.arange(len(rows)), lengths)))
    figures = [
        pa.array(np.concatenate([np.arange(length) for length in lengths]), type=pa.int32()),
        pa.array(_joined(counted)),
        pa.array(_joined(raw)),
        pa.array([row.test_to_train for row in rows], type=pa.float64()).take(
            pa.array(np.repeat(np.arange(len(rows)), lengths))
        ),
    ]
    return pa.RecordBatch.from_arrays([*named.columns, *figures], schema=SPLIT_SCHEMA)


def _joined(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate(parts)
