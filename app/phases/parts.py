"""Which of a phase's samples decide: the public ones until the reveal, from then on the private.

A phase that keeps no samples private has no parts: all its samples are public.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func

from app.errors import PrivateScoresRevealed
from app.models import Part, Phase


def reveal_of(phase: Phase) -> datetime | None:
    """Return when private scores are revealed: never before everybody's window has closed."""
    if phase.private_sides is None:
        return None
    instants = (phase.closes_at, phase.revealed_at, phase.hidden_until)
    return max(instant for instant in instants if instant is not None)


def part_shown(phase: Phase, now: datetime) -> Part | None:
    """Return the part whose scores are shown and decide; None where there are no parts."""
    reveal = reveal_of(phase)
    if reveal is None:
        return None
    return Part.PUBLIC if now < reveal else Part.PRIVATE


def sees_private(phase: Phase, now: datetime, *, sees_everything: bool) -> bool:
    """Tell whether somebody may see a score by private samples, of those scores they may see."""
    shown = part_shown(phase, now)
    return shown is Part.PRIVATE or (shown is not None and sees_everything)


def require_hidden(phase: Phase, now: datetime) -> None:
    """Refuse to let anybody hand in who may know private scores.

    Raises
    ------
    PrivateScoresRevealed
        If they decide by now.
    """
    if part_shown(phase, now) is Part.PRIVATE:
        raise PrivateScoresRevealed(
            f"The private scores of {phase.title} were revealed at "
            f"{reveal_of(phase):%Y-%m-%d %H:%M:%S} UTC: it opens for nobody again."
        )


def is_revealed(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Condition on Phase: its private scores decide; as `part_shown`, inside a query."""
    # GREATEST passes over what is null.
    reveal = func.greatest(Phase.closes_at, Phase.revealed_at, Phase.hidden_until)
    return and_(Phase.private_sides.is_not(None), reveal <= now)
