"""Few-shot: keep a handful of each split's training samples."""

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets.label_set import LabelSet, TaskType


def draw_shots(
    label_set: LabelSet, train: NDArray[np.intp], *, shots: int, seed: tuple[int, int]
) -> tuple[NDArray[np.intp], list[tuple[str, int]]]:
    """Draw `shots` training samples of each class; of a regression, `shots` in all.

    Of a multilabel task, `shots` samples that have the class are drawn for each class; a sample
    that is drawn for two classes is kept once. What is drawn depends on the training part as a
    set, and a draw of fewer shots is contained in one of more.

    Parameters
    ----------
    label_set
        Labels by position.
    train
        The split's training part.
    shots
        At least 1.
    seed
        Of the specification, and the split's number.

    Returns
    -------
    ndarray of intp
        The kept samples, ascending.
    list of (str, int)
        Which classes lack samples, as words, and how many they have.

    Examples
    --------
    >>> labels = np.arange(8) % 2
    >>> label_set = LabelSet(TaskType.BINARY, tuple("abcdefgh"), labels, ("no", "yes"))
    >>> kept, lacking = draw_shots(label_set, np.arange(8), shots=1, seed=(42, 0))
    >>> sorted(labels[kept].tolist()), lacking
    ([0, 1], [])
    """
    generator = np.random.RandomState(list(seed))
    kept: list[NDArray[np.intp]] = []
    lacking: list[tuple[str, int]] = []
    for of, members in _pools(label_set, np.sort(train)):
        kept.append(generator.permutation(members)[:shots])
        if members.size < shots:
            lacking.append((of, members.size))
    return np.unique(np.concatenate(kept)), lacking


def _pools(label_set: LabelSet, train: NDArray[np.intp]) -> list[tuple[str, NDArray[np.intp]]]:
    labels = label_set.labels[train]
    if label_set.task_type is TaskType.REGRESSION:
        return [("", train)]
    has_class = (
        labels == 1
        if label_set.task_type is TaskType.MULTILABEL
        else labels[:, None] == np.arange(len(label_set.classes))
    )
    return [
        (f" of class {name!r}", train[has_class[:, number]])
        for number, name in enumerate(label_set.classes)
    ]
