"""What a scorer is given for a task, and what it returns."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split, TaskType


class ProbeKind(StrEnum):
    """How embeddings are asked what they know of a task."""

    LINEAR = "linear"
    KNN = "knn"
    RETRIEVAL = "retrieval"


@dataclass(frozen=True)
class Probe:
    """One way to ask.

    Attributes
    ----------
    kind
        ``linear``: ridge or logistic regression. ``knn``: the five nearest training samples.
        ``retrieval``: test samples as queries, training samples as the database.
    signs
        Compare embeddings by the signs of their centred dimensions only (Hamming distance), one
        bit a dimension. For ``knn`` and ``retrieval``.

    Examples
    --------
    >>> Probe(ProbeKind.KNN, signs=True).kind.value
    'knn'
    """

    kind: ProbeKind = ProbeKind.LINEAR
    signs: bool = False

    def __post_init__(self) -> None:
        if self.signs and self.kind is ProbeKind.LINEAR:
            raise ValueError("signs are compared by knn and retrieval, not by a linear probe")


@dataclass(frozen=True, eq=False)
class ProbeTask:
    """One task of a challenge, in terms of the rows of an embedding matrix.

    Attributes
    ----------
    name
        The task's name.
    task_type
        Decides, with `probe`, the metric.
    rows
        Shape ``(n,)``, intp: the row of the embedding matrix of each labelled sample.
    labels
        As in `probeboard.labelsets.LabelSet`: shape ``(n,)``, or ``(n, t)`` for a regression with
        several targets and ``(n, c)``, 0 or 1, for a multilabel task.
    splits
        At least one, as index arrays into `rows` and `labels`; train and test part need not cover
        all rows. `check_splits` found no issue.
    probe
        What is fitted to the training rows.
    """

    name: str
    task_type: TaskType
    rows: NDArray[np.intp]
    labels: NDArray[np.float64] | NDArray[np.int64]
    splits: tuple[Split, ...]
    probe: Probe = Probe()

    def __post_init__(self) -> None:
        if self.rows.shape != self.labels.shape[:1]:
            raise ValueError(f"task {self.name!r}: as many rows as labels are needed")
        if not self.splits:
            raise ValueError(f"task {self.name!r}: at least one split is needed")
        if self.probe.kind is ProbeKind.RETRIEVAL and self.task_type is TaskType.REGRESSION:
            raise ValueError(f"task {self.name!r}: retrieval needs classes to be relevant by")


@dataclass(frozen=True, eq=False)
class TaskScores:
    """The scores of one submission on one task. Every figure is finite.

    Attributes
    ----------
    name
        The task's name.
    metric
        From `probeboard.probing.metrics.official_metric`; larger is better, 1 is perfect.
    split_scores
        Shape ``(k,)``: the metric on each split's test samples, as it came out.
    penalties
        Shape ``(k,)``: the penalty λ each split chose; 1/C for logistic regression. ``(k, t)`` with
        several targets, ``(k, c)`` if multilabel, ``(0,)`` of a probe that has no penalty.
    mean, std, q, standard_error
        Of the split scores, floored at -1 by `exact` and as they are by `neuco`: mean, standard
        deviation (ddof 0), NeuCo-Bench's Q, and the standard error of the mean corrected for
        overlapping training parts. One split has std 0 and no standard error.
    test_to_train
        Mean n_test / n_train of the splits, > 0: what the correction is made with.
    predictions
        One array per split, for its test rows in their order, float32 (values beyond its range are
        its largest): labels as predicted, in their unit, ``(n_test,)`` or ``(n_test, t)``; logits
        ``(n_test,)`` of a binary task, ``(n_test, c)`` otherwise; from knn, shares of the
        neighbours' votes instead of logits; from retrieval, each query's average precision
        ``(n_test,)``. Empty if they were not kept.
    """

    name: str
    metric: str
    split_scores: NDArray[np.float64]
    penalties: NDArray[np.float64]
    mean: float
    std: float
    q: float
    standard_error: float | None
    test_to_train: float
    predictions: tuple[NDArray[np.float32], ...] = ()
