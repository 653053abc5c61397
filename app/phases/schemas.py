"""Bodies of phases."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field

from app.http.schemas import Instant, View
from app.models import (
    Analysis,
    Challenge,
    Part,
    Phase,
    ProbeKind,
    Scaling,
    SelectBy,
    Selection,
    TeamSees,
    TieBreak,
    WinRateAgainst,
)
from app.phases.clock import PhaseState, state_of
from app.phases.ranking_policy import RankingPolicy
from app.phases.service import TaskInPhase, display_names
from app.phases.splits import TaskSplits
from app.phases.terms import Exceptions, Terms
from app.policy import announced_reveal_of, masks_names, part_shown
from probeboard.labelsets import SplitKind, TaskType
from probeboard.ranking import RankingMethod


class QuotaView(View):
    """A team's limits in a phase; rejected, failed and withdrawn submissions cost nothing."""

    per_day: int = Field(description="Submissions per rolling 24 hours.")
    total: int = Field(description="Submissions in the whole phase.")
    in_flight: int = Field(description="Submissions queued or running at once.")


class PolicyView(View):
    """How scores become ranks, and how they are told; with scores it changes in public only."""

    method: RankingMethod = Field(description="How scores become ranks.")
    weights: Literal["announced", "pool", "frozen"] = Field(
        description="Where the tasks' weights come from: the phase, or for neuco the pool, as it "
        "is or as it was at `weights_frozen_at`."
    )
    floor: float | None = Field(
        description="For neuco: Q below it counts as this in the weights; null for no floor."
    )
    weights_frozen_at: Instant | None = Field(
        description="For neuco: from when on the weights stay as they are."
    )
    tie_break: TieBreak = Field(
        description="What parts equal ranks: nothing, or mean score, then the earlier submission."
    )
    win_rate_against: WinRateAgainst = Field(description="Whom win rates are shares of.")
    selection: Selection = Field(description="Which submission of a team counts.")
    selection_limit: int | None = Field(
        description="How many submissions a team may select; null where it selects none."
    )
    select_by: SelectBy | None = Field(
        description="The score that “best” means; null for the one the method builds on."
    )
    decimals: int = Field(description="Decimals of the scores that are shown.")
    board_frozen_at: Instant | None = Field(description="From when on the board stands still.")
    board_visible: bool = Field(description="Whether everybody sees the board.")

    @classmethod
    def of(cls, policy: RankingPolicy) -> Self:
        """Describe a policy."""
        return cls.model_validate(policy)


class SplitsView(View):
    """How a task's labelled samples are split. Who is where, and the seed, stay hidden."""

    kind: SplitKind = Field(description="What a split keeps together, and who decides it.")
    n_splits: int = Field(description="How many splits there are.")
    test_size: float | None = Field(
        description="Share of the labels, or of the groups, in a test part; null if predefined."
    )
    shots: int | None = Field(
        description="Training labels per class (regression: in all); null for the whole part."
    )

    @classmethod
    def of(cls, splits: TaskSplits) -> Self:
        """Describe splits as far as they are public."""
        spec = splits.spec
        return cls(
            kind=spec.kind, n_splits=spec.n_splits, test_size=splits.test_size, shots=spec.shots
        )


class PhaseTaskView(View):
    """A task of a phase, as far as its name is public."""

    name: str = Field(description="The name on the leaderboard; masked where the phase says so.")
    title: str | None = Field(description="What is predicted; null where names are masked.")
    type: TaskType = Field(description="What its labels are.")
    probe: ProbeKind = Field(description="How embeddings are asked for them.")
    signs: bool = Field(description="Whether the probe sees the signs of the dimensions only.")
    splits: SplitsView = Field(description="How its labelled samples are split.")
    weight: float = Field(description="Its weight in the ranking.")


class OwnTermsView(View):
    """What the organizers granted your team alone; see `extensions` for why."""

    closes_at: Instant = Field(description="When the phase closes for your team.")
    state: PhaseState = Field(description="As it is for your team.")
    extra_submissions: int = Field(
        description="How many more than the quota you may hand in, in 24 hours and in total."
    )

    @classmethod
    def of(cls, phase: Phase, granted: Exceptions | None, *, now: datetime) -> Self | None:
        """Describe a team's exceptions, if there are any."""
        if granted is None:
            return None
        terms = Terms.of(phase, granted)
        return cls(
            closes_at=terms.closes_at,
            state=state_of(phase, now, closes_at=terms.closes_at),
            extra_submissions=terms.extra_submissions,
        )


class PrivatePartView(View):
    """Samples that decide in the end. Which they are, and what they say, stays hidden till then."""

    share: float = Field(description="Of the samples.", examples=[0.5])
    reveals_at: Instant = Field(
        description="When private scores are shown and decide: not before, and not while a team "
        "may hand in."
    )
    is_revealed: bool = Field(description="Whether they are, when this was answered.")

    @classmethod
    def of(cls, phase: Phase, *, now: datetime) -> Self | None:
        """Describe a phase's private part, if it has one."""
        reveals_at = announced_reveal_of(phase)
        if phase.n_private_samples is None or reveals_at is None:
            return None
        return cls(
            share=round(phase.n_private_samples / phase.n_samples, 4),
            reveals_at=reveals_at,
            is_revealed=part_shown(phase, now) is Part.PRIVATE,
        )


class PhaseSummary(View):
    """A phase in a list."""

    id: UUID = Field(description="The phase's id.")
    slug: str = Field(description="Unique in its challenge.")
    title: str = Field(description="Its name.")
    opens_at: Instant = Field(description="First instant of the window.")
    closes_at: Instant = Field(description="First instant after the window.")
    state: PhaseState = Field(description="By the clock, when this was answered.")
    private: PrivatePartView | None = Field(
        description="Set where some samples are private. Until they are revealed all scores are of "
        "the public ones."
    )
    own: OwnTermsView | None = Field(
        description="Set where your team was granted more time or submissions than all."
    )

    @classmethod
    def of(cls, phase: Phase, granted: Exceptions | None = None, *, now: datetime) -> Self:
        """Describe a phase at an instant."""
        return cls(
            id=phase.id,
            slug=phase.slug,
            title=phase.title,
            opens_at=phase.opens_at,
            closes_at=phase.closes_at,
            state=state_of(phase, now),
            private=PrivatePartView.of(phase, now=now),
            own=OwnTermsView.of(phase, granted, now=now),
        )


class PhaseView(PhaseSummary):
    """A phase with its rules."""

    challenge: str = Field(description="Slug of its challenge.")
    embedding_dim: int = Field(description="Numbers per sample.")
    n_samples: int = Field(description="Samples a file must hold; see `samples.csv`.")
    tasks: list[PhaseTaskView] = Field(description="What is probed.")
    scorer: str = Field(description="Name and version of the scorer.", examples=["exact@1"])
    scaling: Scaling = Field(
        description="Whether embeddings are divided by one number, or each dimension by its own."
    )
    analyses: list[Analysis] = Field(description="What is worked out beside the scores.")
    budget_bytes: int | None = Field(
        description="Bytes per sample that shorter embeddings may take; null if there is no budget."
    )
    ranking: RankingMethod = Field(description="How scores become ranks.")
    selection: Selection = Field(description="Which submission of a team counts.")
    quota: QuotaView = Field(description="A team's limits.")
    team_sees: TeamSees = Field(description="Which scores a team is shown of its own.")
    policy: PolicyView = Field(description="All of how it ranks and tells scores.")
    board_visible: bool = Field(description="Whether the leaderboard is public.")
    board_frozen_at: Instant | None = Field(description="From when on the board stands still.")
    requires: UUID | None = Field(description="Phase in which a scored submission is needed.")

    @classmethod
    def with_rules(
        cls,
        phase: Phase,
        challenge: Challenge,
        tasks: list[TaskInPhase],
        granted: Exceptions | None = None,
        *,
        now: datetime,
    ) -> Self:
        """Describe a phase and its rules at an instant."""
        masked = masks_names(phase)
        names = display_names(phase, tasks)
        return cls(
            **PhaseSummary.of(phase, granted, now=now).model_dump(),
            challenge=challenge.slug,
            embedding_dim=challenge.embedding_dim,
            n_samples=phase.n_samples,
            tasks=[
                PhaseTaskView(
                    name=names[task.task_id],
                    title=None if masked else task.title,
                    type=TaskType(task.task_type),
                    probe=ProbeKind(task.probe),
                    signs=task.signs,
                    splits=SplitsView.of(task.splits),
                    weight=task.weight,
                )
                for task in tasks
            ],
            scorer=f"{phase.scorer}@{phase.scorer_version}",
            scaling=Scaling(phase.scaling),
            analyses=[Analysis(name) for name in phase.analyses],
            budget_bytes=phase.budget_bytes,
            ranking=RankingMethod(phase.ranking),
            selection=Selection(phase.selection),
            quota=QuotaView(
                per_day=phase.quota_per_day,
                total=phase.quota_total,
                in_flight=phase.quota_in_flight,
            ),
            team_sees=TeamSees(phase.team_sees),
            policy=PolicyView.of(RankingPolicy.of(phase)),
            board_visible=phase.board_visible,
            board_frozen_at=phase.board_frozen_at,
            requires=phase.requires_phase_id,
        )
