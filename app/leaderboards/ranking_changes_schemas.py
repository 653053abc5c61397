"""Bodies of changes of a ranking."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from app.clock import in_utc
from app.http.schemas import Body, Instant, View
from app.leaderboards.ranking_changes import Proposal, Recorded
from app.models import SelectBy, Selection, TieBreak, WinRateAgainst
from app.phases.ranking_policy import DEFAULT_FLOOR, MOST_SELECTED
from app.phases.schemas import PolicyView
from probeboard.ranking import RankingMethod

_Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
_OF_CHANGE = {"reason", "apply", "expected"}


class RankingChangeRequest(Body):
    """Another policy. Members that are absent stay, or go with the rule they belong to."""

    method: RankingMethod = Field(
        default=RankingMethod.AVERAGE_RANK, description="How scores become ranks."
    )
    floor: float | None = Field(
        default=DEFAULT_FLOOR,
        ge=-1e9,
        le=100,
        description="For neuco: Q below it counts as this in the weights; null for no floor.",
    )
    weights_frozen_at: _Moment | None = Field(
        default=None, description="For neuco: from when on the weights stay; null: they never do."
    )
    tie_break: TieBreak = Field(default=TieBreak.NONE, description="What parts equal ranks.")
    win_rate_against: WinRateAgainst = Field(
        default=WinRateAgainst.POOL, description="Whom win rates are shares of."
    )
    selection: Selection = Field(
        default=Selection.BEST, description="Which submission of a team counts."
    )
    selection_limit: int | None = Field(
        default=None,
        ge=1,
        le=MOST_SELECTED,
        description="For `selected`, which needs it: how many a team may select. Of a team that "
        "has selected more, the last ones can count.",
    )
    select_by: SelectBy | None = Field(
        default=None, description="For `best`: the score it means; null for the method's own."
    )
    decimals: int = Field(default=4, ge=0, le=9, description="Decimals of the scores shown.")
    board_frozen_at: _Moment | None = Field(
        default=None,
        description="From when on the public board stands still; null: it never does. Null or a "
        "later instant reveals all that came until then, with its whole history.",
    )
    board_visible: bool = Field(
        default=True,
        description="Whether everybody sees the board. Showing one that was hidden reveals its "
        "whole history, as far as it is not frozen.",
    )
    reason: str = Field(
        default="",
        max_length=2000,
        description="Why, for everybody to read; needed to apply.",
        examples=["The task “height” was withdrawn from the paper's comparison."],
    )
    apply: bool = Field(default=False, description="False: only tell who would move.")
    expected: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{64}$",
        description="Needed to apply: `expected` of the answer in which you saw who would move.",
    )

    @model_validator(mode="after")
    def _is_applied_knowingly(self) -> Self:
        if self.apply and self.expected is None:
            detail = "to apply, send `expected` of the answer that told who would move"
            raise PydanticCustomError("expected_missing", detail)
        if self.apply and not self.reason:
            raise PydanticCustomError("reason_missing", "to apply, give a reason")
        return self

    def changes(self) -> dict[str, Any]:
        """Return the members of the policy that were sent."""
        return {
            name: getattr(self, name) for name in self.model_fields_set if name not in _OF_CHANGE
        }


class MoveView(View):
    """An entry's rank before and after a change; a baseline's is the one it would have."""

    team: str | None = Field(description="The team's name; null for a baseline.")
    method_name: str = Field(description="What the method that counts after the change is called.")
    is_baseline: bool = Field(description="Whether it is ranked for display only.")
    before: int = Field(description="Its rank before.")
    after: int = Field(description="Its rank after.")
    submission_before: UUID = Field(description="The submission that counted before.")
    submission_after: UUID = Field(description="The submission that counts after.")


class RankingProposalView(View):
    """What a change does: to the policy, and to each entry of the board."""

    applied: bool = Field(description="Whether it was made; if not, nothing was written.")
    change_id: UUID | None = Field(description="Id of the record; null if it was not made.")
    expected: str = Field(
        description="Names the change from `before` to `after`: send it back to apply it."
    )
    before: PolicyView = Field(description="The policy before.")
    after: PolicyView = Field(description="The policy after.")
    changed: list[str] = Field(description="The members in which they differ.")
    moves: list[MoveView] = Field(description="Every entry, in the order of the board after it.")

    @classmethod
    def of(cls, proposal: Proposal, change_id: UUID | None) -> Self:
        """Describe a change, made if it has an id."""
        return cls(
            applied=change_id is not None,
            change_id=change_id,
            expected=proposal.token,
            before=PolicyView.of(proposal.before),
            after=PolicyView.of(proposal.after),
            changed=proposal.before.differences(proposal.after),
            moves=[MoveView.model_validate(move) for move in proposal.moves],
        )


class RankingChangeView(View):
    """A change that was made."""

    id: UUID = Field(description="The record's id.")
    at: Instant = Field(description="When it was made.")
    by: str | None = Field(description="Who made it; told to those with a role in the challenge.")
    reason: str = Field(description="Why.")
    before: PolicyView = Field(description="The policy before.")
    after: PolicyView = Field(description="The policy after.")
    changed: list[str] = Field(description="The members in which they differ.")
    moves: list[MoveView] | None = Field(
        description="Every entry, in the order of the board after it; null while the public board "
        "is hidden, or frozen at an instant before the change."
    )

    @classmethod
    def of(cls, change: Recorded) -> Self:
        """Describe a change as far as its viewer may know it."""
        return cls(
            id=change.id,
            at=change.at,
            by=change.by,
            reason=change.reason,
            before=PolicyView.of(change.before),
            after=PolicyView.of(change.after),
            changed=change.before.differences(change.after),
            moves=None
            if change.moves is None
            else [MoveView.model_validate(move) for move in change.moves],
        )
