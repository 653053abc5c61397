"""Newton's method for many logistic regressions at once: see `descent`."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.descent import TINY, dot, line_search
from probeboard.probing.logistic import Curvature, Problems, probabilities
from probeboard.probing.logistic_blocks import Blocks
from probeboard.probing.logistic_memory import Memory

Array = NDArray[Any]
Single = NDArray[np.float32]

MAX_NEWTON_STEPS = 50
MAX_APPROACHES = 20
MAX_INNER_STEPS = 200
# After more of them rounding may have had its way, and what is left is looked at.
MAX_TRUSTED_STEPS = 40
# How far Newton's equations are solved at least and at most: relative residuals.
COARSEST, FINEST = 3e-2, 1e-3
# Curvatures change by no more than a tenth when no logit moves by more: a full step is safe.
FAR = 0.1
# Blocks are formed again, which costs as much as some 50 steps of conjugate gradients, when more
# than so many steps were needed: on real embeddings once or twice, wherever one starts.
STALE = 12
# Curvature along a direction, as a share of what the preconditioner takes it for: with less it is
# what rounding left, as where every training row is fitted to the last digit.
LEAST_SHARE = 1e-9
# Growth of the squared residual after which conjugate gradients have lost their way in rounding.
LOST = 1e6


def approach(
    problems: Problems,
    start: Single,
    blocks: Blocks,
    *,
    tolerance: float,
    moving: NDArray[np.bool_] | None = None,
) -> tuple[Single, Single]:
    """Approach the minimum of every problem by Newton's method in single precision.

    As `descend`, where blocks pay; a problem stays where a step gets it from a decrement of at most
    `tolerance`.
    """
    weights, logits = start.copy(), problems.logits(start)
    p, residuals = problems.residuals(logits)
    moving = np.ones(len(start), dtype=np.bool_) if moving is None else moving.copy()
    for _ in range(MAX_APPROACHES):
        blocks.renew(problems, p, moving)
        gradient = problems.gradient(weights, residuals)
        newton = newton_step(
            problems, p, gradient, preconditioner=blocks, tolerance=COARSEST, moving=moving
        )
        blocks.stale[newton.steps > STALE] = True
        step, p, residuals = line_search(
            problems, weights, newton.direction, logits, newton.slopes, residuals, p, moving=moving
        )
        weights += step[:, None, None] * newton.direction
        logits += step[:, None, None] * newton.slopes
        moving &= newton.decrements > tolerance
        if not moving.any():
            break
    return weights, logits


def finish(
    problems: Problems, start: Array, preconditioner: Blocks | Memory, *, tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Converge every problem in double precision.

    A row's curvature changes by no more than a share |δz| when its logit moves by δz, so that a
    Newton step of the logits leaves about δz²/2 to be done: one that is short enough, and that
    conjugate gradients were done with, needs no look at what it left.

    Parameters
    ----------
    problems
        m problems.
    start
        Shape ``(m, q, 1 + r)``, not far from the minimum.
    preconditioner
        Of Newton's equations; blocks are formed when they are needed.
    tolerance
        Of the logits: about what the last step leaves to be done. It is solved to a tenth or
        better.

    Returns
    -------
    weights, logits
        Shapes ``(m, q, 1 + r)`` and ``(m, q, n)``.
    """
    weights = start.astype(np.float64)
    found = np.empty((*start.shape[:2], len(problems.source)))
    moving = np.ones(len(start), dtype=np.bool_)
    for _ in range(MAX_NEWTON_STEPS):
        logits, gradient = problems.exactly(weights)
        p = probabilities(problems.of_classes(logits.astype(np.float32)))
        if isinstance(preconditioner, Blocks):
            preconditioner.renew(problems, p, moving)
        newton = newton_step(
            problems,
            p,
            gradient.astype(np.float32),
            preconditioner=preconditioner,
            tolerance=tolerance,
            moving=moving,
        )
        moves = np.abs(newton.slopes).max(axis=(1, 2))
        if isinstance(preconditioner, Blocks):
            preconditioner.stale[newton.steps > STALE] = True
        far = moves > FAR
        step = np.ones(len(start))
        if far.any():
            p, residuals = problems.residuals(logits)
            searched, _, _ = line_search(
                problems,
                weights,
                newton.direction,
                logits,
                newton.slopes,
                residuals,
                p,
                moving=far,
            )
            # One that rounding takes for uphill is small: it is taken whole.
            step[far] = np.where(searched[far] > 0, searched[far], 1.0)
        weights += step[:, None, None] * newton.direction
        logits += step[:, None, None] * newton.slopes
        # What others still have to do changes not even the last bit of a problem that is done.
        found[moving] = logits[moving]
        solved = newton.steps < MAX_TRUSTED_STEPS
        moving &= moves > np.where(solved, np.sqrt(2 * tolerance), 10 * tolerance)
        if not moving.any():
            break
    return weights, found


@dataclass(frozen=True, eq=False)
class NewtonStep:
    """What solves Newton's equations.

    Attributes
    ----------
    direction, slopes
        δ and its logits; 0 for problems that do not move.
    decrements
        Shape ``(m,)``: √(gᵀH⁻¹g).
    steps
        Shape ``(m,)``: how many of conjugate gradients each took; all there may be, if the
        preconditioner was so far off that rounding ended them.
    """

    direction: Single
    slopes: Single
    decrements: Single
    steps: NDArray[np.intp]


def newton_step(
    problems: Problems,
    p: Single,
    gradient: Single,
    *,
    preconditioner: Blocks | Curvature | Memory,
    tolerance: float,
    moving: NDArray[np.bool_],
) -> NewtonStep:
    """Solve Hδ = -g for each moving problem by preconditioned conjugate gradients.

    Far from the minimum it pays to solve for no more digits than the step is right to, close to it
    for no more than are wanted.
    """
    residual = -gradient
    direction = preconditioner.solve(residual)
    squared = dot(residual, direction)
    slopes = problems.logits(direction)
    largest = np.abs(slopes).max(axis=(1, 2))
    forcing = np.maximum(np.sqrt(squared), tolerance / np.maximum(largest, TINY))
    forcing = np.clip(forcing, FINEST, COARSEST) ** 2
    enough, total, first = forcing * squared, np.zeros_like(squared), squared
    solution, moves = np.zeros_like(gradient), np.zeros_like(slopes)
    moving = moving & (squared > 0)
    steps = np.zeros(len(moving), dtype=np.intp)
    for _ in range(MAX_INNER_STEPS if moving.any() else 0):
        steps += moving
        image = problems.gradient(direction, problems.bend(p, slopes))
        curved = dot(direction, image)
        told = moving & (curved > LEAST_SHARE * squared)
        # Of a problem that nothing is told of, the first direction is left: the preconditioner's.
        step = np.where(told, squared / np.where(told, curved, 1), moving & (steps == 1))
        step = step.astype(squared.dtype, copy=False)
        steps[moving & ~told] = MAX_INNER_STEPS
        moving &= told
        solution += step[:, None, None] * direction
        moves += step[:, None, None] * slopes
        residual -= step[:, None, None] * image
        preconditioned = preconditioner.solve(residual)
        before, squared = squared, np.where(moving, dot(residual, preconditioned), squared)
        # What the preconditioner takes for stiffer than it is shows in how much a step gains.
        gain = step * before
        total += gain
        moving &= (squared > enough) | (gain > forcing * total)
        lost = moving & (squared > LOST * first)
        steps[lost] = MAX_INNER_STEPS
        moving &= ~lost
        if not moving.any():
            break
        direction *= np.where(moving, squared / np.maximum(before, TINY), 0)[:, None, None]
        direction += preconditioned
        slopes = problems.logits(direction)
    return NewtonStep(solution, moves, np.sqrt(total), steps)
