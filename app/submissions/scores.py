"""Official scores of submissions, read from their evaluations."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from app.models import Evaluation, Part, PhaseTask, SelectBy, Status, Submission, TaskScore
from app.submissions.selection import Candidate, best_score
from probeboard.ranking import RankingMethod


@dataclass(frozen=True)
class Scored:
    """A submission's official evaluation: the scores of the phase's tasks, by task id."""

    evaluation: Evaluation
    tasks: dict[UUID, TaskScore]

    def mean_score(self, weights: dict[UUID, float]) -> float:
        """Return the weighted mean of the tasks' mean scores."""
        return _weighted({task: score.mean for task, score in self.tasks.items()}, weights)

    def mean_q(self, weights: dict[UUID, float]) -> float:
        """Return the weighted mean of the tasks' Q."""
        return _weighted({task: score.q for task, score in self.tasks.items()}, weights)


def _weighted(values: dict[UUID, float], weights: dict[UUID, float]) -> float:
    # In the tasks' own order, so that the sum has the same bits wherever it is taken.
    total = sum(weights.values())
    return sum(weights[task] * values[task] for task in weights) / total


def weights_of(session: Session, phase_id: UUID) -> dict[UUID, float]:
    """Return the weight of each of a phase's tasks, in their order."""
    rows = session.execute(
        select(PhaseTask.task_id, PhaseTask.weight)
        .where(PhaseTask.phase_id == phase_id)
        .order_by(PhaseTask.position)
    )
    return dict(rows.all())


def official_scores(
    session: Session,
    submission_ids: Collection[UUID] | Select[UUID],
    *,
    part: Part = Part.PUBLIC,
    whole: bool = False,
) -> dict[UUID, Scored]:
    """Return the official scores of those submissions that have some, by a part of the samples.

    Receipts and split scores are most of the bytes and seldom asked for: they come with `whole`,
    and raise without. Analyses never come: `read_analyses` is for one submission.
    """
    statement = (
        select(Evaluation, TaskScore)
        .join(TaskScore, TaskScore.evaluation_id == Evaluation.id)
        .where(
            Evaluation.submission_id.in_(submission_ids),
            Evaluation.is_official,
            TaskScore.part == part,
        )
    )
    statement = statement.options(defer(Evaluation.analyses, raiseload=True))
    if not whole:
        statement = statement.options(
            defer(Evaluation.receipt, raiseload=True),
            defer(TaskScore.split_scores, raiseload=True),
            defer(TaskScore.penalties, raiseload=True),
        )
    rows = session.execute(statement.execution_options(populate_existing=whole))
    evaluations: dict[UUID, Evaluation] = {}
    tasks: defaultdict[UUID, dict[UUID, TaskScore]] = defaultdict(dict)
    for evaluation, score in rows:
        evaluations[evaluation.submission_id] = evaluation
        tasks[evaluation.submission_id][score.task_id] = score
    return {key: Scored(evaluation, tasks[key]) for key, evaluation in evaluations.items()}


def candidate_of(
    submission: Submission,
    scored: Scored | None,
    *,
    method: RankingMethod,
    weights: dict[UUID, float],
    by: SelectBy | None = None,
    team_disqualified: bool = False,
) -> Candidate:
    """Describe a submission to the selection; `by` is the phase's, None for the method's own."""
    score = None
    if scored is not None:
        of_q = best_score(method, by) is SelectBy.MEAN_Q
        score = scored.mean_q(weights) if of_q else scored.mean_score(weights)
    return Candidate(
        submission_id=submission.id,
        participation_id=submission.participation_id,
        status=Status(submission.status),
        public=submission.public,
        received_at=submission.received_at,
        queue_number=submission.queue_number,
        score=score,
        selected_at=submission.selected_at,
        disqualified=team_disqualified or submission.disqualified_at is not None,
    )
