"""The rows of a task along their principal axes: one decomposition for all its splits.

A rotation changes neither a ridge nor a logistic regression with an L2 penalty. Along principal
axes the Gram matrix is diagonal, so that every penalty of a ridge costs only products; and entries
of a Hessian keep their relative precision, so that single precision is enough to precondition with
it, however many decades the spectrum spans.

The Gram matrix and its decomposition are in double precision, the coordinates in single: whoever
needs more digits refines against the rows themselves, which are centred a block at a time and so
never take up memory in double precision. Both are computed when they are first asked for. Where a
penalty hides what rounding leaves, axes found in single precision will do (`Axes.rough`), in half
the time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.linalg.blas import dsyrk, ssyrk

from probeboard.labelsets import Split

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

# What is left of a sum of squares after one as large was taken away.
ROUNDING = 1e-13
# Rows of a block: two megabytes at 1024 dimensions in single precision.
BLOCK = 512


@dataclass(frozen=True, eq=False)
class CentredRows:
    """Some rows of a matrix, (x - mean) / scale, in double precision a block at a time.

    Attributes
    ----------
    matrix
        Shape ``(m, d)``: finite, of any float type.
    numbers
        Shape ``(n,)``: which rows, in this order.
    means
        Shape ``(d,)``.
    scale
        Positive.
    """

    matrix: NDArray[Any]
    numbers: NDArray[np.intp]
    means: Vector
    scale: float = 1.0

    @classmethod
    def of(
        cls, matrix: NDArray[Any], numbers: NDArray[np.intp], *, scaled: bool = False
    ) -> "CentredRows":
        """Centred on their own mean, exactly 0 where a dimension is constant.

        Scaled, they are divided by the standard deviation of all their values, if it is not 0.
        """
        n, d = numbers.size, matrix.shape[1]
        first = matrix[numbers[0]].astype(np.float64)
        sums, squares = np.zeros(d), 0.0
        for part in parts(n):
            block = matrix[numbers[part]] - first
            sums += block.sum(axis=0)
            # Squares of single-precision numbers neither overflow nor vanish in double precision.
            squares += float(np.vdot(block, block)) if scaled else 0.0
        variance = max(squares - float(sums @ sums) / n, 0.0) / (n * d)
        return cls(matrix, numbers, first + sums / n, float(np.sqrt(variance)) or 1.0)

    def __len__(self) -> int:
        return self.numbers.size

    def blocks(self) -> Iterator[tuple[slice, Matrix]]:
        """Each block with its place."""
        for part in parts(len(self)):
            yield part, self.take(part)

    def take(self, rows: slice | NDArray[np.intp]) -> Matrix:
        """Some of the rows."""
        some = np.subtract(self.matrix[self.numbers[rows]], self.means, dtype=np.float64)
        some *= 1.0 / self.scale
        return np.asarray(some)

    def gram(self) -> Matrix:
        """XᵀX, shape ``(d, d)``: only the upper triangle is filled."""
        d = self.means.size
        gram = np.zeros((d, d), order="F")
        for _, block in self.blocks():
            gram = dsyrk(1.0, block.T, beta=1.0, c=gram, overwrite_c=True)
        return gram


def parts(n: int) -> Iterator[slice]:
    """Consecutive slices of at most `BLOCK` rows."""
    return (slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK))


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Rows along axes that are principal, or nearly.

    Attributes
    ----------
    source
        The n rows: centred, in the coordinates they came in, or in r others that keep all inner
        products where d > n.
    vectors
        Shape ``(min(n, d), r)``, or ``(d, d)``: the axes in these coordinates, orthonormal columns
        up to the precision they were found in.
    single
        Shape ``(n, 1 + r)``, float32: a column of ones, then the coordinates, which have mean 0.
    eigenvalues
        Shape ``(r,)``, not negative: sum of squares of each coordinate.
    """

    source: CentredRows
    vectors: Matrix
    single: NDArray[np.float32]
    eigenvalues: Vector


@dataclass(frozen=True, eq=False)
class Axes:
    """Rows along the principal axes of all of them, r = min(n, d).

    Attributes
    ----------
    given
        The n rows, centred, in the coordinates they came in.
    kept
        What `leverage` last computed, for other tasks on the same rows.
    """

    given: CentredRows
    kept: dict[bytes, NDArray[np.float32]] = field(default_factory=dict, repr=False)

    @cached_property
    def principal(self) -> Coordinates:
        """Found in double precision, eigenvalues ascending."""
        return _decompose(self.given)

    @cached_property
    def rough(self) -> Coordinates:
        """Found in single precision, r = d: see `_decompose_roughly`."""
        return _decompose_roughly(self.given)

    @property
    def dims(self) -> int:
        """d: how many dimensions the rows had."""
        return self.given.means.size

    @property
    def source(self) -> CentredRows:
        """As in `Coordinates`."""
        return self.principal.source

    @property
    def vectors(self) -> Matrix:
        """As in `Coordinates`."""
        return self.principal.vectors

    @property
    def single(self) -> NDArray[np.float32]:
        """As in `Coordinates`."""
        return self.principal.single

    @property
    def eigenvalues(self) -> Vector:
        """As in `Coordinates`, ascending."""
        return self.principal.eigenvalues

    @cached_property
    def design(self) -> Matrix:
        """`single` in double precision; computed when it is first asked for."""
        design = np.ones(self.single.shape)
        for part, block in self.source.blocks():
            np.matmul(block, self.vectors, out=design[part, 1:])
        return design

    @property
    def rows(self) -> Matrix:
        """Coordinates in double precision, shape ``(n, r)``."""
        return self.design[:, 1:]

    @cached_property
    def squares(self) -> Vector:
        """Squared norm of each row, shape ``(n,)``."""
        squares = np.empty(len(self.source))
        for part, block in self.source.blocks():
            squares[part] = np.einsum("ij,ij->i", block, block)
        return squares

    @property
    def mean_eigenvalue(self) -> float:
        """Of the Gram matrix; 1 if the rows are all alike, so that no penalty in it is 0."""
        return float(self.eigenvalues.sum()) / self.dims or 1.0

    def variation(self, split: Split) -> float:
        """Summed squared distances of the training rows from their mean; 0 if only rounding."""
        total = self.squares[split.train].sum()
        # A product with 0 and 1 is faster than gathering the rows.
        times = np.bincount(split.train, minlength=len(self.source)).astype(np.float64)
        shift = np.zeros(self.source.means.size)
        for part, block in self.source.blocks():
            shift += times[part] @ block
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
    return Axes(CentredRows.of(X, np.arange(len(X))))


def rotate_rows(matrix: NDArray[Any], numbers: NDArray[np.intp]) -> Axes:
    """Find the principal axes of some rows of a matrix, divided by one standard deviation.

    Parameters
    ----------
    matrix
        Shape ``(m, d)``: finite, in any unit that single precision can hold.
    numbers
        Shape ``(n,)``: which rows.

    Examples
    --------
    >>> axes = rotate_rows(np.array([[3e30], [9.0], [-3e30]], dtype=np.float32), np.array([0, 2]))
    >>> axes.eigenvalues.round(6).tolist(), axes.rows[:, 0].round(6).tolist()
    ([2.0], [1.0, -1.0])
    """
    return Axes(CentredRows.of(matrix, numbers, scaled=True))


def _decompose(source: CentredRows) -> Coordinates:
    n, d = len(source), source.means.size
    if d > n:
        # Rᵀ of Xᵀ = QR has the same inner products; XXᵀ would lose half the digits.
        X = np.concatenate([block for _, block in source.blocks()])
        lower = np.asarray(np.linalg.qr(X.T, mode="r")).T.copy()
        source = CentredRows(lower, np.arange(n), np.zeros(n))
    eigenvalues, vectors = eigh(
        source.gram(), lower=False, driver="evd", overwrite_a=True, check_finite=False
    )
    single = _along(source, vectors.astype(np.float32))
    return Coordinates(source, vectors, single, np.maximum(eigenvalues, 0.0))


def _decompose_roughly(source: CentredRows) -> Coordinates:
    """Find axes along which the rows are uncorrelated up to rounding in single precision.

    What is left of XᵀX off its diagonal there is some 1e-7 of the largest eigenvalue. To whom
    penalises by as much it makes no difference.
    """
    single = np.ones((len(source), 1 + source.means.size), dtype=np.float32)
    for part, block in source.blocks():
        single[part, 1:] = block
    gram = ssyrk(1.0, single.T)[1:, 1:]
    _, vectors = eigh(gram, lower=False, driver="evd", check_finite=False)
    for part in parts(len(single)):
        single[part, 1:] = single[part, 1:] @ vectors
    # The small ones among the eigenvalues found are nothing but rounding, and may be negative.
    squares = np.einsum("nj,nj->j", single[:, 1:], single[:, 1:])
    return Coordinates(source, vectors.astype(np.float64), single, squares.astype(np.float64))


def _along(source: CentredRows, axes: NDArray[np.float32]) -> NDArray[np.float32]:
    single = np.ones((len(source), 1 + axes.shape[1]), dtype=np.float32)
    for part, block in source.blocks():
        np.matmul(block.astype(np.float32), axes, out=single[part, 1:])
    return single
