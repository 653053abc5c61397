"""The label-free preparation every probe starts from."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.axes import Axes, parts, rotate_rows
from probeboard.probing.scaling import Scaling, column_means, standardise


@dataclass(frozen=True, eq=False)
class PreparedEmbeddings:
    """Embeddings, and how to centre them per dimension and scale them by one number.

    Attributes
    ----------
    values
        Shape ``(n_samples, n_dims)``, read-only: as handed in, a view, not a copy; under
        per-dimension scaling, what `standardise` made of that.
    scale
        The standard deviation the centred embeddings are divided by; 1 if they are constant.
    means
        Shape ``(n_dims,)``, read-only: what is subtracted, so that ``matrix * scale + means`` is
        `values`. `neuco` needs it: NeuCo-Bench subtracts one mean for all dimensions.
    scaling
        By one number or each dimension by its own.
    """

    values: NDArray[np.float32]
    scale: float
    means: NDArray[np.float64]
    scaling: Scaling = Scaling.SCALAR
    _latest: dict[bytes, Axes] = field(default_factory=dict, repr=False)

    @cached_property
    def matrix(self) -> NDArray[np.float64]:
        """All embeddings prepared, in double precision, read-only: kept once it was asked for.

        It takes twice the memory of `values`; `centred` gives some rows of it.
        """
        matrix = self.centred(np.arange(len(self.values)))
        matrix.setflags(write=False)
        return matrix

    def centred(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Some rows prepared, shape ``(rows, n_dims)``."""
        some = np.subtract(self.values[rows], self.means, dtype=np.float64)
        some /= self.scale
        return some

    def axes(self, rows: NDArray[np.intp]) -> Axes:
        """Principal axes of some of the rows, centred again and again of order 1.

        The latest are kept: the tasks of a challenge often have the same samples.
        """
        key = rows.tobytes()
        if key not in self._latest:
            # The old ones first, so that never two take up memory.
            self._latest.clear()
            self._latest[key] = rotate_rows(self.values, rows)
        return self._latest[key]


def prepare(
    matrix: NDArray[np.float32], *, scaling: Scaling = Scaling.SCALAR
) -> PreparedEmbeddings:
    """Subtract each dimension's mean, then divide by the standard deviation of all values.

    NeuCo-Bench also divides by one scalar, but subtracts one mean of all values; see
    `probeboard.probing.neuco`. It looks at no label, so nothing leaks from test to training samples
    (Hastie, Tibshirani & Friedman, *The Elements of Statistical Learning*, 2nd ed., §7.10.2). One
    scalar for all dimensions keeps the probes invariant to rotations of the embedding; scaling per
    dimension, before it, trades that for invariance to the dimensions' units (`standardise`).

    Parameters
    ----------
    matrix
        Shape ``(n_samples, n_dims)``, finite; not to be changed while the result is in use.
    scaling
        Per dimension, the result holds a copy of the embeddings in single precision.

    Raises
    ------
    ValueError
        If the matrix is empty, not two-dimensional or not finite.

    Examples
    --------
    >>> prepare(np.array([[1.0, 5.0], [3.0, 5.0]], dtype=np.float32)).matrix
    array([[-1.41421356,  0.        ],
           [ 1.41421356,  0.        ]])
    """
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"embeddings need shape (n_samples, n_dims), not {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError("embeddings must be finite")
    if scaling is Scaling.PER_DIMENSION:
        matrix = standardise(matrix)
        # Centred already: what rounding left of the means would turn the sign of a 0.
        means = np.zeros(matrix.shape[1])
    else:
        means = column_means(matrix)
    squares = 0.0
    for part in parts(len(matrix)):
        block = np.subtract(matrix[part], means, dtype=np.float64)
        squares += float(np.vdot(block, block))
    scale = float(np.sqrt(squares / matrix.size)) or 1.0
    means.setflags(write=False)
    values = matrix.view()
    values.setflags(write=False)
    return PreparedEmbeddings(values=values, scale=scale, means=means, scaling=scaling)
