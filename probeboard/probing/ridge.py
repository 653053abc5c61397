"""Ridge regression on every split, each with the penalty its own training rows prefer.

Per split: minimise Σ(y - b - x·w)² + λ|w|² over the n training rows, b free. With X and y centred
over the training rows, XᵀX = V S Vᵀ, Z = XV and c = Zᵀy, every penalty costs only products:

    w(λ)      = V c / (S + λ)
    y - ŷ     = y - Z c / (S + λ)
    h_i(λ)    = 1/n + Σ_j Z_ij² / (s_j + λ)                (leverage; the 1/n is the intercept)
    loo_i(λ)  = (y_i - ŷ_i) / (1 - h_i)                    (exact leave-one-out residual)

XᵀX of a split is that of all rows less that of its test rows. Where dimensions outnumber training
rows the same is done with K = XXᵀ. Penalties are relative to the mean eigenvalue of XᵀX, so
neither the number of rows nor the unit of the embedding matters.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# Wide, because the spectra of real embeddings fall by many decades: a network with random weights
# needs 1e-7 of the mean eigenvalue where the same network, pretrained, is best at 1e-3.
RELATIVE_PENALTIES: Vector = np.logspace(-7.0, 2.0, 15)


@dataclass(frozen=True, eq=False)
class RidgeFit:
    """What ridge makes of one split: λ, and predictions of the test rows, shape ``(n_test,)``."""

    penalty: float
    predicted: Vector


def fit_ridge(
    X: Matrix, y: Vector, splits: tuple[Split, ...], *, relative: Vector = RELATIVE_PENALTIES
) -> tuple[RidgeFit, ...]:
    """Fit ridge on each split's training rows and predict its test rows.

    The penalty is the one with the smallest mean squared leave-one-out residual of the split's
    training rows, exactly; generalized cross-validation, which averages the leverages, picked a
    weaker penalty and a lower R² on real embeddings, whose leverages are far from equal.

    Parameters
    ----------
    X
        Shape ``(n, d)``: embeddings, finite, of order 1.
    y
        Shape ``(n,)``: labels, finite, of order 1.
    splits
        Row numbers of X.
    relative
        Shape ``(p,)``, positive: penalties as multiples of the mean eigenvalue of the centred
        training Gram matrix.

    Returns
    -------
    tuple of RidgeFit
        One per split.
    """
    if min(split.train.size for split in splits) > X.shape[1]:
        task = _Primal(X, X.astype(np.float32), y, X.T @ X)
        return tuple(_fit_primal(task, split, relative) for split in splits)
    kernel = X @ X.T
    return tuple(_fit_dual(kernel, y, X.shape[1], split, relative) for split in splits)


@dataclass(frozen=True, eq=False)
class _Primal:
    """What all splits of a task share."""

    X: Matrix
    X_single: NDArray[np.float32]
    y: Vector
    gram: Matrix


def _fit_primal(task: _Primal, split: Split, relative: Vector) -> RidgeFit:
    y, test = task.y[split.train], task.X[split.test]
    n, d = split.train.size, task.X.shape[1]
    gram = task.gram - test.T @ test
    # Where the test rows hold most of the variance, little that is right survives the subtraction.
    downdated = bool(np.trace(gram) > 0.5 * np.trace(task.gram))
    train = task.X[split.train]
    if not downdated:
        gram = train.T @ train
    mean, y_mean = train.mean(axis=0), y.mean()
    gram -= n * np.outer(mean, mean)
    y = y - y_mean
    eigenvalues, V = np.linalg.eigh(gram)
    s = np.maximum(eigenvalues, 0.0)
    c = V.T @ (train.T @ y)
    penalties = relative * _unit(s.sum() / d)
    shrunk = 1.0 / (s[:, None] + penalties)
    # Choosing needs few digits, unless leverages come close to 1; the weights get all of them.
    single = downdated and n > 1.5 * d
    rows = task.X_single[split.train] if single else train
    criterion = _leave_one_out_primal(rows, mean, y, V=V, c=c, shrunk=shrunk)
    best = int(np.argmin(criterion))
    weights = V @ (c * shrunk[:, best])
    return RidgeFit(float(penalties[best]), (test - mean) @ weights + y_mean)


def _leave_one_out_primal(
    rows: NDArray[Any], mean: Vector, y: Vector, *, V: Matrix, c: Vector, shrunk: Matrix
) -> Vector:
    dtype = rows.dtype
    Z = rows @ V.astype(dtype)
    Z -= (mean @ V).astype(dtype)
    residuals = y[:, None] - Z @ (c[:, None] * shrunk).astype(dtype)
    np.square(Z, out=Z)
    return _leave_one_out(residuals, 1.0 - 1.0 / y.size - Z @ shrunk.astype(dtype))


def _fit_dual(kernel: Matrix, y: Vector, d: int, split: Split, relative: Vector) -> RidgeFit:
    n = split.train.size
    inner = kernel[np.ix_(split.train, split.train)]
    outer = kernel[np.ix_(split.test, split.train)]
    means = inner.mean(axis=0)
    y_mean = y[split.train].mean()
    eigenvalues, V = np.linalg.eigh(inner - means - means[:, None] + means.mean())
    s = np.maximum(eigenvalues, 0.0)
    penalties = relative * _unit(s.sum() / d)
    shrunk = 1.0 / (s[:, None] + penalties)
    # (K + λ)⁻¹y and diag (K + λ)⁻¹; λ times them are the residuals, and 1 - h + 1/n.
    duals = V @ ((V.T @ (y[split.train] - y_mean))[:, None] * shrunk)
    criterion = _leave_one_out(penalties * duals, penalties * (V**2 @ shrunk) - 1.0 / n)
    best = int(np.argmin(criterion))
    dual = duals[:, best] - duals[:, best].mean()
    return RidgeFit(float(penalties[best]), (outer - means) @ dual + y_mean)


def _leave_one_out(residuals: NDArray[Any], kept: NDArray[Any]) -> Vector:
    """Mean squared leave-one-out residual of each penalty; `kept` is 1 - h."""
    # A row that alone fixes a direction has leverage 1 up to rounding.
    loo: Vector = np.square(residuals / np.maximum(kept, 1e-10)).mean(axis=0, dtype=np.float64)
    return loo


def _unit(mean_eigenvalue: float) -> float:
    """Scale of the penalties: 1 if the training rows are all alike, so that λ is never 0."""
    return mean_eigenvalue if mean_eigenvalue > 0.0 else 1.0
