"""What a scorer is given for a task, and what it returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split, TaskType


@dataclass(frozen=True, eq=False)
class ProbeTask:
    """One task of a challenge, in terms of the rows of an embedding matrix.

    Attributes
    ----------
    name
        The task's name.
    task_type
        Decides probe and metric.
    rows
        Shape ``(n,)``, intp: the row of the embedding matrix of each labelled sample.
    labels
        Shape ``(n,)``: as in `probeboard.labelsets.LabelSet`.
    splits
        At least two, as index arrays into `rows` and `labels`. `check_splits` found no issue.
    """

    name: str
    task_type: TaskType
    rows: NDArray[np.intp]
    labels: NDArray[np.float64] | NDArray[np.int64]
    splits: tuple[Split, ...]

    def __post_init__(self) -> None:
        if self.rows.shape != self.labels.shape:
            raise ValueError(f"task {self.name!r}: as many rows as labels are needed")
        if len(self.splits) < 2:
            raise ValueError(f"task {self.name!r}: at least two splits are needed")


@dataclass(frozen=True, eq=False)
class TaskScores:
    """The scores of one submission on one task. Every figure is finite.

    Attributes
    ----------
    name
        The task's name.
    metric
        ``r2``, ``f1`` or ``macro_f1``; larger is better, 1 is perfect.
    split_scores
        Shape ``(k,)``: the metric on each split's test samples, as it came out.
    penalties
        Shape ``(k,)``: the penalty λ each split chose; 1/C for logistic regression.
    mean, std, q, standard_error
        Of the split scores, floored at -1 by `exact` and as they are by `neuco`: mean, standard
        deviation (ddof 0), NeuCo-Bench's Q, and the standard error of the mean corrected for
        overlapping training parts.
    """

    name: str
    metric: str
    split_scores: NDArray[np.float64]
    penalties: NDArray[np.float64]
    mean: float
    std: float
    q: float
    standard_error: float
