"""Boards in other forms, described: by another method, and as results by task."""

from typing import Literal

from pydantic import Field

from app.http.schemas import View
from app.leaderboards.schemas import BoardView, OrderMethod
from probeboard.ranking import RankingMethod


class MethodBoardView(BoardView):
    """A snapshot in the order of another method than its own; what only that says is null."""

    # Mypy has it that what may be written has to stay of the type; this is only ever sent.
    method: OrderMethod = Field(  # type: ignore[assignment]
        description="The method of this order."
    )
    official: Literal[False] = Field(description="It never is.")
    official_method: RankingMethod = Field(description="The method that counts.")


class LinkView(View):
    """A link."""

    title: str = Field(description="What it leads to.")
    url: str = Field(description="Where it leads.")


class ResultRowView(View):
    """A line of results."""

    model_name: str = Field(description="The method, and the team that handed it in.")
    paper_title: str = Field(description="Empty: it is not asked for.")
    paper_url: str = Field(description="The paper; empty where there is none.")
    paper_date: str | None = Field(description="Null: it is not asked for.")
    code_links: list[LinkView] = Field(description="The code or project page, if there is one.")
    model_links: list[LinkView] = Field(description="None.")
    metrics: dict[str, str] = Field(description="The figures, by metric.")
    uses_additional_data: bool = Field(description="Not asked for: false.")


class SotaView(View):
    """The results on a data set."""

    metrics: list[str] = Field(description="The metrics; the first one counts.")
    rows: list[ResultRowView] = Field(description="In the order of the board.")


class ResultsDatasetView(View):
    """A data set: the samples of a phase."""

    dataset: str = Field(description="Challenge and phase.")
    description: str = Field(description="By which rules the board was made.")
    subdatasets: list[str] = Field(description="None.")
    dataset_links: list[LinkView] = Field(description="The snapshot.")
    dataset_citations: list[LinkView] = Field(description="None.")
    sota: SotaView = Field(description="The results.")


class ResultsTaskView(View):
    """A task in the format of Papers with Code's sota-extractor."""

    task: str = Field(description="The task's public name; `All tasks` for the board itself.")
    description: str = Field(description="Empty.")
    categories: list[str] = Field(description="None.")
    synonyms: list[str] = Field(description="None.")
    subtasks: list[str] = Field(description="None.")
    source_link: LinkView = Field(description="The snapshot.")
    datasets: list[ResultsDatasetView] = Field(description="The one of this phase.")
