"""Refuse what must not happen once private samples decide."""

from datetime import datetime

from app.errors import PrivateScoresRevealed
from app.models import Part, Phase
from app.policy import part_shown, reveal_of


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
