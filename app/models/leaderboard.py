"""Leaderboards and their immutable snapshots."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Sequence
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of
from app.models.evaluation import Part


class Leaderboard(Base):
    """The board of a phase: how often a ranking was asked for, and up to where it was done.

    `requested` grows in the transaction that changes what the board shows; a ranking that read
    `requested = n` writes only while `ranked < n`. So a late ranking never overwrites a newer one,
    and many requests are served by one ranking.
    """

    __tablename__ = "leaderboard"
    __table_args__ = (one_of("part", Part),)

    phase_id: Mapped[UUID] = mapped_column(ForeignKey("phase.id"), primary_key=True)
    requested: Mapped[int] = mapped_column(BigInteger, default=0)
    ranked: Mapped[int] = mapped_column(BigInteger, default=0)
    announced_at: Mapped[datetime | None]
    ranked_at: Mapped[datetime | None] = mapped_column(doc="when it was last ranked")
    part: Mapped[str | None] = mapped_column(
        doc="by which samples it was last ranked; null where the phase keeps none private"
    )


# Drawn before the row is written, because the snapshot's own text states its number.
SNAPSHOT_NUMBERS = Sequence("leaderboard_snapshot_number", metadata=Base.metadata)


class Snapshot(Base):
    """The board as it was published, byte for byte. A trigger refuses to change or delete it."""

    __tablename__ = "leaderboard_snapshot"
    __table_args__ = (
        Index("ix_leaderboard_snapshot_phase", "phase_id", "created_at"),
        one_of("part", Part),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(BigInteger, unique=True)
    phase_id: Mapped[UUID] = mapped_column(ForeignKey("phase.id"))
    created_at: Mapped[datetime]
    sha256: Mapped[str] = mapped_column(doc="of body")
    content_sha256: Mapped[str] = mapped_column(doc="of the body without number and instant")
    body: Mapped[bytes] = mapped_column(LargeBinary, doc="JSON")
    csv: Mapped[bytes] = mapped_column(LargeBinary)
    markdown: Mapped[bytes] = mapped_column(LargeBinary)
    inputs: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), doc="private: all it was made from; null before 0003"
    )
    places: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), doc="submission id → rank, the pool only; null before 0003"
    )
    part: Mapped[str | None] = mapped_column(
        doc="which samples decided; null where the phase keeps none private"
    )


class RankingChange(Base):
    """A change of how a phase ranks, and who moved by it. A trigger refuses to alter or delete."""

    __tablename__ = "ranking_change"
    __table_args__ = (Index("ix_ranking_change_phase", "phase_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    phase_id: Mapped[UUID] = mapped_column(ForeignKey("phase.id"))
    at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    reason: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(doc="see app.phases.ranking_policy")
    after: Mapped[dict[str, Any]]
    moves: Mapped[list[Any]] = mapped_column(JSONB, doc="each entry's rank before and after")
