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

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from probeboard.probing.descent import Preconditioner, Product, minimize

Array = NDArray[Any]
Single = NDArray[np.float32]

# Largest Hessian to factorise as a whole, in rows; beyond it, one block per class.
LARGEST_HESSIAN = 8192


@dataclass(frozen=True, eq=False)
class Fits:
    """k logistic regressions on subsets of the same rows.

    Attributes
    ----------
    A
        Shape ``(n, 1 + d)``: a column of ones, then the embeddings.
    single
        The same in single precision, for products with Hessians.
    Y
        Shape ``(c, 1, n)``: 0 or 1; c = 1 for two classes, the number of classes for more.
    mask
        Shape ``(k, n)``, float32: 1 where the row trains the column, else 0.
    penalties
        Shape ``(k,)``: λ.
    """

    A: Array
    single: Single
    Y: Array
    mask: Single
    penalties: Array

    def logits(self, weights: Array) -> Array:
        """Shape ``(c, k, n)``, so that what is done to each, and across classes, is contiguous."""
        return _forward(self.A, weights)

    def value(self, weights: Array, logits: Array) -> tuple[Array, Array]:
        loss, probabilities = loss_and_probabilities(logits, self.Y)
        squares = np.einsum("dck,dck->k", weights[1:], weights[1:])
        return np.einsum("kn,kn->k", loss, self.mask) + self.penalties * squares / 2, probabilities

    def gradient(self, weights: Array, probabilities: Array) -> Array:
        gradient = _backward(self.A, (probabilities - self.Y) * self.mask)
        gradient[1:] += self.penalties * weights[1:]
        return gradient

    def hessian(self, probabilities: Array) -> Product:
        p = probabilities.astype(np.float32, copy=False)
        trained = p * self.mask
        if len(p) == 1:
            trained *= 1 - p
        penalties = self.penalties.astype(np.float32)

        def product(direction: Single) -> Single:
            moves = _forward(self.single, direction)
            if len(p) > 1:
                moves -= np.einsum("ckn,ckn->kn", p, moves)
            moves *= trained
            image = _backward(self.single, moves)
            image[1:] += penalties * direction[1:]
            return image

        return product

    def take(self, columns: NDArray[np.intp]) -> "Fits":
        return replace(self, mask=self.mask[columns], penalties=self.penalties[columns])

    def in_single(self) -> "Fits":
        return replace(
            self,
            A=self.single,
            Y=self.Y.astype(np.float32),
            penalties=self.penalties.astype(np.float32),
        )


def _forward(rows: Array, weights: Array) -> Array:
    d, c, k = weights.shape
    return (weights.reshape(d, c * k).T @ rows.T).reshape(c, k, len(rows))


def _backward(rows: Array, residuals: Array) -> Array:
    c, k, n = residuals.shape
    return (rows.T @ residuals.reshape(c * k, n).T).reshape(rows.shape[1], c, k)


def loss_and_probabilities(logits: Array, Y: Array) -> tuple[Array, Array]:
    """Log loss ``(k, n)`` and probabilities ``(c, k, n)`` of logits ``(c, k, n)``."""
    if len(Y) == 1:
        small = np.exp(-np.abs(logits))
        total = 1 + small
        loss = np.log(total) + np.maximum(logits, 0) - Y * logits
        return loss[0], np.where(logits >= 0, 1, small) / total
    shifted = logits - logits.max(axis=0)
    truth = np.einsum("ckn,cn->kn", shifted, Y[:, 0])
    exponentials = np.exp(shifted, out=shifted)
    total = exponentials.sum(axis=0)
    loss = np.log(total) - truth
    exponentials /= total
    return loss, exponentials


@dataclass(frozen=True, eq=False)
class Curvature:
    """A Hessian of the log loss, without the penalty: in one block, or in one per class.

    Each block has shape ``(classes·(1 + d), classes·(1 + d))``. Leaving out what lies between the
    blocks costs steps of the descent, not accuracy.
    """

    blocks: tuple[Array, ...]
    rows: int
    dims: int

    def scaled(self, factor: float) -> "Curvature":
        """That of `factor` times as many rows."""
        return Curvature(tuple(factor * block for block in self.blocks), self.rows, self.dims)

    def solver(self, penalty: float) -> Preconditioner:
        """Solve with this plus λI, in single precision: it only preconditions."""
        factors = [self._factorise(block, penalty) for block in self.blocks]

        def solve(gradient: Single) -> Single:
            d, c, k = gradient.shape
            by_class = gradient.transpose(1, 0, 2).reshape(len(factors), -1, k)
            solved = [
                cho_solve(factor, right, check_finite=False)
                for factor, right in zip(factors, by_class, strict=True)
            ]
            return np.concatenate(solved).reshape(c, d, k).transpose(1, 0, 2).copy()

        return solve

    def _factorise(self, block: Array, penalty: float) -> tuple[Single, bool]:
        diagonal = np.full((len(block) // self.dims, self.dims), penalty)
        # Adding a constant to all intercepts changes nothing: that direction needs some curvature.
        diagonal[:, 0] = 1e-6 * self.rows
        own = np.diag(block)
        # What rounding took from the smallest eigenvalues is given back, and more until it is.
        for share in 1e-6 * 10.0 ** np.arange(8):
            H = block.astype(np.float32)
            H[np.diag_indices_from(H)] += (diagonal.ravel() + share * own).astype(np.float32)
            try:
                factor: tuple[Single, bool] = cho_factor(
                    H, lower=True, overwrite_a=True, check_finite=False
                )
            except LinAlgError:
                continue
            return factor
        return np.diag(np.sqrt(np.diag(H))), True


def curvature(fits: Fits, weights: Array) -> Curvature:
    """Mean curvature of the columns at their weights, shape ``(1 + d, c, k)``.

    Where classes are nearly separable it is far from that of a fit to all rows, which is sure of
    rows that a split has not seen.
    """
    logits = fits.logits(weights.astype(fits.A.dtype, copy=False))
    _, p = loss_and_probabilities(logits, fits.Y)
    trained = p * fits.mask
    c, k, rows = p.shape
    dims = fits.A.shape[1]

    def block(a: int, b: int) -> Array:
        between = np.einsum("kn,kn->n", trained[a], p[b])
        shares = (trained[a].sum(axis=0) - between if a == b else between) / k
        scaled = np.sqrt(np.maximum(shares, 0))[:, None] * fits.A
        product: Array = scaled.T @ scaled
        return product if a == b else -product

    if c * dims > LARGEST_HESSIAN:
        return Curvature(tuple(block(a, a) for a in range(c)), rows, dims)
    H = np.empty((c, dims, c, dims), dtype=fits.A.dtype)
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
            max_steps=10,
        )
        if converged.all():
            break
        near = curvature(fits, weights)
    return weights
