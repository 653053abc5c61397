"""Ask who somebody is in a challenge, and so what they see of its phases."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.models import Challenge, Phase
from app.policy.rows import holds_any_role
from app.policy.sight import Sight, Who, sight_of
from app.policy.viewer import Viewer


def who_is(session: Session, viewer: Viewer, challenge_id: UUID) -> Who:
    """Tell whether somebody has a role in a challenge; which team is theirs is asked by row."""
    has_role = exists().where(Challenge.id == challenge_id, holds_any_role(viewer))
    return Who.ROLE if session.scalar(select(has_role)) else Who.OTHERS


def look(session: Session, viewer: Viewer, phase: Phase, *, now: datetime) -> Sight:
    """Return what somebody sees of a phase, apart from what is their own team's."""
    return sight_of(who_is(session, viewer, phase.challenge_id), phase, now)
