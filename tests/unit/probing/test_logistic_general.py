"""Logistic regression where data are hard: several labels, hardly any rows, odd columns."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing import logistic_blocks, prepare
from probeboard.probing.axes import rotate
from probeboard.probing.classification import RELATIVE_PENALTIES, fit_logistic
from probeboard.probing.logistic_choice import f1, log_likelihood
from probeboard.probing.logistic_path import ALWAYS, Training


def labelled(n: int, d: int, labels: int, *, seed: int = 0):
    """Embeddings and labels, of which each is rarer than the last."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, d)) * np.arange(1, d + 1) ** -0.5
    scores = X @ generator.normal(size=(d, labels)) + generator.normal(size=(n, labels))
    shares = 0.5 / np.arange(1, labels + 1)
    return X, (scores > np.quantile(scores, 1 - shares, axis=0).diagonal()).astype(np.int64)


def finite(fits) -> bool:
    return all(np.isfinite(f.logits).all() and np.isfinite(f.penalties).all() for f in fits)


def test_one_label_of_several_is_fitted_as_it_is_alone():
    X, Y = labelled(150, 8, 3)
    splits = shuffle_splits(150, SplitSpec(n_splits=4))
    relative = np.array([1e-2])
    fits = fit_logistic(rotate(X), Y, splits, relative=relative)
    for label in range(3):
        alone = fit_logistic(rotate(X), Y[:, label], splits, relative=relative)
        for whole, one in zip(fits, alone, strict=True):
            assert whole.penalties[label] == one.penalty
            np.testing.assert_allclose(whole.logits[:, label], one.logits[:, 0], atol=1e-5)
            np.testing.assert_array_equal(whole.predicted[:, label], one.predicted)
    assert fits[0].penalties.shape == (3,)
    assert fits[0].logits.shape == fits[0].predicted.shape == (splits[0].test.size, 3)


def test_labels_choose_penalties_by_themselves():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(300, 40))
    clear = X[:, 0] > 0
    vague = X[:, 1] + 3 * generator.normal(size=300) > 0
    Y = np.stack([clear, vague], axis=1).astype(np.int64)
    fits = fit_logistic(rotate(X), Y, shuffle_splits(300, SplitSpec(n_splits=6)))
    means = np.mean([np.log(fit.penalties) for fit in fits], axis=0)
    assert means[0] < means[1]


def test_a_label_all_or_none_of_the_training_rows_have_is_predicted_for_all_or_none():
    X, Y = labelled(60, 4, 3)
    Y[:, 0], Y[:50, 1] = 1, 0
    split = Split(train=np.arange(50), test=np.arange(50, 60))
    fit = fit_logistic(rotate(X), Y, (split,))[0]
    assert finite([fit])
    assert fit.predicted[:, 0].all()
    assert not fit.predicted[:, 1].any()
    assert np.ptp(fit.logits[:, :2], axis=0).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("present", [[0, 2], [1]])
def test_a_class_without_training_rows_is_never_predicted(present):
    X, y = labelled(80, 5, 1)[0], np.arange(80) % 3
    train = np.flatnonzero(np.isin(y, present))
    splits = (
        Split(train=train, test=np.arange(20)),
        *shuffle_splits(80, SplitSpec(n_splits=2)),
    )
    fits = fit_logistic(rotate(X), y, splits)
    assert finite(fits)
    assert np.isin(fits[0].predicted, present).all()
    alone = fit_logistic(rotate(X), y, splits[1:])
    np.testing.assert_allclose(alone[0].logits, fits[1].logits, atol=1e-5)


def test_one_class_alone_is_predicted_for_all():
    X, y = labelled(30, 3, 1)[0], np.zeros(30, dtype=np.int64)
    fit = fit_logistic(rotate(X), y, (Split(train=np.arange(20), test=np.arange(20, 30)),))[0]
    assert finite([fit])
    assert not fit.predicted.any()


ODD = {
    "separable": lambda X, y: X + 50 * y[:, None],
    "one column": lambda X, y: X[:, :1],
    "constant": lambda X, y: np.ones_like(X),
    "constant columns": lambda X, y: np.concatenate([X, np.ones_like(X)], axis=1),
    "duplicate columns": lambda X, y: np.concatenate([X, X, X], axis=1),
    "duplicate rows": lambda X, y: X[np.arange(len(X)) // 5],
    "more columns than rows": lambda X, y: np.tile(X, (1, 30)) + np.tile(X**2, (1, 30)),
    "tiny": lambda X, y: 1e-30 * X,
    "huge": lambda X, y: 1e30 * X,
    "one huge value": lambda X, y: X + 1e30 * (np.arange(X.size).reshape(X.shape) == 7),
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("c", [2, 3])
def test_odd_embeddings_give_finite_logits(change, c):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(100, 6)), generator.integers(0, c, 100)
    prepared = prepare(change(X, y).astype(np.float32))
    fits = fit_logistic(
        prepared.axes(np.arange(100)), y, shuffle_splits(100, SplitSpec(n_splits=4))
    )
    assert finite(fits)


def test_separable_classes_are_told_apart():
    generator = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = generator.normal(size=(90, 5)) + 20 * np.eye(5)[y]
    splits = shuffle_splits(90, SplitSpec(n_splits=5))
    for relative in RELATIVE_PENALTIES:
        fits = fit_logistic(rotate(X), y, splits, relative=np.array([relative]))
        for split, fit in zip(splits, fits, strict=True):
            np.testing.assert_array_equal(fit.predicted, y[split.test])


def test_three_samples_are_enough():
    X, y = np.array([[0.0], [1.0], [3.0]]), np.array([0, 0, 1])
    split = Split(train=np.array([0, 2]), test=np.array([1]))
    fit = fit_logistic(rotate(X), y, (split,))[0]
    assert finite([fit])
    assert fit.predicted.tolist() == [0]


def test_training_rows_all_alike_predict_the_commoner_class():
    X = np.concatenate([np.ones((9, 3)), np.random.default_rng(0).normal(size=(9, 3))])
    y = np.array([1, 1, 1, 1, 1, 1, 0, 0, 0, *range(9)]) % 2
    fit = fit_logistic(rotate(X), y, (Split(train=np.arange(9), test=np.arange(9, 18)),))[0]
    assert finite([fit])
    np.testing.assert_allclose(fit.logits, np.log(2), atol=1e-4)


def test_one_positive_in_a_hundred():
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(1000, 20)), np.zeros(1000, dtype=np.int64)
    y[:10] = 1
    X[:10, 0] += 4
    splits = shuffle_splits(1000, SplitSpec(n_splits=5))
    fits = fit_logistic(rotate(X), y, splits)
    assert finite(fits)
    hits = sum(int(y[s.test] @ f.predicted) for s, f in zip(splits, fits, strict=True))
    assert hits >= 0.5 * sum(int(y[s.test].sum()) for s in splits)


@pytest.mark.parametrize("labels", [1, 3])
def test_what_penalties_are_chosen_by_are_the_metrics(labels):
    X, Y = labelled(120, 5, labels)
    splits = shuffle_splits(120, SplitSpec(n_splits=3))
    training = Training.of(rotate(X), splits)
    logits = np.random.default_rng(0).normal(size=(3, labels, 120)).astype(np.float32)
    y = Y[:, 0] if labels == 1 else Y.argmax(axis=1)
    one_hot = y[None] if labels == 1 else np.eye(labels, dtype=np.int64)[:, y]
    problems = training.problems(np.arange(3), one_hot[None].astype(np.float32))
    for i, split in enumerate(splits):
        own = logits[i][:, split.train]
        predicted = (own[0] > 0).astype(int) if labels == 1 else own.argmax(axis=0)
        expected = f1_score(y[split.train], predicted, average="binary" if labels == 1 else "macro")
        assert f1(problems, logits)[i] == pytest.approx(expected, abs=1e-12)
        if labels == 1:
            expected = -log_loss(y[split.train], 1 / (1 + np.exp(-own[0].astype(np.float64))))
            assert log_likelihood(problems, logits)[i] == pytest.approx(expected, abs=1e-6)


def steep(n: int, d: int, classes: int, *, seed: int = 0):
    """Embeddings whose eigenvalues fall by eight decades, and labels that need all of them."""
    generator = np.random.default_rng(seed)
    Z = generator.normal(size=(n, d))
    scores = Z @ generator.normal(size=(d, classes))
    return Z * 10.0 ** (-4 * np.arange(d) / d), scores.argmax(axis=1)


@pytest.mark.parametrize("steps", [0, logistic_blocks.MOST_STEPS], ids=["one curvature", "blocks"])
@pytest.mark.parametrize("c", [2, 4])
def test_the_path_goes_on_for_steep_spectra(c, steps, monkeypatch):
    monkeypatch.setattr(logistic_blocks, "MOST_STEPS", steps)
    X, y = steep(500, 12, c)
    splits = shuffle_splits(500, SplitSpec(n_splits=4))
    whole, ended = (
        fit_logistic(rotate(X), y, splits, relative=RELATIVE_PENALTIES[:length])
        for length in (None, ALWAYS)
    )
    right = [
        np.mean([np.mean(fit.predicted == y[s.test]) for s, fit in zip(splits, fits, strict=True)])
        for fits in (whole, ended)
    ]
    assert right[0] > right[1] + 0.05
    assert all(w.penalty <= e.penalty for w, e in zip(whole, ended, strict=True))
    assert whole[0].penalty < ended[0].penalty


@pytest.mark.parametrize("steps", [0, logistic_blocks.MOST_STEPS], ids=["one curvature", "blocks"])
def test_how_far_others_go_changes_no_bit_of_a_split(steps, monkeypatch):
    """One split's labels follow the weakest axes, so that it goes on, and then the strongest."""
    monkeypatch.setattr(logistic_blocks, "MOST_STEPS", steps)
    X, hidden = steep(400, 12, 3)
    X[200:] = np.random.default_rng(1).normal(size=(200, 12))
    plain = hidden.copy()
    noisy = X[:200, 0] + np.random.default_rng(2).normal(size=200)
    plain[:200] = np.digitize(noisy, [-0.5, 0.5])
    plain[200:] = hidden[200:] = X[200:, :3].argmax(axis=1)
    splits = (
        Split(train=np.arange(200), test=np.arange(200, 400)),
        Split(train=np.arange(200, 400), test=np.arange(200)),
    )
    axes = rotate(X)
    first, second = (fit_logistic(axes, y, splits) for y in (hidden, plain))
    assert first[0].penalty < second[0].penalty
    assert first[1].penalty == second[1].penalty
    np.testing.assert_array_equal(first[1].logits, second[1].logits)
