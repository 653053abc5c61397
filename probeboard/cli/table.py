"""What `probeboard score` found, as a table for people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from probeboard.cli.document import Outcome
from probeboard.cli.plan import Plan
from probeboard.labelsets import SplitKind, SplitSpec
from probeboard.probing import Probe, ProbeKind, Scaling, TaskScores


def to_text(outcome: Outcome) -> str:
    """Return the outcome as a table."""
    facts = outcome.embeddings.facts
    n_splits = len(outcome.scores[0].split_scores)
    splits = words_of(outcome.plan.splits)
    if n_splits == 1:
        splits = splits.replace("splits", "split", 1)
    head = [
        f"{outcome.scorer}{_words_of_probe(outcome.plan.probe)}"
        f"{_words_of_scaling(outcome.plan.scaling)}, {n_splits} {splits}",
        f"{facts.n_rows} samples x {facts.n_dims} dimensions, {facts.format}",
        *(f"note: {note}" for note in notes_of(outcome)),
    ]
    rows: list[tuple[str, ...]] = [("task", "metric", "mean", "± se", "std", "Q", "labels")]
    rows += [_row(outcome.plan, one) for one in outcome.scores]
    rows.append(("mean of the tasks", "", f"{outcome.mean_score:.4f}", "", "", "", ""))
    return "\n".join([*head, "", *aligned(rows), *_analyses(outcome.analyses)]) + "\n"


def words_of(splits: SplitSpec) -> str:
    """Word how samples are split.

    >>> words_of(SplitSpec(shots=5))
    'shuffle splits, test size 0.1, seed 42, 5 shots'
    """
    shots = f", {splits.shots} shots" if splits.shots else ""
    if splits.kind is SplitKind.PREDEFINED:
        return f"predefined splits{shots}"
    return f"{splits.kind.value} splits, test size {splits.test_size:g}, seed {splits.seed}{shots}"


def _words_of_probe(probe: Probe) -> str:
    signs = " on signs" if probe.signs else ""
    return "" if probe.kind is ProbeKind.LINEAR else f", {probe.kind.value}{signs}"


def _words_of_scaling(scaling: Scaling) -> str:
    return "" if scaling is Scaling.SCALAR else f", {scaling.value} scaling"


def notes_of(outcome: Outcome) -> tuple[str, ...]:
    """Say what a reader of the scores should know of the file."""
    further = outcome.n_unlabelled
    unlabelled = (f"{further} samples have no label in these tasks",) if further else ()
    return outcome.embeddings.facts.notes + unlabelled


def _row(plan: Plan, one: TaskScores) -> tuple[str, ...]:
    n_labels = str(len(plan.label_sets[one.name].sample_ids))
    numbers = (
        f"{one.mean:.4f}",
        _error(one.standard_error),
        f"{one.std:.4f}",
        f"{one.q:.2f}",
        n_labels,
    )
    return (one.name, one.metric, *numbers)


def aligned(rows: Sequence[Sequence[str]], *, words: int = 2) -> list[str]:
    """Columns side by side: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number < words else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _metrics(tasks: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[list[str]]:
    header = ["task", "metric", "mean", "std"]
    return [header] + [
        [task, name, f"{found['mean']:.4g}", f"{found['std']:.4g}"]
        for task, by_name in tasks.items()
        for name, found in by_name.items()
    ]


def _spectrum(facts: Mapping[str, float]) -> list[list[str]]:
    return [["spectrum", "", ""]] + [
        [name.replace("_", " "), "", f"{value:.6g}"] for name, value in facts.items()
    ]


def _rates(points: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    header = ["encoding", "", "dimensions", "bytes a sample", "mean score"]
    return [header] + [
        [p["encoding"], "", str(p["dims"]), f"{p['bytes_per_sample']:g}", f"{p['mean_score']:.4f}"]
        for p in points
    ]


def _sample_bootstrap(found: Mapping[str, Any]) -> list[list[str]]:
    rows = [["had other samples been labelled", "", "± se", f"{found['unit']}s"]]
    for task, one in found["tasks"].items():
        rows.append([task, "", _error(one["standard_error"]), str(one["n_units"])])
    return [*rows, ["mean of the tasks", "", _error(found["mean_score"]["standard_error"]), ""]]


def _error(value: float | None) -> str:
    return "" if value is None else f"± {value:.4f}"


_TABLES: Mapping[str, Callable[[Any], list[list[str]]]] = {
    "metrics": _metrics,
    "spectrum": _spectrum,
    "rate_distortion": _rates,
    "sample_bootstrap": _sample_bootstrap,
}


def _analyses(analyses: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, found in analyses.items():
        rows = _TABLES[name](found)
        none = [f"no further {name} for these tasks"]
        lines += ["", *(aligned(rows) if len(rows) > 1 else none)]
    return lines
