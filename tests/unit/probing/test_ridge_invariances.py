"""What must not change a ridge, and what must not break it."""

import numpy as np
import pytest

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing import prepare
from probeboard.probing.axes import rotate_rows
from probeboard.probing.ridge import fit_ridge

RNG = np.random.default_rng(21)
N, D = 160, 24
E = RNG.normal(size=(N, D)) * np.arange(1, D + 1) ** -1.0 + RNG.normal(size=D)
Y = np.stack([E @ RNG.normal(size=D), RNG.normal(size=N)], axis=1)
Y = (Y - Y.mean(axis=0)) / Y.std(axis=0)
ROTATION = np.linalg.qr(RNG.normal(size=(D, D)))[0]
WIDE = np.hstack([E, E**2, E**3, np.sin(9 * E), np.cos(5 * E)])


def fit(matrix, y=Y, rows=None, splits=None):
    matrix = np.asarray(matrix, dtype=np.float64)
    rows = np.arange(len(matrix)) if rows is None else rows
    splits = splits or shuffle_splits(len(rows), SplitSpec(n_splits=4))
    fits = fit_ridge(rotate_rows(matrix, rows), y, splits)
    return np.concatenate([one.predicted for one in fits]), np.array([f.penalties for f in fits])


CHANGES = {
    "scaled": lambda matrix: matrix * -1e-3,
    "in a unit of 1e30": lambda matrix: matrix * 1e30,
    "in a unit of 1e-30": lambda matrix: matrix * 1e-30,
    "shifted": lambda matrix: matrix + 20.0,
    "signs flipped": lambda matrix: matrix * np.where(np.arange(matrix.shape[1]) % 3, 1, -1),
    "dimensions permuted": lambda matrix: np.roll(matrix[:, ::-1], 5, axis=1),
    "rotated": lambda matrix: matrix @ np.kron(np.eye(matrix.shape[1] // D), ROTATION),
}


@pytest.mark.parametrize("matrix", [E, WIDE, WIDE[:, : 5 * D]], ids=["many", "about", "few"])
@pytest.mark.parametrize("change", CHANGES)
def test_the_same_information_gets_the_same_predictions_and_penalties(matrix, change):
    predicted, penalties = fit(matrix)
    again, same = fit(CHANGES[change](matrix))
    np.testing.assert_allclose(again, predicted, atol=1e-7)
    np.testing.assert_allclose(same, penalties, rtol=1e-6)


@pytest.mark.parametrize("matrix", [E, WIDE], ids=["many", "few"])
def test_the_order_of_rows_changes_nothing(matrix):
    order = RNG.permutation(N)
    place = np.argsort(order)
    splits = shuffle_splits(N, SplitSpec(n_splits=4))
    moved = tuple(Split(train=place[s.train], test=place[s.test]) for s in splits)
    predicted, penalties = fit(matrix, splits=splits)
    again, same = fit(matrix[order], Y[order], splits=moved)
    np.testing.assert_allclose(again, predicted, atol=1e-7)
    np.testing.assert_allclose(same, penalties, rtol=1e-6)


@pytest.mark.parametrize("matrix", [E, WIDE], ids=["many", "few"])
def test_shifting_and_scaling_labels_shifts_and_scales_predictions(matrix):
    predicted, penalties = fit(matrix)
    again, same = fit(matrix, 5.0 - 3.0 * Y)
    np.testing.assert_allclose(again, 5.0 - 3.0 * predicted, atol=1e-7)
    np.testing.assert_allclose(same, penalties, rtol=1e-9)


def test_rows_that_no_task_asks_for_change_nothing():
    predicted, _ = fit(E)
    far = np.vstack([E, np.full((3, D), 1e30)])
    again, _ = fit(far, rows=np.arange(N))
    np.testing.assert_array_equal(again, predicted)


def outlier(place):
    matrix = E.copy()
    matrix[place] = 1e30
    return matrix


DEGENERATE = {
    "all zero": np.zeros((N, D)),
    "all rows equal": np.tile(E[0], (N, 1)),
    "one column": E[:, :1],
    "one constant column": np.full((N, 1), 0.1),
    "constant columns": np.hstack([E, np.full((N, 40), 1e6 + 0.1)]),
    "duplicate columns": np.tile(E, (1, 3)),
    "collinear columns": E[:, :4] @ RNG.normal(size=(4, 90)),
    "duplicate rows": np.repeat(E[: N // 4], 4, axis=0),
    "more columns than rows": RNG.normal(size=(N, 300)),
    "as many columns as rows": RNG.normal(size=(N, N)),
    "as many columns as training rows": RNG.normal(size=(N, N - 16)),
    "one value of 1e30": outlier((3, 2)),
    "many values of 1e30": outlier((slice(None, None, 7), 1)),
    "of 1e-30": E * 1e-30,
    "of 1e30": E * 1e30,
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("labels", ["ordinary", "constant", "an outlier of 100 sd"])
def test_degenerate_embeddings_and_labels_give_finite_predictions(name, labels):
    y = {"ordinary": Y, "constant": np.ones((N, 2)), "an outlier of 100 sd": Y.copy()}[labels]
    if labels == "an outlier of 100 sd":
        y[7] = 100.0
    few = Split(train=np.arange(4), test=np.arange(4, 60))
    splits = (*shuffle_splits(N, SplitSpec(n_splits=3)), few)
    axes = prepare(DEGENERATE[name].astype(np.float32)).axes(np.arange(N))
    for one in fit_ridge(axes, y, splits):
        assert np.isfinite(one.predicted).all()
        assert (one.penalties > 0).all()
        if labels == "constant":
            np.testing.assert_allclose(one.predicted, 1.0, atol=1e-12)


@pytest.mark.parametrize("name", ["all zero", "all rows equal", "one constant column"])
def test_embeddings_without_information_predict_the_mean(name):
    splits = shuffle_splits(N, SplitSpec(n_splits=3))
    for split, one in zip(
        splits,
        fit_ridge(prepare(DEGENERATE[name].astype(np.float32)).axes(np.arange(N)), Y, splits),
        strict=True,
    ):
        expected = np.broadcast_to(Y[split.train].mean(axis=0), one.predicted.shape)
        np.testing.assert_allclose(one.predicted, expected, atol=1e-9)


@pytest.mark.parametrize("d", [1, 2, 50])
def test_three_samples_are_enough(d):
    X = RNG.normal(size=(3, d))
    splits = tuple(Split(train=np.delete(np.arange(3), i), test=np.array([i])) for i in range(3))
    for one in fit_ridge(rotate_rows(X, np.arange(3)), np.array([1.0, -1.0, 0.5]), splits):
        assert np.isfinite(one.predicted).all()


def test_noiseless_labels_are_predicted_perfectly():
    y = E @ RNG.normal(size=D)
    y = (y - y.mean()) / y.std()
    splits = shuffle_splits(N, SplitSpec(n_splits=4))
    for split, one in zip(splits, fit_ridge(rotate_rows(E, np.arange(N)), y, splits), strict=True):
        np.testing.assert_allclose(one.predicted, y[split.test], atol=1e-4)
