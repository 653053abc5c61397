"""Ridge on splits of every kind and on several targets, held to scikit-learn."""

import tracemalloc

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeCV

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing.axes import rotate
from probeboard.probing.ridge import RELATIVE_PENALTIES, fit_ridge

N = 300
SPECTRUM = np.arange(1, 201) ** -0.8


def embeddings(d):
    X = np.random.default_rng(d).normal(size=(N, d)) * SPECTRUM[:d]
    X = X @ np.linalg.qr(np.random.default_rng(1).normal(size=(d, d)))[0]
    return (X - X.mean(axis=0)) / X.std()


def labels(X, t):
    Y = X @ np.random.default_rng(4).normal(size=(X.shape[1], t))
    Y = Y / Y.std(axis=0) + np.linspace(0.1, 3, t) * np.random.default_rng(5).normal(size=(N, t))
    return (Y - Y.mean(axis=0)) / Y.std(axis=0)


def cut(train, test, seed=0):
    """A random split of so many training and test rows; the others are in neither part."""
    order = np.random.default_rng([train, test, seed]).permutation(N)
    return Split(train=order[:train], test=order[train : train + test])


def equals_scikit_learn(fit, X, y, split):
    theirs = Ridge(alpha=fit.penalty, solver="svd").fit(X[split.train], y[split.train])
    np.testing.assert_allclose(fit.predicted, theirs.predict(X[split.test]), atol=3e-9)


SPLITS = {
    "few shots": [cut(size, 40) for size in (2, 3, 5, 30)],
    "half": [cut(150, 150), cut(100, 200)],
    "rows in neither part": [cut(240, 30), cut(220, 10), cut(201, 1)],
    "unequal test parts": [cut(N - size, size) for size in (1, 5, 17, 30, 60, 99)],
    "all kinds": [cut(5, 10), cut(150, 20), cut(250, 50), cut(270, 10), cut(1, 1)],
    "one split": [cut(260, 40)],
}


@pytest.mark.parametrize("d", [1, 20, 130, 200])
@pytest.mark.parametrize("name", SPLITS)
def test_every_kind_of_split_is_fitted_as_scikit_learn_fits_it(name, d):
    X = embeddings(d)
    y = labels(X, 1)[:, 0]
    splits = tuple(SPLITS[name])
    for split, fit in zip(splits, fit_ridge(rotate(X), y, splits), strict=True):
        equals_scikit_learn(fit, X, y, split)


@pytest.mark.parametrize("d", [20, 130])
@pytest.mark.parametrize("train", [25, 60, 140])
def test_a_split_fitted_alone_chooses_the_penalty_ridgecv_chooses(train, d):
    X = embeddings(d)
    y = labels(X, 1)[:, 0]
    splits, same = tuple(cut(train, 20, seed) for seed in range(20)), 0
    for split, fit in zip(splits, fit_ridge(rotate(X), y, splits), strict=True):
        rows = X[split.train] - X[split.train].mean(axis=0)
        alphas = RELATIVE_PENALTIES * (rows**2).sum() / d
        theirs = RidgeCV(alphas=alphas).fit(X[split.train], y[split.train])
        same += bool(np.isclose(theirs.alpha_, fit.penalty, rtol=1e-6))
    assert same >= 19


def test_grouped_splits_of_many_sizes_choose_the_penalty_ridgecv_chooses():
    X = embeddings(30)
    y = labels(X, 1)[:, 0]
    splits, same = tuple(cut(N - size, size) for size in range(20, 60)), 0
    alphas = RELATIVE_PENALTIES * (X**2).sum() / 30
    for split, fit in zip(splits, fit_ridge(rotate(X), y, splits), strict=True):
        theirs = RidgeCV(alphas=alphas).fit(X[split.train], y[split.train])
        same += bool(np.isclose(theirs.alpha_, fit.penalty, rtol=1e-6))
    assert same >= 0.95 * len(splits)


@pytest.mark.parametrize("d", [20, 200])
def test_each_of_several_targets_is_fitted_as_if_it_were_the_only_one(d, monkeypatch):
    X = embeddings(d)
    Y = labels(X, 5)
    splits = (*shuffle_splits(N, SplitSpec(n_splits=4)), cut(40, 9), cut(150, 9))
    monkeypatch.setattr("probeboard.probing.ridge.COLUMNS", 12)  # two targets at a time
    together = fit_ridge(rotate(X), Y, splits)
    for target in range(5):
        for one, fit in zip(fit_ridge(rotate(X), Y[:, target], splits), together, strict=True):
            assert fit.penalties[target] == one.penalty
            np.testing.assert_allclose(fit.predicted[:, target], one.predicted, atol=1e-8)
    assert len({tuple(fit.penalties) for fit in together}) > 1
    assert together[0].predicted.shape == (30, 5)


def test_one_column_of_labels_gives_one_column_of_predictions():
    X = embeddings(20)
    fit = fit_ridge(rotate(X), labels(X, 1), (cut(270, 30),))[0]
    assert fit.predicted.shape == (30, 1)
    assert fit.penalties.shape == (1,)


@pytest.mark.parametrize("d", [20, 130, 200])
@pytest.mark.parametrize("t", [1, 3])
def test_test_labels_do_not_move_a_bit(d, t):
    X = embeddings(d)
    Y = labels(X, t)
    for split in (cut(270, 30), cut(250, 20), cut(120, 100), cut(5, 100)):
        outside = np.setdiff1d(np.arange(N), split.train)
        changed = Y.copy()
        changed[outside] = 100 * np.random.default_rng(6).permutation(changed[outside])
        first, second = (fit_ridge(rotate(X), one, (split,))[0] for one in (Y, changed))
        assert first.penalties.tobytes() == second.penalties.tobytes()
        assert first.predicted.tobytes() == second.predicted.tobytes()


def test_memory_grows_with_the_rows_and_never_with_their_square():
    peaks = []
    for n in (4_000, 16_000):
        X = np.random.default_rng(0).normal(size=(n, 8))
        axes, y = rotate(X), X[:, 0].copy()
        few = Split(train=np.arange(10), test=np.arange(10, 30))
        splits = (*shuffle_splits(n, SplitSpec(n_splits=4)), few)
        tracemalloc.start()
        fit_ridge(axes, y, splits)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 5 * peaks[0]
