"""Each class's own Hessian as a preconditioner: where dimensions are few it is cheap.

`Curvature` takes each row's curvature for the same along all axes. Near separability, or where the
spectrum is steep, it is not, and conjugate gradients preconditioned so need hundreds of steps. The
Hessian of a class alone, Σ_i p_i (1 - p_i) x̃_i x̃_iᵀ + λI, knows how they differ; what classes have
in common is left for conjugate gradients to find: on real embeddings of 128 dimensions and 6
classes the residual is a hundredth after 5 steps instead of 50 to 150. The whole Hessian would save
these 5, and cost (c - 1)/2 times as much to form and c² times to factorise.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import spotrf, spotri

from probeboard.probing.logistic import LEAST_CURVATURE, Problems

Array = NDArray[Any]
Single = NDArray[np.float32]

# How many steps of conjugate gradients forming the blocks once may cost.
MOST_STEPS = 100
# First addition to the diagonal, scaled to 1; it grows by `LARGER` until there is a factorisation.
JITTER, LARGER = 1e-6, 10.0
# Rows of less than this share of the largest curvature are left out: near separability, most.
NEGLIGIBLE = 4e-4


@dataclass(frozen=True, eq=False)
class Blocks:
    """Approximate inverses of the problems' Hessians: a block per class, off which there is 0.

    Attributes
    ----------
    contrasts
        As in `Problems`.
    inverse
        Shape ``(m, c, 1 + r, 1 + r)``: positive definite, symmetric.
    stale
        Shape ``(m,)``: whose are to be formed, or formed again, when next they are needed.
    """

    contrasts: Single
    inverse: Single
    stale: NDArray[np.bool_]

    @classmethod
    def if_they_pay(cls, problems: Problems) -> "Blocks | None":
        """Blocks to be formed, if that costs less than `MOST_STEPS` steps: they save hundreds.

        A block takes n·w² operations to form and w³ to invert, w = 1 + r, and a problem has c of
        them; a step of conjugate gradients takes 4·n·w for each of q contrasts.
        """
        n, width = problems.rows.shape
        c, q = problems.contrasts.shape
        pay = c * width * (n + width) <= 4 * MOST_STEPS * q * n
        if not pay:
            return None
        m = len(problems.mask)
        inverse = np.zeros((m, c, width, width), dtype=np.float32)
        return cls(problems.contrasts, inverse, np.ones(m, dtype=np.bool_))

    def renew(self, problems: Problems, p: Array, moving: NDArray[np.bool_]) -> None:
        """Form those that are stale of moving problems, where probabilities are `p`, ``(m, c, n)``.

        Each is a product of its own, so that it is the same whatever others there are.
        """
        for i in np.flatnonzero(self.stale & moving):
            self.stale[i] = False
            curvatures = p[i] * (1 - p[i]) * problems.mask[i]
            for number, own in enumerate(curvatures):
                some = np.flatnonzero(own > NEGLIGIBLE * own.max())
                scaled = problems.rows[some] * np.sqrt(own[some, None])
                hessian = scaled.T @ scaled
                diagonal = np.einsum("jj->j", hessian)
                diagonal[0] += np.float32(LEAST_CURVATURE * problems.count)
                diagonal[1:] += np.float32(problems.penalties[i])
                self.inverse[i, number] = _inverse(hessian)

    def solve(self, gradient: Single) -> Single:
        """The inverse times an array like the weights."""
        if len(self.contrasts) == 1:
            return np.asarray((gradient[:, :, None] @ self.inverse)[:, :, 0])
        of_classes = self.contrasts @ gradient
        return np.asarray(self.contrasts.T @ (of_classes[:, :, None] @ self.inverse)[:, :, 0])


def _inverse(hessian: Single) -> Single:
    """Inverse of a matrix that is positive definite but for rounding.

    Examples
    --------
    >>> hessian = np.diag(np.float32([4.0, 1e-12]))
    >>> [f"{value:.3g}" for value in _inverse(hessian).diagonal()]
    ['0.25', '1e+12']
    """
    scale = 1 / np.sqrt(np.maximum(hessian.diagonal(), np.finfo(np.float32).tiny))
    scaled = hessian * scale * scale[:, None]
    jitter = JITTER
    while True:
        np.einsum("jj->j", scaled)[:] = 1 + jitter
        factor, failed = spotrf(scaled, clean=0)
        if not failed:
            break
        jitter *= LARGER
    inverse, _ = spotri(factor)
    inverse = np.triu(inverse) + np.triu(inverse, 1).T
    return np.asarray(inverse * scale * scale[:, None], dtype=np.float32)
