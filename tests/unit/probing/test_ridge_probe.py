"""Ridge on every split, held to scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import r2_score

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing import prepare, ridge, ridge_dense, ridge_downdate, ridge_refine
from probeboard.probing.axes import rotate
from probeboard.probing.leverage import expected_kept
from probeboard.probing.metrics import r2
from probeboard.probing.ridge import RELATIVE_PENALTIES, fit_ridge


def regression(n: int, d: int, *, noise: float = 1.0, decay: float = 1.0, seed: int = 0):
    """Embeddings whose spectrum falls like those of real encoders, and labels of unit variance."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.arange(1, d + 1) ** -decay
    X = X @ np.linalg.qr(generator.normal(size=(d, d)))[0]
    y = X @ generator.normal(size=d)
    y = y / y.std() + noise * generator.normal(size=n)
    return (X - X.mean(axis=0)) / X.std(), (y - y.mean()) / y.std()


SHAPES = [(400, 16), (120, 70), (90, 80), (60, 150)]


@pytest.mark.parametrize(("n", "d"), SHAPES)
@pytest.mark.parametrize("decay", [0.0, 1.5])
def test_at_its_own_penalty_r2_equals_scikit_learns_on_every_split(n, d, decay):
    X, y = regression(n, d, decay=decay)
    splits = shuffle_splits(n, SplitSpec())
    for split, fit in zip(splits, fit_ridge(rotate(X), y, splits), strict=True):
        theirs = Ridge(alpha=fit.penalty, solver="svd").fit(X[split.train], y[split.train])
        expected = r2_score(y[split.test], theirs.predict(X[split.test]))
        assert r2(y[split.test], fit.predicted) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("relative", RELATIVE_PENALTIES[[0, 7, 14]])
@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_at_any_penalty_of_the_path_r2_equals_scikit_learns(n, d, relative):
    X, y = regression(n, d)
    splits = shuffle_splits(n, SplitSpec(n_splits=5))
    fits = fit_ridge(rotate(X), y, splits, relative=np.array([relative]))
    for split, fit in zip(splits, fits, strict=True):
        theirs = Ridge(alpha=fit.penalty, solver="svd").fit(X[split.train], y[split.train])
        expected = r2_score(y[split.test], theirs.predict(X[split.test]))
        # As many rows as dimensions and hardly a penalty: an R² of -165, where rounding shows.
        assert r2(y[split.test], fit.predicted) == pytest.approx(expected, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(("n", "d"), SHAPES)
@pytest.mark.parametrize("noise", [0.1, 1.0, 10.0])
def test_each_split_chooses_the_penalty_ridgecv_chooses(n, d, noise):
    X, y = regression(n, d, noise=noise)
    splits = shuffle_splits(n, SplitSpec())
    alphas = RELATIVE_PENALTIES * ((X - X.mean(axis=0)) ** 2).sum() / d
    same = 0
    for split, fit in zip(splits, fit_ridge(rotate(X), y, splits), strict=True):
        theirs = RidgeCV(alphas=alphas).fit(X[split.train], y[split.train])
        same += bool(np.isclose(theirs.alpha_, fit.penalty, rtol=1e-6))
    assert same >= 0.95 * len(splits)


@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_test_labels_shape_nothing(n, d):
    X, y = regression(n, d)
    splits = shuffle_splits(n, SplitSpec(n_splits=3))
    changed = y.copy()
    changed[splits[0].test] = 1000.0
    first, second = (fit_ridge(rotate(X), labels, splits[:1] * 2)[0] for labels in (y, changed))
    assert second.penalty == first.penalty
    np.testing.assert_allclose(second.predicted, first.predicted, atol=1e-9)


def test_training_rows_that_are_all_alike_predict_their_mean():
    X = np.zeros((40, 3))
    X[30:] = np.random.default_rng(0).normal(size=(10, 3))
    y = np.arange(40.0)
    split = Split(train=np.arange(30), test=np.arange(30, 40))
    for width in (3, 60):
        wide = np.tile(X, (1, width // 3))
        fit = fit_ridge(rotate(wide), y, (split,))[0]
        np.testing.assert_allclose(fit.predicted, y[:30].mean())
        assert fit.penalty > 0


def test_test_rows_with_most_of_the_variance_do_not_disturb_the_training_rows():
    X, y = regression(200, 8)
    split = shuffle_splits(200, SplitSpec(n_splits=2))[0]
    X[split.test[0]] *= 1e9
    fit = fit_ridge(rotate(X), y, (split,))[0]
    theirs = Ridge(alpha=fit.penalty, solver="svd").fit(X[split.train], y[split.train])
    calm = split.test[1:]
    np.testing.assert_allclose(fit.predicted[1:], theirs.predict(X[calm]), atol=1e-9)


@pytest.mark.parametrize(
    ("n", "d", "module", "constant", "value"),
    [
        (400, 16, ridge_downdate, "MAX_STEPS", 0),
        (400, 16, ridge_refine, "MAX_ROUNDS", 0),
        (90, 80, ridge_dense, "SMALLEST_KEPT", 1.0),
        (90, 100, ridge_dense, "SMALLEST_KEPT", 1.0),
    ],
)
def test_a_split_the_shortcuts_do_not_serve_is_fitted_alone(
    monkeypatch, n, d, module, constant, value
):
    X, y = regression(n, d)
    splits = shuffle_splits(n, SplitSpec(n_splits=3))
    expected = fit_ridge(rotate(X), y, splits)
    alone = []
    monkeypatch.setattr(module, constant, value)
    fit_alone = ridge.fit_alone
    monkeypatch.setattr(ridge, "fit_alone", lambda *given: alone.append(1) or fit_alone(*given))
    relative = np.array([expected[0].penalty / rotate(X).mean_eigenvalue])
    first = fit_ridge(rotate(X), y, splits[:1] * 2, relative=relative)[0]
    assert len(alone) == 2
    # Its penalty is relative to its own rows, a little off from that of all.
    assert first.penalty == pytest.approx(expected[0].penalty, rel=0.3)
    theirs = Ridge(alpha=first.penalty, solver="svd").fit(X[splits[0].train], y[splits[0].train])
    np.testing.assert_allclose(first.predicted, theirs.predict(X[splits[0].test]), atol=1e-9)


def test_expected_leverages_are_near_the_mean_over_training_parts():
    X, _ = regression(150, 30)
    axes, penalties = rotate(X), np.array([1e-3, 1.0, 30.0])
    kept = np.zeros((150, 3))
    times = np.zeros((150, 1))
    for split in shuffle_splits(150, SplitSpec(n_splits=300)):
        rows = axes.rows[split.train] - axes.rows[split.train].mean(axis=0)
        s, V = np.linalg.eigh(rows.T @ rows)
        leverages = (rows @ V) ** 2 @ (1 / (s[:, None] + penalties))
        kept[split.train] += 1 - 1 / len(rows) - leverages
        times[split.train] += 1
    expected = expected_kept(axes, penalties, train=135)
    np.testing.assert_allclose(expected, kept / times, atol=0.02)


def test_tasks_on_the_same_rows_share_one_decomposition():
    X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    prepared = prepare(X)
    first = prepared.axes(np.arange(40))
    assert prepared.axes(np.arange(40)) is first
    other = prepared.axes(np.arange(10, 50))
    assert other is not first
    np.testing.assert_allclose(other.rows.T @ other.rows, np.diag(other.eigenvalues), atol=1e-9)
    assert prepared.axes(np.arange(40)) is not first
