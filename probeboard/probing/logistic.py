"""L2-regularised logistic regressions with a free intercept: the objective and its derivatives.

Each problem minimises Σ log loss + λ/2·|W|² over its own training rows. C of scikit-learn is 1/λ.
Many problems on the same embeddings (splits, labels of a multilabel task) are evaluated together,
so that each evaluation is one matrix product.

Two classes have one logit. More have a softmax, whose logits are fixed but for what is added to
all: at the minimum the weights of all classes sum to 0. So they are kept in q = c - 1 orthonormal
contrasts, z = Bu with BᵀB = I and 1ᵀB = 0, which changes neither the penalty nor the minimum, saves
a c-th of the products, and leaves no direction without curvature.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert

from probeboard.probing.axes import CentredRows, parts

Array = NDArray[Any]
Single = NDArray[np.float32]

# Beyond this the sigmoid is 0 or 1 to more digits than there are, and its exponential overflows.
LARGEST_LOGIT = 80.0
# The least curvature a row is taken to have.
LEAST_CURVATURE = 1e-9


@dataclass(frozen=True, eq=False)
class Problems:
    """m logistic regressions on subsets of the same rows.

    Weights have shape ``(m, q, 1 + r)``, their logits ``(m, q, n)``, both in contrasts.

    Attributes
    ----------
    rows
        Shape ``(n, 1 + r)``, float32: a one, then coordinates along the principal axes.
    source, vectors
        The same rows in double precision, and the axes in their coordinates: as in `Coordinates`.
    spectrum
        Shape ``(1 + r,)``, float32: mean square of each column of `rows`, over all rows of the
        task. The columns are orthogonal, so that it is the mean of x̃x̃ᵀ.
    count
        How many rows the task has: at least n, which are those that train some problem.
    contrasts
        B, shape ``(c, q)``: ``(1, 1)``, a one, for two classes.
    Y
        Shape ``(m, c, n)`` or ``(1, c, n)``, float32: 0 or 1; c = 1 for two classes.
    mask
        Shape ``(m, 1, n)``, float32: 1 where the row trains the problem, else 0.
    penalties
        Shape ``(m,)``: λ.
    """

    rows: Single
    source: CentredRows
    vectors: NDArray[np.float64]
    spectrum: Single
    count: int
    contrasts: Single
    Y: Single
    mask: Single
    penalties: Array

    def at(self, penalties: Array) -> "Problems":
        """The same with other penalties."""
        return replace(self, penalties=penalties)

    def of_classes(self, logits: Array) -> Array:
        """Logits ``(m, c, n)`` of those in contrasts."""
        return logits if len(self.contrasts) == 1 else self.contrasts @ logits

    def in_contrasts(self, values: Array) -> Array:
        """What of ``(m, c, n)`` lies in the contrasts."""
        return values if len(self.contrasts) == 1 else self.contrasts.T @ values

    def logits(self, weights: Single) -> Single:
        """Of all rows, in contrasts."""
        m, q, width = weights.shape
        flat = weights.reshape(m * q, width)
        logits = np.empty((m * q, len(self.rows)), dtype=np.float32)
        # A block of rows stays in the cache while the product turns it.
        for part in parts(len(self.rows)):
            np.matmul(flat, self.rows[part].T, out=logits[:, part])
        return logits.reshape(m, q, -1)

    def residuals(self, logits: Array) -> tuple[Array, Array]:
        """Probabilities ``(m, c, n)``, and, in contrasts, what they are above training labels."""
        p = probabilities(self.of_classes(logits))
        return p, self.in_contrasts((p - self.Y) * self.mask)

    def gradient(self, weights: Single, residuals: Single) -> Single:
        """Shaped as the weights; the intercept is free."""
        m, q, n = residuals.shape
        gradient: Single = (residuals.reshape(m * q, n) @ self.rows).reshape(m, q, -1)
        gradient[..., 1:] += self.penalties.astype(np.float32)[:, None, None] * weights[..., 1:]
        return gradient

    def exactly(self, weights: Array) -> tuple[Array, Array]:
        """Logits and gradient in double precision, in one pass over the rows."""
        m, q, width = weights.shape
        logits = np.empty((m, q, len(self.source)))
        gradient = np.zeros((m, q, width))
        image = np.zeros((m * q, len(self.vectors)))
        own = weights[..., 1:].reshape(m * q, -1) @ self.vectors.T
        penalties = np.repeat(self.penalties, q)[:, None]
        for part, block in self.source.blocks():
            logits[..., part] = (own @ block.T).reshape(m, q, -1) + weights[..., :1]
            p = probabilities(self.of_classes(logits[..., part]))
            p -= self.Y[..., part]
            p *= self.mask[..., part]
            residuals = self.in_contrasts(p)
            gradient[..., 0] += residuals.sum(axis=2)
            image += residuals.reshape(m * q, -1) @ block
        # The penalty is that of weights in the rows' own coordinates, to the last digit, however
        # nearly orthonormal the axes are.
        image += penalties * own
        gradient[..., 1:] = (image @ self.vectors).reshape(m, q, -1)
        return logits, gradient

    def bend(self, p: Array, slopes: Array) -> Array:
        """Product of each training row's curvature W = diag p - ppᵀ with a change of its logits."""
        if p.shape[1] == 1:
            bent: Array = p * (1 - p) * self.mask * slopes
            return bent
        slopes = self.of_classes(slopes)
        slopes -= np.einsum("mcn,mcn->mn", p, slopes)[:, None]
        slopes *= p
        slopes *= self.mask
        return self.in_contrasts(slopes)


def probabilities(logits: Array) -> Array:
    """Sigmoid, or softmax over the second axis, of logits ``(m, c, n)``.

    Examples
    --------
    >>> probabilities(np.array([[[0.0, -1e300]]])).round(6).tolist()
    [[[0.5, 0.0]]]
    >>> probabilities(np.array([[[1e300], [0.0]]])).tolist()
    [[[1.0], [0.0]]]
    """
    if logits.shape[1] == 1:
        exponentials: Array = np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)
        np.negative(exponentials, out=exponentials)
        np.exp(exponentials, out=exponentials)
        exponentials += 1
        return np.reciprocal(exponentials, out=exponentials)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials


def contrasts(classes: int) -> Single:
    """B, shape ``(c, c - 1)``; of a single class, that against the rest, ``(1, 1)``.

    Examples
    --------
    >>> B = contrasts(3)
    >>> np.allclose(B.T @ B, np.eye(2), atol=1e-6), np.allclose(B.sum(axis=0), 0, atol=1e-6)
    (True, True)
    """
    if classes == 1:
        return np.ones((1, 1), dtype=np.float32)
    return np.ascontiguousarray(helmert(classes).T, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Curvature:
    """The problems' Hessians as they would be if every row had the same curvature.

    H = Σ_i W_i ⊗ x̃_i x̃_iᵀ + λI. With W_i replaced by one matrix V diag κ Vᵀ for all n rows of the
    task, H is diagonal in the classes' basis V and along the principal axes: n κ_a s_j + λ.

    Attributes
    ----------
    values
        Shape ``(m, q)``: n κ.
    vectors
        Shape ``(m, q, q)``: V of each problem, in contrasts.
    inverse
        Shape ``(m, q, 1 + r)``: 1 / (n κ_a s_j + λ).
    """

    values: Single
    vectors: Single
    inverse: Single

    @classmethod
    def of(cls, problems: Problems, matrices: Array) -> "Curvature":
        """Of what all rows together have, shape ``(m, q, q)``."""
        found, vectors = np.linalg.eigh(matrices)
        # Where all predictions are certain, rounding must not be taken for curvature.
        values = np.maximum(found, LEAST_CURVATURE * problems.count).astype(np.float32)
        diagonal = values[:, :, None] * problems.spectrum
        diagonal[..., 1:] += problems.penalties.astype(np.float32)[:, None, None]
        return cls(values, vectors.astype(np.float32), np.reciprocal(diagonal, out=diagonal))

    @classmethod
    def mean(cls, problems: Problems, p: Array) -> "Curvature":
        """With the mean of training rows, where probabilities are `p`, shape ``(m, c, n)``."""
        p = p.astype(np.float32, copy=False)
        trained = p * problems.mask
        if p.shape[1] == 1:
            return cls.of(problems, (trained * (1 - p)).sum(axis=2, keepdims=True))
        spread = -(trained @ p.transpose(0, 2, 1))
        classes = np.arange(p.shape[1])
        spread[:, classes, classes] += trained.sum(axis=2)
        return cls.of(problems, problems.contrasts.T @ spread @ problems.contrasts)

    def solve(self, gradient: Single) -> Single:
        """The inverse times an array like the weights."""
        if gradient.shape[1] == 1:
            return self.inverse * gradient
        rotated: Single = self.vectors.transpose(0, 2, 1) @ gradient
        rotated *= self.inverse
        return self.vectors @ rotated

    def extrapolate(self, weights: Single, change: Array) -> Single:
        """What minima become when λ changes by ``(m,)``, if nothing else of the Hessian does."""
        diagonal = np.reciprocal(self.inverse)
        after = diagonal[..., 1:] + change.astype(np.float32)[:, None, None]
        moved: Single = self.vectors.transpose(0, 2, 1) @ weights
        moved[..., 1:] *= diagonal[..., 1:] / after
        return self.vectors @ moved
