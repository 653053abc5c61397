"""Change submissions that are in: what is said of them, withdraw them, try them again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.errors import StatusForbids
from app.models import Phase, Scope, Status, Submission
from app.phases.clock import require_open
from app.phases.terms import terms_of
from app.policy import Viewer, require_scope
from app.submissions.auditing import note_change
from app.submissions.lifecycle import move
from app.submissions.service import (
    get_submission,
    is_owned,
    require_organized,
    require_owned,
)


def withdraw(session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime) -> None:
    """Take a queued submission back; it costs no quota. Organizers take back baselines.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    Forbidden
        If it is not the viewer's team's, nor a baseline of theirs.
    ScopeMissing
        If an organizer's token is not for organizing.
    StatusForbids
        If it is not queued any more.
    """
    if get_submission(session, viewer, submission_id).submission.is_baseline:
        require_organized(session, viewer, submission_id)
        require_scope(viewer, Scope.ORGANIZE)
    else:
        require_owned(session, viewer, submission_id)
    if not move(session, submission_id, Status.WITHDRAWN, now=now):
        raise StatusForbids("Only a queued submission can be withdrawn.")
    submission = session.get_one(Submission, submission_id)
    note_change(session, viewer, "submission.withdrawn", submission, now=now)


def edit(
    session: Session,
    viewer: Viewer,
    submission_id: UUID,
    changes: Mapping[str, Any],
    *,
    now: datetime,
) -> UUID:
    """Change what is said of the method, or whether it is public; return the phase to rank.

    Teams edit their own until the phase closes; organizers any, at any time: on request, and
    baselines, which nobody else has.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    Forbidden
        If it is another team's, and the viewer no organizer.
    ScopeMissing
        If an organizer's token is not for organizing.
    PhaseNotOpen
        If the phase has closed for the team.
    """
    owned = is_owned(session, viewer, submission_id)
    if not owned:
        require_organized(session, viewer, submission_id)
        require_scope(viewer, Scope.ORGANIZE)
    submission = session.get_one(
        Submission, submission_id, with_for_update=True, populate_existing=True
    )
    if owned:
        phase = session.get_one(Phase, submission.phase_id)
        terms = terms_of(session, phase, submission.participation_id)
        require_open(phase, now, closes_at=terms.closes_at)
    before = {name: getattr(submission, name) for name in changes}
    for name, value in changes.items():
        setattr(submission, name, value)
    note_change(
        session, viewer, "submission.edited", submission, before=before, after=changes, now=now
    )
    return submission.phase_id


def retry(
    session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime, more: int
) -> None:
    """Queue a failed submission again, with `more` attempts.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    Forbidden
        If the viewer does not organize the challenge.
    StatusForbids
        If it has not failed.
    """
    require_organized(session, viewer, submission_id)
    values = {"attempts_allowed": Submission.attempt + more}
    if not move(
        session, submission_id, Status.QUEUED, now=now, source=Status.FAILED, values=values
    ):
        raise StatusForbids("Only a failed submission can be retried.")
    submission = session.get_one(Submission, submission_id)
    note_change(session, viewer, "submission.retried", submission, now=now)
