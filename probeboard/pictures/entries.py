"""What a picture takes from the board document: the first entries, and how they are called."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

History = Sequence[tuple[str | datetime, Mapping[str, int]]]
SHOWN_ENTRIES = 30
# Stands where a figure is missing.
NONE = "\N{EN DASH}"
# Joiners shape scripts and emoji; every other invisible sign could turn or hide what is beside it.
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True)
class Line:
    """An entry of the board.

    Attributes
    ----------
    name
        Of the team, or of the baseline's method; one line of printable text.
    place
        Its rank, or the one a baseline would have; None where there is none.
    entry
        As the document has it.
    """

    name: str
    place: int | None
    is_baseline: bool
    entry: Mapping[str, Any]

    @property
    def place_text(self) -> str:
        """The rank, in brackets for a baseline."""
        if self.place is None:
            return NONE
        return f"({self.place})" if self.is_baseline else f"{self.place}"

    def span(self, key: str) -> tuple[int, int] | None:
        """Return two ranks of the entry, such as its ``rank_interval``."""
        found = self.entry.get(key)
        return None if found is None else (int(found[0]), int(found[1]))


@dataclass(frozen=True)
class Board:
    """The lines that are drawn, in the order of the document, and what stands above them."""

    document: Mapping[str, Any]
    lines: tuple[Line, ...]
    n_entries: int
    history: tuple[tuple[datetime, Mapping[str, int]], ...] = ()

    @property
    def heading(self) -> str:
        """Challenge, phase and instant, as far as they are known."""
        known = (
            printable(self.document.get("challenge_title") or self.document.get("challenge") or ""),
            printable(self.document.get("phase_title") or self.document.get("phase") or ""),
            instant_text(self.document.get("ranked_at")),
        )
        return " · ".join(filter(None, known))

    @property
    def cut(self) -> str:
        """Say that not all entries are drawn; empty if they are."""
        if self.n_entries == len(self.lines):
            return ""
        return f"first {len(self.lines)} of {self.n_entries} entries"

    @property
    def uncertainty(self) -> Mapping[str, Any]:
        """Whether intervals are shown, why not, and how they came about."""
        found: Mapping[str, Any] = self.document.get("uncertainty") or {}
        return found


def read_board(document: Mapping[str, Any], history: History | None = None) -> Board:
    """Take the first entries of a board document; names of the history as those of the entries."""
    entries: Sequence[Mapping[str, Any]] = document.get("entries") or ()
    lines = tuple(_line(entry) for entry in entries[:SHOWN_ENTRIES])
    steps = (
        (as_instant(at), {printable(name): rank for name, rank in ranks.items()})
        for at, ranks in history or ()
    )
    return Board(document, lines, len(entries), tuple(sorted(steps, key=lambda step: step[0])))


def printable(text: str) -> str:
    """Make one line of text without control signs, which no picture could hold.

    >>> printable("a\\nb\\x00 \\u202ec")
    'a b c'
    """
    line = " ".join(text.split())
    return "".join(c for c in line if unicodedata.category(c)[0] != "C" or c in _JOINERS)


def instant_text(ranked_at: str | datetime | None) -> str:
    """Word an instant to the minute.

    >>> instant_text("2026-11-21T07:45:30Z")
    '21 Nov 2026, 07:45 UTC'
    """
    if ranked_at is None:
        return ""
    at = as_instant(ranked_at)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"


def as_instant(at: str | datetime) -> datetime:
    """Read an instant of the document; one without a zone is UTC."""
    read = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def day_number(at: datetime) -> float:
    """Days since 1970, which matplotlib's time axis counts in.

    >>> day_number(datetime(1970, 1, 2, 12, tzinfo=UTC))
    1.5
    """
    return at.timestamp() / 86_400


def tick_text(day: float, *, of: timedelta) -> str:
    """Word a tick of a time axis, as finely as the span asks for.

    >>> tick_text(20_000.5, of=timedelta(days=50)), tick_text(20_000.5, of=timedelta(hours=5))
    ('4 Oct', '12:00')
    >>> tick_text(20_000.5, of=timedelta(minutes=2)), tick_text(20_000.5, of=timedelta(seconds=2))
    ('12:00:00', '12:00:00.000')
    """
    at = datetime.fromtimestamp(round(day * 86_400, 3), UTC)  # floats of days are less exact
    month = _MONTHS[at.month - 1]
    if of > timedelta(days=1500):
        return f"{at.year}"
    if of > timedelta(days=150):
        return f"{month} {at.year}"
    if of > timedelta(days=4):
        return f"{at.day} {month}"
    if of > timedelta(days=1):
        return f"{at.day} {month}, {at:%H:%M}"
    if of > timedelta(minutes=15):
        return f"{at:%H:%M}"
    return at.time().isoformat("seconds" if of > timedelta(seconds=15) else "milliseconds")


# Not %b: a locale is a setting of the process.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _line(entry: Mapping[str, Any]) -> Line:
    is_baseline = bool(entry.get("is_baseline"))
    name = printable(entry.get("team") or entry.get("method_name") or "")
    place = entry.get("would_rank" if is_baseline else "rank")
    return Line(name or "(no name)", place, is_baseline, entry)
