"""Hand a team's scored submission in once more, as a baseline of the organizers."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import CannotBecomeBaseline, StatusForbids
from app.models import Participation, Phase, Status, Submission, new_id
from app.outbox import note_decision
from app.policy import Viewer
from app.submissions.auditing import note_change
from app.submissions.service import require_organized

# The matrix, and what is said of it and of the file: what a receipt shows holds for the copy too.
_SAME = (
    "phase_id", "method_name", "method_description", "project_url", "paper_url",
    "file_name", "file_bytes", "file_sha256", "matrix_sha256", "facts",
)  # fmt: skip


@dataclass(frozen=True)
class Promoted:
    """The baseline that is a copy of a submission, and whether it was there before."""

    baseline_id: UUID
    is_replay: bool


def promote(
    session: Session,
    viewer: Viewer,
    submission_id: UUID,
    *,
    reason: str,
    method_name: str | None,
    request_id: str,
    max_attempts: int,
    now: datetime,
) -> Promoted:
    """Hand in a copy of a submission as a baseline; again changes nothing, and returns that one.

    The caller commits, then announces. A baseline that was withdrawn is none: there can be another.

    Raises
    ------
    NotFound, Forbidden
        As `require_organized`.
    StatusForbids
        If the submission is not scored.
    CannotBecomeBaseline
        If it is a baseline, is kept from the public by its team, or is disqualified.
    """
    require_organized(session, viewer, submission_id)
    # Two who promote it at once do so in turn, by this lock.
    source = session.get_one(
        Submission, submission_id, with_for_update=True, populate_existing=True
    )
    known = session.scalar(
        select(Submission.id).where(
            Submission.promoted_from_id == source.id, Submission.status != Status.WITHDRAWN
        )
    )
    if known is not None:
        return Promoted(known, is_replay=True)
    _require_fit(session, source)
    baseline = _copy(
        source,
        viewer,
        method_name=method_name,
        request_id=request_id,
        max_attempts=max_attempts,
        now=now,
    )
    session.add(baseline)
    session.flush()
    _note(session, viewer, source, baseline, reason=reason, now=now)
    return Promoted(baseline.id, is_replay=False)


def _require_fit(session: Session, source: Submission) -> None:
    if source.is_baseline:
        raise CannotBecomeBaseline("This is a baseline already.")
    if source.status != Status.SCORED:
        raise StatusForbids("Only a scored submission can be handed in as a baseline.")
    if not source.public:
        raise CannotBecomeBaseline(
            "This submission is not public. To show what it scores is to edit it first: "
            "that it is public, and who made it so, is on record then."
        )
    entry = session.get_one(Participation, source.participation_id, populate_existing=True)
    if source.disqualified_at is not None or entry.disqualified_at is not None:
        raise CannotBecomeBaseline("This submission, or its team, is disqualified.")


def _copy(
    source: Submission,
    viewer: Viewer,
    *,
    method_name: str | None,
    request_id: str,
    max_attempts: int,
    now: datetime,
) -> Submission:
    same = {name: getattr(source, name) for name in _SAME}
    if method_name is not None:
        same["method_name"] = method_name
    return Submission(
        **same,
        id=new_id(),
        participation_id=None,
        submitted_by_id=viewer.me,
        is_baseline=True,
        promoted_from_id=source.id,
        public=True,
        received_at=now,
        request_fingerprint=hashlib.sha256(f"baseline of {source.id}".encode()).hexdigest(),
        request_id=request_id,
        status=Status.QUEUED,
        attempt=0,
        attempts_allowed=max_attempts,
        tasks_done=0,
    )


def _note(
    session: Session,
    viewer: Viewer,
    source: Submission,
    baseline: Submission,
    *,
    reason: str,
    now: datetime,
) -> None:
    """Note it of both for the organizers, and tell the team."""
    phase = session.get_one(Phase, source.phase_id)
    note_change(
        session,
        viewer,
        "submission.promoted",
        source,
        after={"baseline_id": baseline.id, "method_name": baseline.method_name},
        reason=reason,
        now=now,
    )
    note_change(
        session,
        viewer,
        "submission.received",
        baseline,
        after={
            "phase": phase.title, "baseline": True, "public": True, "promoted_from_id": source.id,
        },
        reason=reason,
        now=now,
    )  # fmt: skip
    note_decision(
        session,
        challenge_id=phase.challenge_id,
        participation_id=source.participation_id,
        decision="promoted",
        reason=reason,
        submission=source,
        now=now,
    )
