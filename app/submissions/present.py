"""A submission as its viewer may see it."""

from typing import Any, TypeVar

from app.models import Status, TaskScore
from app.participations.schemas import DisqualificationView
from app.policy import Sight
from app.submissions.disqualifying import Disqualified
from app.submissions.history import Period
from app.submissions.schemas import (
    DisqualifiedView,
    EvaluationView,
    FailureView,
    ReceiptView,
    ScoresView,
    SubmissionView,
    TaskScoreView,
)
from app.submissions.scores import Scored
from app.submissions.service import Detail

# A team that could see the penalties or the splits could read labels off them.
_PUBLIC_RECEIPT = (
    "scorer", "scaling", "splits", "probes", "label_sets", "analyses", "packages", "limits",
)  # fmt: skip
_BY_TASK = ("splits", "probes", "label_sets")  # these stand under the tasks' own names

Figure = TypeVar("Figure", float, float | None)


def submission_view(detail: Detail, sight: Sight, private: Scored | None = None) -> SubmissionView:
    """Describe a submission; scores are cut to what its viewer sees.

    `private` are those by private samples, for who may see them.
    """
    submission = detail.submission
    return SubmissionView(
        id=submission.id,
        phase_id=submission.phase_id,
        team=detail.team_name,
        is_baseline=submission.is_baseline,
        promoted_from=submission.promoted_from_id,
        method_name=submission.method_name,
        method_description=submission.method_description,
        project_url=submission.project_url,
        paper_url=submission.paper_url,
        public=submission.public,
        status=Status(submission.status),
        received_at=submission.received_at,
        started_at=submission.started_at,
        finished_at=submission.finished_at,
        queue_position=detail.queue_position,
        tasks_done=submission.tasks_done,
        tasks_total=len(detail.weights),
        standing=detail.standing,
        selected_at=submission.selected_at,
        disqualification=(
            DisqualificationView.of(detail.disqualified) if detail.disqualified else None
        ),
        scores=_scores(detail, sight, detail.scored) if detail.scored else None,
        private_scores=_scores(detail, sight, private) if private else None,
        evaluations=[_period(sight, period) for period in detail.history],
        failure=_failure(detail),
        receipt=ReceiptView(
            received_at=submission.received_at,
            file_name=submission.file_name,
            file_bytes=submission.file_bytes,
            file_sha256=submission.file_sha256,
            matrix_sha256=submission.matrix_sha256,
            facts=submission.facts,
            evaluation=_evaluation(sight, detail.scored) if detail.scored else None,
        ),
    )


def _failure(detail: Detail) -> FailureView | None:
    submission = detail.submission
    if submission.failure_code is None:
        return None
    return FailureView(
        code=submission.failure_code,
        detail=submission.failure_detail or "",
        traceback=submission.failure_traceback if detail.sees_tracebacks else None,
    )


def _evaluation(sight: Sight, scored: Scored) -> dict[str, Any]:
    receipt = scored.evaluation.receipt
    hidden = () if sight.sees_real_names else _BY_TASK
    told = {
        name: receipt[name] for name in _PUBLIC_RECEIPT if name in receipt and name not in hidden
    }
    if "splits" in told and not sight.sees_splits:
        told["splits"] = _without_draw(told["splits"])
    return told


def _without_draw(splits: dict[str, Any]) -> dict[str, Any]:
    """Leave out who is where, as the phase does; receipts of old have one entry for all tasks."""
    return {
        name: _without_draw(value) if isinstance(value, dict) else value
        for name, value in splits.items()
        if isinstance(value, dict) or name not in ("seed", "marks")
    }


def _scores(detail: Detail, sight: Sight, scored: Scored) -> ScoresView:
    tasks = None
    if sight.sees_tasks:
        tasks = [
            _task_score(detail.task_names[task_id], sight, scored.tasks[task_id])
            for task_id in detail.weights
        ]
    return ScoresView(
        mean_score=_rounded(scored.mean_score(detail.weights), sight.digits),
        mean_q=_rounded(scored.mean_q(detail.weights), sight.digits),
        tasks=tasks,
    )


def _period(sight: Sight, period: Period) -> EvaluationView:
    return EvaluationView(
        since=period.since,
        until=period.until,
        is_official=period.is_official,
        mean_score=_rounded(period.mean_score, sight.digits),
        mean_q=_rounded(period.mean_q, sight.digits),
        rescoring_id=period.rescoring_id,
        reason=period.reason,
    )


def _task_score(name: str, sight: Sight, score: TaskScore) -> TaskScoreView:
    digits = sight.digits
    return TaskScoreView(
        task=name,
        metric=score.metric,
        mean=_rounded(score.mean, digits),
        std=_rounded(score.std, digits),
        standard_error=_rounded(score.standard_error, digits),
        q=_rounded(score.q, digits),
        split_scores=score.split_scores if sight.sees_splits else None,
    )


def _rounded(value: Figure, digits: int | None) -> Figure:
    return value if digits is None or value is None else round(value, digits)


def disqualified_view(one: Disqualified) -> DisqualifiedView:
    """Describe what is disqualified."""
    told = DisqualificationView.of(one.row)
    assert told is not None  # noqa: S101 - narrows for mypy; only what is disqualified is listed
    submission = one.submission
    return DisqualifiedView(
        id=one.id,
        team=one.team,
        submission_id=submission.id if submission else None,
        phase_id=submission.phase_id if submission else None,
        method_name=submission.method_name if submission else None,
        disqualification=told,
    )
