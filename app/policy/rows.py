"""Who sees which rows: conditions inside the query that fetches them.

So a row nobody asked about correctly is never read.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, true
from sqlalchemy.orm import InstrumentedAttribute

from app.models import (
    Challenge,
    ChallengeRole,
    Participation,
    ParticipationMember,
    PhaseExtension,
    Rescoring,
    RescoringState,
    Role,
    Submission,
    TeamMember,
)
from app.policy.sight import Who, board_shows
from app.policy.viewer import Viewer


def holds_role(viewer: Viewer, *roles: Role) -> ColumnElement[bool]:
    """Condition on Challenge: the viewer has one of `roles` in it."""
    if viewer.user_id is None:
        return false()
    if viewer.is_operator:
        return true()
    return exists().where(
        ChallengeRole.challenge_id == Challenge.id,
        ChallengeRole.user_id == viewer.user_id,
        ChallengeRole.role.in_(roles),
    )


def holds_any_role(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Challenge: the viewer sees everything in it."""
    return holds_role(viewer, *Role)


def sees_challenge(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Challenge: published, or the viewer runs or reads it."""
    return or_(Challenge.published_at.is_not(None), holds_any_role(viewer))


def organizes_challenge(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Challenge: the viewer may change it."""
    return holds_role(viewer, Role.ORGANIZER)


def takes_part_as(
    viewer: Viewer,
    participation_id: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None],
) -> ColumnElement[bool]:
    """Condition on a participation's id: the viewer's; who has left its team has none in it."""
    if viewer.user_id is None:
        return false()
    return exists().where(
        ParticipationMember.participation_id == participation_id,
        ParticipationMember.user_id == viewer.user_id,
        ParticipationMember.left_at.is_(None),
    )


def owns_submission(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Submission: it is the viewer's team's; who has left the team sees none of it."""
    return takes_part_as(viewer, Submission.participation_id)


def sees_submission(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Submission joined to its Challenge: own team, or a role in the challenge."""
    return or_(owns_submission(viewer), holds_any_role(viewer))


def sees_participation(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Participation joined to its Challenge: own team, or a role in the challenge."""
    return or_(takes_part_as(viewer, Participation.id), holds_any_role(viewer))


def sees_extension(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on PhaseExtension: it is for all, or the viewer's team's.

    Roles see those of every team: `Sight.sees_exceptions`.
    """
    for_all = PhaseExtension.participation_id.is_(None)
    return or_(for_all, takes_part_as(viewer, PhaseExtension.participation_id))


def sees_rescoring(who: Who) -> ColumnElement[bool]:
    """Condition on Rescoring: it was applied; roles see also what is open, or came to nothing."""
    return true() if who is Who.ROLE else Rescoring.state == RescoringState.APPLIED


def sees_inside(who: Who) -> bool:
    """Tell whether somebody sees how far a re-scoring is, whose it is, and who would move."""
    return who is Who.ROLE


def sees_disqualified_team(who: Who) -> ColumnElement[bool]:
    """Condition on Participation, disqualified: in public; roles see all."""
    return true() if who is Who.ROLE else Participation.disqualified_publicly.expression


def sees_disqualified_submission(who: Who, *, now: datetime) -> ColumnElement[bool]:
    """Condition on Submission, disqualified, joined to its Phase: as for teams.

    And it could stand on a board that is seen: what came in since one is frozen is nowhere on it.
    """
    if who is Who.ROLE:
        return true()
    could_stand = and_(Submission.public, board_shows(Submission.received_at, now=now))
    return and_(Submission.disqualified_publicly, could_stand)


def member_of(viewer: Viewer, team_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Condition on a team's id: the viewer is a member."""
    if viewer.user_id is None:
        return false()
    return exists().where(TeamMember.team_id == team_id, TeamMember.user_id == viewer.user_id)
