"""What `probeboard score` found, as JSON and as text."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from probeboard.cli.arguments import own_version
from probeboard.cli.plan import Plan
from probeboard.embeddings import Embeddings
from probeboard.labelsets import SplitSpec, marks_to_bytes, to_bytes
from probeboard.probing import TaskScores, get_scorer, package_versions


@dataclass(frozen=True, eq=False)
class Outcome:
    """All of a run."""

    embeddings: Embeddings
    plan: Plan
    scores: tuple[TaskScores, ...]
    analyses: dict[str, Any]

    @property
    def scorer(self) -> str:
        """Name and version."""
        scorer = get_scorer(self.plan.scorer)
        return f"{scorer.name}@{scorer.version}"

    @property
    def mean_score(self) -> float:
        """Mean of the tasks' means."""
        return float(np.mean([one.mean for one in self.scores]))

    @property
    def n_unlabelled(self) -> int:
        """Samples without a label in any task."""
        labelled = {sample for one in self.plan.label_sets.values() for sample in one.sample_ids}
        return len(self.plan.sample_ids) - len(labelled)


def to_document(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as JSON-ready values; the same input gives the same document."""
    plan = outcome.plan
    return {
        "scorer": outcome.scorer,
        "mean_score": outcome.mean_score,
        "tasks": [_task(plan, one) for one in outcome.scores],
        "analyses": outcome.analyses,
        "receipt": {
            "probeboard": own_version(),
            "embeddings_sha256": outcome.embeddings.sha256,
            "facts": outcome.embeddings.facts.to_dict(),
            "samples": len(plan.sample_ids),
            "unlabelled_samples": outcome.n_unlabelled,
            "splits": {
                **asdict(plan.splits),
                "marks": sha256(marks_to_bytes(plan.marks)).hexdigest() if plan.marks else None,
            },
            "packages": package_versions(),
        },
    }


def _task(plan: Plan, scores: TaskScores) -> dict[str, Any]:
    labels = plan.label_sets[scores.name]
    return {
        "task": scores.name,
        "type": labels.task_type.value,
        "metric": scores.metric,
        "mean": scores.mean,
        "standard_error": scores.standard_error,
        "std": scores.std,
        "q": scores.q,
        "labels": len(labels.sample_ids),
        "labels_sha256": sha256(to_bytes(labels)).hexdigest(),
        "split_scores": scores.split_scores.tolist(),
        "penalties": scores.penalties.tolist(),
    }


def to_text(outcome: Outcome) -> str:
    """Return the outcome as a table."""
    facts = outcome.embeddings.facts
    n_splits = len(outcome.scores[0].split_scores)
    head = [
        f"{outcome.scorer}, {n_splits} {words_of(outcome.plan.splits)}",
        f"{facts.n_rows} samples x {facts.n_dims} dimensions, {facts.format}",
        *(f"note: {note}" for note in notes_of(outcome)),
    ]
    rows: list[tuple[str, ...]] = [("task", "metric", "mean", "± se", "std", "Q", "labels")]
    rows += [_row(outcome.plan, one) for one in outcome.scores]
    rows.append(("mean of the tasks", "", f"{outcome.mean_score:.4f}", "", "", "", ""))
    return "\n".join([*head, "", *_aligned(rows), *_analyses(outcome.analyses)]) + "\n"


def words_of(splits: SplitSpec) -> str:
    """Word how samples are split.

    >>> words_of(SplitSpec(shots=5))
    'shuffle splits, test size 0.1, seed 42, 5 shots'
    """
    shots = f", {splits.shots} shots" if splits.shots else ""
    if splits.kind.value == "predefined":
        return f"predefined splits{shots}"
    return f"{splits.kind.value} splits, test size {splits.test_size:g}, seed {splits.seed}{shots}"


def notes_of(outcome: Outcome) -> tuple[str, ...]:
    """Say what a reader of the scores should know of the file."""
    further = outcome.n_unlabelled
    unlabelled = (f"{further} samples have no label in these tasks",) if further else ()
    return outcome.embeddings.facts.notes + unlabelled


def _row(plan: Plan, one: TaskScores) -> tuple[str, ...]:
    error = "" if one.standard_error is None else f"± {one.standard_error:.4f}"
    n_labels = str(len(plan.label_sets[one.name].sample_ids))
    numbers = (f"{one.mean:.4f}", error, f"{one.std:.4f}", f"{one.q:.2f}", n_labels)
    return (one.name, one.metric, *numbers)


def _aligned(rows: Sequence[Sequence[str]], *, words: int = 2) -> list[str]:
    """Columns side by side: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number < words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _analyses(analyses: dict[str, Any]) -> list[str]:
    return []
