"""Which submissions of a list are wanted. What may be seen at all is decided before."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.errors import InvalidInput, Place
from app.models import Challenge, FailureCode, Participation, Status, Submission, Team
from app.policy import Viewer, sees_participation


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; what is empty or None narrows nothing."""

    statuses: frozenset[Status] = frozenset()
    team: str | None = None
    failure_code: FailureCode | None = None
    baseline: bool | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Return what holds of a submission that is wanted, joined to its team if it has one."""
        if self.statuses:
            yield Submission.status.in_(self.statuses)
        if self.team is not None:
            yield is_called(self.team)
        if self.failure_code is not None:
            yield Submission.failure_code == self.failure_code
        if self.baseline is not None:
            yield Submission.is_baseline.is_(self.baseline)


NO_FILTERS = Filters()


def is_called(name: str) -> ColumnElement[bool]:
    """Condition on Team: names differ in more than the case of their letters."""
    return func.lower(Team.name) == func.lower(name)


def require_known_team(session: Session, viewer: Viewer, challenge_id: UUID, name: str) -> None:
    """Refuse the name of a team that does not take part, as far as the viewer may know.

    Raises
    ------
    InvalidInput
        If there is none. A team is told the same of every other.
    """
    known = (
        select(Participation.id)
        .join(Challenge, Challenge.id == Participation.challenge_id)
        .join(Team, Team.id == Participation.team_id)
        .where(Challenge.id == challenge_id, is_called(name), sees_participation(viewer))
        .limit(1)
    )
    if session.scalar(known) is None:
        place = Place("unknown-team", "no team that you see is called so", pointer="/query/team")
        raise InvalidInput("There is no such team in this challenge.", [place])
