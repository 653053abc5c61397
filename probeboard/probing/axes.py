"""The rows of a task along their principal axes: one decomposition for all its splits.

A rotation changes neither a ridge nor a logistic regression with an L2 penalty. Along principal
axes the Gram matrix is diagonal, so that every penalty of a ridge costs only products; and entries
of a Hessian keep their relative precision, so that single precision is enough to precondition with
it, however many decades the spectrum spans.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split

Matrix = NDArray[np.float64]

# What is left of a sum of squares after one as large was taken away.
ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class Axes:
    """Rows along the principal axes of all of them, r = min(n, d).

    Attributes
    ----------
    design
        Shape ``(n, 1 + r)``: a column of ones, then the coordinates, which have mean 0.
    single
        The same in single precision.
    eigenvalues
        Shape ``(r,)``, not negative, ascending: of the Gram matrix of the coordinates.
    dims
        d: how many dimensions the rows had.
    """

    design: Matrix
    single: NDArray[np.float32]
    eigenvalues: NDArray[np.float64]
    dims: int

    @property
    def rows(self) -> Matrix:
        """Coordinates, shape ``(n, r)``."""
        return self.design[:, 1:]

    @cached_property
    def squares(self) -> NDArray[np.float64]:
        """Squared norm of each row, shape ``(n,)``."""
        return np.asarray(np.einsum("ij,ij->i", self.rows, self.rows))

    @property
    def mean_eigenvalue(self) -> float:
        """Of the Gram matrix; 1 if the rows are all alike, so that no penalty in it is 0."""
        return float(self.eigenvalues.sum()) / self.dims or 1.0

    def variation(self, split: Split) -> float:
        """Summed squared distances of the training rows from their mean; 0 if only rounding."""
        total = self.squares[split.train].sum()
        # A product with 0 and 1 is faster than gathering the rows.
        times = np.bincount(split.train, minlength=len(self.rows)).astype(np.float64)
        shift = times @ self.rows
        within = float(total - shift @ shift / split.train.size)
        return within if within > ROUNDING * total else 0.0


def rotate(X: Matrix) -> Axes:
    """Find the principal axes of rows.

    Parameters
    ----------
    X
        Shape ``(n, d)``: finite, of order 1.

    Examples
    --------
    >>> axes = rotate(np.array([[3.0, 4.0], [-3.0, -4.0]]))
    >>> axes.eigenvalues.round(6).tolist(), np.abs(axes.rows[:, 1]).round(6).tolist()
    ([0.0, 50.0], [5.0, 5.0])
    """
    n, d = X.shape
    centred = X - X.mean(axis=0)
    if d > n:
        # Rᵀ of Xᵀ = QR has the same inner products; XXᵀ would lose half the digits.
        centred = np.linalg.qr(centred.T)[1].T.copy()
    eigenvalues, V = np.linalg.eigh(centred.T @ centred)
    design = np.ones((n, 1 + centred.shape[1]))
    np.matmul(centred, V, out=design[:, 1:])
    return Axes(design, design.astype(np.float32), np.maximum(eigenvalues, 0.0), d)
