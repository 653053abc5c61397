"""k nearest neighbours, k = 5, by cosine or by signs: what embeddings tell without a fit.

As in remote-sensing image retrieval, embeddings may be binarised (Blumenstiel et al. 2024).
"""

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import TaskType
from probeboard.probing.neighbours import nearest
from probeboard.probing.preparation import PreparedEmbeddings
from probeboard.probing.targets import Targets
from probeboard.probing.task import ProbeTask

NEIGHBOURS = 5


def fit_knn(prepared: PreparedEmbeddings, task: ProbeTask) -> list[NDArray[np.float64]]:
    """Predict every split's test rows from the labels of their nearest training rows.

    Parameters
    ----------
    prepared
        What `prepare` made of the submission.
    task
        Its probe says whether directions or signs are compared.

    Returns
    -------
    list of ndarray
        Per split, means over `NEIGHBOURS` training rows, or all if there are fewer, each counting
        alike: of a regression, their labels in units of `Targets`, ``(n_test, t)``; binary, the
        share that is positive, ``(n_test,)``; multiclass and multilabel, the share that has each
        class, ``(n_test, c)``.

    Examples
    --------
    >>> from probeboard.labelsets import Split
    >>> from probeboard.probing import Probe, ProbeKind, prepare
    >>> X = np.array([[1], [2], [3], [-1], [-2], [-3]], dtype=np.float32)
    >>> split = Split(train=np.array([0, 1, 3, 4]), test=np.array([2, 5]))
    >>> labels = np.array([1, 1, 1, 0, 0, 0])
    >>> task = ProbeTask(
    ...     "side", TaskType.BINARY, np.arange(6), labels, (split,), Probe(ProbeKind.KNN)
    ... )
    >>> fit_knn(prepare(X), task)[0].tolist()  # four training rows are fewer than five
    [0.5, 0.5]
    """
    votes = _votes(task)
    found = nearest(prepared, task.rows, task.splits, count=NEIGHBOURS, signs=task.probe.signs)
    return [votes[neighbours].mean(axis=1) for neighbours in found]


def _votes(task: ProbeTask) -> NDArray[np.float64]:
    """What each sample adds to the mean."""
    if task.task_type is TaskType.REGRESSION:
        return Targets.of(task.labels).scaled
    if task.task_type is TaskType.MULTICLASS:
        return np.asarray(np.eye(int(task.labels.max()) + 1)[task.labels.astype(np.intp)])
    return task.labels.astype(np.float64)
