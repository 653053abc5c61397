"""Tasks, their versioned label sets, and which phase scores which task."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id


class Task(Base):
    __tablename__ = "task"
    __table_args__ = (UniqueConstraint("challenge_id", "slug"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"))
    slug: Mapped[str]
    title: Mapped[str]
    task_type: Mapped[str]


class LabelSet(Base):
    """Ground truth of a task in one version. The labels themselves are a blob for workers only."""

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
    public_name: Mapped[str]
