"""L2-regularised logistic regression on every split at once, free intercept.

Per split: minimise Σ log loss + λ/2·|W|² over the training rows: one column of weights and a
sigmoid for two classes, a column per class and a softmax for more. C of scikit-learn is 1/λ.

All splits are fitted together: each step is two matrix products over all of them, preconditioned
with their mean Hessian, factorised once, and started from a fit to all rows. Start and
preconditioner have seen test labels. But a strictly convex problem has one minimum, which does not
depend on how it is reached, and every score is computed from weights converged to within 1e-8 of
it (a Newton decrement, see `descent`); so nothing leaks. A split the shared preconditioner does
not serve is fitted again from zero with a preconditioner of its own.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from probeboard.probing.descent import Preconditioner, minimize

Array = NDArray[Any]
Matrix = NDArray[np.float64]

# Largest Hessian to factorise as a whole, in rows; beyond it, one block per class.
LARGEST_HESSIAN = 8192


@dataclass(frozen=True, eq=False)
class Fits:
    """k logistic regressions on subsets of the same rows.

    Attributes
    ----------
    A
        Shape ``(n, 1 + d)``: a column of ones, then the embeddings.
    Y
        Shape ``(n, c, 1)``: 0 or 1; c = 1 for two classes, the number of classes for more.
    mask
        Shape ``(n, 1, k)``: 1 where the row trains the column, else 0.
    penalties
        Shape ``(k,)``: λ.
    """

    A: Array
    Y: Array
    mask: Array
    penalties: Array

    def logits(self, weights: Array) -> Array:
        d, c, k = weights.shape
        return (self.A @ weights.reshape(d, c * k)).reshape(len(self.A), c, k)

    def value(self, weights: Array, logits: Array) -> tuple[Array, Array]:
        loss, probabilities = loss_and_probabilities(logits, self.Y)
        squares = np.einsum("dck,dck->k", weights[1:], weights[1:])
        values = np.einsum("nk,nk->k", loss, self.mask[:, 0]) + self.penalties * squares / 2
        probabilities -= self.Y
        probabilities *= self.mask
        return values, probabilities

    def gradient(self, weights: Array, residuals: Array) -> Array:
        n, c, k = residuals.shape
        gradient = (self.A.T @ residuals.reshape(n, c * k)).reshape(weights.shape)
        gradient[1:] += self.penalties * weights[1:]
        return gradient

    def take(self, columns: NDArray[np.intp]) -> "Fits":
        return Fits(self.A, self.Y, self.mask[..., columns], self.penalties[columns])

    def astype(self, dtype: type) -> "Fits":
        parts = (self.A, self.Y, self.mask, self.penalties)
        return Fits(*(part.astype(dtype, copy=False) for part in parts))


def loss_and_probabilities(logits: Array, Y: Array) -> tuple[Array, Array]:
    """Log loss ``(n, k)`` and probabilities ``(n, c, k)`` of logits ``(n, c, k)``."""
    if Y.shape[1] == 1:
        small = np.exp(-np.abs(logits))
        loss = np.log1p(small) + np.maximum(logits, 0) - Y * logits
        return loss[:, 0], np.where(logits >= 0, 1, small) / (1 + small)
    shifted = logits - logits.max(axis=1, keepdims=True)
    truth = np.einsum("nck,nc->nk", shifted, Y[:, :, 0])
    exponentials = np.exp(shifted, out=shifted)
    total = exponentials.sum(axis=1, keepdims=True)
    loss = np.log(total[:, 0]) - truth
    exponentials /= total
    return loss, exponentials


@dataclass(frozen=True, eq=False)
class Curvature:
    """A Hessian of the log loss, without the penalty: in one block, or in one per class.

    Each block has shape ``(classes·(1 + d), classes·(1 + d))``. Leaving out what lies between the
    blocks costs steps of the descent, not accuracy.
    """

    blocks: tuple[Matrix, ...]
    rows: int
    dims: int

    def scaled(self, factor: float) -> "Curvature":
        """That of `factor` times as many rows."""
        return Curvature(tuple(factor * block for block in self.blocks), self.rows, self.dims)

    def solver(self, penalty: float) -> Preconditioner:
        """Solve with this plus λI."""
        factors = [self._factorise(block, penalty) for block in self.blocks]
        # Single precision is enough for the gradients of a fit in single precision.
        by_dtype = {
            np.dtype(dtype): [(half.astype(dtype, copy=False), lower) for half, lower in factors]
            for dtype in (np.float32, np.float64)
        }

        def solve(gradient: Array) -> Array:
            d, c, k = gradient.shape
            by_class = gradient.transpose(1, 0, 2).reshape(len(factors), -1, k)
            solved = [
                cho_solve(factor, right, check_finite=False)
                for factor, right in zip(by_dtype[gradient.dtype], by_class, strict=True)
            ]
            return np.concatenate(solved).reshape(c, d, k).transpose(1, 0, 2)

        return solve

    def _factorise(self, block: Matrix, penalty: float) -> tuple[Matrix, bool]:
        H = block.copy()
        diagonal = np.full((len(H) // self.dims, self.dims), penalty)
        # Adding a constant to all intercepts changes nothing: that direction needs some curvature.
        diagonal[:, 0] = 1e-8 * self.rows
        H[np.diag_indices_from(H)] += diagonal.ravel()
        factor: tuple[Matrix, bool] = cho_factor(
            H, lower=True, overwrite_a=True, check_finite=False
        )
        return factor


def curvature(fits: Fits, weights: Array) -> Curvature:
    """Mean curvature of the columns at their weights, shape ``(1 + d, c, k)``.

    Where classes are nearly separable it is far from that of a fit to all rows, which is sure of
    rows that a split has not seen.
    """
    logits = fits.logits(weights.astype(fits.A.dtype, copy=False))
    _, p = loss_and_probabilities(logits, fits.Y)
    p = p.astype(np.float64, copy=False)
    if p.shape[1] > 1:
        # Single precision sums to 1 within 1e-7 only, which would leave the Hessian indefinite.
        p /= p.sum(axis=1, keepdims=True)
    trained = p * fits.mask
    X = fits.A.astype(np.float64, copy=False)
    (rows, dims), (_, c, k) = X.shape, p.shape

    def block(a: int, b: int) -> Matrix:
        own = trained[:, a].sum(axis=1) if a == b else 0.0
        shares = (own - np.einsum("nk,nk->n", trained[:, a], p[:, b])) / k
        product: Matrix = X.T @ (shares[:, None] * X)
        return product

    if c * dims > LARGEST_HESSIAN:
        return Curvature(tuple(block(a, a) for a in range(c)), rows, dims)
    H = np.empty((c, dims, c, dims))
    for a in range(c):
        for b in range(a + 1):
            H[a, :, b] = block(a, b)
            H[b, :, a] = H[a, :, b]
    return Curvature((H.reshape(c * dims, c * dims),), rows, dims)


def fit_all_rows(fits: Fits, start: Array, *, near: Curvature, tolerance: float) -> Array:
    """Fit a single column; `near` is its curvature at some weights not far from the start's.

    Where it no longer describes the objective, it is computed again.
    """
    weights, penalty = start, float(fits.penalties[0])
    for _ in range(20):
        weights, converged = minimize(
            fits,
            weights,
            precondition=near.solver(penalty),
            tolerance=tolerance,
            max_steps=20,
        )
        if converged.all():
            break
        near = curvature(fits, weights)
    return weights
