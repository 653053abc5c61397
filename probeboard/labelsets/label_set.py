"""The label set: sample ids and labels of one task, and its canonical bytes."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = "probeboard.labelset/1"
# Several columns of labels: a name of its own, so that who knows only the first refuses it.
FORMAT_OF_COLUMNS = "probeboard.labelset/2"


class TaskType(StrEnum):
    """What kind of label a task predicts.

    NeuCo-Bench writes ``classification`` in its file names where we say ``binary``.
    """

    REGRESSION = "regression"
    BINARY = "binary"
    MULTICLASS = "multiclass"
    MULTILABEL = "multilabel"


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Ground truth of one task.

    Attributes
    ----------
    task_type
        What the labels are.
    sample_ids
        The n labelled samples, without duplicates, in the challenge's sample order (or in the
        label file's, where a scorer splits by it).
    labels
        Read-only. Regression: float64 in the labels' own unit, shape ``(n,)``, or ``(n, t)`` for
        t ≥ 2 targets. Binary and multiclass: shape ``(n,)``, int64 class numbers
        ``0 .. len(classes) - 1``; the positive class of a binary task is 1. Multilabel: shape
        ``(n, c)``, int64, 1 where the sample has the class and 0 where it has not.
    classes
        The class values as the file wrote them, by class number; the names of the columns for
        multilabel and for several targets; empty for one target.
    """

    task_type: TaskType
    sample_ids: tuple[str, ...]
    labels: NDArray[np.float64] | NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.labels.shape[:1] != (len(self.sample_ids),):
            raise ValueError("a label set needs one label per sample id")
        has_columns = self.labels.ndim == 2 and self.labels.shape[1] == len(self.classes) >= 2
        may_have_columns = self.task_type in (TaskType.REGRESSION, TaskType.MULTILABEL)
        if self.labels.ndim != 1 and not (has_columns and may_have_columns):
            raise ValueError("several columns of labels need a name each, and a task type for them")
        if self.task_type is TaskType.MULTILABEL and not has_columns:
            raise ValueError("a multilabel task needs a column of labels per class")
        self.labels.setflags(write=False)


def to_bytes(label_set: LabelSet) -> bytes:
    """Write a label set as canonical JSON; the sha256 of these bytes is its digest.

    Equal label sets give equal bytes on every machine: keys are sorted, and a float is written
    with the shortest digits that read back to it.

    Examples
    --------
    >>> labels = np.array([0, 1], dtype=np.int64)
    >>> to_bytes(LabelSet(TaskType.BINARY, ("a", "b"), labels, ("no", "yes")))[:40]
    b'{"classes":["no","yes"],"format":"probeb'
    """
    document = {
        "format": FORMAT if label_set.labels.ndim == 1 else FORMAT_OF_COLUMNS,
        "task_type": label_set.task_type.value,
        "sample_ids": label_set.sample_ids,
        "labels": label_set.labels.tolist(),
        "classes": label_set.classes,
    }
    text = json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return text.encode("ascii")


def from_bytes(data: bytes) -> LabelSet:
    """Read back what `to_bytes` wrote.

    Raises
    ------
    ValueError
        If the bytes are not a label set of this format.

    Examples
    --------
    >>> labels = np.array([0.5, 2.0])
    >>> label_set = LabelSet(TaskType.REGRESSION, ("a", "b"), labels, ())
    >>> from_bytes(to_bytes(label_set)).labels
    array([0.5, 2. ])
    """
    document: Any = json.loads(data)
    known = (FORMAT, FORMAT_OF_COLUMNS)
    if not isinstance(document, dict) or document.get("format") not in known:
        raise ValueError(f"these bytes are not a label set of format {' or '.join(known)}")
    task_type = TaskType(document["task_type"])
    labels: NDArray[np.float64] | NDArray[np.int64]
    if task_type is TaskType.REGRESSION:
        labels = np.array(document["labels"], dtype=np.float64)
    else:
        labels = np.array(document["labels"], dtype=np.int64)
    return LabelSet(task_type, tuple(document["sample_ids"]), labels, tuple(document["classes"]))
