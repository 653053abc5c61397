"""The scorer `neuco`: the numbers NeuCo-Bench itself reports, split by split, without torch.

It reproduces NeuCo-Bench (Vinge et al. 2026, arXiv:2510.17914) at a89ba06 with its default linear
probe: ``nn.Linear(d, 1)``, AdamW (learning rate 1e-3, weight decay 0.01), batches of 64, 10
epochs, squared error or cross-entropy with logits, labels scaled to [0, 1] by their least and
largest, seed 42. What it is for: comparing with published figures. It is not the default, because

- a split's score is the best of ten epochs *on the test rows it is reported for*, which is
  optimistic. Against the last epoch it adds .003 to .017 to the mean of each of the demo's tasks
  with Presto embeddings, and .08 to F1 at few positives (Q 0.2 → 1.5); .03 to .06 and 9 to 72 %
  of Q were measured on other data;
- ten epochs of steps of 1e-3 do not converge: R² .53 on the demo's temperature where ridge
  regression reaches .72;
- it depends on the basis, and on each dimension's origin: one mean is subtracted from all values.
  The same embeddings rotated can score R² -12 instead of .40.

**One stream for all tasks.** NeuCo-Bench seeds once, and its tasks, sorted by name, draw from that
stream one after the other; it also standardises by the samples that any task has labels for. So a
score depends on which other tasks there are. Both are known before anything is fitted:
`contexts` computes for each task its `Context`, three numbers, after which tasks can be scored
alone, in any order or process, with the same result (`score_in_context`). The boundary is
therefore `Scorer.score_tasks`, which takes all tasks of an evaluation; `Scorer.score_task` is
NeuCo-Bench with this one task as its only label file.

**How equal.** To 1e-5 where a score lies between -1 and 1: 5e-6 at most over the 440 splits of
13,000 x 1024 embeddings and eleven tasks. NeuCo-Bench takes R² from sums in single precision whose
difference keeps five digits or so, depending on the order in which torch adds; so the bound is
1e-5 · (1 - R²), and shows where probes are far from trained: 1,200 x 32, R² -7.6, 3.4e-5 apart.

**Order.** Splits and shuffles are by position: samples must be in the order of NeuCo-Bench's label
file, with ``ShuffleSplit(40, test_size=0.1, random_state=42)``, to give its figures.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import TaskType
from probeboard.probing.metrics import METRIC, mean_ratio, q_score, standard_error
from probeboard.probing.neuco_metrics import quirky_f1, quirky_r2
from probeboard.probing.neuco_stream import draw_split, stream_at, word_count
from probeboard.probing.neuco_training import WEIGHT_DECAY, Samples, logits_by_epoch
from probeboard.probing.predictions import to_single
from probeboard.probing.preparation import PreparedEmbeddings
from probeboard.probing.scaling import Scaling
from probeboard.probing.task import ProbeKind, ProbeTask, TaskScores


class UnsupportedTask(ValueError):
    """NeuCo-Bench has no number for this task."""


@dataclass(frozen=True)
class Context:
    """What one task's scores need to know of the other tasks.

    Attributes
    ----------
    stream_offset
        Words drawn by the tasks whose names come before.
    mean, std
        Of all values of all samples that any task has labels for, rounded to float32 as
        NeuCo-Bench has them; in the unit of the embeddings as handed in. `std` is 1 if it were 0.
    """

    stream_offset: int
    mean: float
    std: float


def contexts(prepared: PreparedEmbeddings, tasks: Sequence[ProbeTask]) -> dict[str, Context]:
    """Place every task in the stream, and find what standardises the embeddings of all.

    Parameters
    ----------
    prepared
        What `prepare` made of the submission.
    tasks
        All tasks of the evaluation, in any order.

    Returns
    -------
    dict
        The context of each task, by its name.

    Raises
    ------
    UnsupportedTask
        If a task is neither regression nor binary, has several targets or another than a linear
        probe, its labels are all equal, or a split has fewer than two test samples: R² needs two.
    ValueError
        If two tasks share a name, or there is none, or the embeddings were scaled per dimension.
    """
    if prepared.scaling is not Scaling.SCALAR:
        raise ValueError("neuco standardises embeddings itself: prepare them by one scalar")
    repeated = [name for name, times in Counter(task.name for task in tasks).items() if times > 1]
    if repeated or not tasks:
        raise ValueError(f"tasks with different names are needed; repeated: {repeated}")
    for task in tasks:
        _refuse_unsupported(task)
    mean, std = _mean_and_std(prepared, np.unique(np.concatenate([t.rows for t in tasks])))
    placed, offset = {}, 0
    for task in sorted(tasks, key=lambda task: task.name):
        placed[task.name] = Context(stream_offset=offset, mean=mean, std=std)
        offset += word_count(task.splits, prepared.values.shape[1])
    return placed


def score_tasks(prepared: PreparedEmbeddings, tasks: Sequence[ProbeTask]) -> Iterator[TaskScores]:
    """Score all tasks of an evaluation, each as soon as the one before it is asked for.

    Raises
    ------
    UnsupportedTask, ValueError
        As `contexts`, before the first task is fitted.

    Examples
    --------
    >>> from probeboard.labelsets import SplitSpec, shuffle_splits
    >>> from probeboard.probing import prepare
    >>> X = np.random.default_rng(0).normal(size=(600, 3)).astype(np.float32)
    >>> height = X.sum(axis=1).astype(np.float64)
    >>> rows, splits = np.arange(600), shuffle_splits(600, SplitSpec(n_splits=5))
    >>> tasks = [
    ...     ProbeTask("height", TaskType.REGRESSION, rows, height, splits),
    ...     ProbeTask("high", TaskType.BINARY, rows, (height > 1).astype(np.int64), splits),
    ... ]
    >>> [(one.name, one.metric, round(one.mean, 3)) for one in score_tasks(prepare(X), tasks)]
    [('height', 'r2', -11.774), ('high', 'f1', 0.348)]
    """
    placed = contexts(prepared, tasks)
    return (score_in_context(prepared, task, placed[task.name]) for task in tasks)


def score_task(prepared: PreparedEmbeddings, task: ProbeTask) -> TaskScores:
    """Score a task as NeuCo-Bench does if it is the only one.

    Beside other tasks it scores otherwise (see above): use `score_tasks` for an evaluation.

    Raises
    ------
    UnsupportedTask
        As `contexts`.
    """
    return score_in_context(prepared, task, contexts(prepared, [task])[task.name])


def score_in_context(prepared: PreparedEmbeddings, task: ProbeTask, context: Context) -> TaskScores:
    """Score one task at its place in the stream.

    Parameters
    ----------
    prepared, task
        As given to `contexts`.
    context
        The task's, from `contexts`.

    Returns
    -------
    TaskScores
        `split_scores` are the best of ten epochs. `mean`, `std` and `q` are NeuCo-Bench's: of the
        scores as they are, **not** floored at -1 as other scorers' are. `penalties` are the weight
        decay, the same in every split. `predictions` are those of the best epoch.
    """
    binary = task.task_type is TaskType.BINARY
    samples = Samples(
        X=_standardised(prepared, task.rows, context), y=_scaled(task.labels), binary=binary
    )
    stream = stream_at(context.stream_offset)
    draws = [draw_split(stream, split, samples.X.shape[1]) for split in task.splits]
    metric = quirky_f1 if binary else quirky_r2
    scores, predictions = np.empty(len(task.splits)), []
    by_epoch = logits_by_epoch(samples, task.splits, draws)
    for number, (split, logits) in enumerate(zip(task.splits, by_epoch, strict=True)):
        by_metric = metric(samples.y[split.test], logits)
        best = int(np.argmax(by_metric))
        scores[number] = by_metric[best]
        predictions.append(logits[best] if binary else _unscaled(logits[best], task.labels))
    return _summarise(task, scores, predictions)


def _summarise(
    task: ProbeTask, scores: NDArray[np.float64], predictions: list[NDArray[Any]]
) -> TaskScores:
    return TaskScores(
        name=task.name,
        metric=METRIC[task.task_type],
        split_scores=scores,
        penalties=np.full(scores.size, WEIGHT_DECAY),
        mean=float(scores.mean()),
        std=float(scores.std()),
        q=q_score(scores),
        standard_error=standard_error(scores, test_to_train=mean_ratio(task.splits)),
        test_to_train=mean_ratio(task.splits),
        predictions=tuple(to_single(one) for one in predictions),
    )


def _refuse_unsupported(task: ProbeTask) -> None:
    if task.task_type not in (TaskType.REGRESSION, TaskType.BINARY):
        raise UnsupportedTask(
            f"task {task.name!r} is {task.task_type.value}: NeuCo-Bench knows regression and binary"
        )
    if task.labels.ndim > 1:
        raise UnsupportedTask(f"task {task.name!r} has several targets: NeuCo-Bench knows one")
    if task.probe.kind is not ProbeKind.LINEAR:
        raise UnsupportedTask(f"task {task.name!r}: NeuCo-Bench has no {task.probe.kind.value}")
    if task.labels.min() == task.labels.max():
        raise UnsupportedTask(f"task {task.name!r}: all labels are equal")
    if min(split.test.size for split in task.splits) < 2:
        raise UnsupportedTask(f"task {task.name!r}: a split has fewer than two test samples")


def _mean_and_std(prepared: PreparedEmbeddings, rows: NDArray[np.intp]) -> tuple[float, float]:
    """Mean and standard deviation (ddof 0) of all values of `rows`, as handed in, in float32.

    From the centred columns, whose values are of order one: with column means μⱼ and the rows'
    mean deviation δⱼ from them, mean = avg(μⱼ + s·δⱼ), and var = avg((s·zᵢⱼ + μⱼ - mean)²).
    """
    n_dims = prepared.values.shape[1]
    sums, squares = np.zeros(n_dims), 0.0
    for block in _blocks(rows):
        Z = prepared.centred(block)
        sums += Z.sum(axis=0)
        squares += float(np.vdot(Z, Z))
    deviations = sums / rows.size
    within = max(squares / (rows.size * n_dims) - float(np.mean(deviations**2)), 0.0)
    column_means = prepared.means + prepared.scale * deviations
    mean = float(column_means.mean())
    std = math.hypot(prepared.scale * math.sqrt(within), float(column_means.std()))
    return float(np.float32(mean)), float(np.float32(std)) or 1.0


def _standardised(
    prepared: PreparedEmbeddings, rows: NDArray[np.intp], context: Context
) -> NDArray[np.float32]:
    """(x - mean)/std of the embeddings as handed in, shape ``(rows, d)``.

    x = scale·z + μⱼ is put together in the end, so that nothing overflows and columns far from
    zero lose no digits.
    """
    factor = prepared.scale / context.std
    shift = (prepared.means - context.mean) / context.std
    X = np.empty((rows.size, shift.size), dtype=np.float32)
    for block, out in zip(_blocks(rows), _blocks(X), strict=True):
        Z = prepared.centred(block)
        Z *= factor
        np.add(Z, shift, out=out, casting="same_kind")
    return X


def _blocks(rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Slices short enough that what is computed from one stays in the cache."""
    return (rows[start : start + 64] for start in range(0, len(rows), 64))


def _scaled(labels: NDArray[np.float64] | NDArray[np.int64]) -> NDArray[np.float32]:
    """Labels on [0, 1]: (y - min y)/(max y - min y)."""
    least = labels.min()
    return np.asarray((labels - least) / (labels.max() - least), dtype=np.float32)


def _unscaled(
    scaled: NDArray[np.float32], labels: NDArray[np.float64] | NDArray[np.int64]
) -> NDArray[np.float64]:
    """Predictions of labels on [0, 1] in the labels' unit."""
    least = labels.min()
    with np.errstate(over="ignore"):
        return np.asarray(scaled * (labels.max() - least) + least, dtype=np.float64)
