"""How scores fall as embeddings get smaller: the same scorer, splits and probes at every rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.encodings import Point, decoded, default_points
from probeboard.probing.preparation import PreparedEmbeddings, prepare
from probeboard.probing.scaling import Scaling
from probeboard.probing.scorers import Scorer, score_tasks
from probeboard.probing.task import ProbeTask


@dataclass(frozen=True, eq=False)
class RatePoint:
    """The scores at one rate.

    Attributes
    ----------
    point
        Encoding and dimensions.
    tasks
        Mean score of each task, by its name, floored as `TaskScores.mean` is.
    """

    point: Point
    tasks: dict[str, float]

    @property
    def mean_score(self) -> float:
        """Unweighted mean over the tasks."""
        return float(np.mean(list(self.tasks.values())))

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return {
            "encoding": self.point.encoding.value,
            "dims": self.point.dims,
            "bytes_per_sample": self.point.bytes_per_sample,
            "mean_score": self.mean_score,
            "tasks": self.tasks,
        }


def rate_distortion(
    matrix: NDArray[np.float32],
    prepared: PreparedEmbeddings,
    tasks: Sequence[ProbeTask],
    *,
    scorer: Scorer,
    scaling: Scaling = Scaling.SCALAR,
    points: tuple[Point, ...] | None = None,
) -> tuple[RatePoint, ...]:
    """Score embeddings after each of several encodings (see `encodings`).

    Costs as much as scoring them for every quantised point, and less for fewer dimensions.

    Parameters
    ----------
    matrix, prepared
        The embeddings as handed in, and what `prepare` made of them by one scalar.
    tasks, scorer
        As given to `score_tasks`: at least one task.
    scaling
        Of the decoded embeddings, before they are probed. What is encoded is what was handed in.
    points
        All of `default_points` unless chosen.

    Examples
    --------
    >>> from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
    >>> from probeboard.probing import get_scorer
    >>> from probeboard.probing.encodings import Encoding
    >>> X = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    >>> task = ProbeTask(
    ...     "sum", TaskType.REGRESSION, np.arange(300), X.sum(axis=1).astype(np.float64),
    ...     shuffle_splits(300, SplitSpec(n_splits=5)),
    ... )
    >>> chosen = (Point(Encoding.INT8, 4), Point(Encoding.SIGNS, 4), Point(Encoding.FIRST, 2))
    >>> curve = rate_distortion(X, prepare(X), [task], scorer=get_scorer("exact"), points=chosen)
    >>> [(one.point.bytes_per_sample, round(one.mean_score, 1)) for one in curve]
    [(4.0, 1.0), (0.5, 0.7), (8.0, 0.6)]
    """
    if points is None:
        points = default_points(matrix.shape[1])
    return tuple(
        RatePoint(point, {one.name: one.mean for one in score_tasks(smaller, tasks, scorer=scorer)})
        for point, smaller in (
            (point, prepare(values, scaling=scaling))
            for point, values in decoded(matrix, prepared, points)
        )
    )
