"""Tasks, their versioned label sets, and which phase scores which task on which splits."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of


class ProbeKind(StrEnum):
    """How embeddings are asked; a test holds it to the probes that workers know."""

    LINEAR = "linear"
    KNN = "knn"
    RETRIEVAL = "retrieval"


class Task(Base):
    __tablename__ = "task"
    __table_args__ = (UniqueConstraint("challenge_id", "slug"), one_of("probe", ProbeKind))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"))
    slug: Mapped[str]
    title: Mapped[str]
    task_type: Mapped[str]
    probe: Mapped[str]
    signs: Mapped[bool] = mapped_column(doc="the probe sees the signs of the dimensions only")
    listed: Mapped[bool] = mapped_column(
        default=True, doc="the challenge's bundle has it; scores of before may keep one that is not"
    )


class LabelSet(Base):
    """Ground truth of a task in one version. Its labels are a blob that no endpoint hands out."""

    __tablename__ = "label_set"
    __table_args__ = (UniqueConstraint("task_id", "version"), UniqueConstraint("task_id", "digest"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"))
    version: Mapped[int] = mapped_column(doc="from 1")
    digest: Mapped[str] = mapped_column(doc="SHA-256 of the blob")
    n_labels: Mapped[int]
    created_at: Mapped[datetime]


class PhaseTask(Base):
    __tablename__ = "phase_task"
    __table_args__ = (
        UniqueConstraint("phase_id", "position"),
        UniqueConstraint("phase_id", "public_name"),
        CheckConstraint("weight > 0", name="weight_positive"),
    )

    phase_id: Mapped[UUID] = mapped_column(ForeignKey("phase.id"), primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), primary_key=True, index=True)
    label_set_id: Mapped[UUID] = mapped_column(ForeignKey("label_set.id"))
    position: Mapped[int] = mapped_column(doc="order within the phase, from 0")
    weight: Mapped[float]
    splits: Mapped[dict[str, Any]] = mapped_column(doc="see app.phases.splits")
    public_name: Mapped[str]
