"""A team's own choice: which of its submissions count, where a phase lets it choose."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import SelectionNotOffered, StatusForbids, TooManySelected
from app.models import Participation, Phase, Selection, Submission
from app.phases.clock import require_open
from app.phases.terms import terms_of
from app.policy import Viewer
from app.submissions.auditing import note_change
from app.submissions.selection import CAN_COME_TO_COUNT
from app.submissions.service import require_owned


def select_submission(
    session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime
) -> UUID:
    """Choose a submission to count; choosing it again changes nothing. Return the phase to rank.

    Raises
    ------
    NotFound, Forbidden
        As `require_owned`.
    SelectionNotOffered
        If teams choose nothing in this phase.
    PhaseNotOpen
        If the phase has closed for the team.
    StatusForbids
        If it was rejected or withdrawn, failed or is disqualified: it cannot come to count.
    TooManySelected
        If the team has chosen as many as it may.
    """
    submission, phase = _lock(session, viewer, submission_id, now=now)
    if submission.status not in CAN_COME_TO_COUNT:
        raise StatusForbids(f"A {submission.status} submission cannot come to count.")
    if submission.disqualified_at is not None:
        raise StatusForbids("A disqualified submission cannot come to count.")
    if submission.selected_at is None:
        _require_room(session, submission, phase)
        submission.selected_at = now
        note_change(session, viewer, "submission.selected", submission, now=now)
    return phase.id


def unselect_submission(
    session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime
) -> UUID:
    """Take the choice of a submission back; again changes nothing. Return the phase to rank.

    Raises
    ------
    NotFound, Forbidden, SelectionNotOffered, PhaseNotOpen
        As `select_submission`.
    """
    submission, phase = _lock(session, viewer, submission_id, now=now)
    if submission.selected_at is not None:
        submission.selected_at = None
        note_change(session, viewer, "submission.unselected", submission, now=now)
    return phase.id


def _lock(
    session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime
) -> tuple[Submission, Phase]:
    """Lock what the decision rests on, in the order in which a submission's intake does.

    The participation orders the choices of a team; the phase's policy stays as it is meanwhile.
    """
    require_owned(session, viewer, submission_id)
    owner = session.get_one(Submission, submission_id)
    session.get_one(
        Participation, owner.participation_id, with_for_update=True, populate_existing=True
    )
    phase = session.get_one(
        Phase, owner.phase_id, with_for_update={"read": True}, populate_existing=True
    )
    submission = session.get_one(
        Submission, submission_id, with_for_update=True, populate_existing=True
    )
    if phase.selection != Selection.SELECTED:
        raise SelectionNotOffered(
            f"In {phase.title} each team's {phase.selection} submission counts."
        )
    terms = terms_of(session, phase, submission.participation_id)
    require_open(phase, now, closes_at=terms.closes_at)
    return submission, phase


def _require_room(session: Session, submission: Submission, phase: Phase) -> None:
    limit = phase.selection_limit or 0
    used = session.scalar(
        select(func.count()).where(
            Submission.participation_id == submission.participation_id,
            Submission.phase_id == phase.id,
            Submission.selected_at.is_not(None),
            Submission.status.in_(CAN_COME_TO_COUNT),
            Submission.disqualified_at.is_(None),
        )
    )
    if used is not None and used >= limit:
        raise TooManySelected(
            f"Your team has selected {used} of {limit}: take one back first.",
            limit=limit,
            used=used,
        )
