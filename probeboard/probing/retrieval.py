"""Retrieval: each test row asks for rows like it, the training rows are the database.

The first m = 20 training rows by similarity (`neighbours`) are what a query finds. One is relevant
if it has the query's class; in a multilabel task, if it shares a label with it. A query's score is
its average precision (`average_precision_at`), normalised by min(20, R), with R how many relevant
rows the database holds; mAP@20 is the mean over the queries. A query with nothing relevant in the
database, such as one without any label, has 0: for every submission alike.
"""

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split
from probeboard.probing.neighbours import BLOCK_BYTES, nearest
from probeboard.probing.preparation import PreparedEmbeddings
from probeboard.probing.ranking_metrics import average_precision_at
from probeboard.probing.task import ProbeTask

FOUND = 20


def retrieve(prepared: PreparedEmbeddings, task: ProbeTask) -> list[NDArray[np.float64]]:
    """Score every query of every split.

    Parameters
    ----------
    prepared
        What `prepare` made of the submission.
    task
        Classes or labels; its probe says whether directions or signs are compared.

    Returns
    -------
    list of ndarray
        Per split, shape ``(n_test,)``: average precision at 20, in [0, 1].

    Examples
    --------
    >>> from probeboard.labelsets import TaskType
    >>> from probeboard.probing import Probe, ProbeKind, prepare
    >>> X = np.array([[1], [2], [3], [-1], [-2], [-3]], dtype=np.float32)
    >>> split = Split(train=np.array([0, 1, 3, 4]), test=np.array([2, 5]))
    >>> task = ProbeTask(
    ...     "side", TaskType.BINARY, np.arange(6), np.array([1, 1, 1, 0, 0, 1]), (split,),
    ...     Probe(ProbeKind.RETRIEVAL),
    ... )
    >>> retrieve(prepare(X), task)[0].round(3).tolist()
    [1.0, 0.417]
    """
    found = nearest(prepared, task.rows, task.splits, count=FOUND, signs=task.probe.signs)
    return [
        average_precision_at(
            _shares(task.labels, split.test[:, None], neighbours), _relevant(task.labels, split)
        )
        for split, neighbours in zip(task.splits, found, strict=True)
    ]


def _shares(
    labels: NDArray[np.float64] | NDArray[np.int64],
    queries: NDArray[np.intp],
    others: NDArray[np.intp],
) -> NDArray[np.bool_]:
    """Whether rows have the queries' class, or share a label with them."""
    if labels.ndim == 1:
        return np.asarray(labels[queries] == labels[others])
    return np.asarray((labels[queries] * labels[others]).any(axis=-1))


def _relevant(labels: NDArray[np.float64] | NDArray[np.int64], split: Split) -> NDArray[np.int64]:
    """R: how many training rows are relevant to each test row, shape ``(n_test,)``."""
    if labels.ndim == 1:
        classes = labels.astype(np.int64)
        return np.bincount(classes[split.train], minlength=int(classes.max()) + 1)[
            classes[split.test]
        ]
    # In single precision a count of shared labels is exact, and a product fast.
    database = labels[split.train].astype(np.float32).T
    queries = labels[split.test].astype(np.float32)
    length = max(1, BLOCK_BYTES // (4 * split.train.size))
    counts = [
        np.count_nonzero(queries[start : start + length] @ database, axis=1)
        for start in range(0, len(queries), length)
    ]
    return np.concatenate(counts)
