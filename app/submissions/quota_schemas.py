"""Bodies of quotas."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field

from app.http.schemas import Instant, View
from app.phases.clock import PhaseState, state_of
from app.ratelimit import Count
from app.submissions.quota import Allowance


class LimitView(View):
    """One limit, and what is used of it."""

    limit: int = Field(description="The most there may be.")
    used: int = Field(description="How many count now.")
    resets_at: Instant | None = Field(
        description="When time alone frees one next; null where it does not, or none is used."
    )


class QuotaUseView(View):
    """A team's quota in a phase. What was rejected, failed or withdrawn is used no more."""

    phase_id: UUID = Field(description="The phase.")
    participation_id: UUID = Field(description="The team's participation.")
    team: str = Field(description="The team's name.")
    closes_at: Instant = Field(description="When the phase closes for this team.")
    state: PhaseState = Field(description="The phase's state for this team.")
    day: LimitView = Field(description="Valid submissions within the last 24 hours.")
    total: LimitView = Field(description="Valid submissions in the whole phase.")
    in_flight: LimitView = Field(description="Submissions that are queued or running.")
    extra_submissions: int = Field(
        description="What organizers granted the team; in the limits `day` and `total` already."
    )
    has_room: bool = Field(description="Whether all three limits let one more in now.")
    refused: LimitView = Field(
        description="Files that were refused within the hour: they use no quota, and have a limit "
        "of their own."
    )

    @classmethod
    def of(cls, found: Allowance, refused: Count, *, refusals: int, now: datetime) -> Self:
        """Describe what a team has used, at an instant."""
        terms, use = found.terms, found.use
        return cls(
            phase_id=found.phase.id,
            participation_id=found.participation_id,
            team=found.team,
            closes_at=terms.closes_at,
            state=state_of(found.phase, now, closes_at=terms.closes_at),
            day=LimitView(limit=terms.per_day, used=len(use.today), resets_at=found.day_resets_at),
            total=LimitView(limit=terms.total, used=use.total, resets_at=None),
            in_flight=LimitView(limit=terms.in_flight, used=use.in_flight, resets_at=None),
            extra_submissions=terms.extra_submissions,
            has_room=found.has_room,
            refused=LimitView(
                limit=refusals,
                used=refused.used,
                resets_at=refused.resets_at if refused.used else None,
            ),
        )
