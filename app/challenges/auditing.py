"""What the audit log says of a changed challenge: its keys, as an organizer wrote them."""

import re
from collections.abc import Sequence
from typing import Any

from app.challenges.changes import Change, Kind

_DIGEST = re.compile(r"[0-9a-f]{64}")
Sides = tuple[dict[str, Any], dict[str, Any]]


def sides_of(changes: Sequence[Change]) -> Sides:
    """Return what was and what is, key by key; files are named as such, and never by digest.

    >>> sides_of([Change(Kind.CHANGED, ("pages", "terms"), "a" * 64, "b" * 64)])
    ({'pages.terms': 'a file'}, {'pages.terms': 'another file'})
    >>> sides_of([Change(Kind.ADDED, ("phases", "test"), None, {"samples": "a" * 64})])
    ({}, {'phases.test': 'added'})
    """
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for change in changes:
        if change.kind is not Kind.ADDED:
            removed = change.kind is Kind.REMOVED
            before[change.dotted] = "present" if removed else _words(change.before, "a file")
        if change.kind is not Kind.REMOVED:
            added = change.kind is Kind.ADDED
            after[change.dotted] = "added" if added else _words(change.after, "another file")
        else:
            after[change.dotted] = "removed"
    return before, after


def _words(value: Any, file: str) -> Any:
    if isinstance(value, dict):
        return {name: _words(one, file) for name, one in value.items()}
    return file if isinstance(value, str) and _DIGEST.fullmatch(value) else value
