"""Bodies of challenges and participations."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from app.http.schemas import Body, Instant, View
from app.models import Challenge, Phase
from app.phases.schemas import PhaseSummary


class ChallengeSummary(View):
    """A challenge in a list."""

    id: UUID = Field(description="The challenge's id.")
    slug: str = Field(description="Unique and immutable; for addresses.")
    title: str = Field(description="Its name.")
    summary: str = Field(description="One line on it.")
    published_at: Instant | None = Field(description="When it was shown to everybody.")


class ChallengeView(ChallengeSummary):
    """A challenge with its phases and pages."""

    embedding_dim: int = Field(description="Numbers per sample.", examples=[1024])
    zero_pad: bool = Field(description="Whether shorter vectors are padded with zeros.")
    strip_suffixes: list[str] = Field(description="Endings taken off the ids in a file.")
    terms_version: str = Field(description="Version of the terms a team accepts.")
    pages: dict[str, str] = Field(description="Markdown: description, evaluation, terms.")
    phases: list[PhaseSummary] = Field(description="Its phases in their order.")

    @classmethod
    def of(cls, challenge: Challenge, phases: list[Phase], *, now: datetime) -> Self:
        """Describe a challenge at an instant."""
        return cls(
            **ChallengeSummary.model_validate(challenge).model_dump(),
            embedding_dim=challenge.embedding_dim,
            zero_pad=challenge.zero_pad,
            strip_suffixes=challenge.strip_suffixes,
            terms_version=challenge.terms_version,
            pages=challenge.pages,
            phases=[PhaseSummary.of(phase, now=now) for phase in phases],
        )


class JoinChallengeRequest(Body):
    """A team that enters a challenge."""

    team_id: UUID = Field(
        description="The team; you are its captain.",
        examples=["019a9f00-0000-7000-8000-000000000000"],
    )
    terms_version: str = Field(
        max_length=30,
        description="The version of the terms you have read and accept.",
        examples=["1"],
    )


class ParticipationView(View):
    """A team in a challenge."""

    id: UUID = Field(description="The participation's id.")
    team_id: UUID = Field(description="The team.")
    team_name: str = Field(description="Its name.")
    terms_version: str = Field(description="The version of the terms it accepted.")
    accepted_at: Instant = Field(description="When it accepted them.")
