"""Scorers: a name and a version stand for numbers that never change once published."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from probeboard.probing import exact, neuco
from probeboard.probing.preparation import PreparedEmbeddings
from probeboard.probing.task import ProbeTask, TaskScores

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
    >>> import numpy as np
    >>> from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
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


SCORERS = (
    Scorer("exact", 1, score_task=exact.score_task),
    Scorer("neuco", 1, score_task=neuco.score_task, score_tasks=neuco.score_tasks),
)
