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


def hessian_solver(fits: Fits, weights: Array, *, share: float) -> Preconditioner:
    """Factorise the mean Hessian of the columns; solves with it for any number of columns.

    Parameters
    ----------
    fits, weights
        Columns to average.
    share
        Fraction of their rows that the columns to be preconditioned train on.
    """
    _, p = loss_and_probabilities(fits.logits(weights), fits.Y)
    c, rows = p.shape[1], fits.A.shape[1]
    penalty = float(fits.penalties.mean())
    whole = c * rows <= LARGEST_HESSIAN
    blocks = [list(range(c))] if whole else [[a] for a in range(c)]
    factors = []
    for block in blocks:
        H = np.empty((len(block), rows, len(block), rows))
        for i, a in enumerate(block):
            for j, b in enumerate(block[: i + 1]):
                curvature = p[:, a] * ((a == b) - p[:, b]) * fits.mask[:, 0]
                curvature = curvature.mean(axis=1, keepdims=True) * share
                H[i, :, j] = fits.A.T @ (curvature * fits.A)
                H[j, :, i] = H[i, :, j]
        flat = H.reshape(len(block) * rows, -1)
        diagonal = np.full((len(block), rows), penalty)
        # Adding a constant to all intercepts changes nothing: that direction needs some curvature.
        diagonal[:, 0] = 1e-8 * len(fits.A)
        flat[np.diag_indices_from(flat)] += diagonal.ravel()
        factors.append(cho_factor(flat, lower=True, overwrite_a=True, check_finite=False))

    def solve(gradient: Array) -> Array:
        by_class = gradient.transpose(1, 0, 2).astype(np.float64)
        solved = np.empty_like(by_class)
        for block, factor in zip(blocks, factors, strict=True):
            right = by_class[block].reshape(len(block) * rows, -1)
            solution = cho_solve(factor, right, check_finite=False)
            solved[block] = solution.reshape(len(block), rows, -1)
        return solved.transpose(1, 0, 2).astype(gradient.dtype)

    return solve


def fit_all_rows(fits: Fits, start: Array, *, tolerance: float) -> Array:
    """Newton's method, by L-BFGS steps preconditioned with a Hessian that is renewed.

    The Hessian at the start serves for a few steps; where it no longer describes the objective,
    it is factorised again.
    """
    weights = start
    for _ in range(20):
        solve = hessian_solver(fits, weights, share=1.0)
        weights, converged = minimize(
            fits, weights, precondition=solve, tolerance=tolerance, max_steps=15
        )
        if converged.all():
            break
    return weights
