"""The submission's life: which status follows which, and the one statement that moves it.

queued → running → scored | rejected | failed        queued → withdrawn
running → queued   when a lease expires              failed → queued   when an organizer retries
running → queued   when its phase is re-scored       scored → queued   when it was left out of that
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app.models import (
    Evaluation,
    ItemState,
    Participation,
    Rescoring,
    RescoringItem,
    RescoringState,
    Status,
    Submission,
)

SOURCES: Mapping[Status, frozenset[Status]] = {
    Status.RUNNING: frozenset({Status.QUEUED}),
    Status.SCORED: frozenset({Status.RUNNING}),
    Status.REJECTED: frozenset({Status.RUNNING}),
    Status.FAILED: frozenset({Status.RUNNING}),
    Status.WITHDRAWN: frozenset({Status.QUEUED}),
    Status.QUEUED: frozenset({Status.RUNNING, Status.FAILED, Status.SCORED}),
}
TERMINAL = frozenset({Status.SCORED, Status.REJECTED, Status.FAILED, Status.WITHDRAWN})
COUNTS_FOR_QUOTA = frozenset({Status.QUEUED, Status.RUNNING, Status.SCORED})
IN_FLIGHT = frozenset({Status.QUEUED, Status.RUNNING})


def move(
    session: Session,
    submission_id: UUID,
    to: Status,
    *,
    now: datetime,
    source: Status | None = None,
    attempt: int | None = None,
    values: Mapping[str, Any] | None = None,
) -> bool:
    """Move a submission to a status, if it is in one that leads there; tell whether it was.

    `attempt` is the fencing token: a worker that lost its lease finds another number and moves
    nothing. `source` narrows the statuses to come from. The other columns that a status implies
    (lease, end, failure) are set here and nowhere else.
    """
    sources = SOURCES[to] if source is None else SOURCES[to] & {source}
    statement = (
        update(Submission)
        .where(Submission.id == submission_id, Submission.status.in_(sources))
        .values(**_implied(to, now), **(values or {}))
        .returning(Submission.id)
    )
    if attempt is not None:
        statement = statement.where(Submission.attempt == attempt)
    return session.scalars(statement).one_or_none() is not None


def return_at_no_cost(
    session: Session, submission_id: UUID, *, now: datetime, attempt: int | None = None
) -> bool:
    """Put a running submission back into the queue, and count the attempt as none."""
    return move(
        session,
        submission_id,
        Status.QUEUED,
        now=now,
        source=Status.RUNNING,
        attempt=attempt,
        values={"attempts_allowed": Submission.attempts_allowed + 1},
    )


def score_again(session: Session, *, now: datetime, limit: int) -> list[UUID]:
    """Queue what a re-scoring left without scores, if it is not disqualified any more; return it.

    Only what was disqualified then was left out, and only if its scores could not be worked out.
    """
    official = exists().where(Evaluation.submission_id == Submission.id, Evaluation.is_official)
    left_out = session.scalars(
        select(Submission.id)
        .join(RescoringItem, RescoringItem.submission_id == Submission.id)
        .join(Rescoring, Rescoring.id == RescoringItem.rescoring_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .where(
            Rescoring.state == RescoringState.APPLIED,
            RescoringItem.state != ItemState.DONE,
            Submission.status == Status.SCORED,
            Submission.disqualified_at.is_(None),
            Participation.disqualified_at.is_(None),  # also where there is none: a baseline
            ~official,
        )
        .distinct()
        .limit(limit)
    ).all()
    more = {"attempts_allowed": Submission.attempts_allowed + 1}
    return [
        key
        for key in sorted(left_out)
        if move(session, key, Status.QUEUED, now=now, source=Status.SCORED, values=more)
    ]


def _implied(to: Status, now: datetime) -> dict[str, Any]:
    implied: dict[str, Any] = {"status": to}
    if to is not Status.RUNNING:
        implied["lease_expires_at"] = None
    if to in TERMINAL:
        implied["finished_at"] = now
    if to is Status.RUNNING:
        implied |= {"started_at": now, "tasks_done": 0}
    if to is Status.QUEUED:
        implied |= {
            "announced_at": None,
            "finished_at": None,
            "failure_code": None,
            "failure_detail": None,
            "failure_traceback": None,
            "tasks_done": 0,
        }
    return implied
