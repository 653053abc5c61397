"""The time, asked in one place and passed on as an argument.

For rehearsals it can be another one: a season of weeks is played in minutes by setting the clock
that all processes follow.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

_followed: list[Path] = []


def utc_now() -> datetime:
    """Return the present instant, aware and in UTC; of a rehearsal, where one is on."""
    now = datetime.now(UTC)
    return now + _offset(_followed[0], _followed[0].stat().st_mtime_ns) if _followed else now


def follow(path: Path | None) -> None:
    """Follow the clock that `set_clock` sets in a file, in this process; None for the real one."""
    _followed[:] = [] if path is None else [path]


def set_clock(path: Path, instant: datetime) -> None:
    """Let it be `instant` now for every process that follows, and time go on from there."""
    ahead = (instant - datetime.now(UTC)) // timedelta(microseconds=1)
    aside = path.with_suffix(".new")
    aside.write_text(str(ahead))
    aside.replace(path)  # nobody reads half of it


@lru_cache(maxsize=1)
def _offset(path: Path, _: int) -> timedelta:
    return timedelta(microseconds=int(path.read_text()))


def in_utc(instant: datetime) -> datetime:
    """Tell an instant in UTC, while one that no calendar there holds can still be refused.

    Raises
    ------
    ValueError
        If there is no such instant in UTC.
    """
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("there is no such instant in UTC") from error


def to_json_instant(instant: datetime) -> str:
    """Write an instant as the API does: UTC, milliseconds, a final Z."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
