"""Leave rows out of a ridge regression by a system as large as the rows left out.

Rows Z, centred, along their principal axes: ZᵀZ = S is diagonal, D = (S + λ)⁻¹. Without the rows T,
m of n, the mean of the others is -Z_Tᵀ1/(n - m), so their centred Gram matrix is

    A = S - Z_Tᵀ (I + 11ᵀ/(n - m)) Z_T,   and   (I + 11ᵀ/(n - m))⁻¹ = I - 11ᵀ/n

whence by Sherman, Morrison and Woodbury, for any right-hand side c,

    w = (A + λ)⁻¹ c = D (c - Z_Tᵀ e),   (I - C) e = -Z_T D c,   C = Z_T D Z_Tᵀ + 11ᵀ/n

C is the block on T of the hat matrix of all rows, intercept included. With c = Zᵀy, where y is 0 on
T and has mean 0 elsewhere, e is what is left of y on T: minus the prediction. The eigenvalues of
I - C lie between 0 and 1, for a tenth of many more rows than dimensions close together: conjugate
gradients need a handful of steps, a column per penalty or target.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

MAX_STEPS = 100


class NotDowndated(Exception):
    """What the rows left out leave over has too few digits to be told."""


def solve_without(
    held: Array, right: Array, shrunk: Array, *, n: int, tolerance: float
) -> tuple[Array, Array]:
    """Solve (A + λ) w = c for several c.

    Parameters
    ----------
    held
        Shape ``(m, r)``: Z_T, in single or double precision as is all else.
    right
        Shape ``(q, r)``: each row a c.
    shrunk
        Shape ``(q, r)``: the diagonal of D, of each c's penalty.
    n
        How many rows there are with those left out.
    tolerance
        Of the residual of e, relative to its right-hand side.

    Returns
    -------
    w, e
        Shapes ``(q, r)`` and ``(m, q)``.

    Raises
    ------
    NotDowndated
        If `MAX_STEPS` do not reach the tolerance.

    Examples
    --------
    The slope without the last row, from what is known with it:

    >>> Z, y = np.array([[-2.0], [-1.0], [3.0]]), np.array([-1.0, 1.0, 0.0])
    >>> S, penalty = Z.T @ Z, 0.5
    >>> w, e = solve_without(Z[2:], y[None] @ Z, 1 / (S + penalty), n=3, tolerance=1e-12)
    >>> rows = Z[:2] - Z[:2].mean()
    >>> np.allclose(w, y[:2] @ rows / (rows.T @ rows + penalty)), np.allclose(e, -(3 + 1.5) * w)
    (True, True)
    """
    along = shrunk * right
    error = _conjugate_gradients(held, -(held @ along.T), shrunk, n=n, tolerance=tolerance)
    along -= shrunk * (error.T @ held)
    return along, error


def _conjugate_gradients(
    held: Array, right: Array, shrunk: Array, *, n: int, tolerance: float
) -> Array:
    """Solve (I - C) e = r, each column with steps of its own."""
    solution = np.zeros_like(right)
    residual, direction = right, right.copy()
    squared = np.einsum("ij,ij->j", residual, residual)
    enough = tolerance**2 * squared
    for _ in range(MAX_STEPS):
        moving = squared > enough
        if not moving.any():
            return solution
        # BLAS is slower at the transpose of this product.
        inner = direction.T @ held
        inner *= shrunk
        image = direction - held @ inner.T
        image -= direction.sum(axis=0) / n
        curvature = np.einsum("ij,ij->j", direction, image)
        moving &= curvature > 0
        step = np.where(moving, squared / np.where(moving, curvature, 1), 0)
        solution += step * direction
        image *= step
        residual -= image
        before, squared = squared, np.einsum("ij,ij->j", residual, residual)
        direction *= np.where(moving, squared / np.where(moving, before, 1), 0)
        direction += residual
    raise NotDowndated
