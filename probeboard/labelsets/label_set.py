"""The label set: sample ids and labels of one task, and its canonical bytes."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = "probeboard.labelset/1"


class TaskType(StrEnum):
    """What kind of label a task predicts.

    NeuCo-Bench writes ``classification`` in its file names where we say ``binary``.
    """

    REGRESSION = "regression"
    BINARY = "binary"
    MULTICLASS = "multiclass"


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Ground truth of one task, in the challenge's sample order.

    Attributes
    ----------
    task_type
        What the labels are.
    sample_ids
        The n labelled samples, without duplicates.
    labels
        Shape ``(n,)``, read-only: float64 values for regression, otherwise int64 class
        numbers ``0 .. len(classes) - 1``. The positive class of a binary task is 1.
    classes
        The class values as the file wrote them, by class number; empty for regression.
    """

    task_type: TaskType
    sample_ids: tuple[str, ...]
    labels: NDArray[np.float64] | NDArray[np.int64]
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.labels.shape != (len(self.sample_ids),):
            raise ValueError("a label set needs one label per sample id")
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
        "format": FORMAT,
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
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"these bytes are not a label set of format {FORMAT}")
    task_type = TaskType(document["task_type"])
    labels: NDArray[np.float64] | NDArray[np.int64]
    if task_type is TaskType.REGRESSION:
        labels = np.array(document["labels"], dtype=np.float64)
    else:
        labels = np.array(document["labels"], dtype=np.int64)
    return LabelSet(task_type, tuple(document["sample_ids"]), labels, tuple(document["classes"]))
