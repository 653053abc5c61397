"""Leaving rows out of a decomposition, held to dense systems."""

import numpy as np
import pytest

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing import ridge_choice
from probeboard.probing.axes import rotate
from probeboard.probing.leverage import expected_kept, expected_kept_by_size
from probeboard.probing.ridge import RELATIVE_PENALTIES
from probeboard.probing.ridge_choice import choose
from probeboard.probing.ridge_dense import ResidualMaker
from probeboard.probing.ridge_downdate import NotDowndated, solve_without
from probeboard.probing.ridge_problem import RidgeProblem

RNG = np.random.default_rng(11)


def rows(n, d, decay=1.0):
    X = np.random.default_rng([n, d]).normal(size=(n, d)) * np.arange(1, d + 1) ** -decay
    return (X - X.mean(axis=0)) / X.std()


@pytest.mark.parametrize(("n", "d"), [(60, 7), (60, 25), (30, 1)])
@pytest.mark.parametrize("penalty", [1e-4, 1.0, 1e4])
def test_weights_without_some_rows_solve_the_system_of_the_others(n, d, penalty):
    axes = rotate(rows(n, d))
    Z, S = axes.rows, axes.eigenvalues
    held, right = RNG.permutation(n)[: n // 5], RNG.normal(size=(3, d))
    shrunk = np.tile(1 / (S + penalty), (3, 1))
    weights, _ = solve_without(Z[held], right, shrunk, n=n, tolerance=1e-13)
    others = np.delete(Z, held, axis=0)
    others = others - others.mean(axis=0)
    expected = np.linalg.solve(others.T @ others + penalty * np.eye(d), right.T).T
    np.testing.assert_allclose(weights, expected, rtol=1e-7, atol=1e-10)


def test_what_is_left_of_the_labels_held_out_is_minus_their_prediction():
    axes = rotate(rows(50, 6))
    held, others = np.arange(10), np.arange(10, 50)
    y = np.zeros((1, 50))
    y[0, others] = RNG.normal(size=40)
    y[0, others] -= y[0, others].mean()
    shrunk = 1 / (axes.eigenvalues[None] + 0.3)
    weights, left = solve_without(axes.rows[held], y @ axes.rows, shrunk, n=50, tolerance=1e-13)
    shift = axes.rows[others].mean(axis=0)
    np.testing.assert_allclose(left, -(axes.rows[held] - shift) @ weights.T, atol=1e-10)


def test_rows_that_leave_nothing_over_are_not_downdated():
    axes = rotate(rows(12, 4))
    held = np.concatenate([axes.rows, axes.rows])  # more than there are
    with pytest.raises(NotDowndated):
        solve_without(
            held, np.ones((1, 4)), 1 / (axes.eigenvalues[None] + 1e-9), n=12, tolerance=1e-9
        )


@pytest.mark.parametrize(("n", "d"), [(40, 30), (40, 60), (40, 40)])
def test_the_residual_maker_is_that_of_a_dense_fit(n, d):
    X = rows(n, d)
    maker = ResidualMaker.of(rotate(X))
    for penalty in (1e-3, 1.0, 100.0):
        hat = X @ np.linalg.solve(X.T @ X + penalty * np.eye(d), X.T) + 1 / n
        np.testing.assert_allclose(maker.at(penalty, single=False), np.eye(n) - hat, atol=1e-9)
        single = maker.at(penalty, single=True)
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, np.eye(n) - hat, atol=1e-5)


@pytest.mark.parametrize("decay", [0.0, 1.5, 3.0])
@pytest.mark.parametrize("noise", [0.1, 1.0, 30.0])
def test_trying_a_few_penalties_chooses_what_trying_all_chooses(monkeypatch, decay, noise):
    X = rows(240, 20, decay)
    generator = np.random.default_rng(12)
    y = X @ generator.normal(size=20)
    y = (y / y.std() + noise * generator.normal(size=240))[:, None]
    splits = shuffle_splits(240, SplitSpec(n_splits=20))
    few = choose(RidgeProblem(rotate(X), y, splits, RELATIVE_PENALTIES))
    monkeypatch.setattr(ridge_choice, "WINDOW", 1)
    one = choose(RidgeProblem(rotate(X), y, splits, RELATIVE_PENALTIES))
    monkeypatch.setattr(ridge_choice, "WINDOW", 15)
    every = choose(RidgeProblem(rotate(X), y, splits, RELATIVE_PENALTIES))
    assert (few == every).all()
    assert (one == every).all()


def test_expected_leverages_of_sizes_between_lie_on_a_parabola():
    axes, penalties = rotate(rows(150, 30)), np.array([1e-3, 1.0, 30.0])
    sizes = np.array([100, 110, 122, 135, 140])
    between = expected_kept_by_size(axes, penalties, sizes)
    for number, size in enumerate(sizes):
        exact = expected_kept(axes, penalties, train=size)
        np.testing.assert_allclose(between[:, number], exact, rtol=0.03)
    assert expected_kept_by_size(axes, penalties, sizes) is between


def test_held_out_rows_with_nearly_all_the_variance_leave_nothing_to_choose_by():
    X = rows(200, 5)
    X[:20] *= 1e6
    split = Split(train=np.arange(20, 200), test=np.arange(20))
    problem = RidgeProblem(rotate(X), RNG.normal(size=(200, 2)), (split,), RELATIVE_PENALTIES)
    assert choose(problem).tolist() == [[-1, -1]]
