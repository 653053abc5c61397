"""Minimise many logistic regressions at once.

Far from the minimum by nonlinear conjugate gradients in single precision (`descend`), or, where
dimensions are few, by Newton's method preconditioned with `Blocks` (`approach`); then by
limited-memory BFGS (`settle`); near it by Newton's method in double precision (`finish`), whose
equations are solved by linear conjugate gradients in single precision: they need no more, because
the gradient they start from has it, and what they leave is for the next step to remove. All cost
two matrix products a step over all problems together, and all are preconditioned with each
problem's own `Curvature`, `Memory` or `Blocks`.

Problems share products, nothing else: where one starts, steps and stops follows from its own
training rows, and one that has converged stays in the products, so that not even their shapes
depend on the others. A problem's weights are the same, to the last bit, whatever the labels of
rows that do not train it.

How far a problem is from its minimum is measured by √(gᵀPg), P the preconditioner. With the
Hessian's inverse it is the Newton decrement: half its square estimates what the objective is above
its minimum, and √(xᵀH⁻¹x) times it bounds the error of the logit of x, in any unit of the
embedding.

Source: Nocedal & Wright, *Numerical Optimization*, 2nd ed., algorithms 5.4 (with the step of Polak
and Ribière, kept positive: eq. 5.45) and 7.1.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.logistic import Curvature, Problems

Array = NDArray[Any]
Single = NDArray[np.float32]

MAX_SEARCHES = 20
# A step along a line is taken when the slope there is this share of what it was.
FLAT_ENOUGH = 0.25
# Curvature along a line, as a share of the slope: with less, a step is longer than it means.
LEAST_SHARE = 1e-30
TINY = float(np.finfo(np.float32).tiny)


def descend(
    problems: Problems,
    start: Single,
    *,
    tolerance: float,
    max_steps: int,
    moving: NDArray[np.bool_] | None = None,
) -> tuple[Single, Single]:
    """Approach the minimum of every problem by nonlinear conjugate gradients.

    Parameters
    ----------
    problems
        m problems.
    start
        Shape ``(m, q, 1 + r)``, float32.
    tolerance
        Decrement at which a problem stays where it is.
    max_steps
        After which all do.
    moving
        Shape ``(m,)``: which to move; all if not given.

    Returns
    -------
    weights, logits
        Shapes ``(m, q, 1 + r)`` and ``(m, q, n)``.
    """
    weights, logits = start.copy(), problems.logits(start)
    p, residuals = problems.residuals(logits)
    curvature = Curvature.mean(problems, p)
    gradient = problems.gradient(weights, residuals)
    steepest = curvature.solve(gradient)
    squared = dot(gradient, steepest)
    moving = (squared > tolerance**2) & (True if moving is None else moving)
    direction = -steepest
    for _ in range(max_steps):
        if not moving.any():
            break
        slopes = problems.logits(direction)
        step, p, residuals = line_search(
            problems, weights, direction, logits, slopes, residuals, p, moving=moving
        )
        weights += step[:, None, None] * direction
        logits += step[:, None, None] * slopes
        before, gradient = gradient, problems.gradient(weights, residuals)
        steepest = curvature.solve(gradient)
        previous, squared = squared, dot(gradient, steepest)
        moving &= squared > tolerance**2
        turn = np.maximum(squared - dot(before, steepest), 0) / np.maximum(previous, TINY)
        direction *= turn[:, None, None]
        direction -= steepest
        uphill = dot(direction, gradient) >= 0
        direction[uphill] = -steepest[uphill]
    return weights, logits


def line_search(
    problems: Problems,
    weights: Array,
    direction: Array,
    logits: Array,
    slopes: Array,
    residuals: Array,
    p: Array,
    *,
    moving: NDArray[np.bool_],
) -> tuple[Array, Array, Array]:
    """Minimise each problem along a line, by Newton's method between points known to enclose it.

    `slopes` are the logits of the direction, so that no step costs a matrix product. Returns steps
    ``(m,)``, 0 for those not moving, and probabilities and residuals there.
    """
    penalties = problems.penalties.astype(logits.dtype, copy=False)
    bent = penalties * dot(direction[..., 1:], direction[..., 1:])
    tilt = penalties * dot(direction[..., 1:], weights[..., 1:])
    first = dot(residuals, slopes) + tilt
    low, high = np.zeros_like(first), np.full_like(first, np.inf)
    rounding = (
        4 * np.finfo(first.dtype).eps * np.sqrt(dot(residuals, residuals) * dot(slopes, slopes))
    )
    enough = np.maximum(FLAT_ENOUGH * np.abs(first), rounding)
    slope, step = first, np.zeros_like(first)
    searching = moving & (first < 0)
    for _ in range(MAX_SEARCHES):
        curved = dot(problems.bend(p, slopes), slopes) + bent
        # Where the line looks flat there is no Newton step: go twice as far, or as far as one.
        told = curved > LEAST_SHARE * np.abs(slope)
        newton = np.where(told, step - slope / np.where(told, curved, 1), np.inf)
        further = np.where(step > 0, 2 * step, 1)
        middle = np.where(np.isinf(high), further, (low + np.where(np.isinf(high), 0, high)) / 2)
        inside = (newton > low) & (newton < high)
        step = np.where(searching, np.where(inside, newton, middle), step)
        p, residuals = problems.residuals(logits + step[:, None, None] * slopes)
        slope = dot(residuals, slopes) + tilt + step * bent
        low, high = np.where(slope < 0, step, low), np.where(slope > 0, step, high)
        searching &= np.abs(slope) > enough
        if not searching.any():
            break
    return step, p, residuals


def dot(a: Array, b: Array) -> Array:
    """Of each problem, ``(m,)``."""
    dots: Array = np.einsum("mqj,mqj->m", a, b)
    return dots
