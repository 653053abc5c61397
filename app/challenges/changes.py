"""How two outlines of a challenge differ, key by key."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.challenges.outline import Outline

Path = tuple[str, ...]


class Kind(StrEnum):
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Change:
    """One key that differs; phases and tasks are keys by their slugs.

    Of what is added or removed the whole is told once. Where only the order of phases, or of the
    tasks of a phase, differs, the change is that of the slugs.
    """

    kind: Kind
    path: Path
    before: Any
    after: Any

    @property
    def dotted(self) -> str:
        """Write the path as people read it."""
        return ".".join(self.path)


def compare(before: Outline, after: Outline) -> tuple[Change, ...]:
    """Return each difference, in the order of the second outline; what is gone comes last."""
    return tuple(_compare(before, after, ()))


def _compare(before: Any, after: Any, path: Path) -> Iterator[Change]:
    if not (isinstance(before, dict) and isinstance(after, dict)):
        if before != after:
            yield Change(Kind.CHANGED, path, before, after)
        return
    named = _holds_names(path)
    if named:
        kept = [[key for key in one if key in other] for one, other in
                ((before, after), (after, before))]  # fmt: skip
        if kept[0] != kept[1]:
            yield Change(Kind.CHANGED, path, list(before), list(after))
    for key, value in after.items():
        if key in before or not named:
            yield from _compare(before.get(key), value, (*path, key))
        else:
            yield Change(Kind.ADDED, (*path, key), None, value)
    for key in before.keys() - after.keys():
        yield Change(Kind.REMOVED, (*path, key), before[key], None)


def _holds_names(path: Path) -> bool:
    """Whether the keys below are slugs: they come and go."""
    return path in (("tasks",), ("phases",)) or (
        len(path) == 3 and path[::2] == ("phases", "tasks")
    )
