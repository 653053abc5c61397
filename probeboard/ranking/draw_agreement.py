"""How far draws agree with the full ranking: Kendall's tau-b of each with it, all at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.draw_ranks import DrawSource
from probeboard.ranking.draws import scored_rows
from probeboard.ranking.row_ranks import descending_keys, row_ranks
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.ties import rounded, twice_shared_ranks

# Enough for the mean of their agreement, which varies little from draw to draw, and the less the
# more entries there are: of a thousand in 11 tasks, 11 draws of each task do.
AGREEING_DRAWS = 200
FEWEST_DRAWS = 10
MOST_SCORES = 2**17


def draw_taus(ranks: NDArray[np.int64], drawn: NDArray[np.int32]) -> NDArray[np.float64]:
    """Kendall's tau-b of each draw's ranking with the full ranking.

    By Knight (*Journal of the American Statistical Association* 61, 1966): with the entries in
    the order of the full ranking, and of the draw where that ties, discordant pairs are the
    inversions of the draw's ranks. Those are counted bit by bit, from the highest: of two ranks
    that agree in all higher bits and differ in this one they are in the wrong order if the first
    has it. A stable partition by each bit in turn keeps such pairs together in n log n steps, for
    all draws at once.

    Parameters
    ----------
    ranks
        Shape ``(n,)``: the full ranking.
    drawn
        Shape ``(m, n)``: rankings of the draws.

    Returns
    -------
    NDArray
        Shape ``(m,)``, in [-1, 1]; NaN where either ranking ties all.

    Examples
    --------
    >>> draw_taus(np.array([1, 2, 3]), np.array([[1, 2, 3], [3, 2, 1], [1, 3, 2]]))
    array([ 1.        , -1.        ,  0.33333333])
    """
    n = ranks.size
    joint = np.sort(ranks * (n + 1) + drawn.astype(np.int64), axis=1)
    pairs = n * (n - 1) // 2
    tied_full = _tied_pairs(np.sort(ranks)[None, :])
    tied_drawn = _tied_pairs(np.sort(drawn, axis=1))
    discordant = _inversions(joint % (n + 1))
    concordant = pairs - tied_full - tied_drawn + _tied_pairs(joint) - discordant
    untied = np.sqrt((pairs - tied_full) * (pairs - tied_drawn).astype(np.float64))
    taus = np.full(len(drawn), np.nan)
    np.divide(concordant - discordant, untied, out=taus, where=untied > 0.0)
    return taus


def task_draw_taus(
    tasks: Sequence[TaskSplitScores], *, of_q: bool, seed: str, n_draws: int
) -> NDArray[np.float64]:
    """Mean Kendall's tau-b, for each task, of its order with the orders drawn of its scores.

    Parameters
    ----------
    tasks
        Of n submissions. Those that could not be scored on a task are not counted in it.
    of_q
        Whether tasks order by Q rather than by mean score.
    seed, n_draws
        As for `rank_uncertainty`. The first 200 draws are taken, or fewer of many submissions.

    Returns
    -------
    NDArray
        Shape ``(t,)``, in [-1, 1]; NaN where a task ties all it could score.

    Examples
    --------
    >>> splits = np.random.default_rng(0).normal([[0.9], [0.5], [0.5]], 0.05, (3, 40))
    >>> task = TaskSplitScores("slope", splits, test_to_train=0.25, group="sites")
    >>> task_draw_taus([task], of_q=False, seed="phase 1", n_draws=1000).round(1)
    array([0.8])
    """
    n = len(tasks[0].scores)
    enough = max(FEWEST_DRAWS, MOST_SCORES // (max(n, 1) * len(tasks)))
    # So few are made sooner than kept ones are read.
    source = DrawSource(seed, min(n_draws, AGREEING_DRAWS, enough))
    return np.array([_task_tau(task, source, of_q=of_q) for task in tasks])


def _task_tau(task: TaskSplitScores, source: DrawSource, *, of_q: bool) -> float:
    rows = np.flatnonzero(scored_rows(task))
    figures = rounded((task.qs if of_q else task.means)[rows])
    full = twice_shared_ranks(figures) // 2
    taus = [
        draw_taus(full, row_ranks(descending_keys(drawn), "min"))
        for _, drawn in source.chunks(task, of_q=of_q, rows=rows)
    ]
    return float(np.concatenate(taus).mean())


def _tied_pairs(ordered: NDArray[np.integer]) -> NDArray[np.int64]:
    """Count the equal pairs of each sorted row: one that is the i-th of its run ties with i - 1."""
    n = ordered.shape[1]
    positions = np.arange(n)
    starts = np.where(np.diff(ordered, axis=1, prepend=-1) != 0, positions, 0)
    return np.asarray((positions - np.maximum.accumulate(starts, axis=1)).sum(axis=1))


def _inversions(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the pairs of each row with the larger first; values in 0 .. n."""
    m, n = rows.shape
    found = np.zeros(m, dtype=np.int64)
    # Sorted by higher bits so far, in the first order among equals.
    values = rows.astype(np.int32)
    for bit in reversed(range(int(n).bit_length())):
        one = (values >> bit) & 1
        higher = values >> (bit + 1)
        ones_before = np.cumsum(one, axis=1, dtype=np.int32) - one
        new = np.ones((m, n), dtype=np.bool_)
        new[:, 1:] = higher[:, 1:] != higher[:, :-1]
        before_group = np.maximum.accumulate(np.where(new, ones_before, 0), axis=1)
        found += np.where(one == 0, ones_before - before_group, 0).sum(axis=1, dtype=np.int64)
        # A stable sort by all bits from this one up: position is what remains to break ties.
        packed = ((values >> bit).astype(np.int64) << 32) | np.arange(n)
        packed.sort(axis=1)
        values = np.take_along_axis(values, packed & 0xFFFFFFFF, axis=1)
    return found
