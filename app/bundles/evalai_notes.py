"""What of EvalAI's configuration is not mapped, with its line.

Whatever nobody has read when the conversion is done is told: a key that this code forgets gets a
line, and is not dropped in silence.
"""

import re
from typing import Any

from app.bundles.evalai_keys import TOLD_ABOVE, reason_of
from app.challenges.yaml_lines import Document, Path

LONGEST_SLUG = 60


class Notes:
    """Collects a line for each key that has no, or another, meaning here."""

    def __init__(self, document: Document, file: str) -> None:
        self._document = document
        self._file = file
        self._found: dict[tuple[int, str], None] = {}
        self._done: set[Path] = set()
        self._left: dict[Path, str] = {}

    def add(self, path: Path, text: str) -> None:
        """Note something about a key, once."""
        line = self._document.line_of(path)
        dotted = ".".join(map(str, path))
        self._found[line, f"{self._file}:{line}: {dotted}: {text}"] = None
        self._done.add(path)

    def take(self, path: Path) -> None:
        """Mark a key as read: what it says is in the bundle."""
        self._done.add(path)

    def leave(self, path: Path, why: str) -> None:
        """Say why nothing below a place is read."""
        self._left[path] = why

    def lines(self) -> tuple[str, ...]:
        """Return the notes in the order of the file."""
        return tuple(text for _, text in sorted(self._found))

    def tell_rest(self) -> None:
        """Note each key, at every depth, that was neither read nor noted."""
        self._tell_below(self._document.values, (), "")

    def _tell_below(self, values: Any, path: Path, why: str) -> None:
        why = self._left.get(path, why)
        if isinstance(values, list):
            for place, item in enumerate(values):
                self._tell_below(item, (*path, place), why)
        if isinstance(values, dict):
            for key, value in values.items():
                below = (*path, str(key))
                pattern = ".".join("*" if isinstance(part, int) else part for part in below)
                if below not in self._done and pattern not in TOLD_ABOVE:
                    self.add(below, why or reason_of(pattern))
                self._tell_below(value, below, why)


def slug_of(text: str, otherwise: str) -> str:
    """Make a slug of a name."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower())[:LONGEST_SLUG].strip("-")
    return plain or otherwise
