"""A phase's state: a pure function of its window and the time."""

from datetime import datetime
from enum import StrEnum

from app.errors import PhaseNotOpen
from app.models import Phase


class PhaseState(StrEnum):
    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


def state_of(phase: Phase, now: datetime) -> PhaseState:
    """Return the state at `now`; the window is `[opens_at, closes_at)`."""
    if now < phase.opens_at:
        return PhaseState.UPCOMING
    return PhaseState.OPEN if now < phase.closes_at else PhaseState.CLOSED


def require_open(phase: Phase, now: datetime) -> None:
    """Refuse outside the window.

    Raises
    ------
    PhaseNotOpen
        If the phase is upcoming or closed at `now`; says since or until when.
    """
    state = state_of(phase, now)
    if state is PhaseState.UPCOMING:
        raise PhaseNotOpen(f"{phase.title} opens at {phase.opens_at:%Y-%m-%d %H:%M:%S} UTC.")
    if state is PhaseState.CLOSED:
        raise PhaseNotOpen(f"{phase.title} closed at {phase.closes_at:%Y-%m-%d %H:%M:%S} UTC.")
