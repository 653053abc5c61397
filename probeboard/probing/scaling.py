"""How embeddings are scaled before they are probed: by one number, or each dimension by its own."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.axes import parts

# Of the root-mean-square standard deviation of all dimensions: no dimension is divided by less.
FLOOR = 1e-3


class Scaling(StrEnum):
    """``scalar``: all dimensions by one number. ``per-dimension``: each by its own."""

    SCALAR = "scalar"
    PER_DIMENSION = "per-dimension"


def standardise(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Centre each dimension j and divide it by max(sⱼ, `FLOOR`·√avg(s²)), s in ddof 0.

    It looks at no label and at all samples, labelled or not, as `prepare` does. Constant dimensions
    become exactly 0, all others have a standard deviation of 1, or less where the floor holds them.

    **What it gains**: the unit of a dimension does not matter any more, so that features of several
    sources can stand side by side. **What it loses**: the choice of axes does matter. The same
    embeddings, rotated, are others after it, and with them their scores; directions of little
    variance, which a penalty or a cosine passes over, weigh as much as the leading ones.

    **The floor** is there for dimensions that hold nothing but what rounding left of a constant:
    brought to size 1, they are noise in full strength (near-constant columns once gave an R² of
    -1e13). In half precision, the coarsest that embeddings commonly come in, rounding moves a
    number by up to 2⁻¹¹ ≈ 5e-4 of itself; 1e-3 is just above that, so what rounding left of a
    constant of the others' size stays below theirs. It also bounds what scaling multiplies by,
    relative to the scalar, by 1000. The price: a dimension with less than a millionth of the
    mean variance is not brought to size 1, and units matter again beyond three decades.

    Takes the memory of the result, one copy in single precision, and two blocks of rows in double.

    Parameters
    ----------
    matrix
        Shape ``(n_samples, n_dims)``, finite and not empty, in any unit that single precision can
        hold.

    Returns
    -------
    ndarray
        The same shape, float32, in [-√n, √n].

    Examples
    --------
    >>> standardise(np.array([[1, 100, 5], [3, 500, 5]], dtype=np.float32)).tolist()
    [[-1.0, -1.0, 0.0], [1.0, 1.0, 0.0]]
    """
    means = column_means(matrix)
    squares = np.zeros(means.size)
    for part in parts(len(matrix)):
        block = np.subtract(matrix[part], means, dtype=np.float64)
        squares += np.einsum("ij,ij->j", block, block)
    deviations = np.sqrt(squares / len(matrix))
    divisors = np.maximum(deviations, FLOOR * np.sqrt(np.mean(squares / len(matrix))))
    divisors[divisors == 0.0] = 1.0
    scaled = np.empty(matrix.shape, dtype=np.float32)
    for part in parts(len(matrix)):
        block = np.subtract(matrix[part], means, dtype=np.float64)
        np.divide(block, divisors, out=scaled[part], casting="same_kind")
    return scaled


def column_means(matrix: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean of each dimension, shape ``(n_dims,)``; of a constant one, exactly its value.

    Examples
    --------
    >>> column_means(np.full((3, 1), 0.1, dtype=np.float32)) == np.float32(0.1)
    array([ True])
    """
    # The mean of a constant column is not always that constant; what is left would be scaled up.
    constant = matrix.min(axis=0) == matrix.max(axis=0)
    means: NDArray[np.float64] = np.where(
        constant, matrix[0], matrix.mean(axis=0, dtype=np.float64)
    )
    return means
