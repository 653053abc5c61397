"""Extensions of a phase, and exceptions from its limits for one team: recorded, never changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id


class PhaseExtension(Base):
    """A later close, for all or for one team, or submissions that one team has beyond the quota.

    What concerns all is also in the phase's own `closes_at`. What a team has is the latest close
    and the sum of the submissions of its rows.
    """

    __tablename__ = "phase_extension"
    __table_args__ = (
        CheckConstraint(
            "closes_at IS NOT NULL OR extra_submissions IS NOT NULL", name="grants_something"
        ),
        CheckConstraint(
            "participation_id IS NOT NULL OR extra_submissions IS NULL",
            name="extra_submissions_are_a_teams",
        ),
        CheckConstraint("closes_at > closes_at_before", name="closes_later"),
        CheckConstraint("extra_submissions > 0", name="extra_submissions_positive"),
        Index("ix_phase_extension_phase", "phase_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    phase_id: Mapped[UUID] = mapped_column(ForeignKey("phase.id"))
    at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    reason: Mapped[str]
    participation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("participation.id"), index=True, doc="null where it concerns all"
    )
    closes_at_before: Mapped[datetime] = mapped_column(doc="for those whom it concerns")
    closes_at: Mapped[datetime | None]
    extra_submissions: Mapped[int | None] = mapped_column(
        doc="more than the limits of 24 hours and in total"
    )
