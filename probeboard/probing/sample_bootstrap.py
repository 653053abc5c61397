"""How a score would move with other samples of the same places: a bootstrap of predictions.

Splits say how a score moves with what was trained on and tested on *within* the labelled samples;
their errors know nothing of the samples themselves being few. Here the fitted probes and their
predictions stay, and the samples, or whole groups of them (sites), are drawn anew with
replacement (Efron 1979, doi:10.1214/aos/1176344552; groups as in Field & Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x). A unit drawn c times counts c times in every test part that
it is in.

Every metric here is a function of sums over test rows, so that for each split one product of the
counts of the units in its test part, ``(n_draws, n_tested)``, with their sums, ``(n_tested, q)``,
gives all draws.
Average precision over all labels of a multilabel task is no such function, and is not offered.

Tasks seldom label the same samples. What is drawn is therefore drawn once for all of them, from all
units of the phase, labelled or not: a sample that two tasks share counts equally often in both, so
that their scores err together as far as they rest on the same samples. How many of a task's own
units a draw has is then binomial, not fixed; a score is a ratio of sums, so that this changes its
error by a relative 1/n only.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import TaskType
from probeboard.probing.metrics import predicted_classes
from probeboard.probing.task import ProbeKind, ProbeTask

N_DRAWS = 1000
CHUNK = 100
MOST_COUNTS = 2_000_000  # at a time
# A test part whose labels vary less than this, in units of their spread, has no R².
TINY = 1e-6

Array = NDArray[np.float64]
_FromSums = Callable[[Array], Array]
_FromCounts = Callable[[NDArray[np.float32]], Array]


@dataclass(frozen=True, eq=False)
class Units:
    """What is drawn as a whole, as numbers in a list that a phase has.

    Attributes
    ----------
    of
        Shape ``(n,)``, int: the number of the unit of each labelled sample, from 0.
    size
        Length of the list, units without a label in this task included.
    name
        Of the list: tasks whose units are of one list are drawn together.
    """

    of: NDArray[np.int64]
    size: int
    name: str

    @property
    def n_labelled(self) -> int:
        """How many of them have a label in this task."""
        return np.unique(self.of).size


def each_sample(task: ProbeTask, n_samples: int) -> Units:
    """Draw each of a phase's samples by itself.

    Parameters
    ----------
    task
        Whose ``rows`` number the samples.
    n_samples
        How many samples the embeddings have.
    """
    return Units(task.rows.astype(np.int64), n_samples, "samples")


def bootstrap_samples(
    task: ProbeTask,
    predictions: Sequence[NDArray[Any]],
    units: Units,
    *,
    seed: str,
    floor: float,
    n_draws: int = N_DRAWS,
) -> NDArray[np.float32] | None:
    """Draw how far a task's mean score may be off, had other samples been labelled.

    Parameters
    ----------
    task
        Whose labels are the truth.
    predictions
        As `TaskScores.predictions`: one array per split.
    units
        What is drawn with replacement: samples, or groups of them.
    seed
        Equal seeds and equal lists of units give equal draws of units, whatever the embeddings, the
        task or its splits: scores err together, and comparisons are paired.
    floor
        Split scores count as no less than this; ``-inf`` for as they are.
    n_draws
        How many.

    Returns
    -------
    NDArray or None
        Shape ``(n_draws,)``, float32, mean 0: deviations of the mean score. Their standard
        deviation is the standard error. None where the metric is none of sums.

    Examples
    --------
    >>> from probeboard.labelsets import Split
    >>> labels = np.tile([0, 1], 50)
    >>> split = Split(train=np.arange(0), test=np.arange(100))
    >>> task = ProbeTask("forest", TaskType.BINARY, np.arange(100), labels, (split,))
    >>> logits = np.where(np.arange(100) < 80, labels, 1 - labels) - 0.5  # 80 of 100 are right
    >>> units = each_sample(task, n_samples=100)
    >>> draws = bootstrap_samples(task, [logits], units, seed="forest", floor=-1.0)
    >>> draws.shape, bool(0.03 < draws.std() < 0.06)
    ((1000,), True)
    """
    score = score_of_draws(task, predictions, units, floor=floor)
    if score is None:
        return None
    counts = draw_units(units.name, units.size, seed=seed, n_draws=n_draws)
    return deviations([score(drawn) for drawn in counts])


def score_of_draws(
    task: ProbeTask, predictions: Sequence[NDArray[Any]], units: Units, *, floor: float
) -> _FromCounts | None:
    """Return what gives the mean score of draws, ``(rows,)``, from the counts of all units.

    Counts have shape ``(rows, units.size)``. None where the metric is none of sums; other
    parameters as for `bootstrap_samples`.
    """
    prepared = _sums_of(task, predictions)
    if prepared is None:
        return None
    per_row, from_sums = prepared
    tested = [
        _by_unit(units.of[split.test], values)
        for split, values in zip(task.splits, per_row, strict=True)
    ]
    observed = from_sums(np.stack([values.sum(axis=0) for values in per_row])[np.newaxis])[0]

    def score(counts: NDArray[np.float32]) -> Array:
        drawn = np.stack([counts[:, unit] @ sums for unit, sums in tested], axis=1)
        scores = from_sums(drawn.astype(np.float64))
        # A test part that a draw left without a score says nothing new.
        scores = np.where(np.isfinite(scores), scores, np.nan_to_num(observed))
        return np.asarray(np.maximum(scores, floor).mean(axis=1))

    return score


def deviations(scores: Sequence[Array]) -> NDArray[np.float32]:
    """Return what draws differ by from their mean; they come in chunks."""
    draws = np.concatenate(scores)
    return np.asarray(draws - draws.mean(), dtype=np.float32)


def draw_units(
    name: str, size: int, *, seed: str, n_draws: int = N_DRAWS
) -> Iterator[NDArray[np.float32]]:
    """Draw with replacement: how often each unit of a list, shape ``(≤ CHUNK, size)`` at a time."""
    digest = hashlib.sha256(f"{seed}\n{name}\n{size}".encode()).digest()
    generator = np.random.default_rng(np.frombuffer(digest, dtype="<u4"))
    at_once = max(1, min(CHUNK, MOST_COUNTS // size))
    for start in range(0, n_draws, at_once):
        rows = min(at_once, n_draws - start)
        drawn = generator.integers(size, size=(rows, size))
        drawn += np.arange(rows)[:, np.newaxis] * size
        counts = np.bincount(drawn.ravel(), minlength=rows * size)
        yield counts.reshape(rows, size).astype(np.float32)


def _by_unit(
    unit: NDArray[np.int64], values: Array
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Sum rows of values ``(n_test, q)`` by unit: which units there are, and ``(n_tested, q)``."""
    units, place = np.unique(unit, return_inverse=True)
    summed = [np.bincount(place, weights=column) for column in values.T]
    return units, np.stack(summed, axis=1).astype(np.float32)


def _sums_of(
    task: ProbeTask, predictions: Sequence[NDArray[Any]]
) -> tuple[list[Array], _FromSums] | None:
    """What is summed over each split's test rows, ``(n_test, q)``, and the score from the sums."""
    if task.probe.kind is ProbeKind.RETRIEVAL:
        return [_of_precisions(values) for values in predictions], _mean_of_rows
    if task.task_type is TaskType.REGRESSION:
        return _of_values(task, predictions), _r2
    if task.task_type is TaskType.MULTILABEL:
        return None
    return _of_classes(task, predictions)


def _of_precisions(values: NDArray[Any]) -> Array:
    precisions = values.astype(np.float64)
    return np.stack([np.ones_like(precisions), precisions], axis=1)


def _mean_of_rows(sums: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[..., 1] / sums[..., 0])


def _of_values(task: ProbeTask, predictions: Sequence[NDArray[Any]]) -> list[Array]:
    """1, y, y² and (y - ŷ)² of each target, y in units of its spread."""
    labels = task.labels.reshape(len(task.labels), -1).astype(np.float64)
    origin, spread = labels.mean(axis=0), labels.std(axis=0)
    spread = np.where(spread > 0.0, spread, 1.0)
    scaled = (labels - origin) / spread
    found = []
    for split, values in zip(task.splits, predictions, strict=True):
        y = scaled[split.test]
        guessed = (values.reshape(len(y), -1).astype(np.float64) - origin) / spread
        # A wild guess must not overflow single precision; its split is at the floor anyway.
        off = np.minimum(np.square(y - guessed), 1e30)
        found.append(np.concatenate([np.ones_like(y), y, np.square(y), off], axis=1))
    return found


def _r2(sums: Array) -> Array:
    weight, y, y2, off = np.split(sums, 4, axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = y2 - np.square(y) / weight
        scores = np.where(spread > TINY * weight, 1.0 - off / spread, np.nan)
    return np.asarray(scores.mean(axis=-1))


def _of_classes(
    task: ProbeTask, predictions: Sequence[NDArray[Any]]
) -> tuple[list[Array], _FromSums]:
    """Hits of each class that counts, and how often it is true plus how often it was said."""
    binary = task.task_type is TaskType.BINARY
    said = [predicted_classes(task.task_type, task.probe, values) for values in predictions]
    size = int(max(task.labels.max(), *(one.max() for one in said))) + 1
    classes = np.array([1]) if binary else np.arange(size)
    found = []
    for split, guessed in zip(task.splits, said, strict=True):
        true = task.labels[split.test][:, np.newaxis] == classes
        named = guessed[:, np.newaxis] == classes
        called = true.astype(np.float64) + named
        found.append(np.concatenate([np.ones((len(true), 1)), true & named, called], axis=1))
    return found, partial(_f1, binary=binary)


def _f1(sums: Array, *, binary: bool) -> Array:
    n_classes = (sums.shape[-1] - 1) // 2
    hits, called = sums[..., 1 : 1 + n_classes], sums[..., 1 + n_classes :]
    f1 = 2.0 * hits / np.maximum(called, 1.0)
    if binary:
        found = f1[..., 0]  # 0 where nothing is positive, as in `f1`
    else:
        occurs = called > 0.0
        found = np.where(occurs, f1, 0.0).sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1)
    return np.where(sums[..., 0] > 0.0, found, np.nan)
