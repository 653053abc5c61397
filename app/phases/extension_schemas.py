"""Bodies of extensions and exceptions."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from app.clock import in_utc
from app.http.schemas import Body, Instant, View
from app.phases.granted import Granted

MOST_EXTRA = 1000


class ExtensionRequest(Body):
    """A later close for all; or for one team a later close, more submissions, or both."""

    closes_at: Annotated[AwareDatetime, AfterValidator(in_utc)] | None = Field(
        default=None,
        description="The new close, with its zone: later than the present one, and to come. What "
        "counts is when the last byte of a file was received.",
    )
    participation_id: UUID | None = Field(
        default=None, description="The team's participation; null for all."
    )
    extra_submissions: int | None = Field(
        default=None,
        ge=1,
        le=MOST_EXTRA,
        description="For one team: so many more in 24 hours, and in total. They add up.",
    )
    reason: str = Field(
        min_length=1,
        max_length=2000,
        description="Why: for everybody to read, or for the team.",
        examples=["The server was down for three hours."],
    )

    @model_validator(mode="after")
    def _grants_something(self) -> Self:
        if self.participation_id is None and self.extra_submissions is not None:
            detail = "more submissions are for one team: the phase's quota is in its bundle"
            raise PydanticCustomError("team_missing", detail)
        if self.closes_at is None and self.extra_submissions is None:
            raise PydanticCustomError("nothing_granted", "name a later close or more submissions")
        return self


class ExtensionView(View):
    """A later close, for all or for one team, or submissions beyond the quota."""

    id: UUID = Field(description="The record's id.")
    at: Instant = Field(description="When it was granted.")
    by: str | None = Field(
        description="Who granted it; told to those with a role in the challenge."
    )
    reason: str = Field(description="Why.")
    participation_id: UUID | None = Field(description="The team's; null where it is for all.")
    team: str | None = Field(description="The team's name; null where it is for all.")
    closes_at_before: Instant = Field(description="When it would have closed for them.")
    closes_at: Instant | None = Field(description="When it closes for them; null: as before.")
    extra_submissions: int | None = Field(description="More than the quota; null for none.")

    @classmethod
    def of(cls, granted: Granted) -> Self:
        """Describe a record as far as its viewer may know it."""
        row = granted.row
        return cls(
            id=row.id,
            at=row.at,
            by=granted.by,
            reason=row.reason,
            participation_id=row.participation_id,
            team=granted.team,
            closes_at_before=row.closes_at_before,
            closes_at=row.closes_at,
            extra_submissions=row.extra_submissions,
        )
