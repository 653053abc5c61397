"""NeuCo-Bench's training, all splits of a task at once.

The probe is z = w·x + b. Each split has its own w, b and order of rows, and takes its steps beside
the others, so that the optimiser runs on matrices with a row per split; only what touches the
embeddings, two products with a batch of 64 rows, is one small product per split. float32 as in
torch, in the order of torch's operations.
"""

import math
import mmap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split
from probeboard.probing.neuco_metrics import sigmoid
from probeboard.probing.neuco_stream import EPOCHS, Draws, permutations

BATCH = 64
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.01
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
# Batches are copied together up to this many bytes: fewer calls, and still in a cache. Measured.
_COPIED_AT_ONCE = 1 << 21

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Samples:
    """A task's labelled samples as a probe sees them.

    Attributes
    ----------
    X
        Shape ``(n, d)``, C order: standardised embeddings.
    y
        Shape ``(n,)``: labels, scaled to [0, 1].
    binary
        The loss is binary cross-entropy with logits if true, otherwise the squared error.
    """

    X: Floats
    y: Floats
    binary: bool


class AdamW:
    """AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101) on every row of `weights`, in place.

    For step t = 1, 2, … and gradient g, with learning rate η and weight decay λ::

        m ← m + (g - m)·(1 - β₁)        v ← β₂·v + (1 - β₂)·g²
        w ← (1 - η·λ)·w - η/(1 - β₁ᵗ) · m / (√v/√(1 - β₂ᵗ) + ε)

    Parameters
    ----------
    weights
        Shape ``(k, d + 1)``, float32: changed by `step`.

    Examples
    --------
    >>> weights = np.ones((1, 2), dtype=np.float32)
    >>> AdamW(weights).step(np.array([[5.0, 0.0]], dtype=np.float32))
    >>> weights  # a first step has length η; then only the decay is left
    array([[0.99899, 0.99999]], dtype=float32)
    """

    def __init__(self, weights: Floats) -> None:
        self._weights = weights
        self._first = np.zeros_like(weights)
        self._second = np.zeros_like(weights)
        self._scratch = np.empty_like(weights)
        self._steps = 0

    def step(self, gradient: Floats) -> None:
        """Take one step; `gradient`, shape ``(k, d + 1)``, is used up."""
        self._steps += 1
        scratch, second = self._scratch, self._second
        np.subtract(gradient, self._first, out=scratch)
        scratch *= np.float32(1.0 - BETA1)
        self._first += scratch
        gradient *= gradient
        gradient *= np.float32(1.0 - BETA2)
        second *= np.float32(BETA2)
        second += gradient
        np.sqrt(second, out=scratch)
        scratch /= np.float32((1.0 - BETA2**self._steps) ** 0.5)
        scratch += np.float32(EPSILON)
        np.divide(self._first, scratch, out=scratch)
        scratch *= np.float32(LEARNING_RATE / (1.0 - BETA1**self._steps))
        self._weights *= np.float32(1.0 - LEARNING_RATE * WEIGHT_DECAY)
        self._weights -= scratch


def logits_by_epoch(
    samples: Samples, splits: Sequence[Split], draws: Sequence[Draws]
) -> list[Floats]:
    """Train a probe on each split; predict its test rows after each epoch.

    Splits advance together if their training parts are equally large, as those of a shuffle split
    are.

    Parameters
    ----------
    samples
        The n labelled samples.
    splits, draws
        k splits into the samples, and what each draws from the stream.

    Returns
    -------
    list of ndarray
        For each split, shape ``(EPOCHS, n_test)``: z, for a binary task the logit.
    """
    logits: dict[int, Floats] = {}
    for size in sorted({split.train.size for split in splits}):
        chosen = [s for s, split in enumerate(splits) if split.train.size == size]
        tests = [splits[s].test for s in chosen]
        trained = _train(samples, [splits[s].train for s in chosen], [draws[s] for s in chosen])
        logits |= zip(chosen, _on_test_rows(samples, trained, tests), strict=True)
    return [logits[s] for s in range(len(splits))]


def _on_test_rows(
    samples: Samples, weights: list[Floats], tests: list[NDArray[np.intp]]
) -> list[Floats]:
    # Copying a split's test rows once for all epochs takes a third of the time of one product with
    # all rows for all splits.
    by_split = np.stack(weights, axis=1)
    return [
        (samples.X[test] @ now[:, :-1].T).T + now[:, -1:]
        for now, test in zip(by_split, tests, strict=True)
    ]


def _train(samples: Samples, trains: list[NDArray[np.intp]], draws: list[Draws]) -> list[Floats]:
    """Weights after each epoch, EPOCHS times shape ``(k, d + 1)``; equally many rows each."""
    shuffled = permutations(np.concatenate([one.shuffling for one in draws]))
    shuffled = shuffled.reshape(len(trains), EPOCHS, -1)
    orders = np.stack([train[order] for train, order in zip(trains, shuffled, strict=True)], axis=1)
    n_rows = orders.shape[2]
    weights = np.stack([one.initial for one in draws])
    optimiser = AdamW(weights)
    sizes = {min(BATCH, n_rows - start) for start in range(0, n_rows, BATCH)}
    batches = {size: _Batches(samples, weights, size) for size in sizes}
    after = []
    for order in orders:
        for start in range(0, n_rows, BATCH):
            rows = order[:, start : start + BATCH]
            optimiser.step(batches[rows.shape[1]].gradients(rows))
        after.append(weights.copy())
    return after


class _Batches:
    """The gradient of each split's mean loss on its own batch of B rows.

    ∂/∂w = Σ rᵢ·xᵢ and ∂/∂b = Σ rᵢ over the batch, with r = (1/(1 + exp(-z)) - y)/B for the
    cross-entropy and 2·(z - y)/B for the squared error. A batch is copied next to its neighbours
    and used twice while it is in the cache. All arrays and views are made once: making them anew at
    every step would take as long as the arithmetic.

    Parameters
    ----------
    weights
        Shape ``(k, d + 1)``: looked at anew at every step.
    n_rows
        B.
    """

    def __init__(self, samples: Samples, weights: Floats, n_rows: int) -> None:
        self._samples = samples
        k, n_dims = weights.shape[0], weights.shape[1] - 1
        together = max(1, min(k, _COPIED_AT_ONCE // (n_rows * n_dims * samples.X.itemsize)))
        copied = _in_step_with(samples.X, (together, n_rows, n_dims))
        self._residuals = np.empty((k, n_rows), dtype=np.float32)
        self._gradients = np.empty_like(weights)
        self._parts = []
        for first in range(0, k, together):
            part = slice(first, min(first + together, k))
            residuals = self._residuals[part]
            self._parts.append(
                _Part(
                    splits=part,
                    batch=copied[: part.stop - first],
                    w=weights[part, :-1, np.newaxis],
                    b=weights[part, -1:],
                    residuals=residuals,
                    column=residuals[:, :, np.newaxis],
                    row=residuals[:, np.newaxis],
                    gradient=self._gradients[part, np.newaxis, :-1],
                )
            )

    def gradients(self, rows: NDArray[np.intp]) -> Floats:
        """Return shape ``(k, d + 1)`` for rows ``(k, B)``; overwritten by the next call."""
        X, targets = self._samples.X, self._samples.y[rows]
        for part in self._parts:
            # mode="clip" copies straight into `out`; the rows are known to be in range.
            np.take(X, rows[part.splits], axis=0, out=part.batch, mode="clip")
            np.matmul(part.batch, part.w, out=part.column)
            z = part.residuals
            z += part.b
            self._to_residuals(z, targets[part.splits])
            np.matmul(part.row, part.batch, out=part.gradient)
        self._residuals.sum(axis=1, out=self._gradients[:, -1])
        return self._gradients

    def _to_residuals(self, z: Floats, targets: Floats) -> None:
        if self._samples.binary:
            np.subtract(sigmoid(z), targets, out=z)
            z /= np.float32(z.shape[1])
        else:
            z -= targets
            z *= np.float32(2.0 / z.shape[1])


@dataclass(frozen=True, eq=False)
class _Part:
    """Views for the splits whose batches are copied together."""

    splits: slice
    batch: Floats
    w: Floats
    b: Floats
    residuals: Floats
    column: Floats
    row: Floats
    gradient: Floats


def _in_step_with(X: Floats, shape: tuple[int, ...]) -> Floats:
    """Allocate an array whose address is that of X modulo the page size.

    Rows of 4 KiB copied to 16 bytes further in a page, which malloc is free to offer, take ten
    times as long on some processors (AMD EPYC, 64 rows: 155 µs instead of 15).
    """
    n_bytes = math.prod(shape) * X.itemsize
    room = np.empty(n_bytes + mmap.PAGESIZE, dtype=np.uint8)
    start = (X.ctypes.data - room.ctypes.data) % mmap.PAGESIZE
    return room[start : start + n_bytes].view(np.float32).reshape(shape)
