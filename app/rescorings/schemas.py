"""Bodies of re-scorings."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.http.schemas import Instant, View
from app.models import ItemState
from app.rescorings.words import What


class ShownState(StrEnum):
    """How a set stands for who looks at it."""

    PREPARING = "preparing"
    READY = "ready"
    APPLIED = "applied"
    CANCELLED = "cancelled"


class RescoringChangeView(View):
    """One thing that decides scores, and is otherwise."""

    what: What = Field(description="What it is.")
    task: str | None = Field(
        description="The task, as the phase names it; null for the whole phase."
    )
    before: str | None = Field(description="As it was, in words; null where it was not there.")
    after: str | None = Field(
        description="As it is; null where it is gone.", examples=["version 2"]
    )


class RescoringMoveView(View):
    """An entry of a board before and after; a baseline's rank is the one it would have."""

    team: str | None = Field(description="The team's name; null for a baseline.")
    method_name: str = Field(description="What the method that counts after it is called.")
    is_baseline: bool = Field(description="Whether it is ranked for display only.")
    before: int | None = Field(description="Its rank before; null where it had none.")
    after: int | None = Field(description="Its rank after; null where it has none.")
    submission_before: UUID | None = Field(description="The submission that counted before.")
    submission_after: UUID | None = Field(description="The submission that counts after.")
    score_before: float | None = Field(description="Its weighted mean score before.")
    score_after: float | None = Field(description="Its weighted mean score after.")
    aggregate_before: float | None = Field(
        description="The figure the board ranked by before; null for baselines."
    )
    aggregate_after: float | None = Field(description="The figure the board ranks by after.")


class ProgressView(View):
    """How many submissions are evaluated by the new rules."""

    total: int = Field(description="Scored submissions and baselines of the phases, that count.")
    done: int = Field(description="Evaluated.")
    running: int = Field(description="Being evaluated.")
    queued: int = Field(description="Waiting for a worker that has nothing else to do.")
    rejected: int = Field(description="The file gives no score by the new rules. They block.")
    failed: int = Field(description="Broken for a reason of ours. They block; try them again.")
    set_aside: int = Field(description="Disqualified: they block nothing, evaluated or not.")
    ends_at: Instant | None = Field(
        description="When the last would be done at the pace of the latest; null where none is."
    )


class BlockedView(View):
    """A submission that counts, and has no scores by the new rules."""

    submission_id: UUID = Field(description="The submission.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    method_name: str = Field(description="The method's name.")
    phase: str = Field(description="The phase's slug.")
    code: str = Field(description="Why.", examples=["not-scorable", "time-limit"])


class InsideView(View):
    """What only those see who run or read the challenge."""

    by: str = Field(description="Who made the set.")
    decided_by: str | None = Field(description="Who applied or cancelled it.")
    progress: ProgressView = Field(description="How far it is.")
    blocked: list[BlockedView] = Field(description="What stands against it; at most 100.")
    outdated: list[str] = Field(
        description="Phases whose rules were changed otherwise since: it can only be cancelled."
    )


class RescoredPhaseView(View):
    """What a set changes in one phase."""

    phase_id: UUID = Field(description="The phase's id.")
    slug: str = Field(description="The phase's slug.")
    title: str = Field(description="The phase's title.")
    changes: list[RescoringChangeView] = Field(description="What is scored otherwise.")
    moves: list[RescoringMoveView] | None = Field(
        description="Every entry of the board, in the order of after; null before it is applied, "
        "and where you may not see the board of that instant."
    )


class RescoringView(View):
    """A set: other rules for phases with scores, applied as a whole or not at all."""

    id: UUID = Field(description="The set's id.")
    state: ShownState = Field(description="How it stands; others see those that were applied.")
    reason: str = Field(description="The organizers' reason.")
    created_at: Instant = Field(description="When it was made.")
    decided_at: Instant | None = Field(description="When it was applied or cancelled.")
    phases: list[RescoredPhaseView] = Field(description="The phases it touches, in their order.")
    inside: InsideView | None = Field(
        description="For those who run or read the challenge; null for others."
    )


class PreviewSummaryView(View):
    """A preview in numbers."""

    entries: int = Field(description="Entries of the pool on either board.")
    moved: int = Field(description="Entries of the pool with another rank.")
    largest_move: int = Field(description="The most ranks that one moves.")
    rescored: int = Field(description="Entries with another mean score, as it is shown.")
    first_before: list[str] = Field(description="Teams at rank 1 as it is.")
    first_after: list[str] = Field(description="Teams at rank 1 as it would be.")


class PhasePreviewView(View):
    """What applying a set would do to one board."""

    phase_id: UUID = Field(description="The phase's id.")
    slug: str = Field(description="The phase's slug.")
    title: str = Field(description="The phase's title.")
    summary: PreviewSummaryView = Field(description="In numbers.")
    moves: list[RescoringMoveView] = Field(
        description="Every entry, in the order of the board after; who has no scores by the new "
        "rules yet is last."
    )


class PreviewView(View):
    """What applying a set would do; or, of one that is applied, what it did."""

    is_complete: bool = Field(description="Whether all that counts is evaluated.")
    phases: list[PhasePreviewView] = Field(description="Board by board.")


class ItemView(View):
    """A submission in a set."""

    id: UUID = Field(description="The item's id.")
    submission_id: UUID = Field(description="The submission.")
    phase_id: UUID = Field(description="Its phase.")
    team: str | None = Field(description="The team's name; null for a baseline.")
    method_name: str = Field(description="The method's name.")
    is_disqualified: bool = Field(description="Whether it, or its team, is: it blocks nothing.")
    state: ItemState = Field(description="How it stands.")
    attempt: int = Field(description="How often a worker has taken it.")
    finished_at: Instant | None = Field(description="When it reached its last state.")
    failure_code: str | None = Field(description="Why it has no scores.")
    failure_detail: str | None = Field(description="The same in words.")
