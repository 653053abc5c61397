"""Reads what stands beside the embeddings: sample ids, label files, marks."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from probeboard.cli.errors import CommandError
from probeboard.labelsets import (
    InvalidLabels,
    LabelIssue,
    LabelSet,
    SplitKind,
    TaskType,
    read_labels,
    read_marks,
)

SHOWN_ISSUES = 10
# NeuCo-Bench's word; more than two classes are multiclass.
CLASSIFICATION = "classification"
_TYPES = (*(kind.value for kind in TaskType), CLASSIFICATION)


@dataclass(frozen=True)
class LabelFile:
    """A label file by its name, ``<task>__<type>.csv``."""

    task: str
    type: str
    path: Path


def read_ids(path: Path) -> tuple[str, ...]:
    """Read sample ids: the column ``id`` of a CSV, or one id a line.

    Raises
    ------
    CommandError
        If there is no id, an empty one, or one twice.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file, strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{path} is not a CSV file: {error}") from None
    column = 0
    if rows and "id" in rows[0]:
        column = rows[0].index("id")
        rows = rows[1:]
    if not rows or any(len(row) <= column or not row[column] for row in rows):
        raise CommandError(f"{path} has to hold one sample id a line, and no empty one")
    ids = tuple(row[column] for row in rows)
    if len(set(ids)) != len(ids):
        twice = next(sample for number, sample in enumerate(ids) if sample in ids[:number])
        raise CommandError(f"{path} has sample {twice!r} twice")
    return ids


def find_label_files(folder: Path, wanted: str | None) -> tuple[LabelFile, ...]:
    """Find the label files of a folder, by name of task.

    Parameters
    ----------
    folder
        Other files than ``*.csv`` are left alone.
    wanted
        Names of tasks, comma-separated; all if None.

    Raises
    ------
    CommandError
        If there is none, a name is not understood, or two files are for one task.
    """
    if not folder.is_dir():
        raise CommandError(f"{folder}: no such folder of label files")
    files: dict[str, LabelFile] = {}
    for path in sorted(folder.glob("*.csv")):
        task, _, kind = path.stem.partition("__")
        if not task or kind not in _TYPES:
            raise CommandError(
                f"{path}: label files are named <task>__<type>.csv, a type is {', '.join(_TYPES)}"
            )
        if task in files:
            raise CommandError(f"{path} and {files[task].path.name} are for the same task")
        files[task] = LabelFile(task, kind, path)
    if not files:
        raise CommandError(f"{folder} has no label files <task>__<type>.csv")
    if wanted is None:
        return tuple(files.values())
    names = list(dict.fromkeys(wanted.split(",")))
    if unknown := [name for name in names if name not in files]:
        raise CommandError(f"no label file for {', '.join(unknown)}; there are {', '.join(files)}")
    return tuple(files[name] for name in sorted(names))


def read_label_file(
    file: LabelFile, *, known_ids: Sequence[str] | None, keep_order: bool
) -> LabelSet:
    """Read one label file.

    Raises
    ------
    CommandError
        If it is not valid, with the first issues.
    """
    data = file.path.read_bytes()
    kind = TaskType.BINARY if file.type == CLASSIFICATION else TaskType(file.type)
    try:
        try:
            return read_labels(data, task_type=kind, known_ids=known_ids, keep_order=keep_order)
        except InvalidLabels as error:
            codes = {issue.code for issue in error.issues}
            if file.type != CLASSIFICATION or codes != {"binary_classes"}:
                raise
        kind = TaskType.MULTICLASS
        return read_labels(data, task_type=kind, known_ids=known_ids, keep_order=keep_order)
    except InvalidLabels as error:
        raise refused(str(file.path), error.issues, error.total) from None


def read_mark_file(path: Path, *, kind: SplitKind) -> dict[str, str]:
    """Read groups, or predefined splits.

    Raises
    ------
    CommandError
        If the file is not valid, with the first issues.
    """
    try:
        return read_marks(path.read_bytes(), kind=kind)
    except InvalidLabels as error:
        raise refused(str(path), error.issues, error.total) from None


def refused(what: str, issues: Sequence[LabelIssue], total: int) -> CommandError:
    """Word the first issues of labels, marks or splits.

    >>> print(refused("a.csv", [LabelIssue("empty_id", "the sample id is empty", 3)], 1))
    a.csv: 1 issue
      line 3: the sample id is empty (empty_id)
    """
    lines = [f"{what}: {total} issue{'s' if total > 1 else ''}"]
    for issue in issues[:SHOWN_ISSUES]:
        place = f"line {issue.line}: " if issue.line is not None else ""
        lines.append(f"  {place}{issue.detail} ({issue.code})")
    if total > SHOWN_ISSUES:
        lines.append(f"  and {total - SHOWN_ISSUES} more")
    return CommandError("\n".join(lines))
