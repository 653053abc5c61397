"""A task for each metric of EvalAI's leaderboards, but for those that sum up the others."""

from dataclasses import dataclass
from typing import Any

from app.bundles.evalai_notes import Notes, mappings, truth

_SUMS = ("total", "overall", "average", "mean", "final", "avg")


@dataclass(frozen=True)
class MetricTask:
    """A metric of a leaderboard."""

    slug: str
    title: str
    leaderboard: str
    description: str

    def stated(self) -> dict[str, Any]:
        """Return the task as a bundle states it."""
        labels = f"labels/TODO-{self.slug}.csv"
        return {"slug": self.slug, "title": self.title, "type": "regression", "labels": labels}


def tasks_of(config: dict[str, Any], notes: Notes) -> list[MetricTask]:
    """Return the tasks of all leaderboards; one of no name if there is none."""
    tasks: list[MetricTask] = []
    for place, board in mappings(config.get("leaderboard")):
        path = ("leaderboard", place)
        notes.tell_unmapped(board, ("id", "schema"), {}, path)
        raw = board.get("schema")
        schema: dict[str, Any] = raw if isinstance(raw, dict) else {}
        below = (*path, "schema")
        notes.tell_unmapped(schema, ("labels", "default_order_by", "metadata"), {}, below)
        labels = [str(label) for label in schema.get("labels") or ()]
        order = str(schema.get("default_order_by", ""))
        sums = len(labels) > 1 and any(word in order.lower() for word in _SUMS)
        if sums:
            detail = f"“{order}” is taken for a sum of the others: boards rank over all tasks here"
            notes.add((*below, "default_order_by"), detail)
        elif len(labels) > 1:
            detail = f"boards rank over all tasks here, not by “{order}” alone: choose weights"
            notes.add((*below, "default_order_by"), detail)
        for label in labels:
            if not (sums and label == order):
                about = _about(schema, label, notes, (*below, "metadata"))
                taken = {task.slug for task in tasks}
                slug = _unused(notes.slug(label, "task"), taken)
                tasks.append(MetricTask(slug, label[:300], str(board.get("id")), about))
    return tasks or [MetricTask("task", "TODO", "", "")]


def _about(schema: dict[str, Any], label: str, notes: Notes, path: tuple[str | int, ...]) -> str:
    metadata = schema.get("metadata")
    about = metadata.get(label) if isinstance(metadata, dict) else None
    if not isinstance(about, dict):
        return ""
    here = (*path, label)
    if truth(about.get("sort_ascending")):
        notes.add((*here, "sort_ascending"), "scores here are better when they are higher")
    notes.tell_unmapped(about, ("sort_ascending", "description"), {}, here)
    return str(about.get("description", ""))


def _unused(slug: str, taken: set[str]) -> str:
    names = [slug, *(f"{slug[:50]}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)
