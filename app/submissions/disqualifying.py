"""Disqualify one submission, reinstate it, and tell who is disqualified and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.challenges.service import get_challenge
from app.models import Participation, Phase, Submission, Team
from app.outbox import note_decision
from app.participations.deciding import disqualify, reinstate, standing_of
from app.policy import (
    Viewer,
    sees_disqualified_submission,
    sees_disqualified_team,
    who_is,
)
from app.queue import request_ranking
from app.submissions.auditing import note_change
from app.submissions.service import require_organized


@dataclass(frozen=True)
class Disqualified:
    """A team that is disqualified, by its participation, or one submission."""

    row: Participation | Submission
    team: str | None

    @property
    def id(self) -> UUID:
        """The participation's, or the submission's."""
        return self.row.id

    @property
    def submission(self) -> Submission | None:
        """The submission; None where it is the whole team."""
        return self.row if isinstance(self.row, Submission) else None


def disqualify_submission(
    session: Session,
    viewer: Viewer,
    submission_id: UUID,
    *,
    reason: str,
    publicly: bool,
    now: datetime,
) -> UUID:
    """Take a submission out of the ranks; again changes the reason. Return the phase to rank.

    Raises
    ------
    NotFound, Forbidden
        As `require_organized`.
    """
    submission = _lock(session, viewer, submission_id)
    before = standing_of(submission)
    disqualify(submission, by=viewer.me, reason=reason, publicly=publicly, now=now)
    note_change(
        session,
        viewer,
        "submission.disqualified",
        submission,
        before=before,
        after=standing_of(submission),
        reason=reason,
        now=now,
    )
    if before != standing_of(submission):
        _tell(session, submission, "disqualified", reason=reason, now=now)
    return _rank_again(session, submission)


def reinstate_submission(
    session: Session, viewer: Viewer, submission_id: UUID, *, now: datetime
) -> UUID:
    """Put a submission back into the ranks; again changes nothing. Return the phase to rank.

    If the phase was re-scored without it meanwhile the sweep has it scored.

    Raises
    ------
    NotFound, Forbidden
        As `require_organized`.
    """
    submission = _lock(session, viewer, submission_id)
    before = standing_of(submission)
    reinstate(submission)
    note_change(
        session,
        viewer,
        "submission.reinstated",
        submission,
        before=before,
        after=standing_of(submission),
        now=now,
    )
    if before != standing_of(submission):
        _tell(session, submission, "reinstated", now=now)
    return _rank_again(session, submission)


def list_disqualified(
    session: Session,
    viewer: Viewer,
    slug: str,
    *,
    after: UUID | None,
    limit: int,
    now: datetime,
) -> Sequence[Disqualified]:
    """Return who is disqualified in a challenge, the youngest first; one more if there is.

    Those with a role see all. Others see what has a public reason; of submissions only those that
    could stand on a board they see.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge.
    """
    challenge = get_challenge(session, viewer, slug)
    who = who_is(session, viewer, challenge.id)
    teams = (
        select(Participation, Team.name)
        .join(Team, Team.id == Participation.team_id)
        .where(
            Participation.challenge_id == challenge.id,
            Participation.disqualified_at.is_not(None),
            sees_disqualified_team(who),
        )
    )
    submissions = (
        select(Submission, Team.name)
        .join(Phase, Phase.id == Submission.phase_id)
        .outerjoin(Participation, Participation.id == Submission.participation_id)
        .outerjoin(Team, Team.id == Participation.team_id)
        .where(
            Phase.challenge_id == challenge.id,
            Submission.disqualified_at.is_not(None),
            sees_disqualified_submission(who, now=now),
        )
    )
    if after is not None:
        teams = teams.where(Participation.id < after)
        submissions = submissions.where(Submission.id < after)
    rows = [
        *session.execute(teams.order_by(Participation.id.desc()).limit(limit + 1)),
        *session.execute(submissions.order_by(Submission.id.desc()).limit(limit + 1)),
    ]
    found = [Disqualified(row, name) for row, name in rows]
    return sorted(found, key=lambda one: one.id, reverse=True)[: limit + 1]


def _lock(session: Session, viewer: Viewer, submission_id: UUID) -> Submission:
    require_organized(session, viewer, submission_id)
    return session.get_one(Submission, submission_id, with_for_update=True, populate_existing=True)


def _tell(
    session: Session,
    submission: Submission,
    decision: str,
    *,
    reason: str | None = None,
    now: datetime,
) -> None:
    note_decision(
        session,
        challenge_id=session.get_one(Phase, submission.phase_id).challenge_id,
        participation_id=submission.participation_id,
        decision=decision,
        reason=reason,
        submission=submission,
        now=now,
    )


def _rank_again(session: Session, submission: Submission) -> UUID:
    session.flush()
    request_ranking(session, submission.phase_id)
    return submission.phase_id
