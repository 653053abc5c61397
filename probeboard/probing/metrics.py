"""The table of metrics, what a task reports besides its official one, and summaries of splits.

Every metric is finite for any finite input and equals scikit-learn's of the same name (Spearman's
SciPy's); computed here because scikit-learn checks its arguments for longer than the arithmetic
takes.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split, TaskType
from probeboard.probing.classification_metrics import (
    accuracy,
    balanced_accuracy,
    cohen_kappa,
    f1,
    macro_f1,
    mean_f1_of_labels,
    micro_f1,
)
from probeboard.probing.ranking_metrics import average_precision, macro_map, micro_map, roc_auc
from probeboard.probing.regression_metrics import mae, mse, r2, spearman
from probeboard.probing.task import Probe, ProbeKind, ProbeTask
from probeboard.scores import FLOOR, floored

__all__ = [
    "FLOOR",
    "METRIC",
    "METRICS",
    "Metric",
    "f1",
    "floored",
    "further_metrics",
    "macro_f1",
    "mean_ratio",
    "micro_map",
    "official_metric",
    "predicted_classes",
    "q_score",
    "r2",
    "standard_error",
]

Array = NDArray[Any]


@dataclass(frozen=True)
class Metric:
    """What a metric's numbers mean.

    Attributes
    ----------
    name
        As in `TaskScores.metric`.
    direction
        Which are better: the larger or the smaller.
    range
        Least and largest value there can be.
    floor
        What a smaller value counts as where it is ranked or averaged; None if it counts as it is.
    """

    name: str
    direction: Literal["larger", "smaller"]
    range: tuple[float, float]
    floor: float | None = None


_SHARES = (
    *("f1", "average_precision", "roc_auc", "accuracy", "balanced_accuracy"),
    *("macro_f1", "micro_map", "macro_map", "micro_f1", "map_at_20"),
)
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("r2", "larger", (-math.inf, 1.0), FLOOR),
        Metric("mse", "smaller", (0.0, math.inf)),
        Metric("mae", "smaller", (0.0, math.inf)),
        Metric("spearman", "larger", (-1.0, 1.0)),
        Metric("cohen_kappa", "larger", (-1.0, 1.0)),
        *(Metric(name, "larger", (0.0, 1.0)) for name in _SHARES),
    )
}

# The official metric of each task type, for a linear probe and for knn.
METRIC = {
    TaskType.REGRESSION: "r2",
    TaskType.BINARY: "f1",
    TaskType.MULTICLASS: "macro_f1",
    TaskType.MULTILABEL: "micro_map",
}


def official_metric(task_type: TaskType, probe: Probe) -> str:
    """Name the metric that ranks.

    Examples
    --------
    >>> official_metric(TaskType.BINARY, Probe())
    'f1'
    >>> official_metric(TaskType.BINARY, Probe(ProbeKind.RETRIEVAL))
    'map_at_20'
    """
    return "map_at_20" if probe.kind is ProbeKind.RETRIEVAL else METRIC[task_type]


def predicted_classes(task_type: TaskType, probe: Probe, predictions: Array) -> NDArray[np.int64]:
    """Turn logits, or knn's shares of votes, into classes.

    Parameters
    ----------
    task_type, probe
        Of the task; not a regression, not retrieval.
    predictions
        As `TaskScores.predictions` of one split.

    Returns
    -------
    NDArray
        Class numbers ``(n_test,)``; of a multilabel task 0 or 1, ``(n_test, c)``. A logit of 0 and
        half the votes are a no; of classes with equally many, the first is taken.

    Examples
    --------
    >>> shares = np.array([0.4, 0.5, 0.6])
    >>> predicted_classes(TaskType.BINARY, Probe(ProbeKind.KNN), shares).tolist()
    [0, 0, 1]
    """
    if task_type is TaskType.MULTICLASS:
        return np.asarray(predictions.argmax(axis=1), dtype=np.int64)
    threshold = 0.5 if probe.kind is ProbeKind.KNN else 0.0
    return np.asarray(predictions > threshold, dtype=np.int64)


def further_metrics(
    task: ProbeTask, predictions: Sequence[Array]
) -> dict[str, NDArray[np.float64]]:
    """Score predictions by the metrics a task has besides its official one.

    Parameters
    ----------
    task
        Whose labels are the truth.
    predictions
        As `TaskScores.predictions`: one array per split.

    Returns
    -------
    dict
        By name, shape ``(k,)``, finite. Regression: MSE, MAE and Spearman's
        correlation, means over the targets; binary: average precision, ROC AUC, accuracy, balanced
        accuracy; multiclass: accuracy, Cohen's κ; multilabel: macro mAP, micro-F1, macro-F1;
        retrieval: none.

    Examples
    --------
    >>> split = Split(train=np.array([0, 1]), test=np.array([2, 3]))
    >>> labels = np.array([0, 1, 0, 1])
    >>> task = ProbeTask("forest", TaskType.BINARY, np.arange(4), labels, (split,))
    >>> further_metrics(task, [np.array([-1.0, -0.5])])["roc_auc"]
    array([1.])
    """
    if task.probe.kind is ProbeKind.RETRIEVAL:
        return {}
    of_values, of_classes = _FURTHER[task.task_type]
    scores: dict[str, list[float]] = {name: [] for name in (*of_values, *of_classes)}
    for split, predicted in zip(task.splits, predictions, strict=True):
        truth = task.labels[split.test]
        for name, metric in of_values.items():
            scores[name].append(metric(truth, predicted.astype(np.float64)))
        if of_classes:
            classes = predicted_classes(task.task_type, task.probe, predicted)
            for name, metric in of_classes.items():
                scores[name].append(metric(truth, classes))
    return {name: np.array(values) for name, values in scores.items()}


_Functions = Mapping[str, Callable[[Array, Array], float]]
# By task type: metrics of what was predicted, and of the classes it stands for.
_FURTHER: Mapping[TaskType, tuple[_Functions, _Functions]] = {
    TaskType.REGRESSION: ({"mse": mse, "mae": mae, "spearman": spearman}, {}),
    TaskType.BINARY: (
        {"average_precision": average_precision, "roc_auc": roc_auc},
        {"accuracy": accuracy, "balanced_accuracy": balanced_accuracy},
    ),
    TaskType.MULTICLASS: ({}, {"accuracy": accuracy, "cohen_kappa": cohen_kappa}),
    TaskType.MULTILABEL: (
        {"macro_map": macro_map},
        {"micro_f1": micro_f1, "macro_f1": mean_f1_of_labels},
    ),
}


def q_score(scores: NDArray[np.float64]) -> float:
    """NeuCo-Bench's quality score, Q = 2·mean / (0.02 + std), std with ddof 0.

    Source: Vinge et al. 2026, arXiv:2510.17914. For a negative mean it rewards instability.

    Parameters
    ----------
    scores
        Shape ``(k,)``: split scores.

    Examples
    --------
    >>> q_score(np.array([0.5]))
    50.0
    """
    return float(2.0 * scores.mean() / (0.02 + scores.std()))


def standard_error(scores: NDArray[np.float64], *, test_to_train: float) -> float | None:
    """Standard error of a mean split score, corrected for training parts that overlap.

    s·√(1/k + n_test/n_train), s with ddof 1 (Nadeau & Bengio, *Machine Learning* 52, 2003,
    doi:10.1023/A:1024068626366). A single split says nothing of its own spread: None.

    Parameters
    ----------
    scores
        Shape ``(k,)``.
    test_to_train
        n_test / n_train of a split.

    Examples
    --------
    >>> standard_error(np.array([0.4, 0.6]), test_to_train=0.5)
    0.14142135623730948
    >>> standard_error(np.array([0.4]), test_to_train=0.5) is None
    True
    """
    if scores.size < 2:
        return None
    return float(scores.std(ddof=1)) * math.sqrt(1.0 / scores.size + test_to_train)


def mean_ratio(splits: Sequence[Split]) -> float:
    """Mean n_test / n_train of splits."""
    return float(np.mean([split.test.size / split.train.size for split in splits]))
