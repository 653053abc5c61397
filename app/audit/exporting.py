"""The audit log as CSV and as JSON lines."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.audit.reading import Told
from app.clock import to_json_instant
from app.text import defused

COLUMNS = (
    *("at", "action", "actor_kind", "actor_id", "actor_name", "subject_kind", "subject_id"),
    *("subject_name", "before", "after", "reason", "request_id", "id"),
)


@dataclass(frozen=True)
class Whole:
    """Entries with what is the operator's alone, told with the slugs of all challenges."""

    slugs: Mapping[UUID, str]

    def of(self, told: Told) -> dict[str, Any]:
        """Return what organizers do not see of an entry."""
        one = told.entry
        slug = None if one.challenge_id is None else self.slugs.get(one.challenge_id)
        return {"challenge": slug, "token_id": _text(one.token_id)}


def to_csv(entries: Iterable[Told], whole: Whole | None = None) -> Iterator[str]:
    """Write entries as lines of CSV; what was and what is are JSON."""
    columns = (*COLUMNS, *(("challenge", "token_id") if whole else ()))
    yield _line(columns)
    for one in entries:
        said = _said(one, whole)
        yield _line([_cell(said[name]) for name in columns])


def to_json_lines(entries: Iterable[Told], whole: Whole | None = None) -> Iterator[str]:
    """Write each entry as a line of JSON."""
    for one in entries:
        yield f"{json.dumps(_said(one, whole), ensure_ascii=False)}\n"


FORMATS: Mapping[str, Callable[[Iterable[Told], Whole | None], Iterator[str]]] = {
    "jsonl": to_json_lines,
    "csv": to_csv,
}


def _said(told: Told, whole: Whole | None) -> dict[str, Any]:
    one = told.entry
    return {
        "at": to_json_instant(one.at),
        "action": one.action,
        "actor_kind": one.actor_kind,
        "actor_id": _text(one.actor_id),
        "actor_name": told.actor_name,
        "subject_kind": one.subject_kind,
        "subject_id": one.subject_id,
        "subject_name": one.subject_name,
        "before": one.before,
        "after": one.after,
        "reason": one.reason,
        "request_id": _text(one.request_id),
        "id": str(one.id),
        **(whole.of(told) if whole else {}),
    }


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else defused(str(value))
