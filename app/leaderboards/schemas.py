"""The leaderboard's JSON, described. The bytes themselves are stored, not made from these."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from app.http.schemas import Instant, View
from probeboard.labelsets import TaskType
from probeboard.ranking import RankingMethod


class BoardTaskView(View):
    """A task on the board."""

    name: str = Field(description="Its public name; masked where the phase says so.")
    type: TaskType = Field(description="What its labels are.")
    metric: str = Field(description="What is measured; larger is better.", examples=["r2"])
    weight: float = Field(description="Its weight in the ranking.")


class BoardCellView(View):
    """An entry's figures in one task."""

    mean: float = Field(description="Mean over the splits.")
    standard_error: float | None = Field(
        description="Of the mean (Nadeau and Bengio 2003); null where there is one split."
    )
    q: float = Field(description="2·mean / (0.02 + std), as in NeuCo-Bench.")
    rank: float | None = Field(description="Rank in the task; null for a baseline.")


class BoardEntryView(View):
    """A line of the board."""

    rank: int | None = Field(description="1 is best, ties share the smaller; null for a baseline.")
    would_rank: int | None = Field(description="A baseline's rank, if it were in the pool.")
    is_baseline: bool = Field(description="Shown, never in the pool that ranks.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    method_name: str = Field(description="What the team calls its method.")
    aggregate: float | None = Field(
        description="The figure the method ranks by: average or weighted rank, or a mean."
    )
    mean_score: float = Field(description="Weighted mean of the tasks' means.")
    mean_q: float = Field(description="Weighted mean of the tasks' Q.")
    win_rate: float | None = Field(description="Share of the others beaten, averaged over tasks.")
    n_submissions: int = Field(description="The team's public, scored submissions in this phase.")
    submission_id: UUID = Field(description="The submission that counts.")
    received_at: Instant = Field(description="When it came in.")
    project_url: str | None = Field(description="Code or project page.")
    paper_url: str | None = Field(description="Paper.")
    tasks: dict[str, BoardCellView] = Field(description="By task; empty where not public.")


class BoardView(View):
    """A leaderboard: one immutable snapshot."""

    snapshot: int | None = Field(description="Its number; null before the first ranking.")
    ranked_at: Instant | None = Field(description="When it was ranked.")
    challenge: str = Field(description="Slug of the challenge.")
    phase: str = Field(description="Slug of the phase.")
    phase_id: UUID = Field(description="Id of the phase.")
    rule: str = Field(description="By which rules it was made, in a line.")
    method: RankingMethod = Field(description="The official ranking method.")
    selection: Literal["best", "last"] = Field(description="Which submission of a team counts.")
    scorer: str = Field(description="Name and version of the scorer.")
    tasks: list[BoardTaskView] = Field(description="The tasks; empty where not public.")
    entries: list[BoardEntryView] = Field(description="By rank, baselines where they would be.")
