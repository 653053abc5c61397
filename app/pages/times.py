"""Instants as people read them, in UTC; a script adds the reader's own time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import to_json_instant
from app.models import Phase
from app.phases.clock import PhaseState, state_of


@dataclass(frozen=True)
class Moment:
    """An instant for a `<time>` element."""

    iso: str
    text: str
    day: str

    @classmethod
    def of(cls, instant: datetime) -> "Moment":
        """Write an instant to the minute."""
        return cls(to_json_instant(instant), f"{instant:%Y-%m-%d %H:%M} UTC", f"{instant:%Y-%m-%d}")

    @classmethod
    def of_json(cls, instant: str) -> "Moment":
        """Write an instant of a stored document."""
        return cls.of(datetime.fromisoformat(instant))


@dataclass(frozen=True)
class Postponed:
    """A close that was put off for all."""

    before: Moment
    after: Moment
    reason: str


@dataclass(frozen=True)
class PhaseClock:
    """Where a phase stands, and how long until that changes."""

    state: str
    opens: Moment
    closes: Moment
    next_word: str | None
    next: Moment | None
    left: str | None

    @classmethod
    def of(cls, phase: Phase, now: datetime) -> "PhaseClock":
        """Describe a phase at an instant."""
        state = state_of(phase, now)
        opens, closes = Moment.of(phase.opens_at), Moment.of(phase.closes_at)
        if state is PhaseState.CLOSED:
            return cls(state, opens, closes, None, None, None)
        word, at = (
            ("opens", phase.opens_at)
            if state is PhaseState.UPCOMING
            else ("closes", phase.closes_at)
        )
        return cls(state, opens, closes, word, Moment.of(at), in_words(at - now))


def in_words(left: timedelta) -> str:
    """Tell a span in its two largest units.

    >>> in_words(timedelta(days=3, hours=4, minutes=5))
    '3 d 4 h'
    >>> in_words(timedelta(days=1234, hours=5))
    '1,234 days'
    >>> in_words(timedelta(seconds=59))
    'less than a minute'
    """
    days, hours, minutes = left.days, left.seconds // 3600, left.seconds // 60 % 60
    if days >= 100:
        return f"{days:,} days"
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    first = next((index for index, (figure, _) in enumerate(parts) if figure > 0), None)
    if first is None:
        return "less than a minute"
    return " ".join(f"{figure} {unit}" for figure, unit in parts[first : first + 2] if figure > 0)
