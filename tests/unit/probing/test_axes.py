"""Principal axes of rows that are never all in double precision."""

import numpy as np
import pytest

from probeboard.labelsets import Split
from probeboard.probing import prepare
from probeboard.probing.axes import BLOCK, CentredRows, rotate, rotate_rows

RNG = np.random.default_rng(2)


@pytest.mark.parametrize(("n", "d"), [(30, 5), (5, 30), (20, 20), (2 * BLOCK + 7, 3), (1, 4)])
def test_coordinates_keep_all_inner_products_and_are_uncorrelated(n, d):
    X = RNG.normal(size=(n, d)) * 3 + 5
    axes = rotate(X)
    centred = X - X.mean(axis=0)
    np.testing.assert_allclose(axes.rows @ axes.rows.T, centred @ centred.T, atol=1e-9)
    np.testing.assert_allclose(axes.rows.T @ axes.rows, np.diag(axes.eigenvalues), atol=1e-8)
    assert (np.diff(axes.eigenvalues) >= 0).all()
    assert axes.design.shape == axes.single.shape == (n, 1 + min(n, d))
    assert (axes.single[:, 0] == 1).all()
    np.testing.assert_allclose(axes.single, axes.design, atol=1e-5)
    np.testing.assert_allclose(axes.squares, (centred**2).sum(axis=1), atol=1e-9)
    assert axes.dims == d


@pytest.mark.parametrize(("n", "d"), [(30, 5), (20, 30), (2 * BLOCK + 7, 3), (1, 4)])
def test_rough_axes_are_axes_and_coordinates_along_them_are_uncorrelated_up_to_rounding(n, d):
    X = (RNG.normal(size=(n, d)) * 3 + 5).astype(np.float32)
    rough = rotate_rows(X, np.arange(n)).rough
    np.testing.assert_allclose(rough.vectors.T @ rough.vectors, np.eye(d), atol=1e-5)
    centred = rough.source.take(np.arange(n))
    assert rough.single.shape == (n, 1 + d)
    assert (rough.single[:, 0] == 1).all()
    np.testing.assert_allclose(rough.single[:, 1:], centred @ rough.vectors, atol=1e-5)
    left = rough.single[:, 1:].T @ rough.single[:, 1:] - np.diag(rough.eigenvalues)
    assert np.abs(left).max() <= 1e-5 * max(rough.eigenvalues.max(), 1)
    assert (rough.eigenvalues >= 0).all()


def test_rows_are_centred_on_their_own_mean_in_the_order_asked_for():
    matrix = RNG.normal(size=(50, 4)).astype(np.float32)
    numbers = np.array([7, 3, 44, 12])
    rows = CentredRows.of(matrix, numbers)
    expected = matrix[numbers].astype(np.float64)
    expected -= expected.mean(axis=0)
    np.testing.assert_allclose(rows.take(np.arange(4)), expected, atol=1e-15)
    np.testing.assert_array_equal(rows.take(np.array([2, 0])), rows.take(np.arange(4))[[2, 0]])


def test_a_constant_column_is_exactly_zero():
    matrix = np.full((700, 2), 0.1)
    matrix[:, 1] = RNG.normal(size=700)
    rows = CentredRows.of(matrix, np.arange(700))
    assert not rows.take(np.arange(700))[:, 0].any()


@pytest.mark.parametrize("unit", [1e-38, 1e-30, 1.0, 1e30, 1e37])
def test_rows_in_any_unit_are_of_order_one(unit):
    X = RNG.normal(size=(40, 6)).astype(np.float32)
    axes = rotate_rows((X * unit).astype(np.float32), np.arange(40))
    assert axes.eigenvalues.sum() == pytest.approx(40 * 6)
    assert axes.mean_eigenvalue == pytest.approx(40)


def test_variation_is_that_of_the_training_rows_and_zero_if_only_rounding():
    X = RNG.normal(size=(40, 6))
    X[20:] = 1 / 3
    axes = rotate(X)
    split = Split(train=np.arange(25), test=np.arange(25, 40))
    expected = ((X[:25] - X[:25].mean(axis=0)) ** 2).sum()
    assert axes.variation(split) == pytest.approx(expected)
    assert axes.variation(Split(train=np.arange(20, 40), test=np.arange(20))) == 0.0


def test_preparing_copies_nothing_until_it_is_asked_for():
    matrix = RNG.normal(size=(30, 4)).astype(np.float32)
    prepared = prepare(matrix)
    assert np.shares_memory(prepared.values, matrix)
    with pytest.raises(ValueError, match="read-only"):
        prepared.values[0] = 0
    some = np.array([4, 2])
    np.testing.assert_array_equal(prepared.centred(some), prepared.matrix[some])
    assert prepared.matrix is prepared.matrix
