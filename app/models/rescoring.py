"""Re-scorings: sets of evaluations by other rules beside the live ones, applied as a whole."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of


class RescoringState(StrEnum):
    """How a set stands; of an open one it is counted when somebody looks whether it is ready."""

    OPEN = "open"
    APPLIED = "applied"
    CANCELLED = "cancelled"


class ItemState(StrEnum):
    """How a submission stands in a set: `rejected` is it, by the new rules, for its file."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REJECTED = "rejected"
    FAILED = "failed"


class Rescoring(Base):
    """The rules that phases of a challenge are to score by, and why. One may be open at a time."""

    __tablename__ = "rescoring"
    __table_args__ = (
        one_of("state", RescoringState),
        CheckConstraint(
            "(state = 'open') = (decided_at IS NULL) "
            "AND (decided_at IS NULL) = (decided_by_id IS NULL)",
            name="decided_whole",
        ),
        CheckConstraint("(state = 'applied') = (record IS NOT NULL)", name="applied_is_recorded"),
        Index("ix_rescoring_challenge", "challenge_id", "id"),
        Index("uq_rescoring_open", "challenge_id", unique=True, postgresql_where="state = 'open'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"))
    state: Mapped[str] = mapped_column(default=RescoringState.OPEN)
    reason: Mapped[str]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    rules: Mapped[dict[str, Any]] = mapped_column(doc="before and after; see app.rescorings.rules")
    record: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), doc="who moved, by phase; once it is applied"
    )


class RescoringItem(Base):
    """A submission in a set. `attempt` fences what workers write, as that of a submission does."""

    __tablename__ = "rescoring_item"
    __table_args__ = (
        one_of("state", ItemState),
        UniqueConstraint("rescoring_id", "submission_id"),
        CheckConstraint(
            "(state = 'running') = (lease_expires_at IS NOT NULL)", name="running_has_a_lease"
        ),
        CheckConstraint("(state = 'done') = (evaluation_id IS NOT NULL)", name="done_is_evaluated"),
        CheckConstraint(
            "(state IN ('rejected', 'failed')) = (failure_code IS NOT NULL)",
            name="failure_has_a_code",
        ),
        Index("ix_rescoring_item_waiting", "queue_number", postgresql_where="state = 'queued'"),
        Index("ix_rescoring_item_leased", "lease_expires_at", postgresql_where="state = 'running'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    rescoring_id: Mapped[UUID] = mapped_column(ForeignKey("rescoring.id"))
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"), index=True)
    phase_id: Mapped[UUID] = mapped_column(ForeignKey("phase.id"))
    state: Mapped[str] = mapped_column(default=ItemState.QUEUED)
    queue_number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    announced_at: Mapped[datetime | None] = mapped_column(doc="when the queue was last told")
    attempt: Mapped[int] = mapped_column(default=0)
    attempts_allowed: Mapped[int]
    lease_expires_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    evaluation_id: Mapped[UUID | None] = mapped_column(ForeignKey("evaluation.id"), index=True)
    replaced_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("evaluation.id"), doc="the official evaluation until the set was applied"
    )
    failure_code: Mapped[str | None]
    failure_detail: Mapped[str | None]
    failure_traceback: Mapped[str | None] = mapped_column(doc="for the operator")
