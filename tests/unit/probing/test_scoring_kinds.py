"""Tasks with several targets or labels, and splits of every kind, as `exact` scores them."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import average_precision_score, r2_score

from probeboard.labelsets import LabelSet, Split, SplitKind, SplitSpec, TaskType, make_splits
from probeboard.probing import (
    Probe,
    ProbeKind,
    ProbeTask,
    UnsupportedTask,
    get_scorer,
    prepare,
    score_task,
)

EXACT, NEUCO = get_scorer("exact", 1), get_scorer("neuco", 1)
RNG = np.random.default_rng(21)
N, D = 200, 8
E = (RNG.normal(size=(N, D)) * np.arange(1, D + 1) ** -0.5).astype(np.float32)
SIGNALS = E @ RNG.normal(size=(D, 3)) + 0.5 * RNG.normal(size=(N, 3))
LABELS = {
    TaskType.REGRESSION: SIGNALS[:, 0],
    TaskType.BINARY: (SIGNALS[:, 0] > 0.3).astype(np.int64),
    TaskType.MULTICLASS: np.digitize(SIGNALS[:, 0], [-0.5, 0.5]).astype(np.int64),
    TaskType.MULTILABEL: (SIGNALS > [0.0, 0.5, 1.0]).astype(np.int64),
}
IDS = tuple(f"s{row}" for row in range(N))
NAMES = {
    TaskType.REGRESSION: (),
    TaskType.BINARY: ("no", "yes"),
    TaskType.MULTICLASS: ("a", "b", "c"),
    TaskType.MULTILABEL: ("a", "b", "c"),
}


SENSIBLE = [
    (task_type, kind)
    for task_type in TaskType
    for kind in ProbeKind
    if (task_type, kind) != (TaskType.REGRESSION, ProbeKind.RETRIEVAL)
]


def splits_for(task_type, spec, marks=None):
    return make_splits(LabelSet(task_type, IDS, LABELS[task_type], NAMES[task_type]), spec, marks)


def score(task_type, splits, *, labels=None, probe=None, scorer=EXACT):
    labels = LABELS[task_type] if labels is None else labels
    task = ProbeTask("t", task_type, np.arange(N), labels, splits, probe or Probe())
    return score_task(prepare(E), task, scorer=scorer)


SHUFFLED = splits_for(TaskType.BINARY, SplitSpec(n_splits=5))


def centred_rows():
    centred = E.astype(np.float64) - E.mean(axis=0, dtype=np.float64)
    return centred / centred.std()


def test_several_targets_score_as_each_would_alone_and_the_score_is_their_mean():
    labels = SIGNALS * [1.0, 1e6, 1e-6] + [0.0, 5.0, 1.0]
    together = score(TaskType.REGRESSION, SHUFFLED, labels=labels)
    alone = [score(TaskType.REGRESSION, SHUFFLED, labels=y) for y in labels.T.copy()]
    assert together.metric == "r2"
    assert together.penalties.shape == (5, 3)
    np.testing.assert_allclose(together.penalties, np.stack([a.penalties for a in alone], axis=1))
    expected = np.mean([one.split_scores for one in alone], axis=0)
    np.testing.assert_allclose(together.split_scores, expected, atol=1e-9)
    for number in range(5):
        columns = np.stack([one.predictions[number] for one in alone], axis=1)
        np.testing.assert_allclose(together.predictions[number], columns, rtol=1e-4)


def test_several_targets_equal_scikit_learns_at_the_chosen_penalties():
    scores, X = score(TaskType.REGRESSION, SHUFFLED, labels=SIGNALS), centred_rows()
    for number, split in enumerate(SHUFFLED):
        model = Ridge(alpha=scores.penalties[number], solver="svd")
        predicted = model.fit(X[split.train], SIGNALS[split.train]).predict(X[split.test])
        expected = r2_score(SIGNALS[split.test], predicted)
        assert scores.split_scores[number] == pytest.approx(expected, abs=1e-9)
        np.testing.assert_allclose(scores.predictions[number], predicted, rtol=1e-4, atol=1e-5)


def test_multilabel_scores_equal_scikit_learns_at_the_chosen_penalties():
    scores, X = score(TaskType.MULTILABEL, SHUFFLED), centred_rows()
    labels = LABELS[TaskType.MULTILABEL]
    assert scores.metric == "micro_map"
    assert scores.penalties.shape == (5, 3)
    for number, split in enumerate(SHUFFLED):
        logits = np.empty((split.test.size, 3))
        for label in range(3):
            model = LogisticRegression(
                C=1 / scores.penalties[number, label], solver="newton-cholesky", tol=1e-11
            )
            model.fit(X[split.train], labels[split.train, label])
            logits[:, label] = model.decision_function(X[split.test])
        np.testing.assert_allclose(scores.predictions[number], logits, rtol=1e-4, atol=1e-4)
        expected = average_precision_score(labels[split.test], logits, average="micro")
        assert scores.split_scores[number] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("task_type", "kind"), SENSIBLE)
def test_one_predefined_split_has_a_score_no_spread_and_no_standard_error(task_type, kind):
    # A third of the samples is in neither part.
    split = Split(train=np.arange(20, 120), test=np.arange(140, 180))
    scores = score(task_type, (split,), probe=Probe(kind))
    assert scores.split_scores.shape == (1,)
    assert (scores.std, scores.standard_error) == (0.0, None)
    assert scores.mean == scores.split_scores[0]
    assert scores.q == pytest.approx(2 * scores.mean / 0.02)


@pytest.mark.parametrize("task_type", TaskType)
def test_with_more_labels_per_class_a_few_shot_score_rises(task_type):
    def few(shots):
        spec = SplitSpec(n_splits=10, test_size=0.5, shots=shots)
        return score(task_type, splits_for(task_type, spec)).mean

    assert few(2) < min(few(8), few(None))


@pytest.mark.parametrize("task_type", [TaskType.BINARY, TaskType.MULTICLASS])
@pytest.mark.parametrize("kind", ProbeKind)
def test_one_label_per_class_is_enough_to_be_scored(task_type, kind):
    spec = SplitSpec(n_splits=4, test_size=0.2, kind=SplitKind.STRATIFIED, shots=1)
    scores = score(task_type, splits_for(task_type, spec), probe=Probe(kind))
    assert np.isfinite([*scores.split_scores, scores.mean, scores.standard_error]).all()


@pytest.mark.parametrize("task_type", TaskType)
def test_grouped_splits_of_unequal_sizes_are_scored(task_type):
    marks = {name: str(int(row**0.6)) for row, name in enumerate(IDS)}
    spec = SplitSpec(n_splits=4, test_size=0.3, kind=SplitKind.GROUPED)
    splits = splits_for(task_type, spec, marks)
    assert len({split.train.size for split in splits}) > 1
    scores = score(task_type, splits)
    assert scores.mean > 0.3
    ratios = [split.test.size / split.train.size for split in splits]
    spread = np.maximum(scores.split_scores, -1).std(ddof=1)
    assert scores.standard_error == pytest.approx(spread * np.sqrt(1 / 4 + np.mean(ratios)))


@pytest.mark.parametrize("scale", [1e-300, 1e-60, 1e60, 1e300])
def test_predictions_beyond_single_precision_are_its_largest_and_stay_finite(scale):
    scores = score(TaskType.REGRESSION, SHUFFLED, labels=SIGNALS[:, 0] * scale)
    first = score(TaskType.REGRESSION, SHUFFLED)
    np.testing.assert_allclose(scores.split_scores, first.split_scores, atol=1e-9)
    for one, other in zip(scores.predictions, first.predictions, strict=True):
        assert np.isfinite(one).all()
        assert (np.sign(one) * np.sign(other) >= 0).all()


def test_neuco_has_no_number_for_several_targets_labels_or_neighbours():
    cases = [
        (TaskType.MULTILABEL, None, Probe(), "is multilabel"),
        (TaskType.MULTICLASS, None, Probe(), "is multiclass"),
        (TaskType.REGRESSION, SIGNALS, Probe(), "several targets"),
        (TaskType.BINARY, None, Probe(ProbeKind.KNN), "no knn"),
        (TaskType.BINARY, None, Probe(ProbeKind.RETRIEVAL), "no retrieval"),
    ]
    for task_type, labels, probe, reason in cases:
        with pytest.raises(UnsupportedTask, match=reason):
            score(task_type, SHUFFLED, labels=labels, probe=probe, scorer=NEUCO)
