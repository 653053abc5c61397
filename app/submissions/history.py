"""The evaluations of a submission one after the other: what was official from when to when."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import (
    Evaluation,
    Part,
    Rescoring,
    RescoringItem,
    RescoringState,
    TaskScore,
)
from app.submissions.scores import Scored

Weights = Mapping[UUID, float]


@dataclass(frozen=True)
class Period:
    """How a submission was scored from one instant to the next, and why it came to that.

    The means are by public samples and by the weights of that time; None where a re-scoring left
    the submission out. Of the first evaluation there is no re-scoring to name.
    """

    since: datetime
    until: datetime | None
    is_official: bool
    mean_score: float | None
    mean_q: float | None
    rescoring_id: UUID | None = None
    reason: str | None = None


@dataclass(frozen=True)
class _Step:
    """A set that was applied, as it concerns one submission."""

    rescoring_id: UUID
    at: datetime
    reason: str
    evaluation_id: UUID | None
    replaced_id: UUID | None
    before: Weights
    after: Weights


def read_history(
    session: Session, official: Mapping[UUID, Scored], weights: Mapping[UUID, Weights]
) -> dict[UUID, tuple[Period, ...]]:
    """Return the periods of submissions, the first first.

    `official` has the scores of those that have some, `weights` those of the phase of each of the
    submissions that are asked for.
    """
    steps = _read_steps(session, list(weights))
    wanted = {
        key
        for taken in steps.values()
        for step in taken
        for key in (step.replaced_id, step.evaluation_id)
        if key is not None
    }
    figures = _read_figures(session, wanted)
    found = {}
    for key, own in weights.items():
        periods = _periods(steps.get(key, []), figures)
        scored = official.get(key)
        if scored is not None and not any(period.is_official for period in periods):
            periods.append(
                Period(
                    since=scored.evaluation.created_at,
                    until=None,
                    is_official=True,
                    mean_score=scored.mean_score(dict(own)),
                    mean_q=scored.mean_q(dict(own)),
                )
            )
        found[key] = tuple(periods)
    return found


def _periods(steps: Sequence[_Step], figures: Mapping[UUID, "_Figures"]) -> list[Period]:
    if not steps:
        return []
    first, *_ = steps
    periods = []
    before = None if first.replaced_id is None else figures[first.replaced_id]
    if before is not None:
        score, q = before.means(first.before)
        periods.append(Period(before.created_at, first.at, False, score, q))
    ends = [*(step.at for step in steps[1:]), None]
    for step, until in zip(steps, ends, strict=True):
        evaluated = None if step.evaluation_id is None else figures[step.evaluation_id]
        means: tuple[float | None, float | None] = (None, None)
        if evaluated is not None:
            means = evaluated.means(step.after)
        is_official = until is None and evaluated is not None and evaluated.is_official
        periods.append(Period(step.at, until, is_official, *means, step.rescoring_id, step.reason))
    return periods


@dataclass(frozen=True)
class _Figures:
    """What is told of an evaluation: of each task the mean score and Q."""

    created_at: datetime
    is_official: bool
    tasks: Mapping[UUID, tuple[float, float]]

    def means(self, weights: Weights) -> tuple[float, float]:
        """Return the weighted means over tasks, summed in the order of the weights."""
        total = sum(weights.values())
        score, q = (
            sum(weight * self.tasks[task][place] for task, weight in weights.items()) / total
            for place in (0, 1)
        )
        return score, q


def _read_steps(session: Session, submission_ids: Sequence[UUID]) -> dict[UUID, list[_Step]]:
    rows = session.execute(
        select(RescoringItem, Rescoring)
        .join(Rescoring, Rescoring.id == RescoringItem.rescoring_id)
        .where(
            RescoringItem.submission_id.in_(submission_ids),
            Rescoring.state == RescoringState.APPLIED,
        )
        .order_by(Rescoring.decided_at)
    )
    found: defaultdict[UUID, list[_Step]] = defaultdict(list)
    for item, rescoring in rows:
        (change,) = (
            one for one in rescoring.rules["phases"] if one["phase_id"] == str(item.phase_id)
        )
        assert rescoring.decided_at is not None  # noqa: S101 - a check of the table, for mypy
        found[item.submission_id].append(
            _Step(
                rescoring_id=rescoring.id,
                at=rescoring.decided_at,
                reason=rescoring.reason,
                evaluation_id=item.evaluation_id,
                replaced_id=item.replaced_id,
                before=_weights(change["before"]),
                after=_weights(change["after"]),
            )
        )
    return found


def _weights(rules: Mapping[str, Any]) -> Weights:
    return {UUID(task["task_id"]): task["weight"] for task in rules["tasks"]}


def _read_figures(session: Session, evaluation_ids: set[UUID]) -> dict[UUID, _Figures]:
    if not evaluation_ids:
        return {}
    rows = session.execute(
        select(
            Evaluation.id,
            Evaluation.created_at,
            Evaluation.is_official,
            TaskScore.task_id,
            TaskScore.mean,
            TaskScore.q,
        )
        .join(TaskScore, TaskScore.evaluation_id == Evaluation.id)
        .where(Evaluation.id.in_(evaluation_ids), TaskScore.part == Part.PUBLIC)
    ).all()
    tasks: defaultdict[UUID, dict[UUID, tuple[float, float]]] = defaultdict(dict)
    for key, _, _, task_id, mean, q in rows:
        tasks[key][task_id] = (mean, q)
    return {row[0]: _Figures(row[1], row[2], tasks[row[0]]) for row in rows}
