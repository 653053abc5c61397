"""Bodies of challenges."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, JsonValue

from app.challenges.changes import Change, Kind
from app.challenges.planning import Plan
from app.http.schemas import Instant, View
from app.models import Approval, Challenge, Phase
from app.phases.schemas import PhaseSummary
from app.phases.terms import Exceptions


class ChallengeSummary(View):
    """A challenge in a list."""

    id: UUID = Field(description="The challenge's id.")
    slug: str = Field(description="Unique and immutable; for addresses.")
    title: str = Field(description="Its name.")
    summary: str = Field(description="One line on it.")
    published_at: Instant | None = Field(description="When it was shown to everybody.")


class ParticipationRulesView(View):
    """Which teams may take part."""

    approval: Approval = Field(description="Whether an organizer has to let each team in.")
    email_domains: list[str] = Field(
        description="Everybody in a team has an address there, or at a subdomain; empty: anywhere."
    )


class ChallengeView(ChallengeSummary):
    """A challenge with its phases and pages."""

    embedding_dim: int = Field(description="Numbers per sample.", examples=[1024])
    zero_pad: bool = Field(description="Whether shorter vectors are padded with zeros.")
    strip_suffixes: list[str] = Field(description="Endings taken off the ids in a file.")
    terms_version: str = Field(description="Version of the terms a team accepts.")
    participation: ParticipationRulesView = Field(description="Who may take part, and how.")
    teams_locked_at: Instant | None = Field(
        description="From then on nobody joins, leaves or merges teams that take part."
    )
    pages: dict[str, str] = Field(description="Markdown: description, evaluation, terms.")
    phases: list[PhaseSummary] = Field(description="Its phases in their order.")

    @classmethod
    def of(
        cls,
        challenge: Challenge,
        phases: Sequence[Phase],
        granted: Mapping[UUID, Exceptions],
        *,
        now: datetime,
    ) -> Self:
        """Describe a challenge at an instant, to a team with these exceptions by phase."""
        return cls(
            **ChallengeSummary.model_validate(challenge).model_dump(),
            embedding_dim=challenge.embedding_dim,
            zero_pad=challenge.zero_pad,
            strip_suffixes=challenge.strip_suffixes,
            terms_version=challenge.terms_version,
            participation=ParticipationRulesView.model_validate(challenge),
            teams_locked_at=challenge.teams_locked_at,
            pages=challenge.pages,
            phases=[PhaseSummary.of(phase, granted.get(phase.id), now=now) for phase in phases],
        )


class PlannedChange(View):
    """One key that differs."""

    path: str = Field(
        description="Phases and tasks are keys by their slugs. Pages, samples, labels and marks "
        "are told by the digest of what is in them.",
        examples=["phases.dev.quota.per_day"],
    )
    before: JsonValue = Field(
        serialization_alias="from", description="What is, null where nothing is.", examples=[5]
    )
    after: JsonValue = Field(
        serialization_alias="to", description="What the bundle says.", examples=[7]
    )


class PlannedLabels(View):
    """A version of a task's labels that the update would make."""

    task: str = Field(description="The task's slug.")
    version: int = Field(description="The number it would have.")
    n_labels: int = Field(description="How many labels it has.")
    n_labels_before: int | None = Field(description="How many the newest version has, if any.")


class PlannedRefusal(View):
    """Changes that the bundle may not make."""

    code: str = Field(
        description="The problem that an update would be refused with.",
        examples=["change-needs-rescoring", "policy-change-needs-record"],
    )
    phase: str | None = Field(description="The phase it is about; null for the whole challenge.")
    paths: list[str] = Field(description="The keys, as in `changes`, `added` and `removed`.")
    detail: str = Field(description="Why, and what to do instead.")


class PlanView(View):
    """What an update would change."""

    digest: str = Field(
        description="Send it as `plan` with the update: it is then applied only if the challenge "
        "and the bundle are still these."
    )
    is_allowed: bool = Field(description="Whether the update would be made.")
    changes: list[PlannedChange] = Field(description="Keys that differ.")
    added: list[str] = Field(description="Paths of new phases, and of new tasks.")
    removed: list[str] = Field(description="Paths of phases and tasks that would go.")
    label_sets: list[PlannedLabels] = Field(description="New versions of labels: counts only.")
    refused: list[PlannedRefusal] = Field(description="What stands against the update.")

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """Tell a plan."""
        by_kind: dict[Kind, list[Change]] = {kind: [] for kind in Kind}
        for change in plan.changes:
            by_kind[change.kind].append(change)
        return cls(
            digest=plan.digest,
            is_allowed=not plan.refusals,
            changes=[
                PlannedChange(path=change.dotted, before=change.before, after=change.after)
                for change in by_kind[Kind.CHANGED]
            ],
            added=[change.dotted for change in by_kind[Kind.ADDED]],
            removed=[change.dotted for change in by_kind[Kind.REMOVED]],
            label_sets=[PlannedLabels.model_validate(one) for one in plan.label_sets],
            refused=[
                PlannedRefusal(
                    code=one.error.code, phase=one.phase, paths=list(one.paths), detail=one.detail
                )
                for one in plan.refusals
            ],
        )
