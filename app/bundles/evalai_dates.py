"""EvalAI's dates: ISO 8601 and YAML's own way, in UTC where they name no zone."""

import re
from datetime import UTC, date, datetime
from typing import Any

from yaml import ScalarNode
from yaml.constructor import SafeConstructor

from app.bundles.evalai_part import Part

# No instant: the check of the bundle names the line.
PLACEHOLDER = "TODO"
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


def instant_of(phase: Part, challenge: Part, key: str) -> str:
    """Return a phase's date, or the challenge's, as an instant; a placeholder if there is none."""
    part = challenge if phase.values.get(key) is None else phase
    value = part.get(key)
    phase.notes.take((*phase.path, key))
    if value is None:
        phase.add(key, f"there is no date: write one in the place of {PLACEHOLDER}")
        return PLACEHOLDER
    read = _read(value)
    if read is None:
        part.add(key, f"“{value}” is no date: write one in the place of {PLACEHOLDER}")
        return PLACEHOLDER
    if not isinstance(read, datetime):
        part.add(key, "a day without a time: taken for the instant at which it begins, in UTC")
        read = datetime(read.year, read.month, read.day, tzinfo=UTC)
    return read.isoformat().replace("+00:00", "Z")


def _read(value: Any) -> datetime | date | None:
    """Read a day, or an instant; None for what is neither."""
    text = str(value).strip()
    for read in (date.fromisoformat, _read_as_iso, _read_as_yaml):
        try:
            found = read(text)
            return _in_utc(found) if isinstance(found, datetime) else found
        except (ValueError, OverflowError):
            continue
    return None


def _in_utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _read_as_iso(text: str) -> datetime:
    """Read an instant, but not `2025-03-10+02:00`, whose plus Python takes for any other T.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not re.match(r"[0-9W-]+[Tt ]", text):
        raise ValueError(text)
    return datetime.fromisoformat(text.upper())  # of `t` and `z`, too


def _read_as_yaml(text: str) -> date:
    """Read `2025-3-1 9:00:00 +2`, too.

    Raises
    ------
    ValueError
        If it is no timestamp of YAML's.
    """
    if not SafeConstructor.timestamp_regexp.match(text):
        raise ValueError(text)
    node = ScalarNode(_TIMESTAMP, text)
    found: date = SafeConstructor().construct_yaml_timestamp(node)
    return found
