"""Minimise many logistic regressions at once by limited-memory BFGS, in single precision.

The mean curvature (`Curvature`) knows how the axes differ, not how rows do: with it alone conjugate
gradients gain a digit in 8 steps where the rows' curvatures differ by more than their mean. What
the last steps did to the gradient tells the rest. With 20 of them a digit takes 4 to 5 steps on the
benchmark's tasks, and their memory then preconditions Newton's equations in double precision.

Source: Nocedal & Wright, *Numerical Optimization*, 2nd ed., §7.2; the inverse in its compact form
is theorem 2.2 of Byrd, Nocedal & Schnabel (1994, doi:10.1007/BF01582063).
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.descent import dot, line_search
from probeboard.probing.logistic import Curvature, Problems

Array = NDArray[Any]
Single = NDArray[np.float32]

# Steps remembered, and how many numbers they may take up: 16 megabytes, twice.
MOST_KEPT, MOST_NUMBERS = 20, 2**22
# Steps before the curvature is taken anew: most of what it changes, it has by then.
RENEWED = 3
# The least cosine, so to speak, between a step and its change of gradient to be told from rounding.
LEAST_TOLD = 1e-6


@dataclass(eq=False)
class Memory:
    """An approximate inverse of the problems' Hessians, from curvature and the last h steps.

    With steps s and changes of the gradient y as the columns of S and Y, D and R the diagonal and
    the upper triangle of SᵀY, and P the curvature's inverse,

        H⁻¹g ≈ Pq + S R⁻ᵀ(Du - YᵀPq)            u = R⁻¹Sᵀg,  q = g - Yu

    which is positive definite as long as every sᵀy is positive, whatever P was at the time.

    Attributes
    ----------
    curvature
        P.
    S, Y
        Shape ``(m, h, q(1 + r))``: a step's place is free once it is the oldest. 0 where none was.
    products
        Shape ``(m, h, h)``: R in the order of the places, with ones on the diagonal where no step
        was.
    counts
        Shape ``(m,)``: how many steps each problem has taken; those of others change nothing of it.
    """

    curvature: Curvature
    S: Single
    Y: Single
    products: NDArray[np.float64]
    counts: NDArray[np.intp]

    @classmethod
    def empty(cls, curvature: Curvature) -> Self:
        """Of no step."""
        m, q, width = curvature.inverse.shape
        most = min(max(MOST_NUMBERS // (m * q * width), 1), MOST_KEPT)
        S, Y = np.zeros((2, m, most, q * width), dtype=np.float32)
        return cls(curvature, S, Y, np.tile(np.eye(most), (m, 1, 1)), np.zeros(m, dtype=np.intp))

    def add(self, steps: Single, changes: Single) -> None:
        """Remember a step, shaped as the weights, and what it did to the gradient."""
        m, most, size = self.S.shape
        s, y = steps.reshape(m, size), changes.reshape(m, size)
        lengths = np.einsum("mj,mj->m", s, s) * np.einsum("mj,mj->m", y, y)
        told = np.flatnonzero(np.einsum("mj,mj->m", s, y) > LEAST_TOLD * np.sqrt(lengths))
        places = self.counts[told] % most
        self.S[told, places], self.Y[told, places] = s[told], y[told]
        self.products[told, places] = 0.0
        self.products[told, :, places] = (self.S @ y[:, :, None])[told, :, 0]
        self.counts[told] += 1

    def solve(self, gradient: Single) -> Single:
        """The inverse times an array like the weights."""
        m, _, size = self.S.shape
        flat = gradient.reshape(m, size, 1)
        u = np.linalg.solve(self.products, self.S @ flat)
        rest = flat - self.Y.transpose(0, 2, 1) @ u.astype(np.float32)
        solved = self.curvature.solve(rest.reshape(gradient.shape)).reshape(m, size, 1)
        diagonal = np.einsum("mhh->mh", self.products)[:, :, None]
        t = np.linalg.solve(self.products.transpose(0, 2, 1), diagonal * u - self.Y @ solved)
        solved += self.S.transpose(0, 2, 1) @ t.astype(np.float32)
        return solved.reshape(gradient.shape)


def settle(
    problems: Problems, start: Single, *, tolerance: float, max_steps: int
) -> tuple[Single, Memory]:
    """Approach the minimum of every problem.

    As `descent.descend`, and with fewer steps, but each remembers.

    Returns
    -------
    weights, memory
        Shape ``(m, q, 1 + r)``, and what preconditions there.
    """
    weights, logits = start.copy(), problems.logits(start)
    p, residuals = problems.residuals(logits)
    memory = Memory.empty(Curvature.mean(problems, p))
    gradient = problems.gradient(weights, residuals)
    direction = -memory.solve(gradient)
    moving = -dot(direction, gradient) > tolerance**2
    for number in range(max_steps):
        if not moving.any():
            break
        slopes = problems.logits(direction)
        step, p, residuals = line_search(
            problems, weights, direction, logits, slopes, residuals, p, moving=moving
        )
        direction *= step[:, None, None]
        weights += direction
        slopes *= step[:, None, None]
        logits += slopes
        before, gradient = gradient, problems.gradient(weights, residuals)
        memory.add(direction, gradient - before)
        if number == RENEWED:
            memory.curvature = Curvature.mean(problems, p)
        direction = -memory.solve(gradient)
        left = -dot(direction, gradient)
        uphill = left <= 0
        if uphill.any():
            direction[uphill] = -memory.curvature.solve(gradient)[uphill]
            left = -dot(direction, gradient)
        moving &= (left > tolerance**2) & (step > 0)
    # For every problem, however few its steps were.
    memory.curvature = Curvature.mean(problems, p)
    return weights, memory
