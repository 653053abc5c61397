"""Submissions: the file never changes, the status does."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of
from app.models.disqualified import Disqualifiable, disqualified_whole


class Status(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SCORED = "scored"
    REJECTED = "rejected"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class FailureCode(StrEnum):
    """Why there are no scores: the first for the file's fault, the others for a fault of ours."""

    NOT_SCORABLE = "not-scorable"
    INTERNAL_ERROR = "internal-error"
    TIME_LIMIT = "time-limit"
    MEMORY_LIMIT = "memory-limit"
    WORKER_LOST = "worker-lost"


class Submission(Disqualifiable, Base):
    """Embeddings handed in once to one phase.

    `attempt` is the fencing token: it grows with each claim, and a worker may write only under the
    number it claimed. `participation_id` is null for an organizer's baseline.
    """

    __tablename__ = "submission"
    __table_args__ = (
        one_of("status", Status),
        CheckConstraint("is_baseline = (participation_id IS NULL)", name="owned_or_baseline"),
        CheckConstraint(
            "(status = 'running') = (lease_expires_at IS NOT NULL)", name="running_has_a_lease"
        ),
        CheckConstraint(
            "(status IN ('scored', 'rejected', 'failed', 'withdrawn')) = (finished_at IS NOT NULL)",
            name="terminal_is_finished",
        ),
        CheckConstraint(
            "(status IN ('rejected', 'failed')) = (failure_code IS NOT NULL)",
            name="failure_has_a_code",
        ),
        CheckConstraint("promoted_from_id IS NULL OR is_baseline", name="promoted_is_baseline"),
        disqualified_whole(),
        Index("ix_submission_waiting", "queue_number", postgresql_where="status = 'queued'"),
        Index("ix_submission_leased", "lease_expires_at", postgresql_where="status = 'running'"),
        Index("ix_submission_quota", "participation_id", "phase_id", "received_at"),
        Index("ix_submission_phase", "phase_id", "status"),
        Index(
            "uq_submission_promoted",
            "promoted_from_id",
            unique=True,
            postgresql_where="promoted_from_id IS NOT NULL AND status <> 'withdrawn'",
        ),
        Index(
            "uq_submission_idempotency",
            "submitted_by_id",
            "phase_id",
            "idempotency_key",
            unique=True,
            postgresql_where="idempotency_key IS NOT NULL",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    phase_id: Mapped[UUID] = mapped_column(ForeignKey("phase.id"))
    participation_id: Mapped[UUID | None] = mapped_column(ForeignKey("participation.id"))
    submitted_by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    is_baseline: Mapped[bool] = mapped_column(default=False)
    promoted_from_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("submission.id"), doc="the team's submission that a baseline is a copy of"
    )
    received_at: Mapped[datetime] = mapped_column(doc="when the last byte of the file had come")

    method_name: Mapped[str]
    method_description: Mapped[str]
    project_url: Mapped[str | None]
    paper_url: Mapped[str | None]
    public: Mapped[bool]
    selected_at: Mapped[datetime | None] = mapped_column(doc="when its team chose it to count")

    file_name: Mapped[str]
    file_bytes: Mapped[int] = mapped_column(BigInteger)
    file_sha256: Mapped[str]
    matrix_sha256: Mapped[str] = mapped_column(index=True, doc="blob: float32, sample order")
    facts: Mapped[dict[str, Any]]
    idempotency_key: Mapped[str | None]
    request_fingerprint: Mapped[str] = mapped_column(doc="tells a retry from another request")
    request_id: Mapped[str] = mapped_column(doc="travels into the job's log lines")

    status: Mapped[str]
    queue_number: Mapped[int] = mapped_column(
        BigInteger, Identity(always=True), doc="order of arrival"
    )
    announced_at: Mapped[datetime | None] = mapped_column(doc="when the queue was last told")
    attempt: Mapped[int] = mapped_column(default=0)
    attempts_allowed: Mapped[int]
    lease_expires_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    tasks_done: Mapped[int] = mapped_column(default=0)
    failure_code: Mapped[str | None]
    failure_detail: Mapped[str | None] = mapped_column(doc="for the participant")
    failure_traceback: Mapped[str | None] = mapped_column(doc="for the operator")
