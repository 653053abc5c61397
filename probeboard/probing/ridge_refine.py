"""Bring the ridge regressions of all splits from single to double precision.

What the weights w and intercepts b miss of the normal equations is computed in double precision
from the rows themselves, for all splits in two products,

    E = y - b - Xw on training rows, 0 elsewhere;   g = XᵀE - λw,   g_b = 1ᵀE

so that no digit is lost by the decomposition; what corrects them is solved for in single precision
(iterative refinement, Wilkinson 1963): with m the mean of the training rows,

    (A + λ) δ = g - g_b m,   δ_b = g_b / n_train - m·δ

Each round leaves about a thousandth of the error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.ridge_choice import Choice
from probeboard.probing.ridge_downdate import NotDowndated, solve_without
from probeboard.probing.ridge_problem import RidgeProblem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Single = NDArray[np.float32]

# Relative residual of the equations that a correction solves.
TOLERANCE = 3e-4
# Size, relative to the labels', of a correction after which no other is needed.
SMALL_ENOUGH = 3e-6
MAX_ROUNDS = 8


def predict(problem: RidgeProblem, choice: Choice) -> list[Matrix | None]:
    """Predictions of each split's test rows, ``(n_test, t)``; None where it does not converge."""
    fits = _Fits(problem, choice)
    pending = np.flatnonzero((choice.numbers >= 0).all(axis=1))
    for _ in range(MAX_ROUNDS):
        if not pending.size:
            break
        pending = fits.improve(pending)
    return fits.predictions


class _Fits:
    """Weights of all splits, in the coordinates of the rows, and intercepts."""

    def __init__(self, problem: RidgeProblem, choice: Choice) -> None:
        self.problem = problem
        self.penalties = problem.penalties[choice.numbers]
        self.intercepts: Matrix = problem.means + choice.weights[..., 0]
        self.vectors = problem.axes.vectors
        self.weights = choice.weights[..., 1:].astype(np.float64) @ self.vectors.T
        energy = np.einsum("nkt,nkt->kt", *(2 * [problem.labels()]))
        self.energy = np.where(energy > 0, energy, 1.0)
        self.predictions: list[Matrix | None] = [None] * len(problem.splits)

    def improve(self, splits: NDArray[np.intp]) -> NDArray[np.intp]:
        """Correct the weights of some splits, and return those that need another round."""
        fitted, missing, missing_sum = self._missing(splits)
        rotated, again = missing @ self.vectors, []
        steps = np.zeros(rotated.shape)
        for number, i in enumerate(splits):
            try:
                step = self._correction(int(i), rotated[number], missing_sum[number])
            except NotDowndated:
                continue
            steps[number] = step.weights
            self.intercepts[i] += step.intercept
            if step.is_small:
                before = fitted[self.problem.splits[i].test, number]
                self.predictions[i] = before + step.intercept + step.on_test
            else:
                again.append(i)
        self.weights[splits] += steps @ self.vectors.T
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

    def _correction(self, i: int, rotated: Matrix, missing_sum: Vector) -> "_Step":
        problem, size = self.problem, int(self.problem.sizes[i])
        numbers = problem.held(i)
        held = problem.coordinates(numbers)
        # The rows sum to 0, so those that train sum to minus those held out.
        mean = -held.sum(axis=0) / size
        spread = problem.axes.eigenvalues + self.penalties[i][:, None]
        weights, _ = solve_without(
            held,
            (rotated - missing_sum[:, None] * mean).astype(np.float32),
            (1.0 / spread).astype(np.float32),
            n=len(problem.y),
            tolerance=TOLERANCE,
        )
        moved = np.einsum("tr,tr,tr->t", weights, weights, spread) / self.energy[i]
        return _Step(
            weights,
            missing_sum / size - weights @ mean,
            (held @ weights.T)[np.searchsorted(numbers, problem.splits[i].test)],
            bool((moved <= SMALL_ENOUGH**2).all()),
        )


@dataclass(frozen=True, eq=False)
class _Step:
    weights: Single
    intercept: Vector
    on_test: Single
    is_small: bool
