"""The labels of a regression in units of order 1, and predictions back in the labels' own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Targets:
    """Labels, each target centred and divided by its standard deviation; squares never overflow.

    Attributes
    ----------
    scaled
        Shape ``(n, t)``, of order 1; a constant target is 0.
    largest, means, stds
        Shape ``(t,)``: ``labels = largest * (stds * scaled + means)``.
    one
        Whether the labels came as ``(n,)``.
    """

    scaled: NDArray[np.float64]
    largest: NDArray[np.float64]
    means: NDArray[np.float64]
    stds: NDArray[np.float64]
    one: bool

    @classmethod
    def of(cls, labels: Array) -> "Targets":
        """Scale labels of shape ``(n,)`` or ``(n, t)``.

        Examples
        --------
        >>> targets = Targets.of(np.array([-1e200, 1e200]))
        >>> targets.scaled.tolist()
        [[-1.0], [1.0]]
        >>> targets.unscaled(np.array([[0.5]])).tolist()
        [5e+199]
        """
        values = labels.astype(np.float64).reshape(len(labels), -1)
        largest = np.abs(values).max(axis=0)
        largest[largest == 0.0] = 1.0
        values = values / largest
        constant = values.min(axis=0) == values.max(axis=0)
        means = np.where(constant, values[0], values.mean(axis=0))
        values -= means
        stds = np.sqrt(np.mean(values**2, axis=0))
        stds[stds == 0.0] = 1.0
        return cls(values / stds, largest, means, stds, labels.ndim == 1)

    def unscaled(self, predicted: Array) -> Array:
        """Predictions ``(m, t)`` of `scaled` in the labels' unit and shape; inf beyond float64."""
        with np.errstate(over="ignore"):
            values = self.largest * (self.stds * predicted + self.means)
        return values[:, 0] if self.one else values
