"""Newton's method on many convex problems at once: the columns of one array of weights.

Newton's equations are solved by conjugate gradients with one preconditioner for all columns, each
column with its own Hessian: two matrix products a step, over all of them. They need no more than
single precision, whatever the precision of the weights, because the gradient they start from has
it: what they leave is for the next step to remove. How far a step is solved follows the Newton
decrement √(gᵀH⁻¹g), so that convergence stays superlinear.

A column is done when its decrement falls below the tolerance: half its square estimates what the
objective is above its minimum, and √(xᵀH⁻¹x) times it bounds the error of the logit of x, in any
unit of the embedding. A converged column does not depend on where it started or on the
preconditioner.

Source: Nocedal & Wright, *Numerical Optimization*, 2nd ed., algorithms 7.1 and 3.1, theorem 7.2.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Single = NDArray[np.float32]
Preconditioner = Callable[[Single], Single]
Product = Callable[[Single], Single]

MAX_STEPS = 50
MAX_INNER_STEPS = 100
MAX_HALVINGS = 30
SUFFICIENT_DECREASE = 1e-4
# Where the decrement is above 1, far from the minimum, the Hessian will have changed anyway.
MAX_FAR_STEPS = 8
# How far Newton's equations are solved at most and at least: relative residuals.
COARSEST, FINEST = 0.1, 1e-3


class Objective(Protocol):
    """k convex functions of weights of shape ``(d, c, k)``."""

    def logits(self, weights: Array) -> Array:
        """Linear part of the objective, so that a step along a line costs no matrix product."""

    def value(self, weights: Array, logits: Array) -> tuple[Array, Array]:
        """Values, shape ``(k,)``, and probabilities shaped as the logits."""

    def gradient(self, weights: Array, probabilities: Array) -> Array:
        """Gradient, shaped as the weights."""

    def hessian(self, probabilities: Array) -> Product:
        """Product of each column's Hessian with an array like the weights."""

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
        Newton decrement from which a column's step is its last.
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
    value, probabilities = objective.value(weights, logits)
    for _ in range(max_steps):
        gradient = objective.gradient(weights, probabilities)
        direction = newton_step(
            objective.hessian(probabilities),
            gradient.astype(np.float32, copy=False),
            precondition=precondition,
            tolerance=tolerance,
        ).astype(start.dtype, copy=False)
        squared = np.maximum(_dot(gradient, direction), 0.0)
        done = np.sqrt(squared) < tolerance
        if done.any():
            result[..., active[done]] = weights[..., done] - direction[..., done]
            converged[active[done]] = True
            keep = np.flatnonzero(~done)
            if not keep.size:
                return result, converged
            active, objective = active[keep], objective.take(keep)
            weights, direction, logits = (
                weights[..., keep],
                direction[..., keep],
                logits[:, keep],
            )
            value, squared = value[keep], squared[keep]
        step = np.ones_like(value)
        slope = objective.logits(direction)
        # Near the minimum the decrease is below the rounding of the value itself.
        slack = 16 * np.finfo(value.dtype).eps * np.abs(value)
        for _ in range(MAX_HALVINGS):
            weights_new, logits_new = weights - step * direction, logits - step[:, None] * slope
            value_new, probabilities = objective.value(weights_new, logits_new)
            enough = value_new <= value - SUFFICIENT_DECREASE * step * squared + slack
            if enough.all():
                break
            step = np.where(enough, step, step / 2)
        weights, logits, value = weights_new, logits_new, value_new
    result[..., active] = weights
    return result, converged


def newton_step(
    hessian: Product, gradient: Single, *, precondition: Preconditioner, tolerance: float
) -> Single:
    """Solve H p = g for each column by preconditioned conjugate gradients.

    Where the decrement is well below the tolerance, the preconditioner's p will do.
    """
    residual, solution = gradient.copy(), np.zeros_like(gradient)
    direction = precondition(residual)
    squared = np.maximum(_dot(residual, direction), 0.0)
    forcing = np.clip(np.sqrt(squared), FINEST, COARSEST)
    enough = np.maximum(forcing**2 * squared, (0.1 * tolerance) ** 2)
    moving, far = squared > 0, squared > 1
    for number in range(1, MAX_INNER_STEPS + 1):
        image = hessian(direction)
        curvature = _dot(direction, image)
        moving &= curvature > 0
        step = np.where(moving, squared / np.where(moving, curvature, 1), 0)
        solution += step * direction
        residual -= step * image
        preconditioned = precondition(residual)
        before, squared = squared, np.maximum(_dot(residual, preconditioned), 0.0)
        moving &= squared > enough
        if number >= MAX_FAR_STEPS:
            moving &= ~far
        if not moving.any():
            break
        direction *= np.where(moving, squared / np.where(moving, before, 1), 0)
        direction += preconditioned
    return solution


def _dot(a: Array, b: Array) -> Array:
    dots: Array = np.einsum("dck,dck->k", a, b)
    return dots
