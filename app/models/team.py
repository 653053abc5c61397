"""Teams, their members, and the challenges they take part in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id


class Team(Base):
    __tablename__ = "team"
    __table_args__ = (Index("uq_team_name_folded", text("lower(name)"), unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    captain_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    invitation_digest: Mapped[str] = mapped_column(unique=True, doc="SHA-256 of the code")
    created_at: Mapped[datetime]


class TeamMember(Base):
    __tablename__ = "team_member"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id"), primary_key=True, index=True
    )
    joined_at: Mapped[datetime]


class Participation(Base):
    """A team in a challenge: the row whose lock guards the quota."""

    __tablename__ = "participation"
    __table_args__ = (
        UniqueConstraint("challenge_id", "team_id"),
        UniqueConstraint("id", "challenge_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"))
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), index=True)
    terms_version: Mapped[str]
    accepted_by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    accepted_at: Mapped[datetime]


class ParticipationMember(Base):
    """One person in one challenge. The primary key is the rule: at most one team per challenge."""

    __tablename__ = "participation_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["participation_id", "challenge_id"], ["participation.id", "participation.challenge_id"]
        ),
    )

    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id"), primary_key=True, index=True
    )
    participation_id: Mapped[UUID] = mapped_column(index=True)
