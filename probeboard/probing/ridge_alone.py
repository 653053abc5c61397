"""Ridge on one split by the decomposition of its own training rows.

For splits that the decomposition of all rows does not serve: few-shot ones, where it says little
about so few rows, and those whose held-out rows have nearly all of the variance. With X the
training rows less their mean, the residual maker is

    R = U f Uᵀ, XXᵀ = U s Uᵀ, f = λ / (s + λ)     or     R = I - 1/n - Z (s + λ)⁻¹ Zᵀ, Z = XV

whichever is smaller, and the leave-one-out residuals are (Ry)_i / R_ii. Refinement gives back the
digits that squaring X took.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from probeboard.probing.ridge_problem import RidgeProblem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

# Norm of centred rows, relative to that of the rows: what rounding left of rows all alike.
ROUNDING = 1e-14
# A row that alone fixes a direction has leverage 1 up to rounding.
SMALLEST_KEPT = 1e-10
ROUNDS = 2


def fit_alone(problem: RidgeProblem, i: int) -> tuple[Vector, Matrix]:
    """Choose penalties ``(t,)``, relative to its own rows, and predict ``(n_test, t)``."""
    split, source = problem.splits[i], problem.axes.source
    rows = source.take(split.train)
    mean = rows.mean(axis=0)
    X, y = rows - mean, problem.y[split.train] - problem.means[i]
    if np.linalg.norm(X) <= ROUNDING * np.linalg.norm(rows):
        X[:] = 0.0
    penalties = problem.relative * (float(np.vdot(X, X)) / problem.axes.dims or 1.0)
    solve = _by_rows if X.shape[0] <= X.shape[1] else _by_dimensions
    chosen, weights = solve(X, y, penalties)
    return chosen, (source.take(split.test) - mean) @ weights + problem.means[i]


def _by_rows(X: Matrix, y: Matrix, penalties: Vector) -> tuple[Vector, Matrix]:
    """Chosen penalties ``(t,)`` and weights ``(d, t)`` from XXᵀ."""
    gram = X @ X.T
    # Lifts the direction of the intercept above all others, so that it is the last.
    gram += 2.0 * (float(np.trace(gram)) or 1.0) / len(X)
    s, vectors = eigh(gram, driver="evd", overwrite_a=True, check_finite=False)
    s, vectors = np.maximum(s[:-1], 0.0)[:, None], vectors[:, :-1]
    f, along = penalties / (s + penalties), vectors.T @ y
    left = np.stack([vectors @ (f * one[:, None]) for one in along.T])
    chosen = penalties[_best(left, vectors**2 @ f)]
    inverse = 1.0 / (s + chosen)
    dual = vectors @ (inverse * along)
    for _ in range(ROUNDS):
        missing = y - X @ (X.T @ dual) - chosen * dual
        dual += vectors @ (inverse * (vectors.T @ missing))
    return chosen, X.T @ dual


def _by_dimensions(X: Matrix, y: Matrix, penalties: Vector) -> tuple[Vector, Matrix]:
    """Chosen penalties ``(t,)`` and weights ``(d, t)`` from XᵀX."""
    s, V = eigh(X.T @ X, driver="evd", overwrite_a=True, check_finite=False)
    s, Z = np.maximum(s, 0.0)[:, None], X @ V
    shrunk, along = 1.0 / (s + penalties), Z.T @ y
    left = np.stack(
        [
            label[:, None] - Z @ (shrunk * one[:, None])
            for label, one in zip(y.T, along.T, strict=True)
        ]
    )
    chosen = penalties[_best(left, 1.0 - 1.0 / len(X) - Z**2 @ shrunk)]
    inverse = 1.0 / (s + chosen)
    weights = V @ (inverse * along)
    for _ in range(ROUNDS):
        missing = X.T @ (y - X @ weights) - chosen * weights
        weights += V @ (inverse * (V.T @ missing))
    return chosen, weights


def _best(left: NDArray[np.float64], kept: Matrix) -> NDArray[np.intp]:
    """Number of the penalty with the least residuals; residuals ``(t, n, p)``, kept ``(n, p)``."""
    loo = left / np.maximum(kept, SMALLEST_KEPT)
    return np.asarray(np.einsum("tnp,tnp->tp", loo, loo).argmin(axis=1))
