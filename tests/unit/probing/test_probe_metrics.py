"""Metrics held to scikit-learn and SciPy, on ties and degenerate input; summaries closed-form."""

import math

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from probeboard.labelsets import Split, TaskType
from probeboard.probing import Probe, ProbeKind, ProbeTask
from probeboard.probing.classification_metrics import (
    accuracy,
    balanced_accuracy,
    cohen_kappa,
    mean_f1_of_labels,
    micro_f1,
)
from probeboard.probing.metrics import (
    METRIC,
    METRICS,
    f1,
    floored,
    further_metrics,
    macro_f1,
    mean_ratio,
    micro_map,
    official_metric,
    predicted_classes,
    q_score,
    r2,
    standard_error,
)
from probeboard.probing.ranking_metrics import (
    average_precision,
    average_precision_at,
    macro_map,
    roc_auc,
)
from probeboard.probing.regression_metrics import mae, mean_ranks, mse, spearman

STEADY = settings(derandomize=True, max_examples=30, deadline=None)
CLOSE = {"rel": 1e-9, "abs": 1e-9}


def pairs(first, second=None, *, least=2):
    return st.lists(
        st.tuples(first, first if second is None else second), min_size=least, max_size=30
    ).map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


def matrices(first, second, *, columns=3):
    row = st.tuples(*[st.tuples(first, second)] * columns)
    return st.lists(row, min_size=2, max_size=20).map(
        lambda rows: (np.array(rows)[..., 0].astype(np.int64), np.array(rows)[..., 1])
    )


# Few values, so that ties and constants are common.
VALUES = st.floats(-1e3, 1e3).map(lambda value: round(value, 3)) | st.sampled_from([0.0, 1.0])
BITS = st.integers(0, 1)
CLASSES = st.integers(0, 4)
SCORES = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0]) | st.floats(-3, 3)


@given(pairs(VALUES))
@STEADY
def test_metrics_of_values_equal_scikit_learns_and_scipys(pair):
    truth, predicted = pair
    assert r2(truth, predicted) == pytest.approx(theirs.r2_score(truth, predicted), **CLOSE)
    assert mse(truth, predicted) == pytest.approx(theirs.mean_squared_error(*pair), **CLOSE)
    assert mae(truth, predicted) == pytest.approx(theirs.mean_absolute_error(*pair), **CLOSE)
    assert mean_ranks(truth).tolist() == rankdata(truth).tolist()
    if np.ptp(truth) and np.ptp(predicted):
        assert spearman(truth, predicted) == pytest.approx(spearmanr(*pair).statistic, **CLOSE)
    else:
        assert spearman(truth, predicted) == 0.0


@pytest.mark.parametrize(
    ("ours", "reference"),
    [
        (r2, theirs.r2_score),
        (mse, theirs.mean_squared_error),
        (mae, theirs.mean_absolute_error),
    ],
)
def test_of_several_targets_the_mean_is_unweighted(ours, reference):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(20, 3)) * [1, 10, 100]
    predicted = truth + rng.normal(size=(20, 3)) * [1, 1, 300]
    assert ours(truth, predicted) == pytest.approx(reference(truth, predicted))
    columns = [ours(y, z) for y, z in zip(truth.T, predicted.T, strict=True)]
    assert ours(truth, predicted) == pytest.approx(np.mean(columns))


def test_spearman_of_several_targets_is_the_mean_of_theirs():
    truth = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    assert spearman(truth, truth * [1.0, -1.0]) == pytest.approx(0.0, abs=1e-12)


@given(pairs(BITS))
@STEADY
def test_metrics_of_two_classes_equal_scikit_learns(pair):
    assert f1(*pair) == pytest.approx(theirs.f1_score(*pair, zero_division=0), abs=1e-12)
    assert accuracy(*pair) == pytest.approx(theirs.accuracy_score(*pair), **CLOSE)


@given(pairs(CLASSES))
@STEADY
def test_metrics_of_classes_equal_scikit_learns(pair):
    truth, predicted = pair
    assert macro_f1(*pair) == pytest.approx(theirs.f1_score(*pair, average="macro"), abs=1e-12)
    assert accuracy(*pair) == pytest.approx(theirs.accuracy_score(*pair), **CLOSE)
    recalls = theirs.recall_score(*pair, labels=np.unique(truth), average="macro", zero_division=0)
    assert balanced_accuracy(*pair) == pytest.approx(recalls, **CLOSE)
    if len(set(truth)) > 1 and set(truth) >= set(
        predicted
    ):  # else scikit-learn warns, and says the same
        expected = theirs.balanced_accuracy_score(*pair)
        assert balanced_accuracy(*pair) == pytest.approx(expected, **CLOSE)
    if len(set(truth) | set(predicted)) > 1:
        assert cohen_kappa(*pair) == pytest.approx(theirs.cohen_kappa_score(*pair), **CLOSE)
    else:
        assert cohen_kappa(*pair) == 0.0


@given(pairs(BITS, SCORES, least=1))
@STEADY
def test_metrics_of_an_order_equal_scikit_learns(pair):
    truth, scores = pair
    if truth.any():
        expected = theirs.average_precision_score(truth, scores)
        assert average_precision(truth, scores) == pytest.approx(expected, **CLOSE)
    else:
        assert average_precision(truth, scores) == 0.0
    if truth.min() < truth.max():
        assert roc_auc(truth, scores) == pytest.approx(theirs.roc_auc_score(truth, scores), **CLOSE)
    else:
        assert roc_auc(truth, scores) == 0.5


@given(matrices(BITS, SCORES))
@STEADY
def test_mean_average_precisions_equal_scikit_learns(pair):
    truth, scores = pair
    if truth.any():
        micro = theirs.average_precision_score(truth, scores, average="micro")
        assert micro_map(truth, scores) == pytest.approx(micro, **CLOSE)
    if truth.any(axis=0).all():
        macro = theirs.average_precision_score(truth, scores, average="macro")
        assert macro_map(truth, scores) == pytest.approx(macro, **CLOSE)


def test_a_label_no_sample_has_counts_nothing_in_the_mean_as_in_scikit_learn():
    truth, scores = np.array([[1, 0], [0, 0]]), np.array([[1.0, 3.0], [0.0, 2.0]])
    with pytest.warns(UserWarning, match="No positive class"):
        expected = theirs.average_precision_score(truth, scores, average="macro")
    assert macro_map(truth, scores) == expected == 0.5
    assert micro_map(np.zeros((2, 2), dtype=np.int64), scores) == 0.0


@given(matrices(BITS, BITS))
@STEADY
def test_f1_of_labels_equals_scikit_learns(pair):
    for ours, average in ((micro_f1, "micro"), (mean_f1_of_labels, "macro")):
        expected = theirs.f1_score(*pair, average=average, zero_division=0)
        assert ours(*pair) == pytest.approx(expected, **CLOSE)


def test_average_precision_at_m_is_normalised_by_what_can_be_found():
    found = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 0]], dtype=bool)
    expected = [1.0, (1 + 2 / 3) / 2, 1 / 2 / 3, 0.0]
    assert average_precision_at(found, np.array([9, 2, 5, 0])).tolist() == pytest.approx(expected)


def test_average_precision_at_m_of_a_whole_ranking_is_average_precision():
    rng = np.random.default_rng(1)
    relevant = rng.random((20, 30)) < 0.3
    places = -np.arange(30.0)
    expected = [average_precision(row.astype(np.int64), places) for row in relevant]
    found = average_precision_at(relevant, relevant.sum(axis=1))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_constant_truth_has_an_r2_of_one_if_predicted_and_zero_otherwise():
    assert r2(np.ones(3), np.ones(3)) == 1.0
    assert r2(np.ones(3), np.array([1.0, 1.0, 2.0])) == 0.0
    assert r2(np.ones(1), np.array([2.0])) == 0.0


def test_metrics_of_huge_and_of_nearly_constant_values_are_finite():
    huge = np.array([1e200, -1e308])
    values = [r2(np.array([0.0, 1e-160]), np.ones(2)), mse(huge, -huge), mae(huge, -huge)]
    values += [mse(np.stack([huge, huge], axis=1), np.zeros((2, 2))), spearman(huge, -huge)]
    assert np.isfinite(values).all()


def test_scores_below_minus_one_count_as_minus_one():
    assert floored(np.array([-1e13, -0.5, 0.9])).tolist() == [-1.0, -0.5, 0.9]


def test_q_and_standard_error_have_their_closed_forms():
    scores = np.array([0.5, 0.6, 0.7])
    std = math.sqrt(0.02 / 3)
    assert q_score(scores) == pytest.approx(1.2 / (0.02 + std))
    expected = 0.1 * math.sqrt(1 / 3 + 1 / 9)
    assert standard_error(scores, test_to_train=1 / 9) == pytest.approx(expected)
    assert standard_error(scores[:1], test_to_train=1 / 9) is None


def test_the_ratio_of_test_to_train_is_the_mean_over_splits():
    parts = [Split(train=np.arange(4), test=np.arange(n)) for n in (1, 3)]
    assert mean_ratio(parts) == 0.5


SPLITS = (
    Split(train=np.arange(3), test=np.array([3, 4, 5])),
    Split(train=np.arange(2, 6), test=np.array([1, 0])),
)
LABELS = {
    TaskType.REGRESSION: np.arange(6.0),
    TaskType.BINARY: np.array([0, 1, 0, 1, 1, 0]),
    TaskType.MULTICLASS: np.array([0, 1, 2, 2, 1, 0]),
    TaskType.MULTILABEL: np.array([[0, 1], [1, 1], [1, 0], [0, 0], [1, 1], [0, 1]]),
}
FURTHER = {
    TaskType.REGRESSION: ["mse", "mae", "spearman"],
    TaskType.BINARY: ["average_precision", "roc_auc", "accuracy", "balanced_accuracy"],
    TaskType.MULTICLASS: ["accuracy", "cohen_kappa"],
    TaskType.MULTILABEL: ["macro_map", "micro_f1", "macro_f1"],
}


def example(task_type, kind=ProbeKind.LINEAR):
    return ProbeTask("t", task_type, np.arange(6), LABELS[task_type], SPLITS, Probe(kind))


def perfect(task_type):
    labels = LABELS[task_type]
    if task_type is TaskType.MULTICLASS:
        labels = np.eye(3)[labels]
    if task_type is not TaskType.REGRESSION:
        labels = labels - 0.5
    return [labels[split.test].astype(np.float32) for split in SPLITS]


@pytest.mark.parametrize("task_type", TaskType)
def test_every_task_type_has_further_metrics_each_in_the_table_and_best_if_perfect(task_type):
    found = further_metrics(example(task_type), perfect(task_type))
    assert list(found) == FURTHER[task_type]
    for name, scores in found.items():
        low, high = METRICS[name].range
        best = high if METRICS[name].direction == "larger" else low
        assert scores.tolist() == pytest.approx([best, best])


def test_retrieval_has_no_further_metrics():
    task = example(TaskType.BINARY, ProbeKind.RETRIEVAL)
    assert further_metrics(task, [np.ones(3), np.ones(2)]) == {}


def test_the_table_knows_every_official_metric_and_floors_the_unbounded_one():
    for task_type in TaskType:
        assert METRICS[official_metric(task_type, Probe())].direction == "larger"
        assert official_metric(task_type, Probe(ProbeKind.KNN)) == METRIC[task_type]
    assert official_metric(TaskType.MULTILABEL, Probe(ProbeKind.RETRIEVAL)) == "map_at_20"
    assert {name for name, one in METRICS.items() if one.floor is not None} == {"r2"}


def test_classes_are_called_by_the_sign_of_a_logit_or_by_most_of_the_votes():
    values = np.array([-1.0, 0.0, 0.3, 0.7], dtype=np.float32)
    linear = predicted_classes(TaskType.BINARY, Probe(), values)
    assert linear.tolist() == [0, 0, 1, 1]
    voted = predicted_classes(TaskType.MULTILABEL, Probe(ProbeKind.KNN), values[:, None])
    assert voted.tolist() == [[0], [0], [0], [1]]
    first = predicted_classes(TaskType.MULTICLASS, Probe(), np.array([[0.2, 0.4, 0.4]]))
    assert first.tolist() == [1]
