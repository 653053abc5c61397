"""What was found beside the scores: who may see how much of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound
from app.models import Evaluation, Part
from app.phases.service import display_names, tasks_of
from app.policy import Sight, Viewer, sight_of
from app.submissions.schemas import (
    AnalysesView,
    MeanErrorView,
    MetricView,
    RatePointView,
    SampleBootstrapView,
    SampleErrorView,
)
from app.submissions.service import get_submission


@dataclass(frozen=True)
class Cut:
    """How a viewer is told figures: tasks under the names shown, numbers to the digits seen."""

    names: dict[str, str]
    sight: Sight

    def figure(self, value: float) -> float:
        """Return a figure as it is told."""
        digits = self.sight.digits
        return value if digits is None else round(value, digits)

    def error(self, value: float | None) -> float | None:
        """Return a standard error as it is told, if there is one."""
        return None if value is None else self.figure(value)

    def metric(self, found: dict[str, Any]) -> MetricView:
        """Describe a metric; of splits only to those who see them."""
        return MetricView(
            mean=self.figure(found["mean"]),
            std=self.figure(found["std"]),
            split_scores=found["split_scores"] if self.sight.sees_splits else None,
        )


def read_analyses(
    session: Session, viewer: Viewer, submission_id: UUID, *, part: Part, now: datetime
) -> AnalysesView:
    """Return what was found beside a submission's scores, cut to what its viewer may see.

    Raises
    ------
    NotFound
        If the viewer sees no such submission, nothing was asked for or found yet, or private
        samples are not revealed to the viewer.
    Forbidden
        If the phase shows its teams aggregates only.
    """
    detail = get_submission(session, viewer, submission_id)
    sight = sight_of(detail.who, detail.phase, now)
    if not sight.sees_tasks:
        raise Forbidden("This phase shows teams no figures of tasks.")
    column: Any = Evaluation.analyses
    draws: Any = Evaluation.sample_draws
    if part is Part.PRIVATE:
        column, draws = Evaluation.private_analyses, Evaluation.private_sample_draws
        if not sight.sees_private:
            raise NotFound("analysis")
    found = session.scalar(_official(column, submission_id))
    if found is None:
        raise NotFound("analysis")
    tasks = tasks_of(session, detail.phase.id)
    shown = display_names(detail.phase, tasks)
    sent = session.scalar(_official(draws, submission_id))
    if sent is not None:
        weights = [task.weight for task in tasks]
        found = found | {"sample_bootstrap": _weighed(found["sample_bootstrap"], sent, weights)}
    return _view(found, Cut({task.slug: shown[task.task_id] for task in tasks}, sight))


def find_predictions(
    session: Session, viewer: Viewer, submission_id: UUID, *, part: Part, now: datetime
) -> str:
    """Return the digest of a submission's predictions.

    Raises
    ------
    NotFound
        If the viewer sees no such submission, or no predictions were kept.
    Forbidden
        If the viewer has no role in the challenge.
    """
    detail = get_submission(session, viewer, submission_id)
    if not sight_of(detail.who, detail.phase, now).sees_predictions:
        # What a probe says of a sample that stands twice in a file is nearly the hidden label.
        raise Forbidden("Predictions tell of hidden labels: they are for organizers.")
    column = Evaluation.predictions_digest
    if part is Part.PRIVATE:
        column = Evaluation.private_predictions_digest
    digest: str | None = session.scalar(_official(column, submission_id))
    if digest is None:
        raise NotFound("prediction")
    return digest


def _official(column: Any, submission_id: UUID) -> Any:
    return select(column).where(Evaluation.submission_id == submission_id, Evaluation.is_official)


def _weighed(found: dict[str, Any], sent: bytes, weights: Sequence[float]) -> dict[str, Any]:
    """Weigh the mean score's error as the phase does now: it may have been evaluated by others."""
    draws = np.frombuffer(sent, dtype="<f4").reshape(len(weights), -1).astype(np.float64)
    shares = np.asarray(weights, dtype=np.float64) / math.fsum(weights)
    error = float((shares @ draws).std())
    return found | {"mean_score": {"standard_error": None if math.isnan(error) else error}}


def _view(found: dict[str, Any], cut: Cut) -> AnalysesView:
    """Tell it in the phase's order: PostgreSQL's, by length of name, tells of masked names."""
    metrics = points = None
    if "metrics" in found:
        metrics = {
            shown: {metric: cut.metric(one) for metric, one in found["metrics"][task].items()}
            for task, shown in cut.names.items()
        }
    if "rate_distortion" in found:
        points = [
            RatePointView(
                encoding=point["encoding"],
                dims=point["dims"],
                bytes_per_sample=point["bytes_per_sample"],
                mean_score=cut.figure(point["mean_score"]),
                tasks={
                    shown: cut.figure(point["tasks"][task]) for task, shown in cut.names.items()
                },
            )
            for point in found["rate_distortion"]
        ]
    drawn = found.get("sample_bootstrap")
    return AnalysesView(
        spectrum=found.get("spectrum"),
        metrics=metrics,
        rate_distortion=points,
        sample_bootstrap=None if drawn is None else _sample_bootstrap(drawn, cut),
    )


def _sample_bootstrap(found: dict[str, Any], cut: Cut) -> SampleBootstrapView:
    """Tell how many samples were drawn from, as who is labelled, only to who sees splits."""
    return SampleBootstrapView(
        draws=found["draws"],
        unit=found["unit"],
        tasks={
            shown: SampleErrorView(
                standard_error=cut.error(found["tasks"][task]["standard_error"]),
                n_units=found["tasks"][task]["n_units"] if cut.sight.sees_splits else None,
            )
            for task, shown in cut.names.items()
        },
        mean_score=MeanErrorView(standard_error=cut.error(found["mean_score"]["standard_error"])),
    )
