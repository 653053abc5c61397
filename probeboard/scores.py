"""Split scores as they count: what probing, ranking and the leaderboard must agree on."""

import numpy as np
from numpy.typing import NDArray

# An R² has no lower bound; one bad split must not decide a mean, so it counts as no less than this.
FLOOR = -1.0

# The scorer that NeuCo-Bench's published numbers come from counts scores as they are.
_AS_THEY_ARE = ("neuco",)


def floored(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Split scores as they enter a mean: none below -1.

    Examples
    --------
    >>> floored(np.array([-1e13, 0.9]))
    array([-1. ,  0.9])
    """
    return np.maximum(scores, FLOOR)


def as_counted(scores: NDArray[np.float64], *, scorer: str) -> NDArray[np.float64]:
    """Split scores as they enter the mean of a scorer: floored, but by ``neuco`` as they are.

    Parameters
    ----------
    scores
        Any shape: the metric on each split, as it came out.
    scorer
        Name of the scorer that made them, without its version.

    Examples
    --------
    >>> as_counted(np.array([-4.0]), scorer="exact"), as_counted(np.array([-4.0]), scorer="neuco")
    (array([-1.]), array([-4.]))
    """
    return scores if scorer in _AS_THEY_ARE else floored(scores)


def floor_of(scorer: str) -> float:
    """Return what split scores count as no less than: -1, or ``-inf`` by ``neuco``.

    Examples
    --------
    >>> floor_of("exact"), floor_of("neuco")
    (-1.0, -inf)
    """
    return float(as_counted(np.array([-np.inf]), scorer=scorer)[0])
