"""Evaluations: one scoring of a submission under one scorer and label-set version; append-only."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of


class Part(StrEnum):
    """Of a phase's samples: those whose scores are shown all along, and those that decide."""

    PUBLIC = "public"
    PRIVATE = "private"


class Evaluation(Base):
    """The receipt holds all that is needed to compute each number again.

    Where a phase keeps some of its samples private, what was found on them stands in columns of its
    own: who asks for nothing in particular is told of the public ones.
    """

    __tablename__ = "evaluation"
    __table_args__ = (
        UniqueConstraint("submission_id", "scorer", "scorer_version", "rules_digest"),
        Index(
            "uq_evaluation_official",
            "submission_id",
            unique=True,
            postgresql_where="is_official",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    scorer: Mapped[str]
    scorer_version: Mapped[int]
    rules_digest: Mapped[str] = mapped_column(doc="SHA-256 of tasks, label sets and splits")
    is_official: Mapped[bool]
    attempt: Mapped[int] = mapped_column(doc="the submission's attempt that wrote it")
    created_at: Mapped[datetime]
    seconds: Mapped[float]
    receipt: Mapped[dict[str, Any]]
    analyses: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    predictions_digest: Mapped[str | None] = mapped_column(doc="SHA-256 of the blob")
    sample_draws: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        deferred=True,
        doc="where predictions are kept, of each task in the phase's order as many float32, little "
        "endian: its mean score's deviations in a bootstrap of samples; NaN where it has none",
    )
    private_analyses: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), deferred=True, doc="of the private samples"
    )
    private_predictions_digest: Mapped[str | None] = mapped_column(doc="SHA-256 of the blob")
    private_sample_draws: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class TaskScore(Base):
    """One task's score in an evaluation; `split_scores` are raw, `mean` and `std` are floored.

    All samples of a phase are public where it keeps none private.
    """

    __tablename__ = "task_score"
    __table_args__ = (one_of("part", Part),)

    evaluation_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation.id"), primary_key=True)
    task_id: Mapped[UUID] = mapped_column(ForeignKey("task.id"), primary_key=True, index=True)
    part: Mapped[str] = mapped_column(
        primary_key=True, default=Part.PUBLIC, doc="which samples trained and tested its probes"
    )
    label_set_id: Mapped[UUID] = mapped_column(ForeignKey("label_set.id"))
    metric: Mapped[str]
    mean: Mapped[float]
    std: Mapped[float] = mapped_column(doc="ddof 0")
    q: Mapped[float]
    standard_error: Mapped[float | None] = mapped_column(doc="Nadeau-Bengio; null of one split")
    test_to_train: Mapped[float | None] = mapped_column(
        doc="mean n_test/n_train; null of rows from before 0003 whose standard error told nothing"
    )
    split_scores: Mapped[list[float]] = mapped_column(ARRAY(Float))
    penalties: Mapped[list[Any]] = mapped_column(
        ARRAY(Float), doc="per split; a list per split with several targets or labels"
    )
