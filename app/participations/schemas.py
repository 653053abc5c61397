"""Bodies of participations."""

from typing import Self
from uuid import UUID

from pydantic import Field

from app.http.schemas import Body, Instant, View
from app.models import Disqualifiable, Participation, ParticipationState, Team
from app.participations.entrants import Entrant


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


class RefusalRequest(Body):
    """Why a team is declined."""

    reason: str = Field(
        min_length=1,
        max_length=1000,
        description="For the team.",
        examples=["The challenge is for students; write to us if you are one."],
    )


class DisqualificationRequest(Body):
    """Why somebody is taken out of the ranks."""

    reason: str = Field(
        min_length=1,
        max_length=1000,
        description="For the team, and for everybody if it is public.",
        examples=["Handed in by two teams of the same people."],
    )
    public: bool = Field(
        default=False, description="Whether everybody is told, and not only the team."
    )


class DisqualificationView(View):
    """Why a team or a submission is in no ranks."""

    at: Instant = Field(description="Since when.")
    reason: str = Field(description="The organizers' reason.")
    public: bool = Field(description="Whether everybody is told the reason.")

    @classmethod
    def of(cls, row: Disqualifiable) -> Self | None:
        """Describe a disqualification, if there is one."""
        if row.disqualified_at is None:
            return None
        return cls(
            at=row.disqualified_at,
            reason=row.disqualified_reason or "",
            public=row.disqualified_publicly,
        )


class ParticipationView(View):
    """A team in a challenge."""

    id: UUID = Field(description="The participation's id.")
    team_id: UUID = Field(description="The team.")
    team_name: str = Field(description="Its name.")
    terms_version: str = Field(description="The version of the terms it accepted.")
    accepted_at: Instant = Field(description="When it accepted them.")
    state: ParticipationState = Field(
        description="Whether it may hand in: where organizers decide, it waits for them."
    )
    decided_at: Instant | None = Field(
        description="When an organizer decided; null where none has, or needed to."
    )
    decision_reason: str | None = Field(description="Why it was declined.")
    disqualification: DisqualificationView | None = Field(
        description="Set where the team is disqualified, for the team whatever is public."
    )

    @classmethod
    def of(cls, participation: Participation, team: Team) -> Self:
        """Describe a participation to its team."""
        return cls(
            id=participation.id,
            team_id=team.id,
            team_name=team.name,
            terms_version=participation.terms_version,
            accepted_at=participation.accepted_at,
            state=ParticipationState(participation.state),
            decided_at=participation.decided_at,
            decision_reason=participation.decision_reason,
            disqualification=DisqualificationView.of(participation),
        )


class PersonView(View):
    """Somebody in a team, as the challenge's organizers see them."""

    id: UUID = Field(description="The person's id.")
    name: str = Field(description="The person's name.")
    email: str = Field(description="The address the person registered with; it is not verified.")


class EntrantView(ParticipationView):
    """A team in a challenge, as those see it who run or read the challenge."""

    members: list[PersonView] = Field(description="Who takes part with the team now.")
    merged_into: UUID | None = Field(
        description="The participation that has its submissions since two teams merged."
    )

    @classmethod
    def of_entrant(cls, entrant: Entrant) -> Self:
        """Describe a team to an organizer."""
        known = ParticipationView.of(entrant.participation, entrant.team)
        return cls(
            **dict(known),
            members=[PersonView.model_validate(one) for one in entrant.members],
            merged_into=entrant.participation.merged_into_id,
        )
