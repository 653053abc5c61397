"""Ridge on splits of about as many rows as dimensions or fewer, by exact leave-one-out.

There leverages are too large and too different to be replaced by their expectation. Per penalty,
the residual maker R = I - C of all n rows is formed once for all splits (C as in
`ridge_downdate`). That of the rows not in T, and with it their leave-one-out residuals
(Ry)_i / R_ii, is in block form

    R_ij - R_iT R_TT⁻¹ R_Tj

With fewer rows than dimensions R shrinks with the penalty, and 1 - 1 would lose its digits. So it
is put together from what is left along each axis, R = U f Uᵀ with f = λ / (s + λ), where U has
orthonormal columns, also orthogonal to 1: the intercept takes that direction.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky
from scipy.linalg.blas import get_blas_funcs

from probeboard.probing.axes import Axes
from probeboard.probing.ridge_downdate import NotDowndated
from probeboard.probing.ridge_problem import RidgeProblem

Array = NDArray[Any]
Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

# Training rows per dimension from which residuals are large enough for single precision.
ENOUGH_ROWS = 1.1
# What is left of 1 after a leverage: below this, what is right has cancelled.
SMALLEST_KEPT = 1e-8


@dataclass(frozen=True, eq=False)
class ResidualMaker:
    """R = B f Bᵀ + (I - 11ᵀ/n if `whole`), a function of the penalty.

    Attributes
    ----------
    along
        B, shape ``(n, r)``.
    eigenvalues
        Shape ``(r,)``.
    whole
        If so, B are the coordinates and f = -1 / (s + λ); else B is U and f = λ / (s + λ).
    """

    along: Matrix
    eigenvalues: Vector
    whole: bool

    @classmethod
    def of(cls, axes: Axes) -> "ResidualMaker":
        n = len(axes.single)
        if n > axes.dims:
            return cls(axes.rows, axes.eigenvalues, whole=True)
        # From the largest: what rounding left of the last directions, U completes.
        columns = np.concatenate([np.ones((n, 1)), axes.rows[:, ::-1]], axis=1)
        orthonormal = np.linalg.qr(columns)[0]
        return cls(orthonormal[:, 1:].copy(), axes.eigenvalues[::-1][: n - 1].copy(), whole=False)

    def weights(self, penalty: float) -> Vector:
        """f, shape ``(r,)``."""
        spread = self.eigenvalues + penalty
        return -1.0 / spread if self.whole else penalty / spread

    def at(self, penalty: float, *, single: bool) -> Array:
        """R, shape ``(n, n)``."""
        n = len(self.along)
        half = self.along * np.sqrt(np.abs(self.weights(penalty)))
        if single:
            half = half.astype(np.float32)
        maker = half @ half.T
        if self.whole:
            np.negative(maker, out=maker)
            maker -= 1.0 / n
            maker[np.diag_indices(n)] += 1.0
        return maker

    def held_out(self, held: NDArray[np.intp], labels: Matrix, penalty: float) -> Matrix:
        """What is left of labels ``(n,)``, 0 where held out, on the rows held out: -prediction."""
        rows, weights = self.along[held], self.weights(penalty)
        block = (rows * weights) @ rows.T
        left = rows @ (weights * (labels @ self.along))
        if self.whole:
            block -= 1.0 / len(self.along)
            block[np.diag_indices_from(block)] += 1.0
        return np.asarray(cho_solve((_factor(block), True), left, check_finite=False))


def fit_dense(problem: RidgeProblem) -> list[tuple[Vector, Matrix] | None]:
    """Penalties ``(t,)`` and predictions ``(n_test, t)`` of each split; None if not served."""
    maker = ResidualMaker.of(problem.axes)
    labels = problem.labels()
    k, t = labels.shape[1:]
    single = not maker.whole or problem.sizes.min() > ENOUGH_ROWS * problem.axes.dims
    held = [problem.held(i) for i in range(k)]
    lowest, chosen = np.full((k, t), np.inf), np.zeros((k, t))
    served = np.array([problem.vary_without(problem.coordinates(rows)) for rows in held])
    for penalty in problem.penalties:
        whole = maker.at(float(penalty), single=single)
        left = (whole @ labels.reshape(len(whole), -1).astype(whole.dtype)).reshape(labels.shape)
        for i in np.flatnonzero(served):
            try:
                criterion = _criterion(whole, left[:, i], held[i])
            except NotDowndated:
                served[i] = False
                continue
            better = criterion < lowest[i]
            lowest[i][better], chosen[i][better] = criterion[better], penalty
    return [_fit(problem, maker, i, labels, chosen[i]) if served[i] else None for i in range(k)]


def _criterion(maker: Array, left: Array, held: NDArray[np.intp]) -> Vector:
    """Sum of squared leave-one-out residuals of the rows not held out, ``(t,)``."""
    across = maker[held]
    factor = _factor(across[:, held])
    trsm = get_blas_funcs("trsm", (factor,))
    # across.T = half Lᵀ, without copying
    half = trsm(1.0, factor, across.T, side=1, lower=1, trans_a=1, overwrite_b=1).T
    own = trsm(1.0, factor, left[held], lower=1)
    kept = np.diag(maker) - np.einsum("mn,mn->n", half, half)
    kept[held] = 1.0
    if float(kept.min()) <= 0:
        raise NotDowndated
    loo = (left - half.T @ own) / kept[:, None]
    loo[held] = 0.0
    return np.asarray(np.einsum("nt,nt->t", loo, loo), dtype=np.float64)


def _factor(block: Array) -> Array:
    try:
        factor = cholesky(block, lower=True, check_finite=False)
    except LinAlgError:
        raise NotDowndated from None
    pivots = np.diag(factor)
    if float(pivots.min()) ** 2 < SMALLEST_KEPT * float(np.diag(block).max()):
        raise NotDowndated
    return np.asarray(factor)


def _fit(
    problem: RidgeProblem, maker: ResidualMaker, i: int, labels: Matrix, penalties: Vector
) -> tuple[Vector, Matrix] | None:
    """Predict a split's test rows, each target at its penalty, in double precision."""
    held, test = problem.held(i), problem.splits[i].test
    try:
        left = [
            maker.held_out(held, labels[:, i, target], float(penalty))
            for target, penalty in enumerate(penalties)
        ]
    except NotDowndated:
        return None
    predicted = problem.means[i] - np.stack(left, axis=1)
    return penalties, predicted[np.searchsorted(held, test)]
