"""When a board is ranked: soon after the last of a burst, and now and then during a long one."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Leaderboard, Status, Submission

_ON_ITS_WAY = (Status.QUEUED, Status.RUNNING)


def is_due(*, is_busy: bool, ranked_at: datetime | None, now: datetime, pause: timedelta) -> bool:
    """Tell whether a board that was asked for is to be ranked now.

    While submissions of the phase are on their way the next one to end will ask again; but the
    board does not wait for longer than a pause. `ranked_at` is when it was last begun to rank.
    """
    return not is_busy or ranked_at is None or ranked_at <= now - pause


def busy(phase_id: UUID | InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Match phases with submissions that are queued or running."""
    return exists(
        select(Submission.id).where(
            Submission.phase_id == phase_id, Submission.status.in_(_ON_ITS_WAY)
        )
    )


def claim_ranking(session: Session, phase_id: UUID, *, now: datetime, pause: timedelta) -> bool:
    """Begin a ranking if one was asked for and is due, so that nobody begins another one beside.

    It claims nothing for ever: who asks after the pause, or when nothing is on its way, begins
    anew, whatever became of this one.
    """
    row = session.get(Leaderboard, phase_id, with_for_update=True, populate_existing=True)
    if row is None or row.ranked >= row.requested:
        return False
    is_busy = session.scalar(select(busy(phase_id))) or False
    if not is_due(is_busy=is_busy, ranked_at=row.ranked_at, now=now, pause=pause):
        return False
    row.ranked_at = now
    session.flush()
    return True
