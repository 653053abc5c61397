"""The bootstrap of samples over all tasks of an evaluation: draws to keep, and standard errors."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.sample_bootstrap import (
    N_DRAWS,
    Units,
    deviations,
    draw_units,
    each_sample,
    score_of_draws,
)
from probeboard.probing.task import ProbeTask, TaskScores


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
        How many samples, or groups, have a label in each task.
    grouped
        Whether groups were drawn.
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
    n_samples: int,
    seed: str,
    floor: float,
    n_draws: int = N_DRAWS,
) -> SampleErrors:
    """Draw samples anew for all tasks of an evaluation, the same ones for all.

    Parameters
    ----------
    tasks, scores
        What was scored, and its scores with predictions, in the same order.
    units
        Of each task, the groups to draw; None where samples are drawn one by one.
    n_samples
        How many samples the embeddings have.
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
    >>> found = bootstrap_tasks([task], scores, [None], n_samples=60, seed="phase 1", floor=-1.0)
    >>> found.draws.shape, found.unit, found.to_dict([1.0])["tasks"]["sum"]["n_units"]
    ((1, 1000), 'sample', 60)
    """
    drawn = [
        each_sample(task, n_samples) if unit is None else unit
        for task, unit in zip(tasks, units, strict=True)
    ]
    draws = np.full((len(tasks), n_draws), np.nan, dtype=np.float32)
    for (name, size), numbers in _by_list(drawn).items():
        scorers = {
            number: score
            for number in numbers
            if (score := score_of_draws(
                tasks[number], scores[number].predictions, drawn[number], floor=floor
            ))
        }  # fmt: skip
        found = [
            [score(counts) for score in scorers.values()]
            for counts in (draw_units(name, size, seed=seed, n_draws=n_draws) if scorers else ())
        ]
        for number, chunks in zip(scorers, zip(*found, strict=True), strict=True):
            draws[number] = deviations(chunks)
    return SampleErrors(
        names=tuple(task.name for task in tasks),
        draws=draws,
        n_units=tuple(unit.n_labelled for unit in drawn),
        grouped=tuple(unit is not None for unit in units),
    )


def _by_list(units: Sequence[Units]) -> dict[tuple[str, int], list[int]]:
    """Return the numbers of the tasks whose units are of one list."""
    found: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for number, unit in enumerate(units):
        found[unit.name, unit.size].append(number)
    return found


def _standard_errors(draws: NDArray[np.floating]) -> list[float | None]:
    errors = draws.std(axis=1, dtype=np.float64).tolist()
    return [None if math.isnan(error) else error for error in errors]
