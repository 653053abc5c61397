"""A phase's state: a pure function of its window and the time."""

from datetime import datetime
from enum import StrEnum

from app.errors import PhaseNotOpen
from app.models import Phase


class PhaseState(StrEnum):
    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


def state_of(phase: Phase, now: datetime, *, closes_at: datetime | None = None) -> PhaseState:
    """Return the state at `now`; the window is `[opens_at, closes_at)`.

    With `closes_at`, as it is for those for whom the phase closes then.
    """
    if now < phase.opens_at:
        return PhaseState.UPCOMING
    close = phase.closes_at if closes_at is None else closes_at
    return PhaseState.OPEN if now < close else PhaseState.CLOSED


def require_open(phase: Phase, now: datetime, *, closes_at: datetime) -> None:
    """Refuse outside the window, which ends at `closes_at` for who asks; see `app.phases.terms`.

    Raises
    ------
    PhaseNotOpen
        If the phase is upcoming or closed at `now`; says since or until when.
    """
    state = state_of(phase, now, closes_at=closes_at)
    if state is PhaseState.UPCOMING:
        raise PhaseNotOpen(f"{phase.title} opens at {phase.opens_at:%Y-%m-%d %H:%M:%S} UTC.")
    if state is PhaseState.CLOSED:
        raise PhaseNotOpen(f"{phase.title} closed at {closes_at:%Y-%m-%d %H:%M:%S} UTC.")
