"""Challenges, who runs them, and their phases."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of
from probeboard.ranking import RankingMethod


class Role(StrEnum):
    ORGANIZER = "organizer"
    READER = "reader"


class Selection(StrEnum):
    BEST = "best"
    LAST = "last"
    SELECTED = "selected"


class SelectBy(StrEnum):
    """The score that “best” means, where a phase says so."""

    MEAN_SCORE = "mean-score"
    MEAN_Q = "mean-q"


class TieBreak(StrEnum):
    """What parts equal ranks; `mean-score` is followed by the earlier submission."""

    NONE = "none"
    MEAN_SCORE = "mean-score"


class WinRateAgainst(StrEnum):
    """Whom a win rate is a share of."""

    POOL = "pool"
    BASELINES = "baselines"


class TeamSees(StrEnum):
    AGGREGATE = "aggregate"
    TASKS = "tasks"


class TaskNames(StrEnum):
    REAL = "real"
    MASKED = "masked"


class Analysis(StrEnum):
    """What is worked out beside the scores; a test holds it to the analyses that workers know."""

    METRICS = "metrics"
    PREDICTIONS = "predictions"
    SPECTRUM = "spectrum"
    RATE_DISTORTION = "rate-distortion"


class Scaling(StrEnum):
    """How embeddings are scaled; a test holds it to the scalings that workers know."""

    SCALAR = "scalar"
    PER_DIMENSION = "per-dimension"


class Approval(StrEnum):
    """Whether a team takes part at once, or after an organizer has let it."""

    AUTOMATIC = "automatic"
    REQUIRED = "required"


class Challenge(Base):
    __tablename__ = "challenge"
    __table_args__ = (
        CheckConstraint("embedding_dim > 0", name="dim_positive"),
        one_of("approval", Approval),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    summary: Mapped[str]
    embedding_dim: Mapped[int]
    zero_pad: Mapped[bool] = mapped_column(doc="shorter vectors are padded, not refused")
    strip_suffixes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    terms_version: Mapped[str]
    pages: Mapped[dict[str, Any]] = mapped_column(doc="name → Markdown")
    approval: Mapped[str] = mapped_column(default=Approval.AUTOMATIC)
    email_domains: Mapped[list[str]] = mapped_column(
        ARRAY(Text), default=list, doc="lower case; empty for no restriction"
    )
    teams_locked_at: Mapped[datetime | None] = mapped_column(
        doc="from then on its teams stay as they are"
    )
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class ChallengeRole(Base):
    __tablename__ = "challenge_role"
    __table_args__ = (one_of("role", Role),)

    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id"), primary_key=True, index=True
    )
    role: Mapped[str]


class Phase(Base):
    """A window `[opens_at, closes_at)` with its own samples, tasks, quota, rules and board."""

    __tablename__ = "phase"
    __table_args__ = (
        UniqueConstraint("challenge_id", "slug"),
        CheckConstraint("opens_at < closes_at", name="opens_before_it_closes"),
        CheckConstraint(
            "quota_per_day > 0 AND quota_total > 0 AND quota_in_flight > 0", name="quota_positive"
        ),
        CheckConstraint("budget_bytes > 0", name="budget_positive"),
        CheckConstraint(
            "(private_sides IS NULL) = (n_private_samples IS NULL)", name="private_part_counted"
        ),
        CheckConstraint(
            "n_private_samples > 0 AND n_private_samples < n_samples",
            name="both_parts_have_samples",
        ),
        CheckConstraint(
            "private_sides IS NOT NULL OR (revealed_at IS NULL AND hidden_until IS NULL)",
            name="revealed_is_private",
        ),
        one_of("scaling", Scaling),
        one_of("ranking", RankingMethod),
        CheckConstraint(
            "weights_frozen_at IS NULL OR ranking = 'neuco'", name="frozen_weights_are_neucos"
        ),
        one_of("selection", Selection),
        CheckConstraint(
            "(selection = 'selected') = (selection_limit IS NOT NULL)", name="selected_has_a_limit"
        ),
        CheckConstraint("selection_limit BETWEEN 1 AND 20", name="selection_limit_in_bounds"),
        CheckConstraint("select_by IS NULL OR selection = 'best'", name="best_is_by_something"),
        one_of("select_by", SelectBy),
        one_of("tie_break", TieBreak),
        one_of("win_rate_against", WinRateAgainst),
        one_of("team_sees", TeamSees),
        one_of("board_task_names", TaskNames),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"))
    slug: Mapped[str]
    title: Mapped[str]
    position: Mapped[int] = mapped_column(doc="order within the challenge, from 0")
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]

    samples_digest: Mapped[str] = mapped_column(doc="blob: one sample id a line, in order")
    n_samples: Mapped[int]
    private_sides: Mapped[str | None] = mapped_column(
        doc="blob of marks, handed out to nobody: on which side each sample is; null for no sides"
    )
    n_private_samples: Mapped[int | None]
    revealed_at: Mapped[datetime | None] = mapped_column(
        doc="when private scores decide, at the earliest; null for when it closes"
    )
    hidden_until: Mapped[datetime | None] = mapped_column(
        doc="not before this either: until then a team may hand in that was given more time"
    )
    scorer: Mapped[str]
    scorer_version: Mapped[int]
    scaling: Mapped[str]
    analyses: Mapped[list[Any]] = mapped_column(JSONB, doc="names, in the organizer's order")
    budget_bytes: Mapped[int | None] = mapped_column(
        doc="per sample; shorter embeddings are allowed where they fit"
    )

    ranking: Mapped[str]
    ranking_floor: Mapped[float | None] = mapped_column(
        doc="of Q in neuco's weights; null for no floor"
    )
    weights_frozen_at: Mapped[datetime | None] = mapped_column(
        doc="neuco's weights are those of the pool as it was then"
    )
    tie_break: Mapped[str] = mapped_column(default=TieBreak.NONE)
    win_rate_against: Mapped[str] = mapped_column(default=WinRateAgainst.POOL)
    selection: Mapped[str]
    selection_limit: Mapped[int | None] = mapped_column(doc="how many a team may select")
    select_by: Mapped[str | None] = mapped_column(doc="null for what the method builds on")
    quota_per_day: Mapped[int] = mapped_column(doc="per rolling 24 h")
    quota_total: Mapped[int]
    quota_in_flight: Mapped[int]
    requires_phase_id: Mapped[UUID | None] = mapped_column(ForeignKey("phase.id"))

    team_sees: Mapped[str]
    board_visible: Mapped[bool]
    board_tasks: Mapped[bool] = mapped_column(doc="the public board has a column per task")
    board_task_names: Mapped[str]
    board_frozen_at: Mapped[datetime | None]
    decimals: Mapped[int]
