"""Ranks and differences from draws that were made elsewhere: those of a bootstrap of samples.

Draws of `probeboard.ranking.draws` say how scores move with what was trained and tested on. A
bootstrap of predictions says how they move with the labelled samples themselves; its draws come
with each evaluation, as deviations from the mean score, and go through the same ranking.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.comparison import Comparison, difference_of
from probeboard.ranking.draw_ranks import CHUNK, DrawSource
from probeboard.ranking.draws import first_of_twins
from probeboard.ranking.result import Ranking
from probeboard.ranking.split_scores import Q_OFFSET, TaskSplitScores
from probeboard.ranking.ties import Weights, integer_weights
from probeboard.ranking.uncertainty import LEVEL, draw_ranks, intervals

# Sums in single precision tell no more: who has the same split scores and draws that differ by
# less has the same predictions.
RESOLUTION = 1e-4

Deviations = Sequence[NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class GivenDraws(DrawSource):
    """Draws of scores by name of task: deviations from the mean, shape ``(n, n_draws)``."""

    deviations: dict[str, NDArray[np.float32]] = field(kw_only=True)

    def chunks(
        self, task: TaskSplitScores, *, of_q: bool, rows: NDArray[np.intp]
    ) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Draws of these rows of a task in turn; of Q, the spread over the splits stays."""
        drawn = self._scores(task)[:, rows]
        if of_q:
            drawn *= (2.0 / (Q_OFFSET + task.scores[rows].std(axis=1))).astype(np.float32)
        step = max(1, CHUNK // max(rows.size, 1))
        for start in range(0, self.n_draws, step):
            draws = slice(start, min(start + step, self.n_draws))
            yield draws, drawn[draws]

    def _scores(self, task: TaskSplitScores) -> NDArray[np.float32]:
        """Draws of a task's scores, shape ``(n_draws, n)``; equal predictions stay tied."""
        deviations = self.deviations[task.name]
        drawn = np.empty((self.n_draws, len(deviations)), dtype=np.float32)
        np.add(deviations[:, : self.n_draws].T, task.means, out=drawn, casting="same_kind")
        twins = first_of_twins(task)
        copies = np.flatnonzero(twins != np.arange(twins.size))
        apart = np.abs(deviations[copies] - deviations[twins[copies]]).max(axis=1, initial=0.0)
        equal = copies[apart <= RESOLUTION]
        drawn[:, equal] = drawn[:, twins[equal]]
        return drawn


def intervals_by_samples(
    ranking: Ranking,
    tasks: Sequence[TaskSplitScores],
    deviations: Deviations,
    *,
    weights: Weights | None = None,
    floor: float | None = 0.0,
    level: float = LEVEL,
) -> NDArray[np.int64]:
    """Intervals of the ranks of a pool, had other samples been labelled.

    Parameters
    ----------
    ranking
        The full ranking of the same tasks, by any official method. Significant wins keep the
        standard errors of the splits, and Q their spread: a draw moves the means.
    tasks
        Of n submissions, their names all different.
    deviations
        Per task, shape ``(n, n_draws)``: of the mean scores, finite, from the same draws of samples
        for every submission.
    weights, floor
        As for `rank_scores`.
    level
        Of the intervals.

    Returns
    -------
    NDArray
        Shape ``(n, 2)``, int64; each interval holds the rank itself.

    Raises
    ------
    ValueError
        If there is not one deviation per submission, task and draw.

    Examples
    --------
    >>> from probeboard.ranking import rank_scores
    >>> task = TaskSplitScores("slope", np.array([[0.5], [0.45], [0.1]]), 0.25, group="a")
    >>> errors = np.random.default_rng(0).normal(0, 0.05, (3, 1000)).astype(np.float32)
    >>> ranking = rank_scores("average-rank", [task])
    >>> intervals_by_samples(ranking, [task], [errors]).tolist()
    [[1, 2], [1, 2], [3, 3]]
    """
    n, n_draws = ranking.ranks.size, deviations[0].shape[1]
    if {one.shape for one in deviations} != {(n, n_draws)} or len(deviations) != len(tasks):
        raise ValueError(f"{len(tasks)} tasks of {n} submissions need deviations of each")
    by_name = {task.name: one for task, one in zip(tasks, deviations, strict=True)}
    source = GivenDraws("", n_draws, deviations=by_name)
    drawn = draw_ranks(ranking, tasks, source, weights=weights, floor=floor)
    return intervals(ranking.ranks, drawn, level=level)


def compare_by_samples(
    tasks: Sequence[TaskSplitScores],
    deviations: Deviations,
    a: int,
    b: int,
    *,
    weights: Weights | None = None,
) -> Comparison:
    """Compare entry a with entry b, had other samples been labelled; positive where a is better.

    What makes a sample hard for both cancels, as the same samples are drawn for both.

    Parameters
    ----------
    tasks, a, b, weights
        As for `compare`.
    deviations
        Per task, shape ``(n, n_draws)``; NaN where a task has none, whose differences, and that
        over all tasks, then have no interval.

    Examples
    --------
    >>> task = TaskSplitScores("slope", np.array([[0.5], [0.4]]), 0.25, group="a")
    >>> shared = np.random.default_rng(0).normal(0, 0.1, 1000).astype(np.float32)
    >>> found = compare_by_samples([task], [np.stack([shared, shared])], 0, 1).overall
    >>> round(found.low, 6), round(found.high, 6), found.p_better
    (0.1, 0.1, 1.0)
    """
    whole = integer_weights(weights, len(tasks))
    means = [float(task.means[a] - task.means[b]) for task in tasks]
    errors = [one[a].astype(np.float64) - one[b] for one in deviations]
    counted = [
        (weight / sum(whole), mean, error)
        for weight, mean, error in zip(whole, means, errors, strict=True)
        if weight > 0
    ]
    return Comparison(
        tasks=tuple(difference_of(*one) for one in zip(means, errors, strict=True)),
        overall=difference_of(
            math.fsum(share * mean for share, mean, _ in counted),
            np.sum([share * error for share, _, error in counted], axis=0),
        ),
    )
