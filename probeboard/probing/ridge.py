"""Ridge regression on every split, each with the penalty its own training rows prefer.

Per split and target: minimise Σ(y - b - x·w)² + λ|w|² over the training rows, b free. λ is the one
of a path whose leave-one-out residuals on the training rows, residual_i / (1 - h_i), h_i the
leverage, have the smallest mean square. No label of another row shapes anything.

All splits share one decomposition of all rows (see `axes`), from which leaving out rows is a small
system (derived in `ridge_downdate`). With more than 1.5 training rows per dimension, leverages
are replaced by their expectation to choose λ (`ridge_choice`), in single precision; then weights
are refined in double precision (`ridge_refine`). Generalized cross-validation, which replaces each
h_i by their mean, chose a weaker penalty on real embeddings, whose leverages are far from equal,
and lost up to .013 of R². With fewer rows leverages are exact (`ridge_dense`). Splits that hold out
more than a third of the rows, or nearly all of their variance, are fitted to their training rows
alone (`ridge_alone`).

Penalties are relative to the mean eigenvalue of ZᵀZ, so neither the number of rows nor the unit of
the embedding matters. On synthetic spectra of many decays a path beyond 1e-7 to 1e2 gains only
where eigenvalues fall as k⁻⁴ and labels have hardly any noise (see `RELATIVE_PENALTIES`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split
from probeboard.probing.axes import Axes
from probeboard.probing.ridge_alone import fit_alone
from probeboard.probing.ridge_choice import choose
from probeboard.probing.ridge_dense import fit_dense
from probeboard.probing.ridge_problem import RidgeProblem
from probeboard.probing.ridge_refine import predict

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Fits = list[tuple[Vector, Matrix] | None]

# Of the mean eigenvalue. Settled on synthetic data of no challenge: eigenvalues falling as k⁰ to
# k⁻⁵, 1.75 to 12 rows a dimension, R² from .05 to .9999. With k^-2.2, as real encoders have, 1e-4
# to 1e1 are chosen from R² = .1 on. 100 is chosen near R² = 0 alone, where stronger ones gain under
# .003. 1e-7 is chosen from k⁻⁴ on where there is hardly any noise, and weaker ones would gain up to
# .025 of R²; but with fewer rows than dimensions they cannot be told apart but by rounding, and
# the choice would no longer be invariant to rotations, nor RidgeCV's.
RELATIVE_PENALTIES: Vector = np.logspace(-7.0, 2.0, 15)
# Up to so many training rows per dimension, leverages are computed exactly.
FEW_ROWS = 1.5
# Largest share of the rows that is left out of the decomposition of all.
MOST_HELD_OUT = 1.0 / 3.0
# Splits times targets fitted at once, which bounds the memory.
COLUMNS = 240


@dataclass(frozen=True, eq=False)
class RidgeFit:
    """What ridge makes of one split.

    Attributes
    ----------
    penalties
        Shape ``(t,)``: λ of each target.
    predicted
        Shape ``(n_test,)`` for labels ``(n,)``, ``(n_test, t)`` for ``(n, t)``.
    """

    penalties: Vector
    predicted: Matrix

    @property
    def penalty(self) -> float:
        """λ of the only target."""
        return float(self.penalties.item())


def fit_ridge(
    axes: Axes, y: Matrix, splits: tuple[Split, ...], *, relative: Vector = RELATIVE_PENALTIES
) -> tuple[RidgeFit, ...]:
    """Fit ridge on each split's training rows and predict its test rows.

    Parameters
    ----------
    axes
        Of n embeddings.
    y
        Shape ``(n,)`` or ``(n, t)``: labels, finite, of order 1.
    splits
        Row numbers of `y`; parts are disjoint and need not cover all rows.
    relative
        Shape ``(p,)``, positive, ascending: penalties as multiples of the mean eigenvalue of the
        centred Gram matrix of all rows; for a split fitted alone, of its own.

    Returns
    -------
    tuple of RidgeFit
        One per split.

    Examples
    --------
    >>> from probeboard.probing.axes import rotate
    >>> X = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0]])
    >>> split = Split(train=np.arange(4), test=np.array([4]))
    >>> fit = fit_ridge(rotate(X), 3 * X[:, 0], (split,), relative=np.array([0.1]))[0]
    >>> fit.penalty, fit.predicted.round(6).tolist()  # slope 3·5/(5 + 1) from the mean at -½
    (1.0, [4.75])
    """
    problem = RidgeProblem(axes, y.reshape(len(y), -1), splits, relative)
    outside = len(y) - problem.sizes
    shared = outside <= MOST_HELD_OUT * len(y)
    many = problem.sizes > FEW_ROWS * axes.eigenvalues.size
    fits: Fits = [None] * len(splits)
    for fit, numbers in (
        (_fit_many, np.flatnonzero(shared & many)),
        (fit_dense, np.flatnonzero(shared & ~many)),
    ):
        if numbers.size:
            for i, found in zip(numbers, fit(problem.some(numbers)), strict=True):
                fits[i] = found
    done = [found or fit_alone(problem, i) for i, found in enumerate(fits)]
    return tuple(
        RidgeFit(penalties, predicted[:, 0] if y.ndim == 1 else predicted)
        for penalties, predicted in done
    )


def _fit_many(problem: RidgeProblem) -> Fits:
    """Some targets at a time."""
    k, t = len(problem.splits), problem.y.shape[1]
    width = max(1, COLUMNS // k)
    found = [_fit_at_once(problem.targets(slice(j, j + width))) for j in range(0, t, width)]
    fits: Fits = []
    for of_split in zip(*found, strict=True):
        some = [one for one in of_split if one is not None]
        penalties, predicted = zip(*some, strict=True) if some else ((), ())
        whole = len(some) == len(of_split)
        fits.append((np.concatenate(penalties), np.hstack(predicted)) if whole else None)
    return fits


def _fit_at_once(problem: RidgeProblem) -> Fits:
    chosen = choose(problem)
    return [
        None if predicted is None else (problem.penalties[numbers], predicted)
        for numbers, predicted in zip(chosen, predict(problem, chosen), strict=True)
    ]
