"""What a set changes, in words that everybody may read: no digests, no seeds, no labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.phases.scoring import ScoredTask, ScoringRules
from app.phases.splits import TaskSplits
from app.rescorings.rules import PhaseChange

What = Literal[
    "scorer", "scaling", "order", "task-added", "task-removed", "labels", "type", "probe",
    "splits", "weight",
]  # fmt: skip


@dataclass(frozen=True)
class Said:
    """One thing that is otherwise; the task by the name it is shown under."""

    what: What
    task: str | None = None
    before: str | None = None
    after: str | None = None


def changes_of(change: PhaseChange, *, masked: bool) -> list[Said]:
    """Say what a set changes of a phase, task by task in the order of after; what goes is last."""
    return [
        *_of_phase(change.before, change.after),
        *_of_tasks(change.before.tasks, change.after.tasks, masked=masked),
    ]


def _of_phase(before: ScoringRules, after: ScoringRules) -> Iterator[Said]:
    scorers = [f"{one.scorer}@{one.scorer_version}" for one in (before, after)]
    if scorers[0] != scorers[1]:
        yield Said("scorer", before=scorers[0], after=scorers[1])
    if before.scaling != after.scaling:
        yield Said("scaling", before=before.scaling, after=after.scaling)
    old, new = ([task.task_id for task in one.tasks] for one in (before, after))
    if [key for key in old if key in new] != [key for key in new if key in old]:
        yield Said("order")


def _of_tasks(
    before: Sequence[ScoredTask], after: Sequence[ScoredTask], *, masked: bool
) -> Iterator[Said]:
    old = {task.task_id: task for task in before}
    names = _names(after, masked=masked)
    for task in after:
        was = old.pop(task.task_id, None)
        if was is None:
            yield Said("task-added", names[task.task_id], after=f"weight {task.weight:g}")
        else:
            yield from _of_task(names[task.task_id], was, task)
    gone = _names(before, masked=masked)
    for task in old.values():
        yield Said("task-removed", gone[task.task_id], before=f"weight {task.weight:g}")


def _of_task(name: str, was: ScoredTask, task: ScoredTask) -> Iterator[Said]:
    if was.label_set_id != task.label_set_id:
        versions = (f"version {one.label_version}" for one in (was, task))
        yield Said("labels", name, *versions)
    if was.task_type != task.task_type:
        yield Said("type", name, was.task_type, task.task_type)
    if (was.probe, was.signs) != (task.probe, task.signs):
        yield Said("probe", name, _probe(was), _probe(task))
    if was.splits != task.splits:
        yield Said("splits", name, _splits(was.splits), _splits(task.splits))
    if was.weight != task.weight:
        yield Said("weight", name, f"{was.weight:g}", f"{task.weight:g}")


def _names(tasks: Sequence[ScoredTask], *, masked: bool) -> Mapping[UUID, str]:
    return {
        task.task_id: f"task-{number:02}" if masked else task.public_name
        for number, task in enumerate(tasks, start=1)
    }


def _probe(task: ScoredTask) -> str:
    return f"{task.probe} by signs" if task.signs else task.probe


def _splits(splits: TaskSplits) -> str:
    """Say as much of splits as a phase does: who is where, and the seed, stay hidden."""
    spec = splits.spec
    parts = [f"{spec.n_splits} {spec.kind.value}"]
    if splits.test_size is not None:
        parts.append(f"test {splits.test_size:g}")
    if spec.shots is not None:
        parts.append(f"{spec.shots} shots")
    return ", ".join(parts)
