"""Who may see and do what: the one policy. What is not allowed here is denied.

Each rule is a condition inside the query that fetches the row, so that a row nobody asked about
correctly is never read. What may not be seen does not exist: the answer is 404, not 403.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, or_, true

from app.errors import Forbidden, ScopeMissing, Unauthenticated
from app.models import (
    Challenge,
    ChallengeRole,
    ParticipationMember,
    Role,
    Scope,
    Submission,
    TeamMember,
)


@dataclass(frozen=True)
class Viewer:
    """Whoever makes a request, as far as rights go. `user_id` is None for anybody.

    `request_id` gives nobody a right: it leads from what was changed to the request that did.
    """

    user_id: UUID | None = None
    token_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    is_operator: bool = False
    may_organize: bool = False
    request_id: UUID | None = None

    @property
    def me(self) -> UUID:
        """Return the person's id.

        Raises
        ------
        Unauthenticated
            If nobody is logged in.
        """
        if self.user_id is None:
            raise Unauthenticated("Send a token: `Authorization: Bearer pb_…`.")
        return self.user_id


ANYBODY = Viewer()


def require_scope(viewer: Viewer, scope: Scope) -> None:
    """Refuse a viewer whose token does not carry `scope`.

    Raises
    ------
    Unauthenticated
        If nobody is logged in.
    ScopeMissing
        If the token lacks the scope.
    """
    _ = viewer.me
    if scope not in viewer.scopes:
        raise ScopeMissing(f"This needs a token with the scope “{scope}”.")


def require_may_create_challenges(viewer: Viewer) -> None:
    """Refuse people whom the operator has not made organizers.

    Raises
    ------
    Forbidden
        If the viewer may not create challenges.
    """
    if not (viewer.may_organize or viewer.is_operator):
        raise Forbidden("The operator of this server decides who may create challenges.")


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


def owns_submission(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Submission: it is the viewer's team's; who has left the team sees none of it."""
    if viewer.user_id is None:
        return false()
    return exists().where(
        ParticipationMember.participation_id == Submission.participation_id,
        ParticipationMember.user_id == viewer.user_id,
        ParticipationMember.left_at.is_(None),
    )


def sees_submission(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Submission joined to its Challenge: own team, or a role in the challenge."""
    return or_(owns_submission(viewer), holds_any_role(viewer))


def sees_tracebacks(viewer: Viewer) -> bool:
    """Tell whether the viewer is told where our code broke: the operator alone.

    What is in one, such as the name of a task, no rule of a challenge has looked at.
    """
    return viewer.is_operator


def member_of(viewer: Viewer, team_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Condition on a team's id: the viewer is a member."""
    if viewer.user_id is None:
        return false()
    return exists().where(TeamMember.team_id == team_id, TeamMember.user_id == viewer.user_id)
