"""A mapping of EvalAI's configuration: what is read of it is marked, what is odd is noted."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.bundles.evalai_notes import Notes
from app.challenges.yaml_lines import Path

LONGEST_LINE = 300
_TRUTHS = {"true": True, "yes": True, "on": True, "1": True,
           "false": False, "no": False, "off": False, "0": False}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """A mapping, and where it stands."""

    values: Mapping[str, Any]
    path: Path
    notes: Notes

    def get(self, key: str) -> Any:
        """Return a value as it is, and mark it as read; None if it is not there."""
        self.notes.take((*self.path, key))
        return self.values.get(key)

    def add(self, key: str, text: str) -> None:
        """Note something about a key."""
        self.notes.add((*self.path, key), text)

    def line(self, key: str, otherwise: str) -> str:
        """Return a text as one line of a length we take."""
        return self.fitted(key, self.get(key), otherwise)

    def fitted(self, key: str, value: Any, otherwise: str) -> str:
        """Return a value, or one of its items, as one line of a length we take."""
        text = " ".join(str(value).split()) if value is not None else ""
        if len(text) > LONGEST_LINE:
            self.add(key, f"cut to {LONGEST_LINE} characters")
        return text[:LONGEST_LINE] or otherwise

    def number(self, key: str, otherwise: int, *, least: int = 1, most: int) -> int:
        """Return a whole number between two; another one if it is not there."""
        value = self.get(key)
        if key not in self.values:
            return otherwise
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", str(value).strip()):
            self.add(key, f"“{value}” is no whole number: {otherwise} stands in its place")
            return otherwise
        number = min(max(int(value), least), most)
        if number != int(value):
            self.add(key, f"{int(value)} becomes {number}")
        return number

    def truth(self, key: str, *, otherwise: bool) -> bool:
        """Return a truth value as EvalAI writes it: `True` too, which is text to us."""
        value = self.get(key)
        if key not in self.values:
            return otherwise
        if str(value).lower() not in _TRUTHS:
            taken = "true" if otherwise else "false"
            self.add(key, f"“{value}” is neither true nor false: {taken} stands in its place")
        return _TRUTHS.get(str(value).lower(), otherwise)

    def part(self, key: str) -> "Part":
        """Return the mapping under a key; an empty one if there is none."""
        value = self.get(key)
        if key in self.values and not isinstance(value, dict):
            self.add(key, "not mapped: it is no mapping")
        return Part(value if isinstance(value, dict) else {}, (*self.path, key), self.notes)

    def parts(self, key: str) -> Iterator["Part"]:
        """Return the mappings of the list under a key."""
        for place, item in enumerate(self.items(key)):
            path = (*self.path, key, place)
            if isinstance(item, dict):
                yield Part(item, path, self.notes)
            else:
                self.notes.add(path, "not mapped: it is no mapping")

    def items(self, key: str) -> list[Any]:
        """Return the list under a key; an empty one if there is none."""
        value = self.get(key)
        if key in self.values and value is not None and not isinstance(value, list):
            self.add(key, "not mapped: it is no list")
        return value if isinstance(value, list) else []
