"""Ridge regression on every split, each with the penalty its own training rows prefer.

Per split: minimise Σ(y - b - x·w)² + λ|w|² over the training rows, b free. All splits and penalties
follow from one decomposition of all n rows (see `axes`): centred and along their principal axes
they are Z, with ZᵀZ = S diagonal, and the hat matrix of a set of rows T is

    C_T = 1/n + Z_T (S + λ)⁻¹ Z_Tᵀ                          (the 1/n is the intercept)

Leaving T out, in block form: let y be 0 on T and elsewhere the labels less their training mean ȳ.
Fitted to all rows it leaves the residuals r = y - Z (S + λ)⁻¹c, c = Zᵀy; fitted to the training
rows alone it leaves e_T on T and r_i + C_iT e_T on a training row i, with

    (I - C_T) e_T = r_T                     (Sherman-Morrison-Woodbury)
    w = (S + λ)⁻¹ (c - Z_Tᵀ e_T),   b = ȳ - Σe_T / n,   predictions ȳ - e_T

No test label enters anywhere. The penalty with the smallest mean squared leave-one-out residual of
the training rows is chosen, residual_i / (1 - h_i), h_i the leverage among the training rows.
Generalized cross-validation, which replaces each h_i by their mean, chose a weaker penalty on real
embeddings, whose leverages are far from equal, and lost up to .013 of R². Leverages cost more than
all else. Where dimensions are nearly as many as rows (see `_exact`) they are computed; elsewhere
the expected leverage of a row stands in for its own, over which rows the split leaves out, as it
only has to compare penalties (see `leverage`).

Penalties are relative to the mean eigenvalue of ZᵀZ, so neither the number of rows nor the unit of
the embedding matters. A split these shortcuts do not serve is fitted to its training rows alone.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, solve_triangular

from probeboard.labelsets import Split
from probeboard.probing.axes import Axes
from probeboard.probing.leverage import expected_kept

Array = NDArray[Any]
Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

# Wide, because the spectra of real embeddings fall by many decades: a network with random weights
# needs 1e-7 of the mean eigenvalue where the same network, pretrained, is best at 1e-3.
RELATIVE_PENALTIES: Vector = np.logspace(-7.0, 2.0, 15)
# Up to so many training rows per dimension, leverages are computed exactly.
FEW_ROWS = 1.5
# Relative residual of the conjugate gradients that only compare penalties.
PATH_TOLERANCE = 1e-4
PATH_STEPS = 100
# Pivots of I - C_T: below this, what is right has cancelled.
SMALLEST_PIVOT = 1e-8
# Singular values below this share of the rows' norm are what rounding left of rows all alike.
ROUNDING = 1e-14
# A row that alone fixes a direction has leverage 1 up to rounding.
SMALLEST_KEPT = 1e-10


@dataclass(frozen=True, eq=False)
class RidgeFit:
    """What ridge makes of one split: λ, and predictions of the test rows, shape ``(n_test,)``."""

    penalty: float
    predicted: Vector


class _Unserved(Exception):
    """The shortcut loses too many digits on this split."""


def fit_ridge(
    axes: Axes, y: Vector, splits: tuple[Split, ...], *, relative: Vector = RELATIVE_PENALTIES
) -> tuple[RidgeFit, ...]:
    """Fit ridge on each split's training rows and predict its test rows.

    Parameters
    ----------
    axes
        Of n embeddings.
    y
        Shape ``(n,)``: labels, finite, of order 1.
    splits
        Row numbers of `y`.
    relative
        Shape ``(p,)``, positive: penalties as multiples of the mean eigenvalue of the centred Gram
        matrix of all rows; for a split whose training rows have less than half their share of the
        variance, of its own.

    Returns
    -------
    tuple of RidgeFit
        One per split.
    """
    problem = _Problem.of(axes, y, splits, relative * axes.mean_eigenvalue)
    few = min(split.train.size for split in splits) <= FEW_ROWS * axes.eigenvalues.size
    fits = _exact(problem) if few else _expected(problem)
    return tuple(
        fit or _fit_alone(axes, y, split, relative) for fit, split in zip(fits, splits, strict=True)
    )


@dataclass(frozen=True, eq=False)
class _Problem:
    """Labels as each split may see them, ``(n, k)``, their products with the rows, ``(r, k)``."""

    axes: Axes
    splits: tuple[Split, ...]
    penalties: Vector
    means: Vector
    labels: Matrix
    products: Matrix
    served: list[bool]

    @classmethod
    def of(cls, axes: Axes, y: Vector, splits: tuple[Split, ...], penalties: Vector) -> "_Problem":
        means = np.array([y[split.train].mean() for split in splits])
        labels = np.zeros((y.size, len(splits)))
        for i, split in enumerate(splits):
            labels[split.train, i] = y[split.train] - means[i]
        served = [_has_its_share(axes, split) for split in splits]
        return cls(axes, splits, penalties, means, labels, axes.rows.T @ labels, served)


def _has_its_share(axes: Axes, split: Split) -> bool:
    """Whether the training rows have at least half their share of the variance."""
    share = split.train.size / len(axes.rows)
    return axes.variation(split) > 0.5 * share * float(axes.eigenvalues.sum())


def _expected(problem: _Problem) -> list[RidgeFit | None]:
    """Choose by expected leverages, in single precision; then fit in double."""
    axes = problem.axes
    n, p = len(axes.design), problem.penalties.size
    shrunk = 1.0 / (axes.eigenvalues[:, None] + problem.penalties)
    single, kept = shrunk.astype(np.float32), dict[int, Array]()
    fits: list[RidgeFit | None] = []
    for i, split in enumerate(problem.splits):
        try:
            if not problem.served[i]:
                raise _Unserved
            test = axes.single[split.test, 1:]
            products = problem.products[:, i, None].astype(np.float32)
            held_out = _conjugate_gradients(test, -test @ (products * single), single, n)
            weights = np.empty((len(shrunk) + 1, p), dtype=np.float32)
            weights[0] = -held_out.sum(axis=0) / n
            weights[1:] = (products - test.T @ held_out) * single
            residuals = problem.labels[:, i, None].astype(np.float32) - axes.single @ weights
            if split.train.size not in kept:
                kept[split.train.size] = expected_kept(
                    axes, problem.penalties, train=split.train.size
                )
            loo = (residuals / kept[split.train.size])[split.train]
            best = int(np.argmin(np.einsum("ij,ij->j", loo, loo)))
            error = _held_out(axes.rows[split.test], problem.products[:, i], shrunk[:, best], n)
            fits.append(RidgeFit(float(problem.penalties[best]), problem.means[i] - error))
        except _Unserved:
            fits.append(None)
    return fits


def _conjugate_gradients(test: Array, right: Array, shrunk: Array, n: int) -> Array:
    """Solve (I - C_T) e = r, a column per penalty."""
    solution = np.zeros_like(right)
    residual, direction = right.copy(), right.copy()
    squared = np.einsum("ij,ij->j", residual, residual)
    enough = PATH_TOLERANCE**2 * squared
    for _ in range(PATH_STEPS):
        if (squared <= enough).all():
            return solution
        image = direction - test @ (shrunk * (test.T @ direction)) - direction.sum(axis=0) / n
        curvature = np.einsum("ij,ij->j", direction, image)
        moving = (squared > enough) & (curvature > 0)
        step = np.where(moving, squared / np.where(moving, curvature, 1), 0)
        solution += step * direction
        residual -= step * image
        before, squared = squared, np.einsum("ij,ij->j", residual, residual)
        direction *= np.where(moving, squared / np.where(moving, before, 1), 0)
        direction += residual
    raise _Unserved


def _held_out(test: Matrix, products: Vector, shrunk: Vector, n: int) -> Vector:
    """e_T at one penalty: with C_T = aaᵀ, by whichever of I - aaᵀ and I - aᵀa is smaller."""
    along = np.column_stack([np.full(len(test), n**-0.5), test * np.sqrt(shrunk)])
    right = -test @ (shrunk * products)
    if along.shape[0] <= along.shape[1]:
        return np.asarray(cho_solve(_factorise(-(along @ along.T)), right, check_finite=False))
    inner = cho_solve(_factorise(-(along.T @ along)), along.T @ right, check_finite=False)
    return np.asarray(right + along @ inner)


def _factorise(less: Matrix) -> tuple[Matrix, bool]:
    """Cholesky factor of I plus a matrix, which it overwrites."""
    less[np.diag_indices_from(less)] += 1.0
    return _cholesky(less)


def _cholesky(kept: Matrix) -> tuple[Matrix, bool]:
    try:
        factor: tuple[Matrix, bool] = cho_factor(kept, lower=True, check_finite=False)
    except LinAlgError:
        raise _Unserved from None
    if float(np.diag(factor[0]).min()) ** 2 < SMALLEST_PIVOT:
        raise _Unserved
    return factor


def _exact(problem: _Problem) -> list[RidgeFit | None]:
    """Choose by exact leverages: each penalty's residual maker I - C, formed once for all splits.

    In block form the split's own is, among training rows, R_ii - R_iT R_TT⁻¹ R_Ti; its diagonal is
    1 - h, and it and R y give all residuals. Where the dimensions are the more, R shrinks with the
    penalty and loses digits, so predictions come from the training rows.
    """
    rows = problem.axes.rows
    served = list(problem.served)
    lowest, chosen = np.full(len(served), np.inf), np.zeros(len(served))
    for penalty in problem.penalties:
        scaled = rows / np.sqrt(problem.axes.eigenvalues + penalty)
        maker = -(scaled @ scaled.T) - 1.0 / len(rows)
        maker[np.diag_indices_from(maker)] += 1.0
        residuals = maker @ problem.labels
        for i, split in enumerate(problem.splits):
            if not served[i]:
                continue
            try:
                criterion = _criterion(maker, residuals[:, i], split)
            except _Unserved:
                served[i] = False
                continue
            if criterion < lowest[i]:
                lowest[i], chosen[i] = criterion, penalty
    return [_fit_at(problem, i, chosen[i]) if served[i] else None for i in range(len(served))]


def _criterion(maker: Matrix, residuals: Vector, split: Split) -> float:
    """Mean squared leave-one-out residual of the training rows."""
    factor, lower = _cholesky(maker[np.ix_(split.test, split.test)])
    across = maker[np.ix_(split.test, split.train)]
    error = cho_solve((factor, lower), residuals[split.test], check_finite=False)
    half = solve_triangular(factor, across, lower=lower, check_finite=False)
    kept = np.diag(maker)[split.train] - np.einsum("ij,ij->j", half, half)
    if float(kept.min()) < SMALLEST_PIVOT:
        raise _Unserved
    loo = (residuals[split.train] - error @ across) / kept
    return float(np.mean(loo**2))


def _fit_at(problem: _Problem, i: int, penalty: float) -> RidgeFit:
    """Fit one split at a penalty: by XᵀX + λ or XXᵀ + λ, whichever is smaller."""
    split, rows = problem.splits[i], problem.axes.rows
    mean = rows[split.train].mean(axis=0)
    train, test, labels = rows[split.train] - mean, rows[split.test] - mean, problem.labels[:, i]
    n, d = train.shape
    small = train @ train.T if n < d else train.T @ train
    small[np.diag_indices_from(small)] += penalty
    factor = cho_factor(small, lower=True, check_finite=False)
    right = labels[split.train] if n < d else train.T @ labels[split.train]
    solved = cho_solve(factor, right, check_finite=False)
    predicted = test @ (train.T @ solved if n < d else solved)
    return RidgeFit(float(penalty), predicted + problem.means[i])


def _fit_alone(axes: Axes, y: Vector, split: Split, relative: Vector) -> RidgeFit:
    """Fit one split by the singular values of its training rows."""
    train, labels = axes.rows[split.train], y[split.train]
    mean, y_mean = train.mean(axis=0), labels.mean()
    left, s, right = np.linalg.svd(train - mean, full_matrices=False)
    s[s < ROUNDING * np.linalg.norm(train)] = 0.0
    penalties = relative * (float((s**2).sum()) / axes.dims or 1.0)
    shares = s[:, None] ** 2 / (s[:, None] ** 2 + penalties)
    along = left.T @ (labels - y_mean)
    residuals = (labels - y_mean)[:, None] - left @ (along[:, None] * shares)
    kept = 1.0 - 1.0 / labels.size - left**2 @ shares
    loo = np.mean((residuals / np.maximum(kept, SMALLEST_KEPT)) ** 2, axis=0)
    best = int(np.argmin(loo))
    weights = right.T @ (along * s / (s**2 + penalties[best]))
    return RidgeFit(float(penalties[best]), (axes.rows[split.test] - mean) @ weights + y_mean)
