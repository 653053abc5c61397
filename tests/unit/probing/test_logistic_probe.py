"""Logistic regression on every split, held to scikit-learn."""

import dataclasses

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing import classification, descent, logistic
from probeboard.probing.axes import rotate
from probeboard.probing.classification import RELATIVE_PENALTIES, fit_logistic
from probeboard.probing.metrics import f1, macro_f1


def classes(n: int, d: int, c: int, *, decay: float = 1.0, noise: float = 1.0, seed: int = 0):
    """Embeddings with a falling spectrum, and classes of unequal size."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.arange(1, d + 1) ** -decay
    X = (X - X.mean(axis=0)) / X.std()
    logits = X @ generator.normal(size=(d, c)) + noise * generator.gumbel(size=(n, c))
    return X, (logits - np.log(np.arange(1, c + 1))).argmax(axis=1)


def reference(X, y, split, penalty):
    # At tol=1e-8 scikit-learn's own logits of nearly separable classes are off by up to 4e-3.
    model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-11, max_iter=1000)
    return model.fit(X[split.train], y[split.train])


def centred(logits):
    """Logits without the constant that softmax ignores."""
    return logits - logits.mean(axis=1, keepdims=True) if logits.shape[1] > 1 else logits


SHAPES = [(300, 12, 2), (300, 12, 5), (80, 100, 2), (80, 100, 3)]


@pytest.mark.parametrize(("n", "d", "c"), SHAPES)
def test_logits_and_f1_equal_scikit_learns_on_every_split_at_the_chosen_penalty(n, d, c):
    X, y = classes(n, d, c)
    splits = shuffle_splits(n, SplitSpec(n_splits=12))
    for split, fit in zip(splits, fit_logistic(rotate(X), y, splits), strict=True):
        theirs = reference(X, y, split, fit.penalty)
        logits = theirs.decision_function(X[split.test]).reshape(len(split.test), -1)
        np.testing.assert_allclose(centred(fit.logits), centred(logits), atol=1e-5)
        predicted = theirs.predict(X[split.test])
        if c == 2:
            expected = f1_score(y[split.test], predicted, zero_division=0)
            assert f1(y[split.test], fit.predicted) == expected
        else:
            expected = f1_score(y[split.test], predicted, average="macro")
            assert macro_f1(y[split.test], fit.predicted) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("relative", RELATIVE_PENALTIES[[0, 2, 4]])
@pytest.mark.parametrize(("n", "d", "c"), SHAPES)
def test_logits_equal_scikit_learns_at_any_penalty_of_the_path(n, d, c, relative):
    X, y = classes(n, d, c, noise=0.1)
    splits = shuffle_splits(n, SplitSpec(n_splits=4))
    fits = fit_logistic(rotate(X), y, splits, relative=np.array([relative]))
    for split, fit in zip(splits, fits, strict=True):
        theirs = reference(X, y, split, fit.penalty)
        logits = theirs.decision_function(X[split.test]).reshape(len(split.test), -1)
        np.testing.assert_allclose(centred(fit.logits), centred(logits), atol=1e-5)


def test_with_one_block_per_class_the_minimum_is_the_same(monkeypatch):
    X, y = classes(200, 10, 4)
    splits = shuffle_splits(200, SplitSpec(n_splits=4))
    whole = fit_logistic(rotate(X), y, splits)
    monkeypatch.setattr(logistic, "LARGEST_HESSIAN", 11)
    blocks = fit_logistic(rotate(X), y, splits)
    for first, second in zip(whole, blocks, strict=True):
        np.testing.assert_allclose(centred(first.logits), centred(second.logits), atol=1e-5)


def test_the_curvature_of_several_splits_is_their_mean():
    X, y = classes(100, 6, 3)
    fits = classification._fits(rotate(X), y, shuffle_splits(100, SplitSpec(n_splits=3)))
    weights = np.random.default_rng(0).normal(size=(7, 3, 3))
    each = [
        logistic.curvature(fits.take(np.array([i])), weights[..., [i]]).blocks[0] for i in range(3)
    ]
    shared = logistic.curvature(fits, weights)
    np.testing.assert_allclose(shared.blocks[0], np.mean(each, axis=0), atol=1e-12)
    np.testing.assert_allclose(shared.scaled(2.0).blocks[0], 2 * shared.blocks[0])


@pytest.mark.parametrize("c", [2, 4])
def test_the_curvature_is_the_derivative_of_the_gradient(c):
    X, y = classes(60, 3, c)
    fits = classification._fits(rotate(X), y, shuffle_splits(60, SplitSpec(n_splits=2))).take(
        np.array([1])
    )
    width = len(fits.Y)
    weights = np.random.default_rng(0).normal(size=(4, width, 1))

    def gradient(w):
        return fits.gradient(w, fits.value(w, fits.logits(w))[1])

    H = logistic.curvature(fits, weights).blocks[0]
    step = 1e-6 * np.random.default_rng(1).normal(size=weights.shape)
    change = gradient(weights + step) - gradient(weights - step)
    flat = 2 * step.transpose(1, 0, 2).reshape(-1)
    np.testing.assert_allclose(change.transpose(1, 0, 2).reshape(-1), H @ flat, atol=1e-9)


def test_a_split_the_shared_preconditioner_does_not_serve_is_still_fitted(monkeypatch):
    X, y = classes(150, 8, 3)
    splits = shuffle_splits(150, SplitSpec(n_splits=3))
    expected = fit_logistic(rotate(X), y, splits)
    calls = []

    def give_up(fits, start, *, precondition, tolerance, max_steps=50):
        shared = max_steps == 50 and tolerance == classification.FINAL_TOLERANCE
        calls.append(shared)
        return descent.minimize(
            fits,
            start,
            precondition=precondition,
            tolerance=tolerance,
            max_steps=0 if shared else max_steps,
        )

    monkeypatch.setattr(classification, "minimize", give_up)
    rescued = fit_logistic(rotate(X), y, splits)
    assert any(calls)
    for first, second in zip(expected, rescued, strict=True):
        assert first.penalty == second.penalty
        np.testing.assert_allclose(centred(first.logits), centred(second.logits), atol=1e-5)


@pytest.mark.parametrize("c", [2, 3])
def test_test_labels_shape_nothing(c):
    """They enter the start and the preconditioner, so this holds because the fits converge."""
    X, y = classes(200, 10, c)
    splits = shuffle_splits(200, SplitSpec(n_splits=4))
    changed = y.copy()
    changed[splits[0].test] = (y[splits[0].test] + 1) % c
    first, second = (fit_logistic(rotate(X), labels, splits)[0] for labels in (y, changed))
    assert second.penalty == first.penalty
    np.testing.assert_allclose(centred(second.logits), centred(first.logits), atol=1e-5)


@pytest.mark.parametrize(("n", "d", "c"), [(120, 4, 2), (120, 8, 3)])
def test_approximate_leave_one_out_predicts_like_leaving_one_out(n, d, c):
    X, y = classes(n, d, c)
    leave_one_out = tuple(
        Split(train=np.delete(np.arange(n), i), test=np.array([i])) for i in range(n)
    )
    everything = (Split(train=np.arange(n), test=np.arange(2)),)
    for relative in (1e-1, 1e-3):
        exact = fit_logistic(rotate(X), y, leave_one_out, relative=np.array([relative]))
        predicted = np.concatenate([fit.predicted for fit in exact])
        metric = f1 if c == 2 else macro_f1
        fits = classification._fits(rotate(X), y, everything)
        unit = rotate(X).mean_eigenvalue
        fits = dataclasses.replace(fits, penalties=np.array([relative * unit]))
        zero = np.zeros((d + 1, len(fits.Y), 1))
        near = logistic.curvature(fits, zero)
        weights = logistic.fit_all_rows(fits, zero, near=near, tolerance=1e-9)
        leverage = classification.Leverage.of(rotate(X), share=1.0)
        approximate = classification.leave_one_out_f1(fits, weights, y, leverage=leverage)[0]
        assert approximate == pytest.approx(metric(y, predicted), abs=0.03)
