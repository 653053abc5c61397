"""Smaller encodings of embeddings, decoded again: what a compressor of a few lines would do.

None looks at a label; each is fitted to all samples of the submission, labelled or not. What is
stored once for all samples (ranges, axes, means) does not count into the bytes per sample.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.axes import parts
from probeboard.probing.predictions import to_single
from probeboard.probing.preparation import PreparedEmbeddings
from probeboard.probing.scaling import Scaling
from probeboard.probing.spectrum import gram

Matrix = NDArray[np.float32]


class Encoding(StrEnum):
    """How a sample is stored.

    ``float16``: standardised by the submission's one scalar, rounded to half precision.
    ``int8``, ``int4``, ``int2``: each dimension in 2**bits equal steps from its least value to its
    largest. ``signs``: one bit a dimension, above its mean or not, decoded as 1 and -1. ``first``:
    the first dimensions, in single precision (Matryoshka; Kusupati et al. 2022, arXiv:2205.13147).
    ``principal``: the leading principal components, in single precision.
    """

    FLOAT16 = "float16"
    INT8 = "int8"
    INT4 = "int4"
    INT2 = "int2"
    SIGNS = "signs"
    FIRST = "first"
    PRINCIPAL = "principal"


BITS = {
    Encoding.FLOAT16: 16,
    Encoding.INT8: 8,
    Encoding.INT4: 4,
    Encoding.INT2: 2,
    Encoding.SIGNS: 1,
    Encoding.FIRST: 32,
    Encoding.PRINCIPAL: 32,
}
FEWEST_DIMS = 8
LARGEST_HALF = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Point:
    """One point of a rate-distortion curve.

    Examples
    --------
    >>> Point(Encoding.INT4, 128).bytes_per_sample
    64.0
    """

    encoding: Encoding
    dims: int

    @property
    def bytes_per_sample(self) -> float:
        """Bits a dimension, times dimensions, over 8."""
        return BITS[self.encoding] * self.dims / 8


def default_points(dims: int) -> tuple[Point, ...]:
    """All dimensions at 16, 8, 4, 2 and 1 bit; the first and the principal d/2, d/4, … down to 8.

    Examples
    --------
    >>> [(one.encoding.value, one.dims) for one in default_points(32)][4:]
    [('signs', 32), ('first', 16), ('first', 8), ('principal', 16), ('principal', 8)]
    """
    halves = [dims // 2] if dims > 1 else []
    while halves and halves[-1] // 2 >= FEWEST_DIMS:
        halves.append(halves[-1] // 2)
    shorter = (Encoding.FIRST, Encoding.PRINCIPAL)
    return (
        *(Point(encoding, dims) for encoding in Encoding if encoding not in shorter),
        *(Point(encoding, kept) for encoding in shorter for kept in halves),
    )


def decoded(
    matrix: Matrix, prepared: PreparedEmbeddings, points: tuple[Point, ...]
) -> Iterator[tuple[Point, Matrix]]:
    """Encode and decode embeddings at every point, one after the other.

    Parameters
    ----------
    matrix
        Shape ``(n_samples, n_dims)``: as handed in.
    prepared
        What `prepare` made of it by one scalar.
    points
        In any order; quantised ones have all dimensions.

    Yields
    ------
    Point, ndarray
        Shape ``(n_samples, dims)``, finite: in the unit of `matrix`, but for signs.

    Raises
    ------
    ValueError
        If a point has more dimensions than there are, or a quantised one fewer, or the embeddings
        were prepared per dimension: they are encoded as handed in.

    Examples
    --------
    >>> from probeboard.probing import prepare
    >>> X = np.array([[0.0], [0.4], [0.6], [3.0]], dtype=np.float32)
    >>> [(_, two_bits), (_, signs)] = decoded(
    ...     X, prepare(X), (Point(Encoding.INT2, 1), Point(Encoding.SIGNS, 1))
    ... )
    >>> two_bits.ravel().tolist(), signs.ravel().tolist()
    ([0.0, 0.0, 1.0, 3.0], [-1.0, -1.0, -1.0, 1.0])
    """
    _refuse_impossible(points, matrix.shape[1])
    if prepared.scaling is not Scaling.SCALAR:
        raise ValueError("embeddings are encoded as handed in: prepare them by one scalar")
    if any(point.encoding is Encoding.PRINCIPAL for point in points):
        axes = _principal_axes(prepared, max(point.dims for point in points))
    for point in points:
        if point.encoding is Encoding.FIRST:
            yield point, np.ascontiguousarray(matrix[:, : point.dims])
        elif point.encoding is Encoding.PRINCIPAL:
            yield point, _along(prepared, axes[:, : point.dims])
        elif point.encoding is Encoding.SIGNS:
            yield point, np.where(matrix > prepared.means, np.float32(1.0), np.float32(-1.0))
        elif point.encoding is Encoding.FLOAT16:
            yield point, _halved(prepared)
        else:
            yield point, _in_steps(matrix, levels=2 ** BITS[point.encoding])


def _refuse_impossible(points: tuple[Point, ...], dims: int) -> None:
    for point in points:
        shorter = point.encoding in (Encoding.FIRST, Encoding.PRINCIPAL)
        if not (1 <= point.dims <= dims if shorter else point.dims == dims):
            raise ValueError(f"{dims} dimensions cannot be kept as {point.dims} {point.encoding}")


def _principal_axes(prepared: PreparedEmbeddings, count: int) -> NDArray[np.float64]:
    """Directions of most variance, shape ``(d, count)``, by descending variance."""
    _, axes = np.linalg.eigh(gram(prepared))
    return np.asarray(axes[:, ::-1][:, :count])


def _along(prepared: PreparedEmbeddings, axes: NDArray[np.float64]) -> Matrix:
    """Coordinates of all samples along axes."""
    n = len(prepared.values)
    coordinates = np.empty((n, axes.shape[1]), dtype=np.float32)
    for part in parts(n):
        coordinates[part] = prepared.centred(np.arange(n)[part]) @ axes
    return coordinates


def _halved(prepared: PreparedEmbeddings) -> Matrix:
    """Standardised, because half precision ends at 65504 and 6e-8."""
    halved = np.empty(prepared.values.shape, dtype=np.float32)
    for part in parts(len(halved)):
        X = prepared.centred(np.arange(len(halved))[part])
        X = np.clip(X, -LARGEST_HALF, LARGEST_HALF).astype(np.float16).astype(np.float64)
        halved[part] = to_single(X * prepared.scale + prepared.means)
    return halved


def _in_steps(matrix: Matrix, *, levels: int) -> Matrix:
    """q = round((x - min)/width), decoded as min + q·width, width = (max - min)/(levels - 1)."""
    low = matrix.min(axis=0).astype(np.float64)
    width = (matrix.max(axis=0) - low) / (levels - 1)
    # A constant dimension stays what it is.
    unit = np.where(width > 0.0, width, 1.0)
    values = np.empty_like(matrix)
    for part in parts(len(matrix)):
        values[part] = to_single(np.rint((matrix[part] - low) / unit) * width + low)
    return values
