"""The traps of scoring, each with what would fall into it."""

import numpy as np
import pytest

from probeboard.labelsets import (
    LabelSet,
    Split,
    SplitKind,
    SplitSpec,
    TaskType,
    check_splits,
    make_splits,
    shuffle_splits,
)
from probeboard.probing import Probe, ProbeKind, ProbeTask, get_scorer, prepare, score_task

EXACT = get_scorer("exact", 1)
RNG = np.random.default_rng(77)
N, D = 200, 8
E = (RNG.normal(size=(N, D)) * np.arange(1, D + 1) ** -0.5 + 2.0).astype(np.float32)
SIGNALS = E @ RNG.normal(size=(D, 2)) + 0.4 * RNG.normal(size=(N, 2))
LABELS = {
    TaskType.REGRESSION: SIGNALS[:, 0],
    TaskType.BINARY: (SIGNALS[:, 0] > np.median(SIGNALS[:, 0])).astype(np.int64),
    TaskType.MULTICLASS: np.digitize(SIGNALS[:, 0], np.quantile(SIGNALS[:, 0], [0.3, 0.6])).astype(
        np.int64
    ),
    TaskType.MULTILABEL: (np.median(SIGNALS, axis=0) < SIGNALS).astype(np.int64),
}
SPLITS = shuffle_splits(N, SplitSpec(n_splits=5))
WAYS = [
    (task_type, kind)
    for task_type in TaskType
    for kind in ProbeKind
    if (task_type, kind) != (TaskType.REGRESSION, ProbeKind.RETRIEVAL)
]


def score(matrix, task_type, kind=ProbeKind.LINEAR, *, labels=None, splits=SPLITS):
    labels = LABELS[task_type] if labels is None else labels
    task = ProbeTask("t", task_type, np.arange(len(labels)), labels, splits, Probe(kind))
    return score_task(prepare(matrix.astype(np.float32)), task, scorer=EXACT)


def is_finite(scores):
    figures = [scores.mean, scores.std, scores.q, scores.standard_error, *scores.split_scores]
    return np.isfinite(figures).all() and all(np.isfinite(p).all() for p in scores.predictions)


@pytest.mark.parametrize("kind", [ProbeKind.LINEAR, ProbeKind.KNN])
def test_a_label_outlier_of_100_sd_counts_for_no_more_than_its_floor(kind):
    """In test it squeezes R² towards 0, in training it pulls the fit: -1 is the worst it can do."""
    labels = SIGNALS[:, 0].copy()
    labels[SPLITS[0].test[0]] += 100 * labels.std()
    scores = score(E, TaskType.REGRESSION, kind, labels=labels)
    assert is_finite(scores)
    assert -1.0 <= scores.mean < score(E, TaskType.REGRESSION, kind).mean
    assert abs(scores.split_scores[0]) < 0.2
    assert scores.mean == pytest.approx(np.maximum(scores.split_scores, -1.0).mean())


@pytest.mark.parametrize(("task_type", "kind"), WAYS)
def test_one_value_of_1e30_among_the_embeddings_keeps_every_score_finite(task_type, kind):
    matrix = E.copy()
    matrix[SPLITS[0].train[0], 3] = 1e30
    assert is_finite(score(matrix, task_type, kind))


@pytest.mark.parametrize(("task_type", "kind"), WAYS)
def test_constant_columns_change_nothing(task_type, kind):
    more = np.hstack([E, np.full((N, 5), 0.1), np.zeros((N, 3)), np.full((N, 1), -7e20)])
    expected = score(E, task_type, kind).mean
    assert score(more, task_type, kind).mean == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize(("task_type", "kind"), WAYS)
def test_every_column_twice_is_the_same_embedding(task_type, kind):
    twice = score(np.hstack([E, E]), task_type, kind)
    assert twice.mean == pytest.approx(score(E, task_type, kind).mean, abs=0.02)


@pytest.mark.parametrize(("task_type", "kind"), WAYS)
@pytest.mark.parametrize("dims", [1, N + 50])
def test_one_column_and_more_columns_than_samples_are_scored(task_type, kind, dims):
    matrix = E[:, :1] if dims == 1 else RNG.normal(size=(N, dims)) + SIGNALS[:, :1]
    assert is_finite(score(matrix, task_type, kind))


@pytest.mark.parametrize(("task_type", "kind"), WAYS)
@pytest.mark.parametrize("power", [-100, 100])  # factors of about 1e-30 and 1e30
def test_the_unit_of_embeddings_changes_nothing(task_type, kind, power):
    scaled = score(E * np.float32(2.0**power), task_type, kind)
    expected = score(E, task_type, kind)
    np.testing.assert_allclose(scaled.split_scores, expected.split_scores, atol=1e-9)


@pytest.mark.parametrize(("task_type", "kind"), WAYS)
def test_three_samples_are_scored(task_type, kind):
    labels = {
        TaskType.REGRESSION: np.array([1.0, 2.0, 4.0]),
        TaskType.BINARY: np.array([0, 1, 1]),
        TaskType.MULTICLASS: np.array([0, 1, 0]),
        TaskType.MULTILABEL: np.array([[0, 1], [1, 0], [1, 1]]),
    }[task_type]
    splits = (
        Split(train=np.array([0, 1]), test=np.array([2])),
        Split(train=np.array([1, 0]), test=np.array([2])),
    )
    assert is_finite(score(E[:3], task_type, kind, labels=labels, splits=splits))


@pytest.mark.parametrize("task_type", TaskType)
@pytest.mark.parametrize(
    "matrix", [E, np.zeros((N, 2)), E * 1e30, RNG.normal(size=(N, N + 10))],
    ids=["usual", "all alike", "huge", "wide"],
)  # fmt: skip
def test_no_penalty_is_ever_zero(task_type, matrix):
    assert (score(matrix, task_type).penalties > 0).all()


@pytest.mark.parametrize("kind", ProbeKind)
def test_one_percent_of_positives_is_scored_where_every_test_part_has_one(kind):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(1000, 6))
    labels = (np.argsort(np.argsort(X[:, 0] + 0.2 * generator.normal(size=1000))) >= 990).astype(
        np.int64
    )
    label_set = LabelSet(TaskType.BINARY, tuple(map(str, range(1000))), labels, ("rest", "rare"))
    shuffled = check_splits(label_set, shuffle_splits(1000, SplitSpec()))
    lacking = [issue for issue in shuffled if issue.code == "test_lacks_positives"]
    assert 8 <= len(lacking) <= 20  # of 40: a third, so such a label set is refused
    splits = make_splits(label_set, SplitSpec(n_splits=8, kind=SplitKind.STRATIFIED))
    assert check_splits(label_set, splits) == ()
    scores = score(X, TaskType.BINARY, kind, labels=labels, splits=splits)
    assert is_finite(scores)
    assert kind is not ProbeKind.LINEAR or scores.mean > 0.5


def refusals(task_type, labels, classes, split):
    ids = tuple(map(str, range(len(labels))))
    return {
        issue.code for issue in check_splits(LabelSet(task_type, ids, labels, classes), (split,))
    }


def test_what_no_probe_can_learn_or_no_metric_measure_is_refused_before_scoring():
    split = Split(train=np.array([0, 1, 2]), test=np.array([3, 4]))
    binary, some = TaskType.BINARY, ("no", "yes")
    assert refusals(binary, np.array([0, 0, 0, 1, 0]), some, split) == {"train_lacks_class"}
    assert refusals(binary, np.array([0, 1, 1, 0, 0]), some, split) == {"test_lacks_positives"}
    ones = np.array([[1, 0], [1, 0], [1, 1], [1, 0], [0, 1]])
    assert refusals(TaskType.MULTILABEL, ones, ("a", "b"), split) == {"train_lacks_others"}
    assert refusals(TaskType.REGRESSION, np.array([1.0, 1, 1, 2, 3]), (), split) == {
        "train_constant"
    }


def tenfold(split):
    """The split of ten copies of every row, those of one row on one side."""
    train, test = (
        (10 * part[:, None] + np.arange(10)).ravel() for part in (split.train, split.test)
    )
    return Split(train=train, test=test)


@pytest.mark.parametrize("task_type", TaskType)
def test_ten_copies_of_every_row_on_one_side_of_each_split_score_as_one(task_type):
    copied = score(
        np.repeat(E, 10, axis=0),
        task_type,
        labels=np.repeat(LABELS[task_type], 10, axis=0),
        splits=tuple(tenfold(split) for split in SPLITS),
    )
    # Not to the last digit: leaving one of ten copies out teaches a penalty little.
    assert copied.mean == pytest.approx(score(E, task_type).mean, abs=0.05)


def test_copies_on_both_sides_of_a_split_make_noise_predictable_so_readers_refuse_equal_ids():
    noise, labels = RNG.normal(size=(60, 3)), np.arange(60) % 2
    whole, ten = (shuffle_splits(n, SplitSpec(8, 0.2)) for n in (60, 600))
    once = score(noise, TaskType.BINARY, ProbeKind.KNN, labels=labels, splits=whole)
    copies, theirs = np.repeat(noise, 10, axis=0), np.repeat(labels, 10)
    torn = score(copies, TaskType.BINARY, ProbeKind.KNN, labels=theirs, splits=ten)
    assert once.mean < 0.7
    assert torn.mean > 0.95
