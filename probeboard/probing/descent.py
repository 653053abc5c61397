"""Preconditioned L-BFGS on many convex problems at once: the columns of one array of weights.

Each problem keeps its own history and step length; the problems share only the two matrix
products of a step, over all columns. A column is done when its Newton decrement √(gᵀHg), H the
L-BFGS inverse Hessian, falls below the tolerance: half its square estimates what the objective is
above its minimum, and √(xᵀH⁻¹x) times it bounds the error of the logit of x, in any unit of the
embedding. A converged column does not depend on where it started or on the preconditioner.

Source: Nocedal & Wright, *Numerical Optimization*, 2nd ed., algorithms 7.4 and 3.1.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Preconditioner = Callable[[Array], Array]

MEMORY = 20
MAX_STEPS = 200
MAX_HALVINGS = 30
SUFFICIENT_DECREASE = 1e-4


class Objective(Protocol):
    """k convex functions of weights of shape ``(d, c, k)``."""

    def logits(self, weights: Array) -> Array:
        """Linear part of the objective, so that a step along a line costs no matrix product."""

    def value(self, weights: Array, logits: Array) -> tuple[Array, Array]:
        """Values, shape ``(k,)``, and residuals shaped as the logits."""

    def gradient(self, weights: Array, residuals: Array) -> Array:
        """Gradient, shaped as the weights."""

    def take(self, columns: NDArray[np.intp]) -> "Objective":
        """The objective of some of the columns."""


def minimize(
    objective: Objective,
    start: Array,
    *,
    precondition: Preconditioner,
    tolerance: float,
    max_steps: int = MAX_STEPS,
) -> tuple[Array, NDArray[np.bool_]]:
    """Minimise every column.

    Parameters
    ----------
    objective
        In the precision of `start`.
    start
        Shape ``(d, c, k)``.
    precondition
        Approximates the product of each column's inverse Hessian with an array like `start`.
    tolerance
        Newton decrement at which a column is done.
    max_steps
        Steps after which the columns still moving are given up.

    Returns
    -------
    weights, converged
        Shapes ``(d, c, k)`` and ``(k,)``.
    """
    result = start.copy()
    converged = np.zeros(start.shape[-1], dtype=np.bool_)
    active = np.arange(start.shape[-1])
    weights, logits = start, objective.logits(start)
    value, residuals = objective.value(weights, logits)
    gradient = objective.gradient(weights, residuals)
    history = _History()
    for _ in range(max_steps):
        direction = history.direction(gradient, precondition)
        squared = np.maximum(_dot(gradient, direction), 0.0)
        done = np.sqrt(squared) < tolerance
        if done.any():
            result[..., active[done]] = weights[..., done]
            converged[active[done]] = True
            keep = np.flatnonzero(~done)
            active, objective = active[keep], objective.take(keep)
            history.take(keep)
            weights, logits, gradient, direction = (
                a[..., keep] for a in (weights, logits, gradient, direction)
            )
            value, squared = value[keep], squared[keep]
        if not active.size:
            return result, converged
        step = np.ones_like(value)
        slope = objective.logits(direction)
        # Near the minimum the decrease is below the rounding of the value itself.
        slack = 16 * np.finfo(value.dtype).eps * np.abs(value)
        for _ in range(MAX_HALVINGS):
            weights_new, logits_new = weights - step * direction, logits - step * slope
            value_new, residuals = objective.value(weights_new, logits_new)
            enough = value_new <= value - SUFFICIENT_DECREASE * step * squared + slack
            if enough.all():
                break
            step = np.where(enough, step, step / 2)
        gradient_new = objective.gradient(weights_new, residuals)
        history.add(weights_new - weights, gradient_new - gradient)
        weights, logits, value, gradient = weights_new, logits_new, value_new, gradient_new
    result[..., active] = weights
    return result, converged


class _History:
    """The last steps and changes of gradient, and the inverse Hessian they imply."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Array, Array, Array]] = []

    def add(self, step: Array, change: Array) -> None:
        curvature = _dot(step, change)
        # A column that did not move contributes nothing, rather than a division by zero.
        usable = curvature > np.finfo(curvature.dtype).tiny
        inverse = np.where(usable, 1 / np.where(usable, curvature, 1), 0)
        self.pairs = [*self.pairs[1 - MEMORY :], (step, change, inverse)]

    def take(self, columns: NDArray[np.intp]) -> None:
        self.pairs = [(s[..., columns], y[..., columns], r[columns]) for s, y, r in self.pairs]

    def direction(self, gradient: Array, precondition: Preconditioner) -> Array:
        q = gradient.copy()
        along = []
        for step, change, inverse in reversed(self.pairs):
            a = inverse * _dot(step, q)
            q -= a * change
            along.append(a)
        q = precondition(q)
        for (step, change, inverse), a in zip(self.pairs, reversed(along), strict=True):
            q += (a - inverse * _dot(change, q)) * step
        return q


def _dot(a: Array, b: Array) -> Array:
    dots: Array = np.einsum("dck,dck->k", a, b)
    return dots
