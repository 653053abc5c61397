"""A task for each metric of EvalAI's leaderboards, but for those that sum up the others."""

from dataclasses import dataclass
from typing import Any

from app.bundles.evalai_notes import slug_of
from app.bundles.evalai_part import Part

_SUMS = ("total", "overall", "average", "mean", "final", "avg")


@dataclass(frozen=True)
class MetricTask:
    """A metric of a leaderboard."""

    slug: str
    title: str
    leaderboard: str

    def stated(self) -> dict[str, Any]:
        """Return the task as a bundle states it."""
        labels = f"labels/TODO-{self.slug}.csv"
        return {"slug": self.slug, "title": self.title, "type": "regression", "labels": labels}


@dataclass(frozen=True)
class Metrics:
    """The tasks, and what is said of the metrics, those that sum up others among them."""

    tasks: tuple[MetricTask, ...]
    descriptions: tuple[tuple[str, str], ...]


def metrics_of(challenge: Part) -> Metrics:
    """Return the metrics of all leaderboards; one of no name if there is none."""
    tasks: list[MetricTask] = []
    descriptions: list[tuple[str, str]] = []
    for board in challenge.parts("leaderboard"):
        schema = board.part("schema")
        titles = [schema.fitted("labels", label, "TODO") for label in schema.items("labels")]
        total = _total_of(schema, titles)
        metadata = schema.part("metadata") if "metadata" in schema.values else None
        for title, label in zip(titles, schema.items("labels"), strict=True):
            if metadata is not None and str(label) in metadata.values:
                about = _about(metadata.part(str(label)))
                descriptions += [(title, about)] if about else []
            if title != total:
                slug = _unused(slug_of(title, "task"), {task.slug for task in tasks})
                tasks.append(MetricTask(slug, title, str(board.get("id"))))
    return Metrics(tuple(tasks) or (MetricTask("task", "TODO", ""),), tuple(descriptions))


def _total_of(schema: Part, titles: list[str]) -> str | None:
    """Return the metric that sums up the others; None if there is none."""
    if "default_order_by" not in schema.values:
        return None
    order = schema.line("default_order_by", "")
    if order not in titles:
        schema.add("default_order_by", f"there is no label “{order}”; boards rank over all tasks")
    elif len(titles) > 1 and any(word in order.lower() for word in _SUMS):
        detail = f"“{order}” is taken for a sum of the others: boards rank over all tasks here"
        schema.add("default_order_by", detail)
        return order
    elif len(titles) > 1:
        detail = f"boards rank over all tasks here, not by “{order}” alone: choose weights"
        schema.add("default_order_by", detail)
    return None


def _about(metric: Part) -> str:
    if metric.truth("sort_ascending", otherwise=False):
        metric.add("sort_ascending", "scores here are better when they are higher")
    return str(metric.get("description") or "")


def _unused(slug: str, taken: set[str]) -> str:
    names = [slug, *(f"{slug[:50]}-{number}" for number in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken)
