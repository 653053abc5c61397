"""Nearest neighbours held to scikit-learn, and retrieval to a naive loop."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from probeboard.labelsets import Split, SplitSpec, TaskType, shuffle_splits
from probeboard.probing import Probe, ProbeKind, ProbeTask, get_scorer, neighbours, prepare
from probeboard.probing import score_task as score
from probeboard.probing.knn import fit_knn
from probeboard.probing.neighbours import nearest
from probeboard.probing.retrieval import retrieve

EXACT = get_scorer("exact", 1)
RNG = np.random.default_rng(3)
N, D = 150, 6
E = RNG.normal(size=(N + 20, D)).astype(np.float32)
ROWS = RNG.permutation(N + 20)[:N]
X = E[ROWS]
SPLITS = shuffle_splits(N, SplitSpec(n_splits=6))
SIGNAL = X @ RNG.normal(size=D) + 0.3 * RNG.normal(size=N)
LABELS = {
    TaskType.REGRESSION: 100.0 * SIGNAL,
    TaskType.BINARY: (SIGNAL > 0.5).astype(np.int64),
    TaskType.MULTICLASS: np.digitize(SIGNAL, [-1.0, 0.5]).astype(np.int64),
    TaskType.MULTILABEL: (X[:, :4] > [0.0, 0.5, -1.0, 3.0]).astype(np.int64),
}
CLASSED = [task_type for task_type in TaskType if task_type is not TaskType.REGRESSION]


def task(task_type, kind=ProbeKind.KNN, *, signs=False, labels=None, splits=SPLITS, rows=ROWS):
    labels = LABELS[task_type] if labels is None else labels
    return ProbeTask("t", task_type, rows, labels, splits, Probe(kind, signs=signs))


def reference_input(*, signs):
    """What scikit-learn is given: rows centred over all samples, or their signs."""
    centred = E.astype(np.float64) - E.mean(axis=0, dtype=np.float64)
    return (centred > 0)[ROWS] if signs else centred[ROWS]


@pytest.mark.parametrize("task_type", CLASSED)
def test_votes_equal_scikit_learns(task_type):
    Z = reference_input(signs=False)
    for split, shares in zip(SPLITS, fit_knn(prepare(E), task(task_type)), strict=True):
        model = KNeighborsClassifier(n_neighbors=5, metric="cosine", algorithm="brute")
        model.fit(Z[split.train], LABELS[task_type][split.train])
        expected = model.predict_proba(Z[split.test])
        if task_type is TaskType.BINARY:
            expected = expected[:, 1]
        if task_type is TaskType.MULTILABEL:  # a label no one has has one column, of its absence
            expected = np.stack(
                [one[:, 1] if one.shape[1] > 1 else 1 - one[:, 0] for one in expected]
            ).T
        np.testing.assert_allclose(shares, expected, atol=1e-12)


@pytest.mark.parametrize("targets", [1, 3])
def test_means_of_labels_equal_scikit_learns(targets):
    labels = SIGNAL if targets == 1 else SIGNAL[:, None] * [1.0, -50.0, 1e6] + X[:, :3]
    Z = reference_input(signs=False)
    scores = score(prepare(E), task(TaskType.REGRESSION, labels=labels), scorer=EXACT)
    assert scores.metric == "r2"
    assert scores.penalties.shape == (0,)
    for number, split in enumerate(SPLITS):
        model = KNeighborsRegressor(n_neighbors=5, metric="cosine", algorithm="brute")
        model.fit(Z[split.train], labels[split.train])
        np.testing.assert_allclose(
            scores.predictions[number], model.predict(Z[split.test]), rtol=1e-5, atol=1e-6
        )
        expected = model.score(Z[split.test], labels[split.test])
        assert scores.split_scores[number] == pytest.approx(expected, abs=1e-9)


def naive(Z, split, count, similarity):
    """Sort all training rows for each test row; of equals the first in the label set."""
    found = []
    for query in split.test:
        likeness = {int(row): similarity(Z[query], Z[row]) for row in split.train}
        found.append(sorted(likeness, key=lambda row: (-likeness[row], row))[:count])
    return np.array(found)


@pytest.mark.parametrize("count", [1, 5, 20])
def test_by_signs_the_neighbours_are_those_with_the_fewest_differing_and_ties_go_by_place(count):
    bits = reference_input(signs=True)  # 6 bits, 150 rows: ties everywhere
    found = nearest(prepare(E), ROWS, SPLITS, count=count, signs=True)
    for split, ours in zip(SPLITS, found, strict=True):
        expected = naive(bits, split, count, lambda a, b: int((a == b).sum()))
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("bound", [1, 8 * N * 7, 1 << 25])
def test_the_neighbours_do_not_depend_on_how_rows_are_blocked(monkeypatch, bound):
    expected = nearest(prepare(E), ROWS, SPLITS, count=5)
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", bound)
    for ours, first in zip(nearest(prepare(E), ROWS, SPLITS, count=5), expected, strict=True):
        np.testing.assert_array_equal(ours, first)


def test_of_copies_the_first_in_the_label_set_is_nearer():
    copies = np.repeat(RNG.normal(size=(20, 3)), 10, axis=0).astype(np.float32)
    order = RNG.permutation(200)
    split = Split(train=order[20:], test=order[:20])
    found = nearest(prepare(copies), np.arange(200), [split], count=5)[0]
    for query, rows in zip(split.test, found, strict=True):
        own = [row for row in sorted(split.train) if row // 10 == query // 10]
        assert rows.tolist()[: len(own)] == own[:5]


def test_a_zero_vector_is_as_near_to_all_as_what_is_at_right_angles():
    matrix = np.array([[1, 0], [-1, 0], [0, 0], [0, 1], [0, -1]], dtype=np.float32)
    split = Split(train=np.array([0, 1, 3, 4]), test=np.array([2]))
    assert nearest(prepare(matrix), np.arange(5), [split], count=4)[0].tolist() == [[0, 1, 3, 4]]
    other = Split(train=np.array([1, 2, 3]), test=np.array([0]))
    assert nearest(prepare(matrix), np.arange(5), [other], count=3)[0].tolist() == [[2, 3, 1]]


def test_training_parts_smaller_than_k_and_of_any_size_are_served():
    splits = (
        Split(train=np.array([4, 9]), test=np.arange(10, 40)),
        Split(train=np.arange(60, 150), test=np.array([3])),
    )
    found = nearest(prepare(E), ROWS, splits, count=5)
    assert [one.shape for one in found] == [(30, 2), (1, 5)]
    shares = fit_knn(prepare(E), task(TaskType.BINARY, splits=splits))
    assert set(shares[0]) <= {0.0, 0.5, 1.0}


def naive_average_precision(labels, split, query, ranked):
    """AP@20 as its definition reads."""

    def relevant(row):
        if labels.ndim == 1:
            return labels[row] == labels[query]
        return bool(set(np.flatnonzero(labels[row])) & set(np.flatnonzero(labels[query])))

    total = sum(relevant(row) for row in split.train)
    hits, summed = 0, 0.0
    for place, row in enumerate(ranked[:20], start=1):
        if relevant(row):
            hits += 1
            summed += hits / place
    return summed / min(20, total) if total else 0.0


@pytest.mark.parametrize("signs", [False, True])
@pytest.mark.parametrize("task_type", CLASSED)
def test_average_precisions_equal_a_naive_loops(task_type, signs):
    Z = reference_input(signs=signs)

    def similarity(a, b):
        return int((a == b).sum()) if signs else a @ b / np.sqrt((a @ a) * (b @ b))

    labels = LABELS[task_type]
    wanted = task(task_type, ProbeKind.RETRIEVAL, signs=signs)
    scores = score(prepare(E), wanted, scorer=EXACT)
    assert scores.metric == "map_at_20"
    for number, split in enumerate(SPLITS):
        expected = [
            naive_average_precision(labels, split, query, ranked.tolist())
            for query, ranked in zip(split.test, naive(Z, split, 20, similarity), strict=True)
        ]
        np.testing.assert_allclose(scores.predictions[number], expected, atol=1e-6)
        assert scores.split_scores[number] == pytest.approx(np.mean(expected))


def test_relevant_rows_are_counted_the_same_in_small_blocks(monkeypatch):
    wanted = task(TaskType.MULTILABEL, ProbeKind.RETRIEVAL)
    expected = retrieve(prepare(E), wanted)
    monkeypatch.setattr("probeboard.probing.retrieval.BLOCK_BYTES", 1)
    for ours, first in zip(retrieve(prepare(E), wanted), expected, strict=True):
        np.testing.assert_array_equal(ours, first)


def test_queries_without_a_relevant_row_have_a_precision_of_zero():
    labels = LABELS[TaskType.MULTILABEL].copy()
    labels[SPLITS[0].test[0]] = 0
    first = retrieve(prepare(E), task(TaskType.MULTILABEL, ProbeKind.RETRIEVAL, labels=labels))[0]
    assert first[0] == 0.0
    assert first[1:].min() > 0.0


@pytest.mark.parametrize("kind", [ProbeKind.KNN, ProbeKind.RETRIEVAL])
@pytest.mark.parametrize("signs", [False, True])
def test_scores_know_neither_the_unit_nor_the_origin_of_embeddings(kind, signs):
    wanted = task(TaskType.MULTICLASS, kind, signs=signs)
    expected = score(prepare(E), wanted, scorer=EXACT).split_scores
    moved = E * np.float32(2.0**40) + np.float32(2.0**42)
    scaled = score(prepare(E * np.float32(2.0**-90)), wanted, scorer=EXACT).split_scores
    shifted = score(prepare(moved), wanted, scorer=EXACT).split_scores
    np.testing.assert_allclose(scaled, expected, atol=1e-12)
    np.testing.assert_allclose(shifted, expected, atol=0.03)


@pytest.mark.parametrize("kind", [ProbeKind.KNN, ProbeKind.RETRIEVAL])
def test_by_cosine_a_rotation_changes_nothing(kind):
    wanted = task(TaskType.BINARY, kind)
    rotated = (E.astype(np.float64) @ np.linalg.qr(RNG.normal(size=(D, D)))[0]).astype(np.float32)
    expected = score(prepare(E), wanted, scorer=EXACT).split_scores
    np.testing.assert_allclose(score(prepare(rotated), wanted, scorer=EXACT).split_scores, expected)


@pytest.mark.parametrize("kind", [ProbeKind.KNN, ProbeKind.RETRIEVAL])
@pytest.mark.parametrize(
    "matrix",
    [np.zeros_like(E), E[:, :1], np.where(E > 3, np.float32(1e30), E), E * np.float32(1e-38)],
    ids=["all zero", "one column", "outliers of 1e30", "the smallest floats"],
)
def test_degenerate_embeddings_get_finite_scores(kind, matrix):
    for task_type in CLASSED:
        scores = score(prepare(matrix), task(task_type, kind), scorer=EXACT)
        assert np.isfinite([*scores.split_scores, scores.mean, scores.q]).all()


def test_a_probe_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="not by a linear probe"):
        Probe(signs=True)
    with pytest.raises(ValueError, match="classes to be relevant by"):
        task(TaskType.REGRESSION, ProbeKind.RETRIEVAL)
