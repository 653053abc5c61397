"""What a phase may have computed besides the official scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.metrics import further_metrics
from probeboard.probing.preparation import PreparedEmbeddings, prepare
from probeboard.probing.rate_distortion import RatePoint, rate_distortion
from probeboard.probing.scaling import Scaling
from probeboard.probing.scorers import Scorer
from probeboard.probing.spectrum import Spectrum, describe_spectrum
from probeboard.probing.task import ProbeTask, TaskScores


class Analysis(StrEnum):
    """``metrics``: each task's further metrics. ``predictions``: those of every split, kept apart
    (`pack_predictions`). ``spectrum``: how many dimensions are used. ``rate-distortion``: scores of
    smaller encodings, at many times the cost of scoring.
    """

    METRICS = "metrics"
    PREDICTIONS = "predictions"
    SPECTRUM = "spectrum"
    RATE_DISTORTION = "rate-distortion"


@dataclass(frozen=True, eq=False)
class Analyses:
    """What was wanted and computed; None is what was not wanted.

    Attributes
    ----------
    metrics
        By task and metric, the values of every split, shape ``(k,)``.
    spectrum
        Of the embeddings as handed in.
    rate_distortion
        The curve, in the order of `default_points`.
    """

    metrics: dict[str, dict[str, NDArray[np.float64]]] | None = None
    spectrum: Spectrum | None = None
    rate_distortion: tuple[RatePoint, ...] | None = None

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON: only what was wanted. Of a metric, mean and std (ddof 0) are added."""
        found: dict[str, object] = {}
        if self.metrics is not None:
            found["metrics"] = {
                task: {name: _summary(scores) for name, scores in by_name.items()}
                for task, by_name in self.metrics.items()
            }
        if self.spectrum is not None:
            found["spectrum"] = self.spectrum.to_dict()
        if self.rate_distortion is not None:
            found["rate_distortion"] = [one.to_dict() for one in self.rate_distortion]
        return found


def analyse(
    matrix: NDArray[np.float32],
    prepared: PreparedEmbeddings,
    tasks: Sequence[ProbeTask],
    scores: Sequence[TaskScores],
    *,
    scorer: Scorer,
    wanted: frozenset[Analysis],
) -> Analyses:
    """Compute what is wanted of one evaluation.

    Parameters
    ----------
    matrix, prepared
        The embeddings as handed in, and what `prepare` made of them for the scores. Spectrum and
        encodings are of the embeddings as handed in, however they were scaled for the probes.
    tasks, scores
        All tasks of the evaluation, and what `score_tasks` made of them, in the same order.
    scorer
        The one they were scored by.
    wanted
        Predictions are in `scores` already: wanting them adds nothing here.

    Examples
    --------
    >>> from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
    >>> from probeboard.probing import get_scorer, prepare, score_tasks
    >>> X = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    >>> task = ProbeTask(
    ...     "positive", TaskType.BINARY, np.arange(60), (X[:, 0] > 0).astype(np.int64),
    ...     shuffle_splits(60, SplitSpec(n_splits=5)),
    ... )
    >>> prepared, exact = prepare(X), get_scorer("exact")
    >>> scores = tuple(score_tasks(prepared, [task], scorer=exact))
    >>> wanted = frozenset({Analysis.METRICS, Analysis.SPECTRUM})
    >>> found = analyse(X, prepared, [task], scores, scorer=exact, wanted=wanted).to_dict()
    >>> sorted(found), sorted(found["metrics"]["positive"])
    (['metrics', 'spectrum'], ['accuracy', 'average_precision', 'balanced_accuracy', 'roc_auc'])
    """
    metrics = spectrum = curve = None
    scaling = prepared.scaling
    if scaling is not Scaling.SCALAR and wanted & {Analysis.SPECTRUM, Analysis.RATE_DISTORTION}:
        prepared = prepare(matrix)
    if Analysis.METRICS in wanted:
        metrics = {
            task.name: further_metrics(task, one.predictions)
            for task, one in zip(tasks, scores, strict=True)
        }
    if Analysis.SPECTRUM in wanted:
        spectrum = describe_spectrum(matrix, prepared)
    if Analysis.RATE_DISTORTION in wanted:
        curve = rate_distortion(matrix, prepared, tasks, scorer=scorer, scaling=scaling)
    return Analyses(metrics, spectrum, curve)


def _summary(scores: NDArray[np.float64]) -> dict[str, object]:
    return {
        "mean": float(scores.mean()),
        "std": float(scores.std()),
        "split_scores": scores.tolist(),
    }
