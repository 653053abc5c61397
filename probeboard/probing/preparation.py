"""The label-free preparation every probe starts from."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.axes import Axes, rotate


@dataclass(frozen=True, eq=False)
class PreparedEmbeddings:
    """Embeddings centred per dimension and scaled by one number.

    Attributes
    ----------
    matrix
        Shape ``(n_samples, n_dims)``, float64, read-only.
    scale
        The standard deviation the centred embeddings were divided by; 1 if they were constant.
    means
        Shape ``(n_dims,)``, read-only: what was subtracted, so that ``matrix * scale + means`` is
        what was handed in. `neuco` needs it: NeuCo-Bench subtracts one mean for all dimensions.
    """

    matrix: NDArray[np.float64]
    scale: float
    means: NDArray[np.float64]
    _latest: dict[bytes, Axes] = field(default_factory=dict, repr=False)

    def axes(self, rows: NDArray[np.intp]) -> Axes:
        """Principal axes of some of the rows, again of order 1.

        The latest are kept: the tasks of a challenge often have the same samples.
        """
        key = rows.tobytes()
        if key not in self._latest:
            # The old ones first, so that never two take up memory.
            self._latest.clear()
            self._latest[key] = rotate(of_order_one(self.matrix[rows]))
        return self._latest[key]


def prepare(matrix: NDArray[np.float32]) -> PreparedEmbeddings:
    """Subtract each dimension's mean, then divide by the standard deviation of all values.

    NeuCo-Bench also divides by one scalar, but subtracts one mean of all values; see
    `probeboard.probing.neuco`. It looks at no label, so nothing leaks from test to training samples
    (Hastie, Tibshirani & Friedman, *The Elements of Statistical Learning*, 2nd ed., §7.10.2). One
    scalar for all dimensions keeps the probes invariant to rotations of the embedding.

    Parameters
    ----------
    matrix
        Shape ``(n_samples, n_dims)``, finite.

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
    centred = matrix.astype(np.float64)
    if not np.isfinite(centred).all():
        raise ValueError("embeddings must be finite")
    # The mean of a constant column is not always that constant; what is left would be scaled up.
    constant = centred.min(axis=0) == centred.max(axis=0)
    means = np.where(constant, centred[0], centred.mean(axis=0))
    centred -= means
    centred[:, constant] = 0.0
    scale = float(np.sqrt(np.vdot(centred, centred) / centred.size)) or 1.0
    centred /= scale
    centred.setflags(write=False)
    means.setflags(write=False)
    return PreparedEmbeddings(matrix=centred, scale=scale, means=means)


def of_order_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred per dimension, and divided by one standard deviation; squares never overflow.

    Examples
    --------
    >>> of_order_one(np.array([-1e200, 1e200]))
    array([-1.,  1.])
    """
    values = values / (max(float(values.max()), -float(values.min())) or 1.0)
    values -= values.mean(axis=0)
    values /= np.sqrt(np.vdot(values, values) / values.size) or 1.0
    return values
