"""Choose each split's penalty, from expected leverages and in single precision.

The criterion is the mean squared leave-one-out residual of the training rows, residual / (1 - h);
for h, a row's leverage among the training rows, stands its expectation over which rows a split
leaves out (see `leverage`). It is computed at a few neighbouring penalties, first around where
generalized cross-validation has its minimum (Golub, Heath & Wahba 1979), with labels of 0 for the
rows held out, which costs next to nothing; then further, as long as the best is at the border of
those known. Everything looks at labels of training rows alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.axes import parts
from probeboard.probing.leverage import expected_kept_by_size
from probeboard.probing.ridge_downdate import NotDowndated, solve_without
from probeboard.probing.ridge_problem import RidgeProblem

Single = NDArray[np.float32]

# Neighbouring penalties tried at once: the first guess is at most one off in 99 % of splits.
WINDOW = 4
# Relative residual of the solutions that only compare penalties: of the first, and as a part of
# the noise's share of the labels; what single precision can reach.
LOOSEST = 3e-3
OF_NOISE = 1e-2
TIGHTEST = 3e-6


def choose(problem: RidgeProblem) -> NDArray[np.intp]:
    """Choose a penalty for each split and target; training parts are most of the rows.

    Returns
    -------
    NDArray
        Shape ``(k, t)``: its number on the path; -1 where the rows held out leave nothing to
        choose by.
    """
    path, k = problem.penalties.size, len(problem.splits)
    window = min(WINDOW, path)
    search = _Search(problem, _Trial.of(problem), window)
    splits, begin = np.arange(k), _first_guess(problem) - window // 2
    while splits.size:
        splits, begin = search.extend(splits, np.clip(begin, 0, path - window))
    chosen = search.criterion.argmin(axis=2)
    return np.asarray(np.where(np.isfinite(search.criterion.min(axis=2)), chosen, -1))


class _Search:
    """What is known of each split, target and penalty."""

    def __init__(self, problem: RidgeProblem, trial: "_Trial", window: int) -> None:
        shape = (*problem.means.shape, problem.penalties.size)
        self.trial = trial
        self.window = window
        self.energies = np.where(problem.energies > 0, problem.energies, np.inf)
        self.tolerances = np.full(shape[0], LOOSEST)
        self.criterion = np.full(shape, np.inf)
        self.known = np.zeros(shape, dtype=np.bool_)

    def extend(
        self, splits: NDArray[np.intp], begin: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Try penalties from these on; return splits to try again and where, ``(some, t)``."""
        tried = begin[:, :, None] + np.arange(self.window)
        where = splits[:, None, None], np.arange(begin.shape[1])[:, None], tried
        self.criterion[where] = self.trial.criterion(splits, tried, self.tolerances[splits])
        self.known[where] = True
        best = self.criterion[splits].argmin(axis=2)
        lowest = self.criterion[splits].min(axis=2)
        # The noise decides how exact a solution must be, and is known after the first.
        needed = OF_NOISE * np.sqrt(lowest / self.energies[splits]).min(axis=1)
        needed = np.maximum(needed, TIGHTEST)
        loose = self.tolerances[splits] > 1.5 * needed
        self.tolerances[splits[loose]] = needed[loose]
        self.criterion[splits[loose]] = np.inf
        self.known[splits[loose]] = False
        # Further where the best is at a border of what is known that is none of the path.
        known = np.pad(self.known[splits], ((0, 0), (0, 0), (1, 1)), constant_values=True)
        down = ~np.take_along_axis(known, best[..., None], axis=2)[..., 0]
        up = ~np.take_along_axis(known, best[..., None] + 2, axis=2)[..., 0]
        begin = np.where(down, best - self.window, np.where(up, best + 1, begin))
        begin[loose] = best[loose] - self.window // 2
        again = (loose | (down | up).any(axis=1)) & np.isfinite(lowest).all(axis=1)
        return splits[again], begin[again]


def _first_guess(problem: RidgeProblem) -> NDArray[np.intp]:
    """Where generalized cross-validation of all rows, held-out labels 0, is least, ``(k, t)``.

    Σ residual² = Σy² - Σ_j (s_j + 2λ) (Zᵀy)_j² / (s_j + λ)², over (n - 1 - Σ s_j / (s_j + λ))².
    """
    s, p = problem.axes.eigenvalues[:, None], problem.penalties
    explained = problem.products.astype(np.float64) ** 2 @ ((s + 2 * p) / (s + p) ** 2)
    free = len(problem.y) - 1 - (s / (s + p)).sum(axis=0)
    criterion = (problem.energies[:, :, None] - explained) / free**2
    return np.asarray(criterion.argmin(axis=2))


@dataclass(frozen=True, eq=False)
class _Trial:
    """What leave-one-out says of splits at penalties.

    `loosened` is 1 / (1 - h), ``(n, sizes, p)``, for the sizes of the training parts; `of_size`
    ``(k,)`` says which is whose, and `shrunk` is 1 / (s + λ), ``(p, r)``.
    """

    problem: RidgeProblem
    loosened: Single
    of_size: NDArray[np.intp]
    shrunk: Single

    @classmethod
    def of(cls, problem: RidgeProblem) -> "_Trial":
        sizes, of_size = np.unique(problem.sizes, return_inverse=True)
        loosened = 1.0 / expected_kept_by_size(problem.axes, problem.penalties, sizes)
        shrunk = 1.0 / (problem.axes.eigenvalues + problem.penalties[:, None])
        return cls(problem, loosened, of_size, shrunk.astype(np.float32))

    def criterion(
        self, splits: NDArray[np.intp], tried: NDArray[np.intp], tolerances: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Of some splits, their penalties' numbers ``(some, t, w)``, and of that shape."""
        problem, (some, t, w) = self.problem, tried.shape
        weights = np.zeros((*tried.shape, problem.axes.single.shape[1]), dtype=np.float32)
        served = np.ones(some, dtype=np.bool_)
        for number, i in enumerate(splits):
            try:
                weights[number] = self._weights(int(i), tried[number], tolerances[number])
            except NotDowndated:
                served[number] = False
        columns = weights.reshape(some * t * w, -1).T
        means = problem.means[splits].astype(np.float32)
        y, total = problem.y.astype(np.float32), np.zeros(tried.shape)
        which = self.of_size[splits][:, None, None], tried
        for part in parts(len(y)):
            fitted = (problem.axes.single[part] @ columns).reshape(-1, some, t, w)
            left = np.subtract((y[part, None] - means)[..., None], fitted, out=fitted)
            left *= self.loosened[part][:, *which]
            left *= problem.trains[part][:, splits, None, None]
            total += np.einsum("nktw,nktw->ktw", left, left)
        total[~served] = np.inf
        return total

    def _weights(self, i: int, tried: NDArray[np.intp], tolerance: float) -> Single:
        """About the intercepts, less the mean label, and weights: ``(t, w, 1 + r)``."""
        problem, n = self.problem, len(self.problem.y)
        held = problem.coordinates(problem.held(i))
        if not problem.vary_without(held):
            raise NotDowndated
        right = np.repeat(problem.products[i], tried.shape[1], axis=0)
        along, error = solve_without(
            held, right, self.shrunk[tried.ravel()], n=n, tolerance=tolerance
        )
        weights = np.concatenate([-error.sum(axis=0)[:, None] / n, along], axis=1)
        return weights.reshape(*tried.shape, -1)
