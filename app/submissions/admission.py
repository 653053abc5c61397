"""Whether a team may hand in to a phase: asked before the bytes come, and when they have."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.errors import PhaseRequirementNotMet, TermsChanged
from app.models import Challenge, Participation, Phase, Status, Submission
from app.participations.service import require_may_submit
from app.phases.clock import require_open
from app.phases.terms import terms_of
from app.submissions.quota import require_room, use_of


def require_admission(
    session: Session,
    phase: Phase,
    challenge: Challenge,
    participation: Participation,
    *,
    now: datetime,
) -> None:
    """Refuse a team that may not hand in now. To decide upon it, hold the locks of an upload.

    Raises
    ------
    ParticipationNotApproved, TeamDisqualified, PhaseRequirementNotMet, TermsChanged, PhaseNotOpen,
    QuotaExceeded
        What stands against it.
    """
    require_may_submit(participation)
    terms = terms_of(session, phase, participation.id)
    require_open(phase, now, closes_at=terms.closes_at)
    if participation.terms_version != challenge.terms_version:
        raise TermsChanged(
            f"The terms are version {challenge.terms_version} now; your team accepted "
            f"{participation.terms_version}. The captain accepts them by joining again."
        )
    if phase.requires_phase_id is not None:
        _require_scored_in(session, phase.requires_phase_id, participation)
    require_room(terms, use_of(session, phase.id, participation.id, now=now))


def _require_scored_in(session: Session, phase_id: UUID, participation: Participation) -> None:
    scored = exists().where(
        Submission.phase_id == phase_id,
        Submission.participation_id == participation.id,
        Submission.status == Status.SCORED,
        Submission.disqualified_at.is_(None),
    )
    if not session.scalar(select(scored)):
        required = session.get_one(Phase, phase_id)
        raise PhaseRequirementNotMet(
            f"This phase takes teams that have a scored submission in “{required.title}”."
        )


def require_room_still(
    session: Session, phase_id: UUID, participation_id: UUID, *, now: datetime
) -> None:
    """Refuse what others of the team have taken the room of since it was let in.

    Raises
    ------
    QuotaExceeded
        As `require_room`.
    """
    phase = session.get_one(Phase, phase_id)
    terms = terms_of(session, phase, participation_id)
    require_room(terms, use_of(session, phase_id, participation_id, now=now))
