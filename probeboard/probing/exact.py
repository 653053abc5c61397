"""The scorer `exact`: converged, deterministic, regularisation chosen inside the training rows.

Linear probes are ridge and logistic regression (`ridge`, `logistic`), one problem per target or
label; knn and retrieval compare rows (`neighbours`) and have nothing to choose. The score of
several targets is the unweighted mean of theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import TaskType
from probeboard.probing.classification import fit_logistic
from probeboard.probing.knn import fit_knn
from probeboard.probing.metrics import (
    f1,
    floored,
    macro_f1,
    mean_ratio,
    micro_map,
    official_metric,
    predicted_classes,
    q_score,
    r2,
    standard_error,
)
from probeboard.probing.predictions import to_single
from probeboard.probing.preparation import PreparedEmbeddings
from probeboard.probing.retrieval import retrieve
from probeboard.probing.ridge import fit_ridge
from probeboard.probing.targets import Targets
from probeboard.probing.task import ProbeKind, ProbeTask, TaskScores

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Predicted:
    """What a probe makes of each split's test rows, and the penalties it chose.

    Values of a regression are in units of `Targets`.
    """

    values: Sequence[Array]
    penalties: Array


def score_task(prepared: PreparedEmbeddings, task: ProbeTask) -> TaskScores:
    """Score one task; it does not depend on which others there are."""
    if task.probe.kind is ProbeKind.RETRIEVAL:
        found = retrieve(prepared, task)
        return _summarise(task, [float(one.mean()) for one in found], _unpenalised(found), found)
    if task.probe.kind is ProbeKind.KNN:
        predicted = _unpenalised(fit_knn(prepared, task))
    elif task.task_type is TaskType.REGRESSION:
        predicted = _ridge(prepared, task)
    else:
        predicted = _logistic(prepared, task)
    if task.task_type is TaskType.REGRESSION:
        return _summarise_values(task, predicted)
    scores = [
        _score_classes(task, task.labels[split.test].astype(np.int64), values)
        for split, values in zip(task.splits, predicted.values, strict=True)
    ]
    return _summarise(task, scores, predicted, predicted.values)


def _unpenalised(values: Sequence[Array]) -> _Predicted:
    return _Predicted(values, np.empty(0))


def _ridge(prepared: PreparedEmbeddings, task: ProbeTask) -> _Predicted:
    targets = Targets.of(task.labels)
    fits = fit_ridge(prepared.axes(task.rows), targets.scaled, task.splits)
    penalties = np.array([fit.penalties for fit in fits])
    return _Predicted(
        [fit.predicted for fit in fits], penalties[:, 0] if targets.one else penalties
    )


def _logistic(prepared: PreparedEmbeddings, task: ProbeTask) -> _Predicted:
    fits = fit_logistic(prepared.axes(task.rows), task.labels.astype(np.int64), task.splits)
    penalties = np.array([fit.penalties for fit in fits])
    if task.task_type is TaskType.BINARY:
        return _Predicted([fit.logits[:, 0] for fit in fits], penalties[:, 0])
    one_each = task.task_type is TaskType.MULTICLASS
    return _Predicted([fit.logits for fit in fits], penalties[:, 0] if one_each else penalties)


def _score_classes(task: ProbeTask, truth: NDArray[np.int64], values: Array) -> float:
    if task.task_type is TaskType.MULTILABEL:
        return micro_map(truth, values)
    metric = f1 if task.task_type is TaskType.BINARY else macro_f1
    return metric(truth, predicted_classes(task.task_type, task.probe, values))


def _summarise_values(task: ProbeTask, predicted: _Predicted) -> TaskScores:
    # R² knows neither the labels' unit nor their origin, and the squares must not overflow.
    targets = Targets.of(task.labels)
    scores = [
        r2(targets.scaled[split.test], values)
        for split, values in zip(task.splits, predicted.values, strict=True)
    ]
    return _summarise(task, scores, predicted, [targets.unscaled(z) for z in predicted.values])


def _summarise(
    task: ProbeTask, scores: list[float], predicted: _Predicted, predictions: Sequence[Array]
) -> TaskScores:
    split_scores = np.array(scores)
    counted = floored(split_scores)
    return TaskScores(
        name=task.name,
        metric=official_metric(task.task_type, task.probe),
        split_scores=split_scores,
        penalties=predicted.penalties,
        mean=float(counted.mean()),
        std=float(counted.std()),
        q=q_score(counted),
        standard_error=standard_error(counted, test_to_train=mean_ratio(task.splits)),
        test_to_train=mean_ratio(task.splits),
        predictions=tuple(to_single(one) for one in predictions),
    )
