"""Bodies of merges."""

from typing import Self
from uuid import UUID

from pydantic import Field

from app.http.schemas import Body, Instant, Line, View
from app.merges.service import Proposal
from app.models import MergeState


class MergeRequest(Body):
    """A team that shall become part of yours."""

    team: Line = Field(
        min_length=2, max_length=60, description="The other team's name.", examples=["Tern"]
    )


class MergeView(View):
    """A proposal to merge two teams, and what became of it."""

    id: UUID = Field(description="The proposal's id.")
    team_id: UUID = Field(description="The team that proposed it, and stays.")
    team_name: str = Field(description="Its name.")
    joining_team_id: UUID = Field(description="The team that would become part of it, and close.")
    joining_team_name: str = Field(description="Its name.")
    state: MergeState = Field(description="What became of it.")
    proposed_at: Instant = Field(description="When it was made.")
    decided_at: Instant | None = Field(description="When it was decided; null while it is open.")
    submissions: int | None = Field(
        description="How many submissions changed hands, in challenges both took part in; null "
        "unless it was accepted."
    )

    @classmethod
    def of(cls, proposal: Proposal) -> Self:
        """Describe a proposal."""
        merge = proposal.merge
        return cls(
            id=merge.id,
            team_id=merge.team_id,
            team_name=proposal.team_name,
            joining_team_id=merge.joining_team_id,
            joining_team_name=proposal.joining_team_name,
            state=MergeState(merge.state),
            proposed_at=merge.proposed_at,
            decided_at=merge.decided_at,
            submissions=None if merge.record is None else merge.record["submissions"],
        )
