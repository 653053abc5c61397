"""Choose the penalty of each split's logistic regression, and predict its test rows."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split
from probeboard.probing.axes import Axes
from probeboard.probing.descent import minimize
from probeboard.probing.logistic import (
    Fits,
    curvature,
    fit_all_rows,
    loss_and_probabilities,
)

Array = NDArray[Any]
Vector = NDArray[np.float64]

# From the strongest, so that each fit starts from one that is a little smoother.
RELATIVE_PENALTIES: Vector = np.logspace(-1.0, -5.0, 5)
# Newton decrements (see `descent`): of the fits to all rows that others start from, of those that
# only compare penalties, and of those that score.
START_TOLERANCE = 0.5
PATH_TOLERANCE = 0.05
FINAL_TOLERANCE = 1e-8
# Leverage estimated above this is not believed.
LARGEST_LEVERAGE = 0.9


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """What logistic regression makes of one split.

    Attributes
    ----------
    penalty
        λ, 1/C in scikit-learn.
    logits
        Shape ``(n_test, c)``: c = 1 for two classes, the logit of class 1.
    predicted
        Shape ``(n_test,)``: class numbers.
    """

    penalty: float
    logits: Vector
    predicted: NDArray[np.int64]


def fit_logistic(
    axes: Axes,
    y: NDArray[np.int64],
    splits: tuple[Split, ...],
    *,
    relative: Vector = RELATIVE_PENALTIES,
) -> tuple[LogisticFit, ...]:
    """Fit logistic regression on each split's training rows and predict its test rows.

    Parameters
    ----------
    axes
        Of n embeddings.
    y
        Shape ``(n,)``: class numbers 0 .. c - 1; two classes get a sigmoid, more a softmax.
    splits
        Row numbers of `y`; every training part has every class.
    relative
        Shape ``(p,)``, positive, descending: penalties as multiples of the mean eigenvalue of the
        centred training Gram matrix.

    Returns
    -------
    tuple of LogisticFit
        One per split.
    """
    units = np.array([axes.variation(split) / axes.dims or 1.0 for split in splits])
    path = _Path(axes, _fits(axes, y, splits), units, relative)
    starts, chosen = path.choose(y)
    weights = np.empty_like(starts, dtype=np.float64)
    for step in np.unique(chosen):
        columns = np.flatnonzero(chosen == step)
        weights[..., columns] = path.finish(int(step), columns, starts[..., columns])
    return tuple(
        _predict(axes.design[split.test], weights[..., i], float(relative[chosen[i]] * units[i]))
        for i, split in enumerate(splits)
    )


def _fits(axes: Axes, y: NDArray[np.int64], splits: tuple[Split, ...]) -> Fits:
    classes = int(y.max()) + 1
    Y = np.eye(classes)[:, y] if classes > 2 else y[None].astype(np.float64)
    mask = np.stack([np.bincount(split.train, minlength=len(y)) for split in splits])
    return Fits(
        axes.design, axes.single, Y[:, None], mask.astype(np.float32), np.zeros(len(splits))
    )


class _Path:
    """The fits of every split at every penalty of the path."""

    def __init__(self, axes: Axes, fits: Fits, units: Vector, relative: Vector) -> None:
        self.axes = axes
        self.fits = fits
        self.units = units
        self.relative = relative
        self.single = fits.in_single()
        self.share = float(fits.mask.mean())
        self.all_rows = replace(
            self.single,
            mask=np.ones((1, fits.mask.shape[1]), dtype=np.float32),
            penalties=np.array([axes.mean_eigenvalue]),
        )

    def at(self, step: int, fits: Fits, units: Vector) -> Fits:
        return replace(fits, penalties=(self.relative[step] * units).astype(fits.A.dtype))

    def choose(self, y: NDArray[np.int64]) -> tuple[Array, NDArray[np.intp]]:
        """Weights ``(d, c, k)`` at the best penalty of each split, and its place on the path."""
        (d, c, k) = (self.fits.A.shape[1], len(self.fits.Y), len(self.units))
        leverage = Leverage.of(self.axes, share=self.share)
        optimum = np.zeros((d, c, 1), dtype=np.float32)
        weights = np.zeros((d, c, k), dtype=np.float32)
        near = curvature(self.all_rows, optimum)
        best = np.zeros_like(weights)
        score, chosen = np.full(k, -np.inf), np.zeros(k, dtype=np.intp)
        for step in range(len(self.relative)):
            all_rows = self.at(step, self.all_rows, self.all_rows.penalties)
            previous = optimum
            optimum = fit_all_rows(all_rows, optimum, near=near, tolerance=START_TOLERANCE)
            weights += optimum - previous
            fits = self.at(step, self.single, self.units)
            shared = curvature(fits, weights)
            weights, _ = minimize(
                fits,
                weights,
                precondition=shared.solver(float(fits.penalties.mean())),
                tolerance=PATH_TOLERANCE,
            )
            near = shared.scaled(1 / self.share)
            found = leave_one_out_f1(fits, weights, y, leverage=leverage)
            better = found > score
            score[better], chosen[better] = found[better], step
            best[..., better] = weights[..., better]
        return best, chosen

    def finish(self, step: int, columns: NDArray[np.intp], start: Array) -> Array:
        """Weights of some splits at one penalty, converged in double precision."""
        fits = self.at(step, self.fits, self.units).take(columns)
        weights, converged = minimize(
            fits,
            start.astype(np.float64),
            precondition=curvature(fits.in_single(), start).solver(float(fits.penalties.mean())),
            tolerance=FINAL_TOLERANCE,
        )
        for column in np.flatnonzero(~converged):
            alone, zero = fits.take(np.array([column])), np.zeros_like(weights[..., :1])
            weights[..., [column]] = fit_all_rows(
                alone, zero, near=curvature(alone.in_single(), zero), tolerance=FINAL_TOLERANCE
            )
        return weights


@dataclass(frozen=True, eq=False)
class Leverage:
    """Squared coordinates of each row along the principal axes, ``(n, d)``, and their variances."""

    squares: NDArray[np.float32]
    eigenvalues: NDArray[np.float32]

    @classmethod
    def of(cls, axes: Axes, *, share: float) -> "Leverage":
        return cls(axes.single[:, 1:] ** 2, (axes.eigenvalues * share).astype(np.float32))


def leave_one_out_f1(
    fits: Fits, weights: Array, y: NDArray[np.int64], *, leverage: Leverage
) -> Vector:
    """(Macro-)F1 of approximate leave-one-out predictions of each column's training rows.

    Leaving row i out moves its logits z by one Newton step, (I - A W)⁻¹ A (p - y), where
    W = diag p - ppᵀ is the row's curvature and A = x̃ᵀH⁻¹x̃ (Beirami et al. 2017; Rad & Maleki 2020,
    doi:10.1111/rssb.12374). In the Hessian H = Σ W_i ⊗ x̃_i x̃_iᵀ + λI, W_i is replaced by its mean
    over the training rows, M = V diag μ Vᵀ, as generalized cross-validation does with leverages:
    one eigendecomposition of XᵀX, which knows no label, then serves every split, class and
    penalty. In the basis V, where A is diagonal, so is W taken to be:

        a_m = 1 / (n μ_m) + Σ_j Z_ij² / (μ_m s_j + λ)
        Δz  = V [ a_m v_mᵀ(p - y) / (1 - a_m v_mᵀ W v_m) ]

    The metric itself is what is compared: choosing by log loss costs up to .1 of macro-F1 on real
    embeddings, where classes are rare.

    Returns
    -------
    NDArray
        Shape ``(k,)``.
    """
    logits = fits.logits(weights)
    c, k, n = logits.shape
    p = loss_and_probabilities(logits, fits.Y)[1].transpose(1, 2, 0)  # (k, n, c) from here on
    trains = fits.mask[:, :, None]
    rows = trains.sum(axis=1, keepdims=True)
    own = (p * trains).sum(axis=1)
    pairs = (p * trains).transpose(0, 2, 1) @ p
    mu, V = np.linalg.eigh((own[:, :, None] * np.eye(c, dtype=p.dtype) - pairs) / rows)
    mu = np.maximum(mu, 1e-6)
    spread = leverage.eigenvalues[:, None, None] * mu + fits.penalties[:, None]
    a = (leverage.squares @ (1 / spread).reshape(-1, k * c)).reshape(n, k, c).transpose(1, 0, 2)
    a = a + 1 / (rows * mu[:, None])
    curvature = np.maximum(p @ V**2 - (p @ V) ** 2, 0)
    moves = (
        (p - fits.Y.transpose(1, 2, 0)) @ V * a / (1 - np.minimum(a * curvature, LARGEST_LEVERAGE))
    )
    logits += (moves @ V.transpose(0, 2, 1)).transpose(2, 0, 1)
    predicted = logits[0] > 0 if c == 1 else logits.argmax(axis=0)
    counted = fits.mask > 0
    scores = []
    for label in range(1, 2) if c == 1 else range(c):
        called, true = (predicted == label) & counted, (y == label) & counted
        hits = (called & true).sum(axis=1)
        scores.append(2 * hits / np.maximum(called.sum(axis=1) + true.sum(axis=1), 1))
    means: Vector = np.mean(scores, axis=0, dtype=np.float64)
    return means


def _predict(rows: Vector, weights: Vector, penalty: float) -> LogisticFit:
    logits = rows @ weights
    predicted = (logits[:, 0] > 0) if logits.shape[1] == 1 else logits.argmax(axis=1)
    return LogisticFit(penalty, logits, predicted.astype(np.int64))
