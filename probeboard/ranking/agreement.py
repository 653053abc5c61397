"""How far rankings agree: Kendall's tau-b, symmetric differences, clusters of tasks."""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Signs held at a time, 32 MB: a board of a thousand has half a million pairs.
_HELD = 2**22

# Tasks of one cluster order at least three quarters of the pairs alike; of two rankings that have
# nothing to do with each other, that is half.
ALIKE = 0.75


def kendall_tau_b(rankings: ArrayLike) -> NDArray[np.float64]:
    """Kendall's tau-b between each two rankings.

    ``(concordant - discordant) / sqrt(untied in one · untied in the other)`` over pairs, counted
    in whole numbers (Kendall, *Biometrika* 33, 1945).

    Parameters
    ----------
    rankings
        Shape ``(n, m)``, finite: m rankings of the same n, as ranks or anything else in order.

    Returns
    -------
    NDArray
        Shape ``(m, m)`` in [-1, 1], symmetric; NaN where a ranking ties all, 1 on the diagonal
        otherwise.

    Raises
    ------
    ValueError
        If rankings is not a matrix or has NaN.

    Examples
    --------
    >>> kendall_tau_b([[1, 1], [2, 3], [3, 2]]).round(3)
    array([[1.   , 0.333],
           [0.333, 1.   ]])
    """
    agreed, _ = _agreements(_places(rankings))
    untied = np.diagonal(agreed)
    scale = np.sqrt(np.outer(untied, untied))
    tau = np.full(agreed.shape, np.nan)
    np.divide(agreed, scale, out=tau, where=scale > 0.0)
    return np.asarray(np.clip(tau, -1.0, 1.0))


def symmetric_difference(rankings: ArrayLike) -> NDArray[np.int64]:
    """Count the statements "no worse than" in which each two rankings differ.

    The distance of weak orders by Kemeny and Snell (1962), as in challengeR: an ordered pair
    (i, j), i ≠ j, counts if one ranking puts i no worse than j and the other does not. A pair in
    reverse counts twice, one that only one of them ties counts once.

    Parameters
    ----------
    rankings
        Shape ``(n, m)``: m rankings of the same n, 1 is best.

    Returns
    -------
    NDArray
        Shape ``(m, m)``, int64, in 0 .. n(n - 1).

    Raises
    ------
    ValueError
        If rankings is not a matrix or has NaN.

    Examples
    --------
    >>> symmetric_difference([[1, 1, 2], [2, 1, 1]])
    array([[0, 1, 2],
           [1, 0, 1],
           [2, 1, 0]])
    """
    agreed, untied_in_both = _agreements(_places(rankings))
    untied = np.diagonal(agreed)
    # For signs a and b of a pair a² + b² - ab - a²b² is 2 in reverse, 1 tied in one, 0 otherwise.
    distance = untied[:, None] + untied[None, :] - agreed - untied_in_both
    return np.asarray(distance.astype(np.int64))


def merges(
    distance: ArrayLike, *, linkage: Literal["complete", "average"] = "complete"
) -> list[tuple[int, int, float]]:
    """Cluster by hierarchy: always merge the two nearest clusters.

    Of pairs as near, the first is merged, which is what R's ``hclust`` does: another choice can
    lead to other heights.

    Parameters
    ----------
    distance
        Shape ``(m, m)``, symmetric.
    linkage
        Between clusters counts the largest distance (complete) or the mean one (average).

    Returns
    -------
    list
        The m - 1 merges: the smallest members of the two, and their distance.

    Examples
    --------
    >>> merges([[0, 1, 4], [1, 0, 6], [4, 6, 0]], linkage="average")
    [(0, 1, 1.0), (0, 2, 5.0)]
    """
    between = np.array(distance, dtype=np.float64)
    m = len(between)
    between[np.tril_indices(m)] = np.inf  # each pair once, the smaller member first
    sizes = np.ones(m)
    found: list[tuple[int, int, float]] = []
    for _ in range(m - 1):
        i, j = divmod(int(between.argmin()), m)
        found.append((i, j, float(between[i, j])))
        to_i = np.minimum(between[i], between[:, i])
        to_j = np.minimum(between[j], between[:, j])
        if linkage == "complete":
            joined = np.maximum(to_i, to_j)
        else:
            joined = (sizes[i] * to_i + sizes[j] * to_j) / (sizes[i] + sizes[j])
        sizes[i] += sizes[j]
        between[:i, i], between[i, i + 1 :] = joined[:i], joined[i + 1 :]
        between[j], between[:, j] = np.inf, np.inf
    return found


def task_clusters(
    names: Sequence[str], task_ranks: ArrayLike, *, alike: float = ALIKE
) -> list[list[int]]:
    """Group tasks that rank the submissions nearly alike.

    Complete linkage over `symmetric_difference`: any two tasks of a cluster differ in at most
    ``(1 - alike) · n(n - 1)`` ordered pairs.

    Parameters
    ----------
    names
        Of the t tasks; they decide where two merges are as good, not the order of the tasks.
    task_ranks
        Shape ``(n, t)``, as of a `Ranking`.
    alike
        Share of the ordered pairs, in [0, 1].

    Returns
    -------
    list
        Clusters of column numbers, the largest first, otherwise in the order of the columns.

    Raises
    ------
    ValueError
        If there is not one name per task.

    Examples
    --------
    >>> task_clusters(["slope", "snow", "noise"], [[1, 1, 3], [2, 2, 2], [3, 3, 1]])
    [[0, 1], [2]]
    """
    places = _places(task_ranks)
    n, n_tasks = places.shape
    if len(names) != n_tasks:
        raise ValueError(f"{n_tasks} tasks need as many names, not {len(names)}")
    by_name = sorted(range(n_tasks), key=names.__getitem__)
    # A little more, so that the bound itself is within.
    limit = (1.0 - alike) * n * (n - 1) + 1e-6
    clusters = {place: [task] for place, task in enumerate(by_name)}
    for first, second, height in merges(symmetric_difference(places[:, by_name])):
        if height <= limit:
            clusters[first] += clusters.pop(second)
    return sorted(map(sorted, clusters.values()), key=lambda tasks: (-len(tasks), tasks))


def _places(rankings: ArrayLike) -> NDArray[np.float64]:
    places = np.asarray(rankings, dtype=np.float64)
    if places.ndim != 2 or np.isnan(places).any():
        raise ValueError("rankings need shape (n, m), and no NaN")
    return places


def _agreements(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pairs in the same order less those in reverse, and pairs tied in neither."""
    shape = (places.shape[1], places.shape[1])
    agreed, untied = np.zeros(shape), np.zeros(shape)
    for S in _signs(places):
        agreed += S.T @ S
        apart = np.square(S)
        untied += apart.T @ apart
    return agreed, untied


def _signs(places: NDArray[np.float64]) -> Iterator[NDArray[np.float32]]:
    """Signs of the differences of all pairs, shape ``(pairs, m)``, some pairs at a time.

    Whole numbers in float32: products and sums of them are exact up to 2²⁴, which no chunk reaches,
    and BLAS does them. So are the differences, of places that were numbered.
    """
    n, m = places.shape
    columns = [np.unique(column, return_inverse=True)[1] for column in places.T]
    places = np.stack(columns, axis=1).astype(np.float32) if m else places
    chunk: list[NDArray[np.float32]] = []
    held = 0
    for row in range(n - 1):
        chunk.append(np.sign(places[row + 1 :] - places[row]))
        held += (n - 1 - row) * m
        if held >= _HELD or row == n - 2:
            yield np.concatenate(chunk)
            chunk, held = [], 0
