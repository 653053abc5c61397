"""Whoever makes a request, and what a token lets them do."""

from dataclasses import dataclass
from uuid import UUID

from app.errors import Forbidden, ScopeMissing, Unauthenticated
from app.models import Scope


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


def sees_disk(viewer: Viewer) -> bool:
    """Tell whether the viewer is told what the server holds of everybody's: the operator alone."""
    return viewer.is_operator


def sees_tracebacks(viewer: Viewer) -> bool:
    """Tell whether the viewer is told where our code broke: the operator alone.

    What is in one, such as the name of a task, no rule of a challenge has looked at.
    """
    return viewer.is_operator
