"""Ranks of every draw by the official method, a million scores at a time and fast.

A board of 1000 submissions, 11 tasks and 1000 draws takes 11 million draws of a score and 12,000
sorts. Draws are made and ranked in chunks that stay in the processor's cache, and only sums over
tasks are kept: 8 bytes per submission and draw.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.draw_cache import DrawCache
from probeboard.ranking.draws import first_of_twins, scored_rows, task_draws
from probeboard.ranking.pool import RankingMethod
from probeboard.ranking.result import Ranking
from probeboard.ranking.row_ranks import descending_keys, row_ranks
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import DECIMALS, Weights, integer_weights

# Scores at a time: packed for sorting, half a megabyte.
CHUNK = 2**16
_LARGEST_KEY = 2**31


@dataclass(frozen=True, eq=False)
class DrawSource:
    """Where draws come from: a seed, how many, and perhaps a cache with the key of each row."""

    seed: str
    n_draws: int
    cache: DrawCache | None = None
    keys: Sequence[Hashable] | None = None

    def chunks(
        self, task: TaskSplitScores, *, of_q: bool, rows: NDArray[np.intp]
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Draws of these rows of a task in turn, all scored; twins have the same."""
        twins = np.searchsorted(rows, first_of_twins(task)[rows])
        copies = np.flatnonzero(twins != np.arange(rows.size))
        if self.cache is None or self.keys is None:
            source = task_draws(task, of_q=of_q, seed=self.seed, n_draws=self.n_draws, rows=rows)
            between = source.between
        else:
            kept = self.cache.draw(
                task, of_q=of_q, seed=self.seed, n_draws=self.n_draws, rows=rows, keys=self.keys
            )
            between = kept.between
        step = max(1, CHUNK // max(rows.size, 1))
        for start in range(0, self.n_draws, step):
            stop = min(start + step, self.n_draws)
            drawn = between(start, stop)
            if copies.size:
                # Sums of products may differ in the last digit by place in memory.
                drawn[:, copies] = drawn[:, twins[copies]]
            yield slice(start, stop), drawn


def rank_draws(
    ranking: Ranking,
    tasks: Sequence[TaskSplitScores],
    source: DrawSource,
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
) -> NDArray[np.int32]:
    """Rank each draw by the method of the full ranking.

    Parameters
    ----------
    ranking
        The full ranking of the same tasks by ``average-rank``, ``borda``, ``neuco``,
        ``mean-score`` or ``mean-q``. Whom the last three put after all others because a task
        could not be scored keeps that rank in every draw.
    tasks
        Of n submissions.
    source
        Of the draws.
    weights, floor
        As for `rank_scores`.

    Returns
    -------
    NDArray
        Shape ``(n_draws, n)``, int32; ties share the smaller rank.

    Raises
    ------
    ValueError
        If the method is another one.

    Examples
    --------
    >>> from probeboard.ranking.methods import average_rank
    >>> splits = np.array([[0.9, 0.8, 0.9, 0.7, 0.8], [0.2, 0.3, 0.2, 0.3, 0.1]])
    >>> task = TaskSplitScores("slope", splits, test_to_train=0.25, group="a")
    >>> rank_draws(average_rank(task.means[:, None]), [task], DrawSource("phase", 2))
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    match RankingMethod(ranking.method):
        case RankingMethod.AVERAGE_RANK | RankingMethod.BORDA:
            return _by_average_rank(ranking.method, tasks, source, weights=weights)
        case RankingMethod.MEAN_SCORE | RankingMethod.MEAN_Q:
            return _of_complete(
                ranking,
                source,
                lambda rows: -_weighted_scores(ranking, tasks, source, rows=rows),
            )
        case RankingMethod.NEUCO:
            return _of_complete(
                ranking,
                source,
                lambda rows: _neuco_ranks(tasks, source, rows=rows, weights=weights, floor=floor),
            )
        case _:
            raise ValueError(f"draws by {ranking.method} are made elsewhere")


def _by_average_rank(
    method: str,
    tasks: Sequence[TaskSplitScores],
    source: DrawSource,
    *,
    weights: Weights | None,
) -> NDArray[np.int32]:
    n = len(tasks[0].scores)
    whole = integer_weights(weights, len(tasks))
    # Exact integers; only weights of very many digits need floats, rounded before they are ranked.
    exact = 2 * (n + 1) * sum(whole) < _LARGEST_KEY
    factors = whole if exact else [weight / sum(whole) for weight in whole]
    sums = np.zeros((source.n_draws, n), dtype=np.int32 if exact else np.float64)
    for task, factor in zip(tasks, factors, strict=True):
        scored = scored_rows(task)
        rows = np.flatnonzero(scored)
        missing = n - rows.size
        # Twice the rank of who could not be scored; to Borda, they tie with each other.
        last = 2 * (rows.size + 1) if method == RankingMethod.AVERAGE_RANK else 2 * n - missing + 1
        sums[:, ~scored] += factor * last
        for draws, drawn in source.chunks(task, of_q=False, rows=rows):
            ranks = row_ranks(descending_keys(drawn), "twice-average")
            if missing:
                sums[draws, rows] += factor * ranks
            else:
                sums[draws] += factor * ranks
    if not exact:
        sums = np.round(sums, DECIMALS)
    return _in_chunks(lambda draws: row_ranks(sums[draws], "min"), sums)


def _of_complete(
    ranking: Ranking,
    source: DrawSource,
    keys_of: Callable[[NDArray[np.intp]], NDArray[np.float64]],
) -> NDArray[np.int32]:
    """Rank the complete submissions by what is given for their rows, the smallest first."""
    rows = np.flatnonzero(ranking.complete)
    ranks = np.tile(ranking.ranks.astype(np.int32), (source.n_draws, 1))
    if rows.size:
        keys = np.round(keys_of(rows), DECIMALS)
        ranks[:, rows] = _in_chunks(lambda draws: row_ranks(keys[draws], "min"), keys)
    return ranks


def _weighted_scores(
    ranking: Ranking,
    tasks: Sequence[TaskSplitScores],
    source: DrawSource,
    *,
    rows: NDArray[np.intp],
) -> NDArray[np.float64]:
    of_q = RankingMethod(ranking.method).ranks_q
    sums = np.zeros((source.n_draws, rows.size))
    for task, share in zip(tasks, ranking.weights, strict=True):
        for draws, drawn in source.chunks(task, of_q=of_q, rows=rows):
            sums[draws] += share * drawn
    return sums


def _neuco_ranks(
    tasks: Sequence[TaskSplitScores],
    source: DrawSource,
    *,
    rows: NDArray[np.intp],
    weights: Weights | None,
    floor: float | None,
) -> NDArray[np.float64]:
    """Weighted sums of ranks, the weights those of each draw unless they are frozen."""
    by_spread = np.zeros((source.n_draws, rows.size))
    equally = np.zeros((source.n_draws, rows.size)) if weights is None else by_spread
    total = np.zeros(source.n_draws)
    for i, task in enumerate(tasks):
        for draws, drawn in source.chunks(task, of_q=True, rows=rows):
            ranks = row_ranks(descending_keys(drawn), "min")
            if weights is None:
                spread = _spread(drawn, floor)
                equally[draws] += ranks
            else:
                spread = np.full(len(drawn), float(weights[i]))
            by_spread[draws] += spread[:, None] * ranks
            total[draws] += spread
    spreads = total > 0.0
    by_spread /= np.where(spreads, total, 1.0)[:, None]
    return np.where(spreads[:, None], by_spread, equally)


def _spread(drawn: NDArray[np.float32], floor: float | None) -> NDArray[np.float64]:
    """Standard deviation (ddof 1) over the pool of each draw; 0 where all are the same."""
    if drawn.shape[1] < 2:
        return np.zeros(len(drawn))
    clipped = drawn.astype(np.float64)
    if floor is not None:
        np.maximum(clipped, floor, out=clipped)
    same = clipped.min(axis=1) == clipped.max(axis=1)
    return np.where(same, 0.0, clipped.std(axis=1, ddof=1))


def _in_chunks(
    rank: Callable[[slice], NDArray[np.int32]], keys: NDArray[np.generic]
) -> NDArray[np.int32]:
    ranks = np.empty(keys.shape, dtype=np.int32)
    step = max(1, CHUNK // max(keys.shape[1], 1))
    for start in range(0, len(keys), step):
        draws = slice(start, start + step)
        ranks[draws] = rank(draws)
    return ranks
