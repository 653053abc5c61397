"""Leaving rows out approximately, held to leaving them out."""

import numpy as np
import pytest

from probeboard.labelsets import Split
from probeboard.probing.axes import rotate
from probeboard.probing.classification import fit_logistic
from probeboard.probing.descent import descend
from probeboard.probing.logistic import Curvature
from probeboard.probing.logistic_choice import f1 as choice_f1
from probeboard.probing.logistic_choice import leave_one_out
from probeboard.probing.logistic_path import Training
from probeboard.probing.metrics import f1, macro_f1


def drawn(n: int, d: int, c: int, *, noise: float, seed: int = 0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.arange(1, d + 1) ** -0.5
    X /= X.std()
    logits = 3 * X @ generator.normal(size=(d, c)) + noise * generator.gumbel(size=(n, c))
    return X, logits.argmax(axis=1)


def classes(n: int, d: int, c: int, *, decay: float = 1.0, noise: float = 1.0, seed: int = 0):
    """Embeddings with a falling spectrum, and classes of unequal size."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.arange(1, d + 1) ** -decay
    X = (X - X.mean(axis=0)) / X.std()
    logits = X @ generator.normal(size=(d, c)) + noise * generator.gumbel(size=(n, c))
    return X, (logits - np.log(np.arange(1, c + 1))).argmax(axis=1)


def fitted(axes, y, split, relative):
    """Problems, and a converged fit's logits."""
    training = Training.of(axes, (split,))
    Y = y[None] if y.max() == 1 else np.eye(int(y.max()) + 1)[:, y]
    problems = training.problems(np.array([0]), Y[None, :, training.numbers].astype(np.float32))
    problems = problems.at(relative * training.units)
    start = np.zeros((1, problems.contrasts.shape[1], problems.rows.shape[1]), dtype=np.float32)
    _, logits = descend(problems, start, tolerance=1e-3, max_steps=500)
    return problems, logits


@pytest.mark.parametrize("relative", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize(
    ("n", "d", "c", "noise"),
    [(120, 4, 2, 1.0), (120, 60, 2, 1.0), (120, 60, 2, 0.1), (60, 80, 2, 1.0), (120, 40, 3, 1.0)],
)
def test_logits_are_what_they_are_without_the_row(n, d, c, noise, relative):
    X, y = drawn(n, d, c, noise=noise)
    axes = rotate(X)
    problems, logits = fitted(axes, y, Split(np.arange(n), np.arange(1)), relative)
    approximate = leave_one_out(problems, logits)[0][0]
    some = np.random.default_rng(1).choice(n, 40, replace=False)
    splits = tuple(Split(np.delete(np.arange(n), i), np.array([i])) for i in some)
    exact = fit_logistic(axes, y, splits, relative=np.array([relative]))
    exact = np.concatenate([fit.logits for fit in exact]).T
    within = problems.of_classes(logits)[0][:, some]
    if c > 2:
        within, approximate, exact = (a - a.mean(axis=0) for a in (within, approximate, exact))
    # What leaving out changes is found to within two fifths of it, in the mean.
    missed = np.abs(approximate[:, some] - exact).mean()
    assert missed <= 0.4 * np.abs(within - exact).mean() + 1e-3


@pytest.mark.parametrize("relative", [1e-1, 1e-3, 1e-5])
@pytest.mark.parametrize(("d", "c"), [(150, 2), (150, 4)])
def test_accuracy_left_out_is_that_of_test_rows(d, c, relative):
    """However nearly the fit separates the training rows."""
    X, y = drawn(1300, d, c, noise=2.0)
    split = Split(train=np.arange(500), test=np.arange(500, 1300))
    axes = rotate(X)
    problems, logits = fitted(axes, y, split, relative)
    left_out = leave_one_out(problems, logits)[0][0]
    called = left_out[0] > 0 if c == 2 else left_out.argmax(axis=0)
    fit = fit_logistic(axes, y, (split,), relative=np.array([relative]))[0]
    expected = np.mean(fit.predicted == y[split.test])
    # The standard error of the difference is at most .028.
    assert np.mean(called == y[split.train]) == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize(("n", "d", "c"), [(120, 4, 2), (120, 8, 3)])
@pytest.mark.parametrize("relative", [1e-1, 1e-3])
def test_f1_left_out_is_that_of_leaving_each_row_out(n, d, c, relative):
    X, y = classes(n, d, c)
    axes = rotate(X)
    each = tuple(Split(np.delete(np.arange(n), i), np.array([i])) for i in range(n))
    exact = fit_logistic(axes, y, each, relative=np.array([relative]))
    predicted = np.concatenate([fit.predicted for fit in exact])
    problems, logits = fitted(axes, y, Split(np.arange(n), np.arange(1)), relative)
    approximate = choice_f1(problems, leave_one_out(problems, logits)[0])[0]
    metric = f1 if c == 2 else macro_f1
    assert approximate == pytest.approx(metric(y, predicted), abs=0.03)


def test_rows_of_one_curvature_are_left_out_exactly_as_a_ridge_leaves_them_out():
    """With p = 1/2 everywhere every W is 1/4, and the effective curvature is that."""
    n, d = 50, 10
    X, y = drawn(n, d, 2, noise=1.0)
    axes = rotate(X)
    problems, logits = fitted(axes, y, Split(np.arange(n), np.arange(1)), 0.1)
    moved, curvature = leave_one_out(problems, np.zeros_like(logits))
    np.testing.assert_allclose(curvature.values, n / 4, rtol=1e-4)
    rows = np.concatenate([np.ones((n, 1)), X - X.mean(axis=0)], axis=1)
    H = rows.T @ rows / 4 + float(problems.penalties[0]) * np.diag([0] + d * [1])
    leverage = np.einsum("ij,ji->i", rows, np.linalg.solve(H, rows.T))
    expected = leverage / (1 - leverage / 4) * (0.5 - y)
    np.testing.assert_allclose(moved[0, 0], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("c", [2, 4])
def test_the_mean_curvature_is_the_hessian_where_rows_are_orthogonal(c):
    X, y = drawn(60, 5, c, noise=1.0)
    problems, logits = fitted(rotate(X), y, Split(np.arange(60), np.arange(1)), 0.1)
    p, _ = problems.residuals(np.zeros_like(logits))
    curvature = Curvature.mean(problems, p)
    generator = np.random.default_rng(0)
    direction = generator.normal(size=(1, problems.contrasts.shape[1], 6)).astype(np.float32)
    image = problems.gradient(direction, problems.bend(p, problems.logits(direction)))
    np.testing.assert_allclose(curvature.solve(image), direction, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("c", [2, 3])
def test_the_extrapolation_along_the_path_is_exact_for_one_curvature(c):
    X, y = drawn(60, 5, c, noise=1.0)
    problems, logits = fitted(rotate(X), y, Split(np.arange(60), np.arange(1)), 0.1)
    p, _ = problems.residuals(np.zeros_like(logits))
    right = np.random.default_rng(0).normal(size=(1, len(problems.contrasts.T), 6))
    right = right.astype(np.float32)
    before, after = problems.penalties, problems.penalties / 10
    weights = Curvature.mean(problems, p).solve(right)
    moved = Curvature.mean(problems, p).extrapolate(weights, after - before)
    expected = Curvature.mean(problems.at(after), p).solve(right)
    np.testing.assert_allclose(moved, expected, rtol=1e-3, atol=1e-6)
