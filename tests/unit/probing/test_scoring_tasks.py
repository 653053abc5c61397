"""A task's scores: invariances, degenerate embeddings, and what the receipt says."""

import subprocess
import sys

import numpy as np
import pytest

from probeboard.labelsets import Split, SplitSpec, TaskType, shuffle_splits
from probeboard.probing import (
    METRIC,
    ProbeTask,
    UnknownScorer,
    get_scorer,
    package_versions,
    prepare,
    score_task,
)

EXACT = get_scorer("exact", 1)
N, D = 240, 10
RNG = np.random.default_rng(7)
E = (RNG.normal(size=(N, D)) * np.arange(1, D + 1) ** -1.0 + 3.0).astype(np.float32)
SIGNAL = E @ RNG.normal(size=D) + 0.3 * RNG.normal(size=N)
LABELS = {
    TaskType.REGRESSION: SIGNAL,
    TaskType.BINARY: (np.quantile(SIGNAL, 0.6) < SIGNAL).astype(np.int64),
    TaskType.MULTICLASS: np.digitize(SIGNAL, np.quantile(SIGNAL, [0.5, 0.8])).astype(np.int64),
}
TYPES = list(LABELS)


def score(matrix, task_type, *, labels=None, rows=None, spec=None, splits=None):
    labels = LABELS[task_type] if labels is None else labels
    rows = np.arange(len(labels)) if rows is None else rows
    splits = splits or shuffle_splits(len(labels), spec or SplitSpec(n_splits=8))
    task = ProbeTask("t", task_type, rows, labels, splits)
    return score_task(prepare(matrix), task, scorer=EXACT)


@pytest.mark.parametrize("task_type", TYPES)
def test_a_task_is_scored_on_every_split_and_summarised(task_type):
    scores = score(E, task_type, spec=SplitSpec())
    assert scores.metric == METRIC[task_type]
    assert scores.split_scores.shape == scores.penalties.shape == (40,)
    assert 0.6 < scores.mean <= 1.0
    assert scores.mean == pytest.approx(scores.split_scores.mean())
    assert scores.std == pytest.approx(scores.split_scores.std())
    assert scores.q == pytest.approx(2 * scores.mean / (0.02 + scores.std))
    spread = scores.split_scores.std(ddof=1)
    assert scores.standard_error == pytest.approx(spread * np.sqrt(1 / 40 + 24 / 216))


@pytest.mark.parametrize("task_type", TYPES)
def test_scores_are_the_same_to_the_last_bit_when_repeated(task_type):
    first, second = score(E, task_type), score(E.copy(), task_type)
    assert first.split_scores.tobytes() == second.split_scores.tobytes()
    assert first.penalties.tobytes() == second.penalties.tobytes()


def rotation():
    return np.linalg.qr(RNG.normal(size=(D, D)))[0]


CHANGES = {
    "scaled": lambda matrix: matrix * 256,
    "shifted": lambda matrix: matrix + np.float32(2.0),
    "signs flipped": lambda matrix: matrix * np.where(np.arange(D) % 2, 1, -1),
    "dimensions permuted": lambda matrix: matrix[:, ::-1],
    "rotated": lambda matrix: matrix.astype(np.float64) @ rotation(),
}


@pytest.mark.parametrize("task_type", TYPES)
@pytest.mark.parametrize("change", CHANGES)
def test_what_carries_the_same_information_gets_the_same_scores(task_type, change):
    changed = CHANGES[change](E).astype(np.float32)
    first, second = score(E, task_type), score(changed, task_type)
    np.testing.assert_allclose(second.split_scores, first.split_scores, atol=2e-5)


@pytest.mark.parametrize("task_type", TYPES)
def test_the_order_of_the_embeddings_rows_changes_nothing(task_type):
    order = RNG.permutation(N)
    first = score(E, task_type)
    second = score(E[order], task_type, rows=np.argsort(order))
    np.testing.assert_allclose(second.split_scores, first.split_scores, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-90, 1.0, 1e90])
def test_the_unit_of_the_labels_changes_nothing(scale):
    first = score(E, TaskType.REGRESSION)
    second = score(E, TaskType.REGRESSION, labels=scale * (SIGNAL * 5 - 300))
    np.testing.assert_allclose(second.split_scores, first.split_scores, atol=1e-9)


@pytest.mark.parametrize("task_type", TYPES)
def test_samples_without_a_label_do_not_change_the_scores(task_type):
    """Only their share in the scale, which the probes are invariant to."""
    more = np.vstack([E, 10 * E[:50]])
    first, second = score(E, task_type), score(more, task_type, rows=np.arange(N))
    np.testing.assert_allclose(second.split_scores, first.split_scores, atol=1e-6)


def test_permuted_labels_cannot_be_predicted():
    generator = np.random.default_rng(0)
    means = [
        score(E, TaskType.REGRESSION, labels=generator.permutation(SIGNAL)).mean for _ in range(5)
    ]
    assert np.mean(means) <= 0.02


DEGENERATE = {
    "all zero": np.zeros((N, D)),
    "constant columns": np.tile(RNG.normal(size=D) * 1e6 + 0.1, (N, 1)),
    "one column": E[:, :1],
    "one constant column": np.full((N, 1), 0.1),
    "duplicate columns": np.repeat(E, 4, axis=1),
    "zero padded": np.hstack([E, np.zeros((N, 90))]),
    "more columns than rows": RNG.normal(size=(N, 250)),
    "about as many columns as rows": RNG.normal(size=(N, 180)),
    "duplicate rows": np.repeat(E[:60], 4, axis=0),
    "one outlier of 1e30": np.where(np.arange(N * D).reshape(N, D) == 17, 1e30, E),
    "an outlier in most splits": np.where(np.arange(N * D).reshape(N, D) % 301 == 0, 1e30, E),
    "the largest floats": E / np.abs(E).max() * np.finfo(np.float32).max,
    "the smallest floats": E * 1e-38,
}


@pytest.mark.parametrize("task_type", TYPES)
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_embeddings_get_finite_scores_without_a_warning(task_type, name):
    scores = score(DEGENERATE[name].astype(np.float32), task_type)
    figures = [scores.mean, scores.std, scores.q, scores.standard_error]
    assert np.isfinite(figures).all()
    assert np.isfinite(scores.split_scores).all()
    assert (scores.penalties > 0).all()


@pytest.mark.parametrize("name", ["all zero", "constant columns", "one constant column"])
def test_constant_embeddings_explain_nothing(name):
    scores = score(DEGENERATE[name].astype(np.float32), TaskType.REGRESSION)
    assert -0.2 < scores.mean <= 0.0


@pytest.mark.parametrize("name", ["duplicate columns", "zero padded"])
@pytest.mark.parametrize("task_type", TYPES)
def test_columns_that_add_nothing_change_little(task_type, name):
    first, second = score(E, task_type), score(DEGENERATE[name].astype(np.float32), task_type)
    assert second.mean == pytest.approx(first.mean, abs=0.03)


def test_a_label_far_out_gives_finite_scores_floored_where_they_count():
    labels = SIGNAL.copy()
    labels[5] = 1e9
    scores = score(E, TaskType.REGRESSION, labels=labels, spec=SplitSpec(n_splits=20))
    assert scores.split_scores.min() < -1.0
    assert -1.0 <= scores.mean < 0.0


def test_predicting_a_noiseless_label_is_perfect():
    noiseless = score(E, TaskType.REGRESSION, labels=E.astype(np.float64) @ np.arange(1.0, D + 1))
    assert noiseless.mean > 1 - 1e-9


def test_separable_classes_are_separated():
    labels = (E[:, 0] > 3.0).astype(np.int64)
    separated = np.where(labels[:, None] == 1, E + 50, E).astype(np.float32)
    assert score(separated, TaskType.BINARY, labels=labels).mean == 1.0


def test_a_scorer_that_does_not_exist_is_refused_by_name():
    assert get_scorer("exact") is EXACT
    with pytest.raises(UnknownScorer, match="exact@9"):
        get_scorer("exact", 9)
    with pytest.raises(UnknownScorer, match="there are: exact@1"):
        get_scorer("guess")


def test_a_task_that_makes_no_sense_is_refused():
    two = shuffle_splits(N, SplitSpec(n_splits=2))
    with pytest.raises(ValueError, match="as many rows as labels"):
        ProbeTask("t", TaskType.REGRESSION, np.arange(3), SIGNAL, two)
    with pytest.raises(ValueError, match="at least one split"):
        ProbeTask("t", TaskType.REGRESSION, np.arange(N), SIGNAL, ())


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (np.zeros((0, 3)), "shape"),
        (np.zeros(3), "shape"),
        (np.array([[np.nan]]), "finite"),
        (np.array([[np.inf, 1.0]]), "finite"),
    ],
)
def test_embeddings_that_are_no_finite_matrix_are_not_prepared(matrix, reason):
    with pytest.raises(ValueError, match=reason):
        prepare(matrix.astype(np.float32))


def test_preparing_centres_each_dimension_and_divides_by_one_scalar():
    prepared = prepare(E)
    expected = E - E.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(prepared.matrix, expected / expected.std(), atol=1e-12)
    assert prepared.scale == pytest.approx(expected.std())
    with pytest.raises(ValueError, match="read-only"):
        prepared.matrix[0, 0] = 1.0


def test_predefined_splits_need_not_share_a_size():
    splits = (
        Split(train=np.arange(100, N), test=np.arange(100)),
        Split(train=np.arange(200), test=np.arange(200, N)),
    )
    for task_type in TYPES:
        assert score(E, task_type, splits=splits).mean > 0.5


def test_the_receipt_names_what_computed_the_scores():
    versions = package_versions()
    assert versions["numpy"] == np.__version__
    assert set(versions) == {"python", "numpy", "scipy", "scikit-learn", "blas", "blas_kernel"}
    assert all(versions.values())
    assert versions["blas_kernel"] != "unknown"


def test_importing_the_probes_does_not_load_scikit_learn():
    code = "import sys, probeboard.probing; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
