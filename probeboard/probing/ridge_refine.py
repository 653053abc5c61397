"""Bring the ridge regressions of all splits from single to double precision.

What the weights w and intercepts b miss of the normal equations is computed in double precision
from the rows themselves, for all splits in two products,

    E = y - b - Xw on training rows, 0 elsewhere;   g = XᵀE - λw,   g_b = 1ᵀE

so that no digit is lost by the decomposition; what corrects them is solved for in single precision
(iterative refinement, Wilkinson 1963): with m the mean of the training rows,

    (A + λ) δ = g - g_b m,   δ_b = g_b / n_train - m·δ

It begins at 0, where what is missing is Zᵀy, known in single precision already. Each round leaves
about a ten-thousandth of the error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.ridge_downdate import NotDowndated, solve_without
from probeboard.probing.ridge_problem import RidgeProblem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Single = NDArray[np.float32]

# Relative residual of the equations that a correction solves, and those of the first.
TOLERANCE = 1e-4
FIRST_TOLERANCE = 1e-5
# Size, relative to the labels', of a correction after which no other is needed.
SMALL_ENOUGH = 1e-5
MAX_ROUNDS = 8


def predict(problem: RidgeProblem, numbers: NDArray[np.intp]) -> list[Matrix | None]:
    """Predict each split's test rows, ``(n_test, t)``.

    Parameters
    ----------
    problem
        Of n rows and k splits.
    numbers
        Shape ``(k, t)``: the number of the penalty; splits with -1 are left out.

    Returns
    -------
    list
        None for a split left out, or where rounds do not converge.
    """
    fits = _Fits(problem, problem.penalties[numbers])
    pending = fits.begin(np.flatnonzero((numbers >= 0).all(axis=1)))
    for _ in range(MAX_ROUNDS):
        if not pending.size:
            break
        pending = fits.improve(pending)
    return fits.predictions


class _Fits:
    """Weights of all splits, ``(k, t, d)`` in the coordinates of the rows, and intercepts."""

    def __init__(self, problem: RidgeProblem, penalties: Matrix) -> None:
        self.problem = problem
        self.penalties = penalties
        self.intercepts: Matrix = problem.means.copy()
        self.weights = np.zeros((*penalties.shape, problem.axes.source.means.size))
        self.predictions: list[Matrix | None] = [None] * len(penalties)

    def begin(self, splits: NDArray[np.intp]) -> NDArray[np.intp]:
        """Fit from what is known in single precision; return the splits where that works."""
        missing = self.problem.products
        steps = self._steps(splits, missing[splits], np.zeros(missing.shape[:2]), FIRST_TOLERANCE)
        return np.array([i for i, step in zip(splits, steps, strict=True) if step], dtype=np.intp)

    def improve(self, splits: NDArray[np.intp]) -> NDArray[np.intp]:
        """Correct the weights of some splits, and return those that need another round."""
        fitted, missing, missing_sum = self._missing(splits)
        steps = self._steps(splits, missing @ self.problem.axes.vectors, missing_sum, TOLERANCE)
        again = []
        for number, (i, step) in enumerate(zip(splits, steps, strict=True)):
            if step and step.is_small:
                before = fitted[self.problem.splits[i].test, number]
                self.predictions[i] = before + step.intercept + step.on_test
            elif step:
                again.append(i)
        return np.array(again, dtype=np.intp)

    def _missing(self, splits: NDArray[np.intp]) -> tuple[Matrix, Matrix, Matrix]:
        """Fitted values ``(n, some, t)``, g ``(some, t, d)`` and g_b ``(some, t)``."""
        problem, weights = self.problem, self.weights[splits]
        some, t, d = weights.shape
        columns = weights.reshape(-1, d).T
        fitted = np.empty((len(problem.y), some, t))
        missing = -self.penalties[splits].reshape(-1, 1) * columns.T
        missing_sum = np.zeros((some, t))
        for part, block in problem.axes.source.blocks():
            np.add((block @ columns).reshape(-1, some, t), self.intercepts[splits], fitted[part])
            left = problem.y[part, None] - fitted[part]
            left *= problem.trains[part][:, splits, None]
            missing += left.reshape(len(block), -1).T @ block
            missing_sum += left.sum(axis=0)
        return fitted, missing.reshape(weights.shape), missing_sum

    def _steps(
        self, splits: NDArray[np.intp], missing: Matrix | Single, sums: Matrix, tolerance: float
    ) -> "list[_Step | None]":
        """Correct weights and intercepts by what is missing along the axes, ``(some, t, r)``."""
        steps: list[_Step | None] = []
        moves = np.zeros(missing.shape)
        for number, i in enumerate(splits):
            try:
                step = self._step(int(i), missing[number], sums[number], tolerance)
            except NotDowndated:
                steps.append(None)
                continue
            moves[number] = step.weights
            self.intercepts[i] += step.intercept
            steps.append(step)
        self.weights[splits] += moves @ self.problem.axes.vectors.T
        return steps

    def _step(self, i: int, missing: Matrix | Single, sums: Vector, tolerance: float) -> "_Step":
        problem, size = self.problem, int(self.problem.sizes[i])
        numbers = problem.held(i)
        held = problem.coordinates(numbers)
        # The rows sum to 0, so those that train sum to minus those held out.
        mean = -held.sum(axis=0) / size
        spread = problem.axes.eigenvalues + self.penalties[i][:, None]
        weights, _ = solve_without(
            held,
            (missing - sums[:, None] * mean).astype(np.float32),
            (1.0 / spread).astype(np.float32),
            n=len(problem.y),
            tolerance=tolerance,
        )
        energies = np.where(problem.energies[i] > 0, problem.energies[i], 1.0)
        moved = np.einsum("tr,tr,tr->t", weights, weights, spread) / energies
        return _Step(
            weights,
            sums / size - weights @ mean,
            (held @ weights.T)[np.searchsorted(numbers, problem.splits[i].test)],
            bool((moved <= SMALL_ENOUGH**2).all()),
        )


@dataclass(frozen=True, eq=False)
class _Step:
    weights: Single
    intercept: Vector
    on_test: Single
    is_small: bool
