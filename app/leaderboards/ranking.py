"""Read all that a phase's board is made from."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.leaderboards.board import BoardRules, BoardTask, Contender
from app.models import (
    Challenge,
    Participation,
    Phase,
    ProbeKind,
    Selection,
    Status,
    Submission,
    Team,
)
from app.phases.service import display_names, tasks_of
from app.submissions.scores import Scored, candidate_of, official_scores
from app.submissions.selection import counting
from probeboard.labelsets import TaskType
from probeboard.ranking import RankingMethod

_METRICS = {
    TaskType.REGRESSION: "r2",
    TaskType.BINARY: "f1",
    TaskType.MULTICLASS: "macro_f1",
    TaskType.MULTILABEL: "micro_map",
}


@dataclass(frozen=True)
class Contenders:
    """All that a phase's board is made from."""

    rules: BoardRules
    pool: tuple[Contender, ...]
    baselines: tuple[Contender, ...]


def read_contenders(session: Session, phase_id: UUID) -> Contenders:
    """Read a phase's rules, the submissions that count, and the baselines."""
    phase, challenge = session.execute(
        select(Phase, Challenge)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(Phase.id == phase_id)
    ).one()
    rules = rules_of(session, phase, challenge)
    weights = {task.task_id: task.weight for task in tasks_of(session, phase.id)}
    rows = session.execute(
        select(Submission, Team.name)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(Submission.phase_id == phase.id, Submission.status == Status.SCORED)
    ).all()
    of_phase = select(Submission.id).where(Submission.phase_id == phase.id)
    scores = official_scores(session, of_phase)
    candidates = [
        candidate_of(one, scores.get(one.id), method=rules.method, weights=weights)
        for one, _ in rows
    ]
    chosen = set(counting(candidates, Selection(phase.selection)).values())
    # Public ones only: how much a team keeps to itself is its own affair.
    handed_in = Counter(one.participation_id for one, _ in rows if one.public)
    contenders = {
        one.id: _contender(
            one, team, scores[one.id], list(weights), handed_in[one.participation_id]
        )
        for one, team in rows
        if one.id in scores
    }
    pool = tuple(contenders[one.id] for one, _ in rows if one.id in chosen)
    baselines = tuple(
        contenders[one.id]
        for one, _ in rows
        if one.is_baseline and one.public and one.id in contenders
    )
    return Contenders(rules, pool, baselines)


def rules_of(session: Session, phase: Phase, challenge: Challenge) -> BoardRules:
    """Return what decides a phase's board."""
    tasks = tasks_of(session, phase.id)
    names = display_names(phase, tasks)
    return BoardRules(
        challenge=challenge.slug,
        phase=phase.slug,
        phase_id=phase.id,
        method=RankingMethod(phase.ranking),
        selection=phase.selection,
        scorer=f"{phase.scorer}@{phase.scorer_version}",
        tasks=tuple(
            BoardTask(
                name=names[task.task_id],
                task_type=task.task_type,
                metric=metric_of(TaskType(task.task_type), ProbeKind(task.probe)),
                weight=task.weight,
            )
            for task in tasks
        ),
        shows_tasks=phase.board_tasks,
        decimals=phase.decimals,
    )


def metric_of(task_type: TaskType, probe: ProbeKind) -> str:
    """Name the metric that ranks; the board says it before anything was scored."""
    return "map_at_20" if probe is ProbeKind.RETRIEVAL else _METRICS[task_type]


def _contender(
    submission: Submission,
    team: str | None,
    scored: Scored,
    task_ids: list[UUID],
    n_submissions: int,
) -> Contender:
    scores = [scored.tasks[task_id] for task_id in task_ids]
    return Contender(
        submission_id=submission.id,
        team=team,
        method_name=submission.method_name,
        project_url=submission.project_url,
        paper_url=submission.paper_url,
        received_at=submission.received_at,
        n_submissions=1 if submission.is_baseline else n_submissions,
        means=tuple(score.mean for score in scores),
        qs=tuple(score.q for score in scores),
        standard_errors=tuple(score.standard_error for score in scores),
    )
