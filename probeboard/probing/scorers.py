"""Scorers: a name and a version stand for numbers that never change once published."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import TaskType
from probeboard.probing import neuco
from probeboard.probing.classification import fit_logistic
from probeboard.probing.metrics import (
    METRIC,
    f1,
    floored,
    macro_f1,
    q_score,
    r2,
    standard_error,
    test_to_train,
)
from probeboard.probing.predictions import to_single
from probeboard.probing.preparation import PreparedEmbeddings
from probeboard.probing.ridge import fit_ridge
from probeboard.probing.targets import Targets
from probeboard.probing.task import ProbeKind, ProbeTask, TaskScores

ScoreTasks = Callable[[PreparedEmbeddings, Sequence[ProbeTask]], Iterator[TaskScores]]


class UnknownScorer(LookupError):
    """No scorer has this name and version."""


@dataclass(frozen=True)
class Scorer:
    """One way to turn prepared embeddings and a task into scores.

    Attributes
    ----------
    name
        Such as ``exact``.
    version
        From 1; a published version never changes its numbers.
    score_task
        Pure and deterministic.
    score_tasks
        For a scorer whose tasks depend on which others there are; None if they do not.
    """

    name: str
    version: int
    score_task: Callable[[PreparedEmbeddings, ProbeTask], TaskScores]
    score_tasks: ScoreTasks | None = None


def get_scorer(name: str, version: int | None = None) -> Scorer:
    """Find a scorer; without a version, the newest of that name.

    Raises
    ------
    UnknownScorer
        If there is none.

    Examples
    --------
    >>> get_scorer("exact").version
    1
    """
    known = [s for s in SCORERS if s.name == name and version in (None, s.version)]
    if not known:
        wanted = name if version is None else f"{name}@{version}"
        offered = ", ".join(f"{s.name}@{s.version}" for s in SCORERS)
        raise UnknownScorer(f"no scorer {wanted!r}; there are: {offered}")
    return max(known, key=lambda s: s.version)


def score_task(prepared: PreparedEmbeddings, task: ProbeTask, *, scorer: Scorer) -> TaskScores:
    """Fit the task's probe on every split and score it.

    Parameters
    ----------
    prepared
        What `prepare` made of the submission.
    task
        Rows, labels and splits.
    scorer
        From `get_scorer`.

    Examples
    --------
    >>> from probeboard.labelsets import SplitSpec, shuffle_splits
    >>> from probeboard.probing import prepare
    >>> X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    >>> task = ProbeTask(
    ...     "sum", TaskType.REGRESSION, np.arange(60), X.sum(axis=1).astype(np.float64),
    ...     shuffle_splits(60, SplitSpec(n_splits=5)),
    ... )
    >>> round(score_task(prepare(X), task, scorer=get_scorer("exact")).mean, 3)
    1.0
    """
    return scorer.score_task(prepared, task)


def score_tasks(
    prepared: PreparedEmbeddings, tasks: Sequence[ProbeTask], *, scorer: Scorer
) -> Iterator[TaskScores]:
    """Score all tasks of an evaluation, in the order given, each when it is asked for.

    Some scorers' figures depend on which other tasks there are (`neuco`): an evaluation goes
    through here, and `score_task` is for one task by itself.
    """
    if scorer.score_tasks is not None:
        return scorer.score_tasks(prepared, tasks)
    return (scorer.score_task(prepared, task) for task in tasks)


def _exact(prepared: PreparedEmbeddings, task: ProbeTask) -> TaskScores:
    if task.task_type not in METRIC or task.probe.kind is not ProbeKind.LINEAR:
        raise NotImplementedError(f"task {task.name!r}: {task.task_type} by {task.probe.kind}")
    axes = prepared.axes(task.rows)
    if task.task_type is TaskType.REGRESSION:
        # R² knows neither the labels' unit nor their origin, and the squares must not overflow.
        targets = Targets.of(task.labels)
        y = targets.scaled[:, 0]
        ridge = fit_ridge(axes, y, task.splits)
        scores = [
            r2(y[split.test], fit.predicted) for split, fit in zip(task.splits, ridge, strict=True)
        ]
        predictions = [targets.unscaled(fit.predicted[:, None]) for fit in ridge]
        return summarise(task, scores, [fit.penalty for fit in ridge], predictions)
    metric = f1 if task.task_type is TaskType.BINARY else macro_f1
    labels = task.labels.astype(np.int64)
    logistic = fit_logistic(axes, labels, task.splits)
    scores = [
        metric(labels[split.test], fit.predicted)
        for split, fit in zip(task.splits, logistic, strict=True)
    ]
    predictions = [
        fit.logits[:, 0] if task.task_type is TaskType.BINARY else fit.logits for fit in logistic
    ]
    return summarise(task, scores, [fit.penalty for fit in logistic], predictions)


def summarise(
    task: ProbeTask,
    scores: Sequence[float],
    penalties: Sequence[float],
    predictions: Sequence[NDArray[np.float64]],
) -> TaskScores:
    """Put a task's scores together, floored where they are averaged."""
    split_scores = np.array(scores)
    counted = floored(split_scores)
    return TaskScores(
        name=task.name,
        metric=METRIC[task.task_type],
        split_scores=split_scores,
        penalties=np.array(penalties),
        mean=float(counted.mean()),
        std=float(counted.std()),
        q=q_score(counted),
        standard_error=standard_error(counted, test_to_train=test_to_train(task.splits)),
        predictions=tuple(to_single(one) for one in predictions),
    )


SCORERS = (
    Scorer(name="exact", version=1, score_task=_exact),
    Scorer("neuco", 1, score_task=neuco.score_task, score_tasks=neuco.score_tasks),
)
