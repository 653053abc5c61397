"""Two entries side by side, described."""

from collections.abc import Mapping
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from app.http.schemas import View
from app.leaderboards.answering import permalink
from app.leaderboards.comparison import DifferencesBySamples, SideBySide


class ComparedView(View):
    """One of the two entries."""

    submission_id: UUID = Field(description="The submission.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    method_name: str = Field(description="What the team calls its method.")
    rank: int | None = Field(description="Its rank; null for a baseline.")
    mean_score: float = Field(description="Weighted mean of the tasks' means.")

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """Take what is told of an entry from its line on the board."""
        return cls(**{name: entry[name] for name in cls.model_fields})


class DifferenceView(View):
    """By how much `a` is ahead of `b`, with the decimals of the board."""

    difference: float | None = Field(description="Of the means; null where one has no score.")
    low: float | None = Field(description="Lower end of the 95 % interval; null under 5 splits.")
    high: float | None = Field(description="Upper end.")
    p_better: float | None = Field(description="Probability that `a` is better; a tie is half.")


class TaskDifferenceView(DifferenceView):
    """By how much `a` is ahead of `b` on a task."""

    task: str = Field(description="The task's public name.")


class SampleDifferenceView(DifferenceView):
    """By how much `a` is ahead of `b`, had other samples been labelled."""

    low: float | None = Field(
        description="Lower end of the 95 % interval; null where a metric is no sum over samples."
    )


class TaskSampleDifferenceView(SampleDifferenceView):
    """By how much `a` is ahead of `b` on a task, had other samples been labelled."""

    task: str = Field(description="The task's public name.")


class DifferencesBySamplesView(View):
    """The differences from test samples drawn anew, the probes and splits as they were.

    The same samples are drawn for both entries.
    """

    unit: Literal["sample", "group", "mixed"] = Field(
        description="What was drawn: samples, whole groups where splits are by group, or either "
        "by task."
    )
    overall: SampleDifferenceView = Field(description="Of the weighted mean score over all tasks.")
    tasks: list[TaskSampleDifferenceView] = Field(description="By task; empty where not public.")

    @classmethod
    def of(cls, found: DifferencesBySamples) -> Self:
        """Describe differences."""
        return cls(
            unit=found.unit,
            overall=SampleDifferenceView.model_validate(found.overall),
            tasks=[
                TaskSampleDifferenceView(task=name, **vars(one))
                for name, one in found.tasks.items()
            ],
        )


class ComparisonView(View):
    """Two entries of a board, from the splits they share; positive where `a` is better.

    Each interval stands for itself: with many pairs looked at, claims come from `rank_set`.
    """

    phase_id: UUID = Field(description="Id of the phase.")
    snapshot: int = Field(description="The snapshot both stand on.")
    sha256: str = Field(description="Of its JSON.")
    link: str = Field(description="Its permalink.")
    a: ComparedView = Field(description="The one.")
    b: ComparedView = Field(description="The other.")
    overall: DifferenceView = Field(description="Of the weighted mean score over all tasks.")
    tasks: list[TaskDifferenceView] = Field(description="By task; empty where not public.")
    by_samples: DifferencesBySamplesView | None = Field(
        description="As the samples have it; null where either has no kept predictions."
    )

    @classmethod
    def of(cls, found: SideBySide) -> Self:
        """Describe a comparison."""
        return cls(
            phase_id=found.phase_id,
            snapshot=found.number,
            sha256=found.sha256,
            link=permalink(found.number, found.sha256),
            a=ComparedView.of(found.a),
            b=ComparedView.of(found.b),
            overall=DifferenceView.model_validate(found.overall),
            tasks=[TaskDifferenceView(task=name, **vars(one)) for name, one in found.tasks.items()],
            by_samples=found.by_samples and DifferencesBySamplesView.of(found.by_samples),
        )
