"""Rank a pool by a named method, and place outsiders against it without moving anyone."""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from probeboard.ranking.joining import (
    Place,
    joins_average_rank,
    joins_borda,
    joins_copeland,
)
from probeboard.ranking.methods import average_rank, mean_q, mean_score, neuco
from probeboard.ranking.pairwise import borda, copeland
from probeboard.ranking.result import Ranking
from probeboard.ranking.ties import Weights, score_matrix


class RankingMethod(StrEnum):
    """The methods a phase may name as its official one."""

    AVERAGE_RANK = "average-rank"
    NEUCO = "neuco"
    MEAN_SCORE = "mean-score"
    MEAN_Q = "mean-q"
    TEST_THEN_RANK = "test-then-rank"
    BORDA = "borda"
    COPELAND = "copeland"

    @property
    def ranks_q(self) -> bool:
        """Whether the method takes Q rather than mean scores."""
        return self in (RankingMethod.NEUCO, RankingMethod.MEAN_Q)

    @property
    def needs_splits(self) -> bool:
        """Whether the method takes the score of every split: see `rank_scores`."""
        return self is RankingMethod.TEST_THEN_RANK


def rank(
    method: RankingMethod | str,
    values: ArrayLike,
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
) -> Ranking:
    """Rank a pool by the named method.

    Parameters
    ----------
    method
        A `RankingMethod` or its name.
    values
        Shape ``(n, t)``: Q where ``method.ranks_q``, mean scores otherwise.
    weights
        Shape ``(t,)``: weights of the tasks; for ``neuco``, weights frozen earlier.
    floor
        For ``neuco`` only: see `neuco`.

    Raises
    ------
    ValueError
        If there is no such method, it needs the score of every split (see `rank_scores`), or the
        arguments make no sense to it.

    Examples
    --------
    >>> rank("average-rank", [[0.9, 0.2], [0.8, 0.1]]).ranks
    array([1, 2])
    """
    match RankingMethod(method):
        case RankingMethod.AVERAGE_RANK:
            return average_rank(values, weights=weights)
        case RankingMethod.NEUCO:
            return neuco(values, weights=weights, floor=floor)
        case RankingMethod.MEAN_SCORE:
            return mean_score(values, weights=weights)
        case RankingMethod.MEAN_Q:
            return mean_q(values, weights=weights)
        case RankingMethod.BORDA:
            return borda(values, weights=weights)
        case RankingMethod.COPELAND:
            return copeland(values, weights=weights)
        case RankingMethod.TEST_THEN_RANK:
            raise ValueError("test-then-rank needs the score of every split")


def rank_against_pool(
    method: RankingMethod | str,
    pool: ArrayLike,
    candidates: ArrayLike,
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
) -> NDArray[np.int64]:
    """Give the rank each candidate would have if it alone joined the pool.

    For baselines, withdrawn and hidden entries: shown beside the board, never part of it. The
    pool keeps its ranks, and the weights of ``neuco`` stay those of the pool.

    Parameters
    ----------
    method, weights, floor
        As for `rank`.
    pool
        Shape ``(n, t)``; n may be 0.
    candidates
        Shape ``(m, t)``.

    Returns
    -------
    NDArray
        Shape ``(m,)``, int64, each in 1 .. n + 1. A copy of a pool entry ties with it.

    Raises
    ------
    ValueError
        As for `rank`, and if pool and candidates differ in their tasks.

    Examples
    --------
    >>> rank_against_pool("mean-score", [[0.9], [0.5]], [[0.7], [0.5], [0.1]])
    array([2, 2, 3])
    """
    rows = score_matrix(np.atleast_2d(np.asarray(candidates, dtype=np.float64)))
    inside = score_matrix(np.asarray(pool, dtype=np.float64).reshape(-1, rows.shape[1]))
    match RankingMethod(method):
        case RankingMethod.MEAN_SCORE | RankingMethod.MEAN_Q:
            # Nobody affects another's mean: one order of all tells who of the pool is ahead.
            both = mean_score(np.vstack([inside, rows]), weights=weights).ranks
            ahead = np.searchsorted(np.sort(both[: len(inside)]), both[len(inside) :])
            return np.asarray(1 + ahead, dtype=np.int64)
        case RankingMethod.AVERAGE_RANK:
            place = joins_average_rank(inside, weights)
        case RankingMethod.BORDA:
            place = joins_borda(inside, weights)
        case RankingMethod.COPELAND:
            place = joins_copeland(inside, weights)
        case RankingMethod.NEUCO:
            place = _joins_neuco(inside, neuco(inside, weights=weights, floor=floor).weights)
        case RankingMethod.TEST_THEN_RANK:
            raise ValueError("test-then-rank needs the score of every split")
    return np.fromiter((place(row) for row in rows), dtype=np.int64, count=len(rows))


def _joins_neuco(pool: NDArray[np.float64], weights: NDArray[np.float64]) -> Place:
    return lambda row: int(neuco(np.vstack([pool, row]), weights=weights).ranks[-1])
