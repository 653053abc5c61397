"""Splits, labels and penalties of a ridge regression, as all its parts see them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split
from probeboard.probing.axes import Axes

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

# Training rows need this part of their share of the variance, or the rows held out drown them.
LEAST_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class RidgeProblem:
    """k splits of n rows with t targets, and the penalties to choose from.

    Attributes
    ----------
    axes
        Of the n rows.
    y
        Shape ``(n, t)``: labels, of order 1.
    splits
        k of them.
    relative
        Shape ``(p,)``: penalties as multiples of a mean eigenvalue.
    """

    axes: Axes
    y: Matrix
    splits: tuple[Split, ...]
    relative: Vector

    def some(self, numbers: NDArray[np.intp]) -> "RidgeProblem":
        """The same for some of the splits."""
        return replace(self, splits=tuple(self.splits[i] for i in numbers))

    def targets(self, part: slice) -> "RidgeProblem":
        """The same for some of the targets."""
        return replace(self, y=self.y[:, part])

    @cached_property
    def penalties(self) -> Vector:
        """Shape ``(p,)``: relative to the mean eigenvalue of all rows, which knows no label."""
        return self.relative * self.axes.mean_eigenvalue

    @cached_property
    def trains(self) -> NDArray[np.bool_]:
        """Whether a row trains a split, shape ``(n, k)``."""
        trains = np.zeros((len(self.y), len(self.splits)), dtype=np.bool_)
        for i, split in enumerate(self.splits):
            trains[split.train, i] = True
        return trains

    @cached_property
    def sizes(self) -> NDArray[np.intp]:
        """Rows of each training part, shape ``(k,)``."""
        return np.asarray(self.trains.sum(axis=0, dtype=np.intp))

    @cached_property
    def means(self) -> Matrix:
        """Mean label of each training part, shape ``(k, t)``."""
        return (self.trains.T.astype(np.float64) @ self.y) / self.sizes[:, None]

    def held(self, i: int) -> NDArray[np.intp]:
        """Rows that do not train a split: its test part, and what is in neither."""
        return np.flatnonzero(~self.trains[:, i])

    def coordinates(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Of some rows along the principal axes; valid until others are asked for.

        Written to the same place each time: new memory costs more than the copy itself.
        """
        place = self._place[: rows.size]
        np.take(self.axes.single, rows, axis=0, out=place, mode="clip")
        return place[:, 1:]

    @cached_property
    def _place(self) -> NDArray[np.float32]:
        most = len(self.y) - int(self.sizes.min())
        return np.empty((most, self.axes.single.shape[1]), dtype=np.float32)

    def vary_without(self, held: NDArray[np.float32]) -> bool:
        """Whether the rows other than these, of these coordinates, have enough of the variance."""
        total = float(self.axes.eigenvalues.sum())
        trained = len(self.y) - len(held)
        shift = held.sum(axis=0)
        within = total - float(np.einsum("ij,ij->", held, held)) - float(shift @ shift) / trained
        return within >= LEAST_SHARE * trained / len(self.y) * total

    @cached_property
    def products(self) -> NDArray[np.float32]:
        """Zᵀy of each split's labels as it may see them, ``(k, t, r)``."""
        labels = self.labels().astype(np.float32)
        products = labels.reshape(len(labels), -1).T @ self.axes.single[:, 1:]
        return np.asarray(products).reshape(*labels.shape[1:], -1)

    @cached_property
    def energies(self) -> Matrix:
        """Sum of squares of each split's labels as it may see them, ``(k, t)``."""
        squares = np.einsum("nkt,nkt->kt", *(2 * [self.labels()]))
        return np.asarray(squares)

    def labels(self) -> NDArray[np.float64]:
        """Labels as each split may see them, ``(n, k, t)``: less their mean, 0 where held out."""
        return (self.y[:, None] - self.means) * self.trains[:, :, None]
