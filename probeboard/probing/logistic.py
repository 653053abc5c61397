"""L2-regularised logistic regression on every split at once, free intercept.

Per split: minimise Σ log loss + λ/2·|W|² over the training rows: one column of weights and a
sigmoid for two classes, a column per class and a softmax for more. C of scikit-learn is 1/λ.

All splits are fitted together. A fit to all rows, with its Hessian, gives the start and the
preconditioner. That fit has seen test labels, but a strictly convex problem has one minimum, which
does not depend on how it is reached, and every score is computed from weights converged to
`FINAL_TOLERANCE`; so nothing leaks. A split the shared preconditioner does not serve is fitted
again from zero with a preconditioner of its own.
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
# Numbers in one piece of the rows times classes that a Hessian is computed from: 32 MB.
CHUNK = 4_000_000


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
    """Hessian of the log loss of one column, without its penalty: one block, or one per class.

    Each block has shape ``(classes·(1 + d), classes·(1 + d))``. Leaving out what lies between the
    blocks costs steps of the descent, not accuracy.
    """

    blocks: tuple[Matrix, ...]
    rows: int
    dims: int

    def solver(self, penalty: float, *, share: float) -> Preconditioner:
        """Solve with `share` times this plus λI, share the fraction of rows that train."""
        factors = [self._factorise(block, penalty, share) for block in self.blocks]
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

    def _factorise(self, block: Matrix, penalty: float, share: float) -> tuple[Matrix, bool]:
        H = share * block
        diagonal = np.full((len(H) // self.dims, self.dims), penalty)
        # Adding a constant to all intercepts changes nothing: that direction needs some curvature.
        diagonal[:, 0] = 1e-8 * self.rows
        H[np.diag_indices_from(H)] += diagonal.ravel()
        factor: tuple[Matrix, bool] = cho_factor(
            H, lower=True, overwrite_a=True, check_finite=False
        )
        return factor


def curvature(fits: Fits, weights: Array) -> Curvature:
    """Curvature of a single column at its weights.

    Σ p_a(δ_ab - p_b)·xxᵀ of all pairs of classes a, b is one product of the rows (p_a·x)_a.
    """
    _, probabilities = loss_and_probabilities(fits.logits(weights), fits.Y)
    mask = fits.mask[:, 0]
    p = probabilities[:, :, 0]
    (rows, dims), c = fits.A.shape, p.shape[1]
    if c == 1 or c * dims > LARGEST_HESSIAN:
        weighted = (p * (1 - p) * mask).T
        blocks = tuple(fits.A.T @ (w[:, None] * fits.A) for w in weighted)
        return Curvature(blocks, rows, dims)
    H = np.zeros((c, dims, c, dims))
    for a in range(c):
        H[a, :, a] = fits.A.T @ ((p[:, [a]] * mask) * fits.A)
    flat = H.reshape(c * dims, c * dims)
    few = max(1, CHUNK // (c * dims))
    for first in range(0, rows, few):
        chunk = slice(first, first + few)
        stacked = (p[chunk, :, None] * mask[chunk, :, None]) * fits.A[chunk, None, :]
        stacked = stacked.reshape(-1, c * dims)
        flat -= stacked.T @ stacked
    return Curvature((flat,), rows, dims)


def fit_all_rows(fits: Fits, start: Array, *, near: Curvature, tolerance: float) -> Array:
    """Fit a single column; `near` is its curvature at some weights not far from the start's.

    Where it no longer describes the objective, it is computed again.
    """
    weights, penalty = start, float(fits.penalties[0])
    for _ in range(20):
        weights, converged = minimize(
            fits,
            weights,
            precondition=near.solver(penalty, share=1.0),
            tolerance=tolerance,
            max_steps=20,
        )
        if converged.all():
            break
        near = curvature(fits, weights)
    return weights
