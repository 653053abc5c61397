"""Claim a submission, and write what came of it. The attempt number fences every write."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.service import record_system
from app.models import (
    Evaluation,
    NoticeKind,
    Part,
    Phase,
    Status,
    Submission,
    TaskScore,
    new_id,
)
from app.outbox import note_end
from app.queue import request_ranking
from app.submissions.lifecycle import move
from worker.failures import Failure
from worker.reading import read_work
from worker.rules_now import require_same_rules
from worker.work import Found, Outcome, Work


def claim(session: Session, submission_id: UUID, *, now: datetime, lease: timedelta) -> Work | None:
    """Take a queued submission under a lease; None if it is not there to be taken."""
    claimed = move(
        session,
        submission_id,
        Status.RUNNING,
        now=now,
        values={"attempt": Submission.attempt + 1, "lease_expires_at": now + lease},
    )
    return read_work(session, submission_id) if claimed else None


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


def finish(session: Session, work: Work, outcome: Outcome, *, now: datetime) -> bool:
    """Write scores, status and the request to rank; False, and nothing, if the lease was lost.

    Raises
    ------
    RulesChanged
        If the phase scores by other rules by now; then the caller rolls back.
    """
    if not move(session, work.submission_id, Status.SCORED, now=now, attempt=work.attempt):
        return False
    require_same_rules(session, work)
    add_evaluation(session, work, outcome, official=True, attempt=work.attempt, now=now)
    note_end(session, work.submission_id, NoticeKind.SCORED, now=now)
    request_ranking(session, work.phase_id)
    session.flush()
    return True


def add_evaluation(
    session: Session,
    work: Work,
    outcome: Outcome,
    *,
    official: bool,
    attempt: int,
    now: datetime,
) -> UUID:
    """Write an evaluation with its task scores; return its id.

    If there is one by the same rules, it has the same scores: that one is it.
    """
    known = session.scalars(
        select(Evaluation).where(
            Evaluation.submission_id == work.submission_id,
            Evaluation.scorer == work.scorer,
            Evaluation.scorer_version == work.scorer_version,
            Evaluation.rules_digest == work.rules.digest,
        )
    ).one_or_none()
    if known is not None:
        known.is_official = official or known.is_official
        return known.id
    evaluation = Evaluation(
        id=new_id(),
        submission_id=work.submission_id,
        scorer=work.scorer,
        scorer_version=work.scorer_version,
        rules_digest=work.rules.digest,
        is_official=official,
        attempt=attempt,
        created_at=now,
        seconds=outcome.seconds,
        receipt=outcome.receipt,
        analyses=outcome.analyses,
        predictions_digest=outcome.predictions_digest,
        sample_draws=outcome.sample_draws,
    )
    session.add(evaluation)
    if outcome.private is not None:
        evaluation.private_analyses = outcome.private.analyses
        evaluation.private_predictions_digest = outcome.private.predictions_digest
        evaluation.private_sample_draws = outcome.private.sample_draws
    session.flush()
    _add_scores(session, work, evaluation.id, Part.PUBLIC, outcome)
    if outcome.private is not None:
        _add_scores(session, work, evaluation.id, Part.PRIVATE, outcome.private)
    session.flush()
    return evaluation.id


def _add_scores(
    session: Session, work: Work, evaluation_id: UUID, part: Part, found: Found
) -> None:
    for task, score in zip(work.tasks, found.scores, strict=True):
        session.add(
            TaskScore(
                evaluation_id=evaluation_id,
                task_id=task.task_id,
                part=part,
                label_set_id=task.label_set_id,
                metric=score.metric,
                mean=score.mean,
                std=score.std,
                q=score.q,
                standard_error=score.standard_error,
                test_to_train=score.test_to_train,
                split_scores=score.split_scores.tolist(),
                penalties=score.penalties.tolist(),
            )
        )


def reject(session: Session, work: Work, failure: Failure, *, now: datetime) -> bool:
    """Note that the file is at fault; False if the lease was lost.

    Raises
    ------
    RulesChanged
        As `finish`.
    """
    rejected = move(
        session,
        work.submission_id,
        Status.REJECTED,
        now=now,
        attempt=work.attempt,
        values=_failure_columns(failure),
    )
    if rejected:
        require_same_rules(session, work)
        _note_failure(session, work.submission_id, "submission.rejected", failure, now=now)
        note_end(session, work.submission_id, NoticeKind.REJECTED, now=now)
    return rejected


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
        move(session, submission_id, Status.QUEUED, now=now, source=Status.RUNNING, attempt=attempt)
        return Status.QUEUED
    move(
        session,
        submission_id,
        Status.FAILED,
        now=now,
        attempt=attempt,
        values=_failure_columns(failure),
    )
    _note_failure(session, submission_id, "submission.failed", failure, now=now)
    note_end(session, submission_id, NoticeKind.FAILED, now=now)
    return Status.FAILED


def _note_failure(
    session: Session, submission_id: UUID, action: str, failure: Failure, *, now: datetime
) -> None:
    submission = session.get_one(Submission, submission_id)
    record_system(
        session,
        action,
        challenge_id=session.get_one(Phase, submission.phase_id).challenge_id,
        subject=submission,
        before={"status": Status.RUNNING},
        after={"status": action.rpartition(".")[2], "code": failure.code},
        reason=failure.detail,
        now=now,
    )


def _failure_columns(failure: Failure) -> dict[str, Any]:
    return {
        "failure_code": failure.code,
        "failure_detail": failure.detail,
        "failure_traceback": failure.traceback,
    }
