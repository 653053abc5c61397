"""Which of a phase's samples decide: the public ones until the reveal, from then on the private.

A phase that keeps no samples private has no parts: all its samples are public.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func

from app.models import Part, Phase


def reveal_of(phase: Phase) -> datetime | None:
    """Return when private scores are revealed: never before everybody's window has closed."""
    if phase.private_sides is None:
        return None
    instants = (phase.closes_at, phase.revealed_at, phase.hidden_until)
    return max(instant for instant in instants if instant is not None)


def announced_reveal_of(phase: Phase) -> datetime | None:
    """Return the reveal as all are told it: that a team was given more time is its own affair."""
    if phase.private_sides is None:
        return None
    return max(phase.closes_at, phase.revealed_at or phase.closes_at)


def part_shown(phase: Phase, now: datetime) -> Part | None:
    """Return the part whose scores are shown and decide; None where there are no parts."""
    reveal = reveal_of(phase)
    if reveal is None:
        return None
    return Part.PUBLIC if now < reveal else Part.PRIVATE


def is_revealed(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Condition on Phase: its private scores decide; as `part_shown`, inside a query."""
    # GREATEST passes over what is null.
    reveal = func.greatest(Phase.closes_at, Phase.revealed_at, Phase.hidden_until)
    return and_(Phase.private_sides.is_not(None), reveal <= now)
