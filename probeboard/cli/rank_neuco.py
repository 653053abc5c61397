"""Reads folders of NeuCo-Bench: a ``results_summary.json`` for each experiment.

A summary has ``experiment`` and ``task_results``, Q by task. Beside it lie files
``<task>/<task>_result.json`` (or ``<task>_result.json``) with ``mean_score``, ``std_dev`` and,
where the run was told to (``output_fold_results``), the score of every split as ``q_t``.

A task that a summary lacks, or whose Q is null or NaN, could not be scored in that run.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.cli.errors import CommandError
from probeboard.cli.rank_results import InvalidResults, ResultIssue, Results
from probeboard.cli.rank_table import of_splits
from probeboard.ranking import TaskSplitScores

SUMMARY = "results_summary.json"
# NeuCo-Bench rounds nothing: a Q differs from that of its mean and deviation by float noise only.
_Q_NOISE = 1e-6


@dataclass(frozen=True)
class _Run:
    """One experiment: its tasks, Q of those that could be scored, and what else is known of it."""

    path: Path
    name: str
    tasks: Sequence[str]
    qs: Mapping[str, float]
    figures: Mapping[str, Mapping[str, Any]]


def read_folder(folder: Path, *, test_to_train: float, same_samples: bool) -> Results:
    """Read every summary in a folder and the folders in it.

    Raises
    ------
    InvalidResults
        With everything that is wrong with them.
    CommandError
        If there is no summary, or one is no JSON.
    """
    paths = sorted(folder.rglob(SUMMARY))
    if not paths:
        raise CommandError(f"{folder} has no {SUMMARY}, as NeuCo-Bench writes them")
    issues: list[ResultIssue] = []
    runs: dict[str, _Run] = {}
    for path in paths:
        run, found = _read_run(path)
        issues += found
        if run is None:
            continue
        if run.name in runs:
            detail = f"experiment {run.name!r} is in {runs[run.name].path} and in {path}"
            issues.append(ResultIssue("duplicate_experiment", detail))
        runs.setdefault(run.name, run)
    ordered = [runs[name] for name in sorted(runs)]
    if ordered and not issues and not any(run.qs for run in ordered):
        issues = [ResultIssue("nothing_scored", "no experiment could be scored in any task")]
    if issues:
        raise InvalidResults(issues)
    return _results(ordered, test_to_train=test_to_train, same_samples=same_samples)


def _read_run(path: Path) -> tuple[_Run | None, list[ResultIssue]]:
    document = _json(path)
    name = document.get("experiment")
    results = document.get("task_results")
    if not isinstance(name, str) or not isinstance(results, dict) or not results:
        detail = f"{path} needs 'experiment', a name, and 'task_results', Q by task"
        return None, [ResultIssue("no_summary", detail)]
    issues = [
        ResultIssue("not_finite", f"Q of task {task!r} in {path} is {q!r}, no finite number")
        for task, q in results.items()
        if not (_is_finite(q) or _is_missing(q))
    ]
    qs = {task: q for task, q in results.items() if not _is_missing(q)}
    figures: dict[str, Mapping[str, Any]] = {}
    for task in qs:
        nested, flat = path.parent / task / f"{task}_result.json", f"{task}_result.json"
        beside = next((one for one in (nested, path.parent / flat) if one.is_file()), None)
        if beside is not None:
            figures[task] = _json(beside)
            issues += _wrong_figures(figures[task], qs[task], beside)
    return _Run(path, name, list(results), qs, figures), issues


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CommandError(f"{path} is not a JSON file: {error}") from None
    return document if isinstance(document, dict) else {}


def _is_finite(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(float(str(value)))


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _wrong_figures(figures: Mapping[str, Any], q: object, path: Path) -> list[ResultIssue]:
    mean, std, splits = (figures.get(key) for key in ("mean_score", "std_dev", "q_t"))
    if not (_is_finite(mean) and _is_finite(std)):
        detail = f"{path} needs finite numbers 'mean_score' and 'std_dev'"
        return [ResultIssue("not_finite", detail)]
    if splits is not None and not (
        isinstance(splits, list) and splits and all(map(_is_finite, splits))
    ):
        detail = f"'q_t' of {path} has to be a list of finite numbers, one a split"
        return [ResultIssue("not_finite", detail)]
    expected = 2.0 * float(str(mean)) / (0.02 + float(str(std)))
    if _is_finite(q) and not math.isclose(expected, float(str(q)), rel_tol=_Q_NOISE, abs_tol=1e-9):
        detail = f"Q of the summary is {q}, but {expected:.6g} by mean and deviation of {path}"
        return [ResultIssue("different_q", detail)]
    return []


def _tasks(runs: Sequence[_Run]) -> list[str]:
    return list(dict.fromkeys(task for run in runs for task in run.tasks))


def _results(runs: Sequence[_Run], *, test_to_train: float, same_samples: bool) -> Results:
    names, task_names = tuple(run.name for run in runs), _tasks(runs)
    splits = {
        task: [run.figures.get(task, {}).get("q_t") or () for run in runs if task in run.qs]
        for task in task_names
    }
    if all(_are_alike(rows) for rows in splits.values() if rows):
        # A task that scored nobody may not keep others from being told.
        most = max(len(rows[0]) for rows in splits.values() if rows)
        tasks = [
            TaskSplitScores(
                name=task,
                scores=_with_gaps(task, runs, rows, len(rows[0]) if rows else most),
                test_to_train=test_to_train,
                group="all" if same_samples else task,
            )
            for task, rows in splits.items()
        ]
        note = f"n_test / n_train is taken to be {test_to_train:.4g} in all splits"
        return of_splits(tasks, names, notes=(note,))
    known = all(task in run.figures for run in runs for task in run.qs)
    return Results(
        names=names,
        task_names=tuple(task_names),
        splits=(),
        means=_means(runs, task_names) if known else None,
        qs=np.array([[float(run.qs.get(task, math.nan)) for task in task_names] for run in runs]),
        notes=(
            "no score of single splits ('q_t' of <task>_result.json, which NeuCo-Bench writes with "
            "output_fold_results): no intervals",
        ),
    )


def _with_gaps(
    task: str, runs: Sequence[_Run], rows: Sequence[Sequence[float]], n_splits: int
) -> NDArray[np.float64]:
    scores = np.full((len(runs), n_splits), np.nan)
    scored = [number for number, run in enumerate(runs) if task in run.qs]
    if scored:
        scores[scored] = np.array(rows, dtype=np.float64)
    return scores


def _are_alike(rows: Sequence[Sequence[float]]) -> bool:
    return {len(row) for row in rows} != {0} and len({len(row) for row in rows}) == 1


def _means(runs: Sequence[_Run], tasks: Sequence[str]) -> NDArray[np.float64]:
    missing = {"mean_score": math.nan}
    return np.array(
        [[float(run.figures.get(task, missing)["mean_score"]) for task in tasks] for run in runs]
    )
