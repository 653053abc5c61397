"""The history of a board, described."""

from typing import Self
from uuid import UUID

from pydantic import Field

from app.http.schemas import Instant, View
from app.leaderboards.answering import permalink
from app.leaderboards.history import History
from app.models import Part


class HistoryPointView(View):
    """A snapshot of the past."""

    snapshot: int = Field(description="Its number.")
    ranked_at: Instant = Field(description="When it was ranked.")
    sha256: str = Field(description="Of its JSON.")
    link: str = Field(description="Its permalink, the hash included.")
    n_entries: int = Field(description="How many teams it ranks.")
    part: Part | None = Field(
        description="The samples that decided; null where all samples are public."
    )


class TrackView(View):
    """A team's way over the board."""

    team: str = Field(description="The team.")
    ranks: list[int | None] = Field(description="Its rank in each point; null where it has none.")


class HistoryView(View):
    """Ranks over time; baselines have none."""

    phase_id: UUID = Field(description="Id of the phase.")
    total: int = Field(description="How many snapshots there are; `points` may be fewer.")
    total_teams: int = Field(description="How many teams stood on them; `teams` may be fewer.")
    private_since: int | None = Field(
        description="Number of the first snapshot that private samples decided; null if none did."
    )
    points: list[HistoryPointView] = Field(
        description="Oldest first, evenly thinned; the first and the present one are always there."
    )
    teams: list[TrackView] = Field(
        description="Those of the present board by rank, then those that left it, last first."
    )

    @classmethod
    def of(cls, phase_id: UUID, history: History, *, n_teams: int) -> Self:
        """Describe a history with at most so many teams."""
        teams = history.teams
        return cls(
            phase_id=phase_id,
            total=history.total,
            total_teams=len(teams),
            private_since=history.private_since,
            points=[
                HistoryPointView(
                    snapshot=point.number,
                    ranked_at=point.ranked_at,
                    sha256=point.sha256,
                    link=permalink(point.number, point.sha256),
                    n_entries=point.n_entries,
                    part=point.part,
                )
                for point in history.points
            ],
            teams=[
                TrackView(team=team, ranks=[point.ranks.get(team) for point in history.points])
                for team in teams[:n_teams]
            ],
        )
