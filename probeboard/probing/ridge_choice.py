"""Choose each split's penalty, from expected leverages and in single precision.

The criterion is the mean squared leave-one-out residual of the training rows, residual / (1 - h);
for h, a row's leverage among the training rows, stands its expectation over which rows a split
leaves out (see `leverage`). It is computed at a few neighbouring penalties, first around where
generalized cross-validation has its minimum (Golub, Heath & Wahba 1979), with labels of 0 for the
rows held out, which costs next to nothing; then further, as long as the best is at the border of
those known. Everything looks at labels of training rows alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.axes import parts
from probeboard.probing.leverage import expected_kept_by_size
from probeboard.probing.ridge_downdate import NotDowndated, solve_without
from probeboard.probing.ridge_problem import RidgeProblem

Array = NDArray[Any]
Single = NDArray[np.float32]

# Neighbouring penalties tried at once: a product with eight columns costs as much as with four.
WINDOW = 8
# Relative residual of the solutions that only compare penalties.
TOLERANCE = 3e-3


@dataclass(frozen=True, eq=False)
class Choice:
    """The chosen penalties' numbers on the path and about the weights that belong to them.

    Attributes
    ----------
    numbers
        Shape ``(k, t)``; -1 where the rows held out leave nothing to choose by.
    weights
        Shape ``(k, t, 1 + r)``, float32, along the principal axes: first the intercept, less the
        mean label.
    """

    numbers: NDArray[np.intp]
    weights: Single


def choose(problem: RidgeProblem) -> Choice:
    """Choose a penalty for each split and target; training parts are most of the rows."""
    axes, path = problem.axes, problem.penalties.size
    window = min(WINDOW, path)
    products = _products(problem)
    k, t, r = products.shape
    sizes, of_size = np.unique(problem.sizes, return_inverse=True)
    trial = _Trial(
        problem,
        products,
        1.0 / expected_kept_by_size(axes, problem.penalties, sizes),
        of_size,
        (1.0 / (axes.eigenvalues + problem.penalties[:, None])).astype(np.float32),
    )
    lowest = np.full((k, t), np.inf)
    chosen = np.full((k, t), -1, dtype=np.intp)
    weights = np.zeros((k, t, 1 + r), dtype=np.float32)
    first = _first_guess(problem, products) - window // 2
    begin = np.clip(first, 0, path - window)
    known = np.stack([begin, begin + window])
    pending = np.ones((k, t), dtype=np.bool_)
    while pending.any():
        rows = np.flatnonzero(pending.any(axis=1))
        tried = begin[rows][:, :, None] + np.arange(window)
        criterion, found = trial.at(rows, tried)
        best = criterion.argmin(axis=2)[:, :, None]
        least = np.take_along_axis(criterion, best, axis=2)[:, :, 0]
        better = pending[rows] & (least < lowest[rows])
        lowest[rows] = np.where(better, least, lowest[rows])
        at = np.take_along_axis(tried, best, axis=2)[:, :, 0]
        chosen[rows] = np.where(better, at, chosen[rows])
        picked = np.take_along_axis(found, best[..., None], axis=2)[:, :, 0]
        weights[rows] = np.where(better[..., None], picked, weights[rows])
        # Further where the best is at a border of what is known that is none of the path.
        down = (chosen == known[0]) & (known[0] > 0)
        up = (chosen == known[1] - 1) & (known[1] < path)
        pending = (pending & np.isfinite(lowest)) & (down | up)
        begin = np.clip(np.where(down, known[0] - window, known[1]), 0, path - window)
        known = np.stack(
            [
                np.where(pending & down, begin, known[0]),
                np.where(pending & up, begin + window, known[1]),
            ]
        )
    return Choice(chosen, weights)


def _products(problem: RidgeProblem) -> Single:
    """Zᵀy of each split's training labels, ``(k, t, r)``."""
    labels = problem.labels().astype(np.float32)
    products = labels.reshape(len(labels), -1).T @ problem.axes.single[:, 1:]
    return products.reshape(*labels.shape[1:], -1)


def _first_guess(problem: RidgeProblem, products: Single) -> NDArray[np.intp]:
    """Where generalized cross-validation of all rows, held-out labels 0, is least, ``(k, t)``.

    Σ residual² = Σy² - Σ_j (s_j + 2λ) (Zᵀy)_j² / (s_j + λ)², over (n - 1 - Σ s_j / (s_j + λ))².
    """
    s, p = problem.axes.eigenvalues[:, None], problem.penalties
    total = np.einsum("nkt,nkt->kt", *(2 * [problem.labels()]))
    explained = products.astype(np.float64) ** 2 @ ((s + 2 * p) / (s + p) ** 2)
    free = len(problem.y) - 1 - (s / (s + p)).sum(axis=0)
    criterion = (total[:, :, None] - explained) / free**2
    return np.asarray(criterion.argmin(axis=2))


@dataclass(frozen=True, eq=False)
class _Trial:
    """Weights of splits at penalties, and what leave-one-out says of them."""

    problem: RidgeProblem
    products: Single
    loosened: Single
    of_size: NDArray[np.intp]
    shrunk: Single

    def at(self, splits: NDArray[np.intp], tried: NDArray[np.intp]) -> tuple[Array, Single]:
        """Criterion ``(some, t, w)`` and weights ``(some, t, w, 1 + r)`` of some splits."""
        weights = np.zeros((*tried.shape, 1 + self.products.shape[2]), dtype=np.float32)
        served = np.ones(len(splits), dtype=np.bool_)
        for number, i in enumerate(splits):
            try:
                weights[number] = self._weights(int(i), tried[number])
            except NotDowndated:
                served[number] = False
        criterion = self._criterion(splits, tried, weights)
        criterion[~served] = np.inf
        return criterion, weights

    def _weights(self, i: int, tried: NDArray[np.intp]) -> Single:
        n, held = len(self.problem.y), self.problem.coordinates(self.problem.held(i))
        if not self.problem.vary_without(held):
            raise NotDowndated
        right = np.repeat(self.products[i], tried.shape[1], axis=0)
        along, error = solve_without(
            held, right, self.shrunk[tried.ravel()], n=n, tolerance=TOLERANCE
        )
        weights = np.concatenate([-error.sum(axis=0)[:, None] / n, along], axis=1)
        return weights.reshape(*tried.shape, -1)

    def _criterion(
        self, splits: NDArray[np.intp], tried: NDArray[np.intp], weights: Single
    ) -> NDArray[np.float64]:
        problem, (some, t, w) = self.problem, tried.shape
        columns = weights.reshape(-1, weights.shape[3]).T
        means = problem.means[splits].astype(np.float32)
        y, total = problem.y.astype(np.float32), np.zeros((some, t, w))
        which = self.of_size[splits][:, None, None], tried
        for part in parts(len(y)):
            left = (y[part, None] - means)[..., None] - (
                problem.axes.single[part] @ columns
            ).reshape(-1, some, t, w)
            left *= self.loosened[part][:, *which]
            left *= problem.trains[part][:, splits, None, None]
            total += np.einsum("nktw,nktw->ktw", left, left)
        return total
