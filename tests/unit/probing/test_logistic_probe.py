"""Logistic regression on every split, held to scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing import classification, logistic_blocks
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
    with warnings.catch_warnings():
        # Where rounding keeps it from a tolerance as small it says so.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X[split.train], y[split.train])


def centred(logits):
    """Logits without the constant that softmax ignores."""
    return logits - logits.mean(axis=1, keepdims=True) if logits.shape[1] > 1 else logits


def assert_equal_to_scikit_learn(X, y, split, fit):
    theirs = reference(X, y, split, fit.penalty)
    logits = theirs.decision_function(X[split.test]).reshape(len(split.test), -1)
    np.testing.assert_allclose(centred(fit.logits), centred(logits), atol=1e-5)
    predicted = theirs.predict(X[split.test])
    if fit.logits.shape[1] == 1:
        expected = f1_score(y[split.test], predicted, zero_division=0)
        assert f1(y[split.test], fit.predicted) == expected
    else:
        expected = f1_score(y[split.test], predicted, average="macro")
        assert macro_f1(y[split.test], fit.predicted) == pytest.approx(expected, abs=1e-12)


@pytest.fixture(params=[0, logistic_blocks.MOST_STEPS], ids=["one curvature", "blocks"])
def preconditioned(request, monkeypatch):
    """What conjugate gradients are preconditioned with: blocks pay for every shape below."""
    monkeypatch.setattr(logistic_blocks, "MOST_STEPS", request.param)


SHAPES = [(300, 12, 2), (300, 12, 5), (80, 100, 2), (80, 100, 3)]


@pytest.mark.usefixtures("preconditioned")
@pytest.mark.parametrize(("n", "d", "c"), SHAPES)
def test_logits_and_f1_equal_scikit_learns_on_every_split_at_the_chosen_penalty(n, d, c):
    X, y = classes(n, d, c)
    splits = shuffle_splits(n, SplitSpec(n_splits=12))
    for split, fit in zip(splits, fit_logistic(rotate(X), y, splits), strict=True):
        assert_equal_to_scikit_learn(X, y, split, fit)


@pytest.mark.parametrize("relative", [10.0, 1e-1, 1e-3, 1e-5])
@pytest.mark.usefixtures("preconditioned")
@pytest.mark.parametrize(("n", "d", "c"), SHAPES)
def test_logits_equal_scikit_learns_at_any_penalty_of_the_path(n, d, c, relative):
    X, y = classes(n, d, c, noise=0.1)
    splits = shuffle_splits(n, SplitSpec(n_splits=4))
    fits = fit_logistic(rotate(X), y, splits, relative=np.array([relative]))
    for split, fit in zip(splits, fits, strict=True):
        assert_equal_to_scikit_learn(X, y, split, fit)


@pytest.mark.parametrize("relative", [1e-1, 1e-3, 1e-6])
@pytest.mark.parametrize(("n", "d", "c"), SHAPES)
def test_axes_found_in_single_precision_change_no_logit(n, d, c, relative, monkeypatch):
    """Where they are too rough to be taken it is slower, but as right."""
    X, y = classes(n, d, c, decay=2.0)
    splits = shuffle_splits(n, SplitSpec(n_splits=4))
    for least in (0.0, np.inf):
        monkeypatch.setattr(classification, "LEAST_ROUGH", least)
        axes = rotate(X)
        fits = fit_logistic(axes, y, splits, relative=np.array([relative]))
        assert ("principal" in vars(axes)) == (least > 0)
        for split, fit in zip(splits, fits, strict=True):
            assert_equal_to_scikit_learn(X, y, split, fit)


@pytest.mark.parametrize("c", [2, 3])
def test_test_labels_shape_nothing_at_a_given_penalty(c):
    X, y = classes(120, 30, c)
    splits = shuffle_splits(120, SplitSpec(n_splits=4))
    axes, relative = rotate(X), np.array([1e-2])
    before = fit_logistic(axes, y, splits, relative=relative)
    assert "principal" not in vars(axes)
    for number, split in enumerate(splits):
        changed = y.copy()
        changed[split.test] = np.random.default_rng(number).integers(0, c, split.test.size)
        after = fit_logistic(axes, changed, splits, relative=relative)[number]
        np.testing.assert_array_equal(after.logits, before[number].logits)


@pytest.mark.parametrize("c", [2, 4])
def test_parts_and_sizes_of_splits_are_free(c):
    X, y = classes(200, 8, c)
    order = np.random.default_rng(1).permutation(200)
    some = np.concatenate([np.flatnonzero(y == label)[:3] for label in range(c)])
    splits = (
        Split(train=order[:120], test=order[150:160]),
        Split(train=some, test=np.setdiff1d(order, some)[:50]),
        Split(train=order[40:], test=order[:40]),
    )
    for split, fit in zip(splits, fit_logistic(rotate(X), y, splits), strict=True):
        assert_equal_to_scikit_learn(X, y, split, fit)
    alone = fit_logistic(rotate(X), y, splits[1:2])[0]
    # The rows are the same; that fewer of them are looked at changes nothing but the last bits.
    fit = fit_logistic(rotate(X), y, splits)[1]
    assert alone.penalty == pytest.approx(fit.penalty, rel=1e-5)
    np.testing.assert_allclose(alone.logits, fit.logits, atol=1e-5)


@pytest.mark.parametrize("c", [2, 4])
@pytest.mark.parametrize("shots", [1, 5, 20])
def test_few_shots_are_fitted_as_exactly(c, shots):
    X, y = classes(400, 60, c)
    generator = np.random.default_rng(0)
    splits = []
    for _ in range(3):
        train = np.concatenate(
            [generator.choice(np.flatnonzero(y == label), shots, False) for label in range(c)]
        )
        splits.append(Split(train=train, test=np.setdiff1d(np.arange(400), train)[:100]))
    for split, fit in zip(splits, fit_logistic(rotate(X), y, tuple(splits)), strict=True):
        assert_equal_to_scikit_learn(X, y, split, fit)


@pytest.mark.parametrize("c", [2, 3])
def test_in_parts_as_in_one(c, monkeypatch):
    X, y = classes(150, 10, c)
    splits = shuffle_splits(150, SplitSpec(n_splits=7))
    whole = fit_logistic(rotate(X), y, splits)
    monkeypatch.setattr(classification, "BATCH", 150 * 2 * c)
    for first, second in zip(whole, fit_logistic(rotate(X), y, splits), strict=True):
        assert second.penalty == first.penalty
        np.testing.assert_allclose(second.logits, first.logits, atol=1e-5)


# Data sets: of each, nearly separable, noisy, and with fewer rows than dimensions.
DATA = [
    (n, d, c, noise, seed)
    for n, d, c in ((240, 10, 2), (240, 10, 4), (60, 80, 2), (60, 80, 3))
    for noise in (0.05, 2.0)
    for seed in (0, 1)
]


@pytest.mark.usefixtures("preconditioned")
@pytest.mark.parametrize(("n", "d", "c", "noise", "seed"), DATA)
def test_test_labels_shape_nothing(n, d, c, noise, seed):
    X, y = classes(n, d, c, noise=noise, seed=seed)
    splits = shuffle_splits(n, SplitSpec(n_splits=6))
    axes = rotate(X)
    before = fit_logistic(axes, y, splits)
    for number, split in enumerate(splits[:3]):
        changed = y.copy()
        changed[split.test] = np.random.default_rng(number).integers(0, c, split.test.size)
        after = fit_logistic(axes, changed, splits)[number]
        assert after.penalty == before[number].penalty
        np.testing.assert_array_equal(after.logits, before[number].logits)


@pytest.mark.parametrize("c", [2, 3])
def test_nothing_depends_on_the_order_of_rows_or_the_coordinates(c):
    n, d = 160, 9
    X, y = classes(n, d, c)
    splits = shuffle_splits(n, SplitSpec(n_splits=5))
    expected = fit_logistic(rotate(X), y, splits)
    generator = np.random.default_rng(0)
    order = generator.permutation(n)
    place = np.argsort(order)
    moved = tuple(Split(train=place[s.train], test=place[s.test]) for s in splits)
    basis = np.linalg.qr(generator.normal(size=(d, d)))[0]
    signs = generator.choice([-1.0, 1.0], size=d)
    for rows, labels, parts in (
        (X[order], y[order], moved),
        (X @ basis, y, splits),
        (X[:, generator.permutation(d)] * signs, y, splits),
        (X + generator.normal(size=d), y, splits),
    ):
        for first, second in zip(expected, fit_logistic(rotate(rows), labels, parts), strict=True):
            assert second.penalty == pytest.approx(first.penalty, rel=1e-5)
            np.testing.assert_allclose(second.logits, first.logits, atol=1e-5)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_unit_of_the_embedding_changes_nothing(scale):
    X, y = classes(160, 9, 2)
    splits = shuffle_splits(160, SplitSpec(n_splits=5))
    first = fit_logistic(rotate(X), y, splits)
    for one, other in zip(first, fit_logistic(rotate(scale * X), y, splits), strict=True):
        assert other.penalty == pytest.approx(one.penalty * scale**2)
        np.testing.assert_allclose(other.logits, one.logits, atol=1e-5)


def test_of_penalties_as_good_the_strongest_is_chosen():
    X, y = classes(100, 3, 2)
    X[:, 0] += 100.0 * y
    splits = shuffle_splits(100, SplitSpec(n_splits=3))
    for fit, split in zip(fit_logistic(rotate(X), y, splits), splits, strict=True):
        unit = np.square(X[split.train] - X[split.train].mean(axis=0)).sum() / 3
        assert fit.penalty == pytest.approx(RELATIVE_PENALTIES[0] * unit)
        assert f1(y[split.test], fit.predicted) == 1.0
