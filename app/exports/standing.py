"""The standing of every submission of a phase, from plain columns: there may be thousands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.models import (
    Evaluation,
    Part,
    Participation,
    Phase,
    PhaseTask,
    SelectBy,
    Status,
    Submission,
    TaskScore,
)
from app.phases.ranking_policy import RankingPolicy
from app.policy import part_shown
from app.submissions.selection import Candidate, Standing, best_score, standings


def standings_of(session: Session, phase: Phase, *, now: datetime) -> dict[UUID, Standing]:
    """Return the standing of each submission of a phase, by the scores that decide now."""
    policy = RankingPolicy.of(phase)
    scores = _scores(session, phase, best_score(policy.method, policy.select_by), now=now)
    candidates = [_candidate(row, scores) for row in _rows(session, phase.id)]
    return standings(candidates, policy.selection, limit=policy.selection_limit)


def _rows(session: Session, phase_id: UUID) -> Sequence[Row[*tuple[Any, ...]]]:
    out = Participation.disqualified_at.is_not(None)
    return session.execute(
        select(
            Submission.id,
            Submission.participation_id,
            Submission.status,
            Submission.public,
            Submission.received_at,
            Submission.queue_number,
            Submission.selected_at,
            Submission.disqualified_at,
            out.label("team_disqualified"),
        )
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .where(Submission.phase_id == phase_id)
    ).all()


def _candidate(row: Row[*tuple[Any, ...]], scores: Mapping[UUID, float]) -> Candidate:
    return Candidate(
        submission_id=row.id,
        participation_id=row.participation_id,
        status=Status(row.status),
        public=row.public,
        received_at=row.received_at,
        queue_number=row.queue_number,
        score=scores.get(row.id),
        selected_at=row.selected_at,
        disqualified=row.disqualified_at is not None or bool(row.team_disqualified),
    )


def _scores(session: Session, phase: Phase, by: SelectBy, *, now: datetime) -> dict[UUID, float]:
    """Return the score by which “best” is told, by submission: a weighted mean over tasks."""
    figure = TaskScore.q if by is SelectBy.MEAN_Q else TaskScore.mean
    rows = session.execute(
        select(
            Evaluation.submission_id,
            func.array_agg(aggregate_order_by(figure, PhaseTask.position)),
            func.array_agg(aggregate_order_by(PhaseTask.weight, PhaseTask.position)),
        )
        .join(TaskScore, TaskScore.evaluation_id == Evaluation.id)
        .join(Submission, Submission.id == Evaluation.submission_id)
        .join(
            PhaseTask,
            and_(PhaseTask.phase_id == phase.id, PhaseTask.task_id == TaskScore.task_id),
        )
        .where(
            Submission.phase_id == phase.id,
            Evaluation.is_official,
            TaskScore.part == (part_shown(phase, now) or Part.PUBLIC),
        )
        .group_by(Evaluation.submission_id)
    )
    # One task after the other, as everywhere: equal scores must stay equal to the last bit.
    return {
        key: sum(weight * value for weight, value in zip(weights, values, strict=True))
        / sum(weights)
        for key, values, weights in rows
    }
