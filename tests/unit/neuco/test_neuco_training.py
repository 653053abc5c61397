"""Training all splits at once against a plain loop over splits, batches and rows."""

import mmap

import numpy as np
import pytest

from probeboard.labelsets import Split, SplitSpec, shuffle_splits
from probeboard.probing import neuco_training
from probeboard.probing.neuco_stream import draw_split, permutations, stream_at
from probeboard.probing.neuco_training import AdamW, Samples, logits_by_epoch

RNG = np.random.default_rng(11)
N, D = 230, 7
X = RNG.normal(size=(N, D)).astype(np.float32)
SIGNAL = X @ RNG.normal(size=D).astype(np.float32)


def samples(*, binary):
    y = (SIGNAL > 0.5) if binary else (SIGNAL - SIGNAL.min()) / np.ptp(SIGNAL)
    return Samples(X=X, y=y.astype(np.float32), binary=binary)


def drawn(splits):
    stream = stream_at(0)
    return [draw_split(stream, split, D) for split in splits]


def plain_loop(task, split, draws):
    """One probe in float64: the formulas of AdamW's paper, one batch after the other."""
    rows = np.hstack([task.X, np.ones((len(task.X), 1))]).astype(np.float64)
    w = draws.initial.astype(np.float64)
    m, v, t, logits = np.zeros(D + 1), np.zeros(D + 1), 0, []
    for order in permutations(draws.shuffling):
        for start in range(0, order.size, 64):
            batch = split.train[order[start : start + 64]]
            z, y = rows[batch] @ w, task.y[batch]
            pull = 1 / (1 + np.exp(-z)) - y if task.binary else 2 * (z - y)
            g = (pull[:, np.newaxis] * rows[batch]).mean(axis=0)
            t += 1
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
            m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
            w = w - 1e-3 * 0.01 * w - 1e-3 * m_hat / (np.sqrt(v_hat) + 1e-8)
        logits.append(rows[split.test] @ w)
    return np.array(logits)


@pytest.mark.parametrize("binary", [False, True])
def test_all_splits_at_once_train_as_each_by_itself(binary):
    task, splits = samples(binary=binary), shuffle_splits(N, SplitSpec(n_splits=4))
    draws = drawn(splits)
    for logits, split, one in zip(logits_by_epoch(task, splits, draws), splits, draws, strict=True):
        np.testing.assert_allclose(logits, plain_loop(task, split, one), rtol=0, atol=2e-5)


def test_splits_of_different_sizes_train_as_each_by_itself_and_keep_their_order():
    orders = [RNG.permutation(N) for _ in range(4)]
    cuts = [30, 38, 30, 166]  # 200, 192 = 3 full batches, 200 and 64 training rows
    splits = [Split(train=o[cut:], test=o[:cut]) for o, cut in zip(orders, cuts, strict=True)]
    task, draws = samples(binary=False), drawn(splits)
    for logits, split, one in zip(logits_by_epoch(task, splits, draws), splits, draws, strict=True):
        assert logits.shape == (10, split.test.size)
        np.testing.assert_allclose(logits, plain_loop(task, split, one), rtol=0, atol=2e-5)


def test_how_many_batches_are_copied_together_changes_nothing_but_rounding(monkeypatch):
    task, splits = samples(binary=False), shuffle_splits(N, SplitSpec(n_splits=5))
    together = logits_by_epoch(task, splits, drawn(splits))
    for size in (1, 2 * 64 * D * 4):
        monkeypatch.setattr(neuco_training, "_COPIED_AT_ONCE", size)
        apart = logits_by_epoch(task, splits, drawn(splits))
        np.testing.assert_allclose(apart, together, rtol=0, atol=1e-6)


def test_adamw_takes_the_steps_torch_takes():
    weights = np.array([[0.5, -1.0, 2.0]], dtype=np.float32)
    optimiser = AdamW(weights)
    # torch.optim.AdamW([w], lr=1e-3) of torch 2.13, with the same gradients.
    for gradient, expected in [
        ([1.0, -2.0, 0.0], [0.49899500608444214, -0.998989999294281, 1.9999799728393555]),
        ([0.5, 1e-9, -3.0], [0.4980578124523163, -0.9983099102973938, 2.000704050064087]),
        ([0.0, 1e-9, 1.0], [0.49733224511146545, -0.9977819323539734, 2.0010275840759277]),
    ]:
        optimiser.step(np.array([gradient], dtype=np.float32))
        np.testing.assert_allclose(weights[0], expected, rtol=1.2e-7)


@pytest.mark.parametrize("first", [0, 1, 5])
def test_batches_are_copied_to_the_same_place_of_a_page_as_the_rows_they_come_from(first):
    rows = np.zeros(5000, dtype=np.float32)[first:]
    copied = neuco_training._in_step_with(rows, (3, 7, 11))
    assert copied.shape == (3, 7, 11)
    assert (copied.ctypes.data - rows.ctypes.data) % mmap.PAGESIZE == 0
