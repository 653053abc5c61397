"""Limited-memory BFGS, held to the recursion it is the compact form of."""

import numpy as np
import pytest

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing import logistic_memory
from probeboard.probing.axes import rotate
from probeboard.probing.classification import fit_logistic
from probeboard.probing.logistic import Curvature
from probeboard.probing.logistic_memory import Memory, settle
from probeboard.probing.logistic_path import Training


def drawn(n: int, d: int, c: int, *, splits: int = 3):
    """Problems, one a split, and weights to start from."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, d)) * np.arange(1, d + 1) ** -0.5
    y = (X @ generator.normal(size=(d, c)) + generator.gumbel(size=(n, c))).argmax(axis=1)
    training = Training.of(rotate(X), shuffle_splits(n, SplitSpec(n_splits=splits)))
    Y = y[None] if c == 2 else np.eye(c)[:, y]
    problems = training.problems(np.arange(splits), Y[None, :, training.numbers].astype(np.float32))
    problems = problems.at(1e-3 * training.units)
    width = problems.rows.shape[1]
    start = np.zeros((splits, len(problems.contrasts.T), width), dtype=np.float32)
    return problems, start


def curvature_of(problems, weights) -> Curvature:
    return Curvature.mean(problems, problems.residuals(problems.logits(weights))[0])


def dense(solve, shape):
    """The matrices of each problem that `solve` multiplies with."""
    m, size = shape[0], int(np.prod(shape[1:]))
    columns = [solve(np.tile(row, (m, 1)).reshape(shape)) for row in np.eye(size, dtype=np.float32)]
    return np.stack([column.reshape(m, size) for column in columns], axis=2).astype(np.float64)


@pytest.mark.parametrize("steps", [1, 4, 9])
@pytest.mark.parametrize("c", [2, 3])
def test_the_compact_form_is_what_the_recursion_gives(c, steps, monkeypatch):
    monkeypatch.setattr(logistic_memory, "MOST_KEPT", 4)
    problems, start = drawn(60, 4, c)
    memory = Memory.empty(curvature_of(problems, start))
    generator = np.random.default_rng(1)
    size = start[0].size
    hessians = np.stack([a @ a.T + np.eye(size) for a in generator.normal(size=(3, size, size))])
    expected = dense(memory.curvature.solve, start.shape)
    taken = generator.normal(size=(steps, *start.shape)).astype(np.float32)
    # The second problem does not move at the last but one: nothing is told of it.
    taken[-2:-1, 1] = 0
    changes = [
        (hessians @ s.reshape(3, size, 1)).reshape(s.shape).astype(np.float32) for s in taken
    ]
    for s, y in zip(taken, changes, strict=True):
        memory.add(s, y)
    for i in range(3):
        pairs = [(s[i].ravel(), y[i].ravel()) for s, y in zip(taken, changes, strict=True)]
        for s, y in [pair for pair in pairs if pair[0].any()][-4:]:
            left = np.eye(size) - np.outer(s, y) / (s @ y)
            expected[i] = left @ expected[i] @ left.T + np.outer(s, s) / (s @ y)
    found = dense(memory.solve, start.shape)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4 * np.abs(expected).max())
    assert np.linalg.eigvalsh((found + found.transpose(0, 2, 1)) / 2).min() > 0


def test_as_many_steps_are_kept_as_there_is_room_for(monkeypatch):
    problems, start = drawn(60, 4, 2)
    curvature = curvature_of(problems, start)
    assert Memory.empty(curvature).S.shape == (3, 20, 5)
    monkeypatch.setattr(logistic_memory, "MOST_NUMBERS", 3 * 5 * 6)
    assert Memory.empty(curvature).S.shape == (3, 6, 5)
    monkeypatch.setattr(logistic_memory, "MOST_NUMBERS", 0)
    assert Memory.empty(curvature).S.shape == (3, 1, 5)


@pytest.mark.parametrize("kept", [1, 20])
@pytest.mark.parametrize(("n", "d", "c"), [(200, 12, 2), (200, 12, 4), (50, 60, 2), (50, 60, 3)])
def test_the_gradient_vanishes(n, d, c, kept, monkeypatch):
    monkeypatch.setattr(logistic_memory, "MOST_KEPT", kept)
    problems, start = drawn(n, d, c)
    weights, memory = settle(problems, start, tolerance=1e-3, max_steps=500)
    before, after = (problems.exactly(w.astype(np.float64))[1] for w in (start, weights))
    decrements = [
        np.sqrt(np.einsum("mqj,mqj->m", g, memory.solve(g.astype(np.float32))))
        for g in (before, after)
    ]
    assert decrements[0].min() > 0.5
    assert decrements[1].max() < 2e-3


def test_how_long_others_take_changes_no_bit():
    problems, start = drawn(200, 12, 2)
    near, _ = settle(problems, start, tolerance=1e-3, max_steps=500)
    start[0] = near[0]
    alone, kept = settle(problems, start, tolerance=1e-2, max_steps=0)
    others, memory = settle(problems, start, tolerance=1e-2, max_steps=500)
    assert memory.counts[0] == 0 < memory.counts[1:].min()
    np.testing.assert_array_equal(others[0], alone[0])
    gradient = np.random.default_rng(0).normal(size=start.shape).astype(np.float32)
    np.testing.assert_array_equal(memory.solve(gradient)[0], kept.solve(gradient)[0])


def test_rows_that_train_no_split_are_predicted_as_those_that_do():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(90, 7))
    y = (X[:, 0] + generator.normal(size=90) > 0).astype(np.int64)
    never = Split(train=np.arange(50), test=np.arange(50, 90))
    also = Split(train=np.arange(40, 90), test=np.arange(40))
    relative = np.array([1e-2])
    one = fit_logistic(rotate(X), y, (never,), relative=relative)[0]
    other = fit_logistic(rotate(X), y, (never, also), relative=relative)[0]
    np.testing.assert_allclose(one.logits, other.logits, atol=1e-6)
