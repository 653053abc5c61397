"""The bootstrap of samples over all tasks of an evaluation: draws to keep, and standard errors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.sample_bootstrap import N_DRAWS, bootstrap_samples
from probeboard.probing.task import ProbeTask, TaskScores

Units = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SampleErrors:
    """How far the scores of t tasks may be off, had other samples been labelled.

    Attributes
    ----------
    names
        Of the tasks.
    draws
        Shape ``(t, n_draws)``, float32: deviations of each task's mean score, in the unit of the
        score; a row of NaN where the metric is none of sums over samples.
    n_units
        How many samples, or groups, each task's draws were made from.
    grouped
        Whether those were groups.
    """

    names: tuple[str, ...]
    draws: NDArray[np.float32]
    n_units: tuple[int, ...]
    grouped: tuple[bool, ...]

    @property
    def unit(self) -> str:
        """What was drawn: ``sample``, ``group``, or ``mixed`` where tasks differ in that."""
        if all(self.grouped):
            return "group"
        return "mixed" if any(self.grouped) else "sample"

    def to_bytes(self) -> bytes:
        """Write the draws: float32, little endian, task after task."""
        return np.ascontiguousarray(self.draws, dtype="<f4").tobytes()

    def to_dict(self, weights: Sequence[float]) -> dict[str, object]:
        """Ready for JSON: standard errors; None where there are no draws.

        Parameters
        ----------
        weights
            Of the tasks in their mean.
        """
        each = _standard_errors(self.draws)
        shares = np.asarray(weights, dtype=np.float64) / math.fsum(weights)
        overall = _standard_errors((shares @ self.draws.astype(np.float64))[np.newaxis])
        return {
            "draws": self.draws.shape[1],
            "unit": self.unit,
            "tasks": {
                name: {"standard_error": error, "n_units": n}
                for name, error, n in zip(self.names, each, self.n_units, strict=True)
            },
            "mean_score": {"standard_error": overall[0]},
        }


def bootstrap_tasks(
    tasks: Sequence[ProbeTask],
    scores: Sequence[TaskScores],
    units: Sequence[Units | None],
    *,
    seed: str,
    floor: float,
    n_draws: int = N_DRAWS,
) -> SampleErrors:
    """Draw samples anew for all tasks of an evaluation.

    Parameters
    ----------
    tasks, scores
        What was scored, and its scores with predictions, in the same order.
    units
        Of each task, the group of each labelled sample; None where samples are drawn one by one.
    seed, floor, n_draws
        As for `bootstrap_samples`.

    Examples
    --------
    >>> from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
    >>> from probeboard.probing import get_scorer, prepare, score_tasks
    >>> X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    >>> splits = shuffle_splits(60, SplitSpec(n_splits=5))
    >>> task = ProbeTask("sum", TaskType.REGRESSION, np.arange(60), X.sum(axis=1), splits)
    >>> scores = list(score_tasks(prepare(X), [task], scorer=get_scorer("exact")))
    >>> found = bootstrap_tasks([task], scores, [None], seed="phase 1", floor=-1.0)
    >>> found.draws.shape, found.unit, found.to_dict([1.0])["tasks"]["sum"]["n_units"]
    ((1, 1000), 'sample', 60)
    """
    rows = []
    for task, one, unit in zip(tasks, scores, units, strict=True):
        drawn = bootstrap_samples(
            task, one.predictions, seed=seed, floor=floor, units=unit, n_draws=n_draws
        )
        rows.append(np.full(n_draws, np.nan, dtype=np.float32) if drawn is None else drawn)
    return SampleErrors(
        names=tuple(task.name for task in tasks),
        draws=np.stack(rows),
        n_units=tuple(
            len(task.rows) if unit is None else int(unit.max()) + 1
            for task, unit in zip(tasks, units, strict=True)
        ),
        grouped=tuple(unit is not None for unit in units),
    )


def _standard_errors(draws: NDArray[np.floating]) -> list[float | None]:
    errors = draws.std(axis=1, dtype=np.float64).tolist()
    return [None if math.isnan(error) else error for error in errors]
