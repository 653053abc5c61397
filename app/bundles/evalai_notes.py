"""What of EvalAI's configuration is not mapped, with its line; and its values, read leniently."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from app.challenges.yaml_lines import Document, Path

LONGEST_LINE = 300
LONGEST_SLUG = 60


class Notes:
    """Collects a line for each key that has no, or another, meaning here."""

    def __init__(self, document: Document, file: str) -> None:
        self._document = document
        self._file = file
        self._found: list[tuple[int, str]] = []

    def add(self, path: Path, text: str) -> None:
        """Note something about a key, once."""
        line = self._document.line_of(path)
        dotted = ".".join(map(str, path))
        note = (line, f"{self._file}:{line}: {dotted}: {text}")
        if note not in self._found:
            self._found.append(note)

    def lines(self) -> tuple[str, ...]:
        """Return the notes in the order of the file."""
        return tuple(text for _, text in sorted(self._found))

    def tell_unmapped(
        self, values: Mapping[str, Any], read: Collection[str], known: Mapping[str, str], path: Path
    ) -> None:
        """Note each key of a mapping that is not read."""
        for key in values:
            if key not in read:
                self.add((*path, key), known.get(key, "not mapped: there is nothing like it here"))

    def line(self, value: Any, otherwise: str, path: Path) -> str:
        """Return a text as one line of a length we take."""
        text = " ".join(str(value).split()) if value is not None else ""
        text = text or otherwise
        if len(text) > LONGEST_LINE:
            self.add(path, f"cut to {LONGEST_LINE} characters")
        return text[:LONGEST_LINE]

    def number(self, value: Any, otherwise: int, most: int, path: Path) -> int:
        """Return a whole number from 1 to a largest."""
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = otherwise
        if number != min(max(number, 1), most):
            self.add(path, f"{number} becomes {min(max(number, 1), most)}")
        return min(max(number, 1), most)

    @staticmethod
    def slug(text: str, otherwise: str) -> str:
        """Make a slug of a name."""
        plain = re.sub(r"[^a-z0-9]+", "-", text.lower())[:LONGEST_SLUG].strip("-")
        return plain or otherwise


def truth(value: Any) -> bool:
    """Read a truth value as EvalAI writes it: `True` too, which is text to us."""
    return str(value).lower() in ("true", "yes", "on", "1")


def mappings(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """Return the mappings of a list, each with its place."""
    items = value if isinstance(value, list) else []
    return [(place, item) for place, item in enumerate(items) if isinstance(item, dict)]
