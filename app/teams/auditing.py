"""What changes in a team, noted for the organizers of the challenges that it takes part in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.audit.words import Facts
from app.models import Participation, Team
from app.policy import Viewer


def record_in_challenges(
    session: Session,
    viewer: Viewer,
    action: str,
    team: Team,
    *,
    before: Facts | None = None,
    after: Facts | None = None,
    now: datetime,
) -> None:
    """Note a change of who is in a team: an entry for each of its challenges.

    A team that takes part in none has one entry, the operator's. No entry tells of another
    challenge.
    """
    challenges: list[UUID | None] = [*challenges_of(session, team)]
    for challenge_id in challenges or [None]:
        record(
            session,
            viewer,
            action,
            challenge_id=challenge_id,
            subject=team,
            before=before,
            after=after,
            now=now,
        )


def challenges_of(session: Session, team: Team) -> list[UUID]:
    """Return the challenges a team takes part in."""
    return list(
        session.scalars(
            select(Participation.challenge_id)
            .where(Participation.team_id == team.id, Participation.merged_into_id.is_(None))
            .order_by(Participation.challenge_id)
        )
    )
