"""Reads a long table of split scores: a row for each submission, task and split.

A submission that has no row of a task, or a score of it that is empty or NaN, could not be scored
in that task. A row that lacks anything else, and rows of some splits only, are mistakes.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from probeboard.cli.errors import CommandError
from probeboard.cli.rank_results import InvalidResults, ResultIssue, Results
from probeboard.ranking import TaskSplitScores

COLUMNS = ("submission", "task", "split", "score")
RATIO = "test_to_train"
Key = tuple[str, str, str]


@dataclass(frozen=True)
class _Cell:
    """A row; its score is NaN where there is none."""

    line: int
    score: float
    ratio: float | None


@dataclass(frozen=True)
class Reading:
    """How a table is to be read.

    Attributes
    ----------
    columns
        Its own names of `COLUMNS` and ``test_to_train``, where they differ.
    test_to_train
        n_test / n_train where the table does not say.
    smaller_is_better
        Tasks whose scores are negated.
    same_samples
        Whether all tasks have the same samples and splits, so that their scores err together.
    """

    columns: Mapping[str, str]
    test_to_train: float
    smaller_is_better: frozenset[str]
    same_samples: bool


def read_table(path: Path, reading: Reading) -> Results:
    """Read a CSV, separated by commas, semicolons or tabs.

    Raises
    ------
    InvalidResults
        With everything that is wrong with it.
    CommandError
        If it is no CSV at all.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        cells, issues = _cells(text, reading)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{path} is not a CSV file: {error}") from None
    if not cells and not issues:
        issues = [ResultIssue("no_rows", "there is no row of scores")]
    issues = issues or _mistakes(cells)
    if issues:
        raise InvalidResults(issues)
    return _results(cells, reading)


def _cells(text: str, reading: Reading) -> tuple[dict[Key, _Cell], list[ResultIssue]]:
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    names = [name.strip() for name in next(rows, [])]
    places, issues = _columns(names, reading)
    if issues:
        return {}, issues
    cells: dict[Key, _Cell] = {}
    for row in rows:
        if row:
            issues += _take(row, rows.line_num, places, len(names), cells)
    return cells, issues


def _columns(names: list[str], reading: Reading) -> tuple[dict[str, int], list[ResultIssue]]:
    places, issues = {}, []
    for column in (*COLUMNS, RATIO):
        named = reading.columns.get(column, column)
        found = names.count(named)
        if found == 1:
            places[column] = names.index(named)
        elif found > 1:
            issues.append(ResultIssue("duplicate_column", f"column {named!r} is there twice", 1))
        elif column != RATIO or column in reading.columns:
            there = ", ".join(map(repr, names)) or "none"
            detail = f"there is no column {named!r}; there are {there}"
            issues.append(ResultIssue("missing_column", detail, 1))
    return places, issues


def _take(
    row: list[str], line: int, places: Mapping[str, int], n_columns: int, cells: dict[Key, _Cell]
) -> Iterator[ResultIssue]:
    """Put a row among the cells, or say what is wrong with it."""
    if len(row) != n_columns:
        detail = f"the row has {len(row)} cells, the header {n_columns}"
        yield ResultIssue("wrong_cell_count", detail, line)
        return
    found = {column: row[place].strip() for column, place in places.items()}
    for column in COLUMNS:
        if not found[column] and column != "score":
            yield ResultIssue("empty_cell", f"the {column} is empty", line)
            return
    score = _number(found["score"] or "nan")
    if score is None:
        yield ResultIssue("not_a_number", f"the score {found['score']!r} is no number", line)
        return
    if math.isinf(score):
        detail = f"the score is {found['score']}: it has no place among others"
        yield ResultIssue("not_finite", detail, line)
        return
    ratio = _number(found[RATIO]) if RATIO in found else None
    is_scored = not math.isnan(score)
    if RATIO in found and is_scored and not (ratio and math.isfinite(ratio) and ratio > 0):
        detail = f"{RATIO} {found[RATIO]!r} is no ratio of test to training samples"
        yield ResultIssue("bad_ratio", detail, line)
        return
    key = (found["submission"], found["task"], found["split"])
    if key in cells:
        detail = (
            f"submission {key[0]!r} has split {key[2]!r} of task {key[1]!r} on line "
            f"{cells[key].line}, too"
        )
        yield ResultIssue("duplicate_row", detail, line)
        return
    cells[key] = _Cell(line, score, ratio if is_scored else None)


def _number(text: str) -> float | None:
    try:
        # Python reads 1_000 as a number; nobody who writes tables does.
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _scored(cells: Mapping[Key, _Cell]) -> set[tuple[str, str]]:
    """Return which submissions could be scored in which tasks."""
    pairs = {key[:2] for key in cells}
    return pairs - {key[:2] for key, cell in cells.items() if math.isnan(cell.score)}


def _mistakes(cells: Mapping[Key, _Cell]) -> list[ResultIssue]:
    """Who could be scored in a task needs all its splits, at one ratio a split."""
    issues = []
    scored = _scored(cells)
    if cells and not scored:
        return [ResultIssue("nothing_scored", "no submission could be scored in any task")]
    tasks, splits = _tasks_and_splits(cells)
    for name in dict.fromkeys(key[0] for key in cells):
        for task in tasks:
            missing = [split for split in splits[task] if (name, task, split) not in cells]
            if missing and (name, task) in scored:
                more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
                named = ", ".join(missing[:5])
                detail = f"submission {name!r} lacks splits {named}{more} of task {task!r}"
                issues.append(ResultIssue("missing_split", detail))
    ratios: dict[tuple[str, str], _Cell] = {}
    for (name, task, split), cell in cells.items():
        if (name, task) not in scored:
            continue
        first = ratios.setdefault((task, split), cell)
        if first.ratio != cell.ratio:
            detail = (
                f"{RATIO} of split {split!r} of task {task!r} is {cell.ratio}, "
                f"but {first.ratio} on line {first.line}"
            )
            issues.append(ResultIssue("different_ratio", detail, cell.line))
    return issues


def _tasks_and_splits(cells: Mapping[Key, _Cell]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the tasks, and of each the splits that scored anybody."""
    splits: dict[str, dict[str, None]] = {}
    scored = _scored(cells)
    for name, task, split in cells:
        found = splits.setdefault(task, {})
        if (name, task) in scored:
            found[split] = None
    return list(splits), {task: sorted(found, key=_split_order) for task, found in splits.items()}


def _split_order(split: str) -> tuple[bool, float, str]:
    number = _number(split)
    known = number is not None and math.isfinite(number)
    return (not known, number if number is not None and known else 0.0, split)


def _results(cells: Mapping[Key, _Cell], reading: Reading) -> Results:
    names = tuple(sorted({key[0] for key in cells}))
    task_names, splits = _tasks_and_splits(cells)
    if unknown := sorted(reading.smaller_is_better - set(task_names)):
        raise CommandError(f"there is no task {', '.join(unknown)}; there are {_all(task_names)}")
    tasks = []
    scored = _scored(cells)
    # Of a task that scored nobody no splits are known; it may not keep others from being told.
    most = max(map(len, splits.values()))
    for task in task_names:
        sign = -1.0 if task in reading.smaller_is_better else 1.0
        scores = [
            [sign * cells[name, task, one].score for one in splits[task]]
            if (name, task) in scored
            else [math.nan] * (len(splits[task]) or most)
            for name in names
        ]
        first = next((name for name in names if (name, task) in scored), None)
        ratios = [cells[first, task, one].ratio for one in splits[task]] if first else []
        known = [ratio for ratio in ratios if ratio is not None]
        tasks.append(
            TaskSplitScores(
                name=task,
                scores=np.array(scores),
                test_to_train=float(np.mean(known)) if known else reading.test_to_train,
                group="all" if reading.same_samples else task,
            )
        )
    return of_splits(tasks, names, notes=_notes(tasks, cells, reading))


def of_splits(
    tasks: list[TaskSplitScores], names: tuple[str, ...], *, notes: tuple[str, ...]
) -> Results:
    """Results of which every split score is known, of those that could be scored."""
    return Results(
        names=names,
        task_names=tuple(task.name for task in tasks),
        splits=tuple(tasks),
        means=np.column_stack([task.means for task in tasks]),
        qs=np.column_stack([task.qs for task in tasks]),
        notes=notes,
    )


def _notes(
    tasks: list[TaskSplitScores], cells: Mapping[Key, _Cell], reading: Reading
) -> tuple[str, ...]:
    notes = []
    if any(cell.ratio is None and not math.isnan(cell.score) for cell in cells.values()):
        notes.append(f"n_test / n_train is taken to be {reading.test_to_train:.4g} in all splits")
    else:
        ratios = ", ".join(f"{task.test_to_train:.4g}" for task in tasks)
        notes.append(f"n_test / n_train as in the table: {ratios}")
    kept = "the same samples and splits: their scores err together"
    apart = "samples of their own: their scores err independently (else --same-samples)"
    if len(tasks) > 1:
        notes.append(f"the tasks are taken to have {kept if reading.same_samples else apart}")
    if reading.smaller_is_better:
        notes.append(f"scores of {_all(sorted(reading.smaller_is_better))} are negated")
    return tuple(notes)


def _all(names: list[str]) -> str:
    return ", ".join(names)
