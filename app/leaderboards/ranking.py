"""Read all that a phase's board is made from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    Uuid,
    and_,
    any_,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.leaderboards.by_samples import sample_unit
from app.leaderboards.contenders import Contender, Contenders
from app.leaderboards.entries import weighted_means
from app.leaderboards.freezing import with_frozen_weights
from app.leaderboards.rules import BoardRules, BoardTask
from app.models import (
    Challenge,
    Evaluation,
    Part,
    Participation,
    Phase,
    ProbeKind,
    SelectBy,
    Selection,
    Status,
    Submission,
    TaskScore,
    Team,
)
from app.models.challenge import Analysis
from app.phases.ranking_policy import RankingPolicy
from app.phases.service import TaskInPhase, display_names, tasks_of
from app.policy import part_shown
from app.submissions.selection import CAN_COME_TO_COUNT, Candidate, best_score, counting
from app.submissions.split_scores import EvaluationScores, ScoreCache
from probeboard.labelsets import SplitKind, TaskType

ReadRow = Row[*tuple[Any, ...]]

_METRICS = {
    TaskType.REGRESSION: "r2",
    TaskType.BINARY: "f1",
    TaskType.MULTICLASS: "macro_f1",
    TaskType.MULTILABEL: "micro_map",
}


@dataclass(frozen=True)
class Rescored:
    """Another scorer and tasks than the phase's, and a condition: which evaluations are by them."""

    scorer: str
    tasks: Sequence[TaskInPhase]
    evaluations: ColumnElement[bool]


def read_contenders(
    session: Session,
    phase_id: UUID,
    *,
    now: datetime,
    policy: RankingPolicy | None = None,
    rescored: Rescored | None = None,
    cache: ScoreCache | None = None,
) -> Contenders:
    """Read a phase's rules, the submissions that count, and the baselines.

    Scores are those of the samples that decide at `now`. With a policy, or re-scored, as if the
    phase had it, or scored so. Split scores are read once in the life of the cache.
    """
    cache = ScoreCache() if cache is None else cache
    phase, challenge = session.execute(
        select(Phase, Challenge)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(Phase.id == phase_id)
    ).one()
    rules = rules_of(session, phase, challenge, now=now, policy=policy, rescored=rescored)
    valid = and_(Evaluation.is_official) if rescored is None else rescored.evaluations
    rows = _read_rows(session, phase_id, valid)
    chosen = _counting(session, rules, rows, valid)
    # Public ones only: how much a team keeps to itself is its own affair.
    handed_in = Counter(
        row.participation_id for row in rows if row.public and row.status == Status.SCORED
    )
    shown = [
        row
        for row in rows
        if row.evaluation_id is not None
        and (row.id in chosen or (row.is_baseline and row.public and row.status == Status.SCORED))
    ]
    scores = cache.read(
        session,
        [row.evaluation_id for row in shown],
        part=rules.part or Part.PUBLIC,
        rates=rules.shows_rates,
        draws=rules.sample_unit is not None,
    )
    contenders = [
        _contender(row, scores[row.evaluation_id], handed_in[row.participation_id]) for row in shown
    ]
    return Contenders(
        with_frozen_weights(session, with_ratios(rules, scores), valid, cache=cache, now=now),
        pool=tuple(one for one in contenders if not one.is_baseline),
        baselines=tuple(one for one in contenders if one.is_baseline),
    )


def rules_of(
    session: Session,
    phase: Phase,
    challenge: Challenge,
    *,
    now: datetime,
    policy: RankingPolicy | None = None,
    rescored: Rescored | None = None,
) -> BoardRules:
    """Return what decides a phase's board at `now`, but for what only its scores tell."""
    tasks = tasks_of(session, phase.id) if rescored is None else rescored.tasks
    scorer = f"{phase.scorer}@{phase.scorer_version}" if rescored is None else rescored.scorer
    names = display_names(phase, tasks)
    return BoardRules(
        challenge=challenge.slug,
        challenge_title=challenge.title,
        phase=phase.slug,
        phase_title=phase.title,
        phase_id=phase.id,
        policy=policy or RankingPolicy.of(phase),
        scorer=scorer,
        tasks=tuple(_task(task, names[task.task_id]) for task in tasks),
        shows_tasks=phase.board_tasks,
        shows_rates=phase.board_tasks and Analysis.RATE_DISTORTION in phase.analyses,
        sample_unit=_sample_unit(tasks) if Analysis.PREDICTIONS in phase.analyses else None,
        part=part_shown(phase, now),
    )


def _sample_unit(tasks: Sequence[TaskInPhase]) -> str:
    return sample_unit(task.splits.spec.kind is SplitKind.GROUPED for task in tasks)


def with_ratios(rules: BoardRules, scores: Mapping[UUID, EvaluationScores]) -> BoardRules:
    """Take over each task's n_test / n_train from the evaluations; the same splits have the same.

    Rows of old may not tell it; then the size of the test part does, and 0 where there is none.
    """
    tasks = []
    for task in rules.tasks:
        told = [
            one.test_to_train[task.task_id]
            for one in scores.values()
            if task.task_id in one.test_to_train
        ]
        tasks.append(replace(task, test_to_train=max(told)) if told else task)
    return replace(rules, tasks=tuple(tasks))


def metric_of(task_type: TaskType, probe: ProbeKind) -> str:
    """Name the metric that ranks; the board says it before anything was scored."""
    return "map_at_20" if probe is ProbeKind.RETRIEVAL else _METRICS[task_type]


def _task(task: TaskInPhase, name: str) -> BoardTask:
    size = task.splits.test_size
    return BoardTask(
        name=name,
        slug=task.slug,
        task_type=task.task_type,
        metric=metric_of(TaskType(task.task_type), ProbeKind(task.probe)),
        weight=task.weight,
        task_id=task.task_id,
        test_to_train=0.0 if size is None else size / (1.0 - size),
        group=str(task.task_id),
    )


def _read_rows(session: Session, phase_id: UUID, valid: ColumnElement[bool]) -> Sequence[ReadRow]:
    """Read the submissions that count or may come to, as plain columns: there may be thousands."""
    statement: Select[*tuple[Any, ...]] = (
        select(
            Submission.id,
            Submission.participation_id,
            Submission.is_baseline,
            Submission.public,
            Submission.status,
            Submission.received_at,
            Submission.queue_number,
            Submission.selected_at,
            Submission.method_name,
            Submission.project_url,
            Submission.paper_url,
            Team.name.label("team"),
            Evaluation.id.label("evaluation_id"),
        )
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .outerjoin(Evaluation, and_(Evaluation.submission_id == Submission.id, valid))
        .where(
            Submission.phase_id == phase_id,
            Submission.status.in_(CAN_COME_TO_COUNT),
            Submission.disqualified_at.is_(None),
            Participation.disqualified_at.is_(None),  # also where there is none: a baseline
        )
        .order_by(Submission.queue_number)
    )
    return session.execute(statement).all()


def _counting(
    session: Session, rules: BoardRules, rows: Sequence[ReadRow], valid: ColumnElement[bool]
) -> set[UUID]:
    """Return the submissions that count."""
    policy = rules.policy
    scores: Mapping[UUID, float] = {}
    if policy.selection is not Selection.LAST:
        scores = _scores(session, rules, best_score(policy.method, policy.select_by), valid)
    candidates = [
        Candidate(
            submission_id=row.id,
            participation_id=row.participation_id,
            status=Status(row.status),
            public=row.public,
            received_at=row.received_at,
            queue_number=row.queue_number,
            score=None if row.evaluation_id is None else scores.get(row.evaluation_id, 0.0),
            selected_at=row.selected_at,
        )
        for row in rows
    ]
    return set(counting(candidates, policy.selection, limit=policy.selection_limit).values())


def _scores(
    session: Session, rules: BoardRules, by: SelectBy, valid: ColumnElement[bool]
) -> dict[UUID, float]:
    """Return the score by which “best” is told, by evaluation: always by public samples."""
    figure = TaskScore.q if by is SelectBy.MEAN_Q else TaskScore.mean
    tasks = literal([task.task_id for task in rules.tasks], ARRAY(Uuid))
    position = func.array_position(tasks, TaskScore.task_id)
    rows = session.execute(
        select(TaskScore.evaluation_id, func.array_agg(aggregate_order_by(figure, position)))
        .join(Evaluation, Evaluation.id == TaskScore.evaluation_id)
        .join(Submission, Submission.id == Evaluation.submission_id)
        .where(
            Submission.phase_id == rules.phase_id,
            valid,
            TaskScore.task_id == any_(tasks),
            TaskScore.part == Part.PUBLIC,
        )
        .group_by(TaskScore.evaluation_id)
    ).all()
    if not rows:
        return {}
    columns = np.array([values for _, values in rows], dtype=np.float64).T
    means = weighted_means(list(columns), rules.weights).tolist()
    return {row[0]: mean for row, mean in zip(rows, means, strict=True)}


def _contender(row: ReadRow, scores: EvaluationScores, n_submissions: int) -> Contender:
    return Contender(
        submission_id=row.id,
        evaluation_id=row.evaluation_id,
        team=row.team,
        method_name=row.method_name,
        project_url=row.project_url,
        paper_url=row.paper_url,
        received_at=row.received_at,
        n_submissions=1 if row.is_baseline else n_submissions,
        is_baseline=row.is_baseline,
        scores=scores,
    )
