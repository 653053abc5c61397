"""Teams, their members, and the challenges they take part in."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of
from app.models.disqualified import Disqualifiable, disqualified_whole


class ParticipationState(StrEnum):
    """Whether a team may take part, where an organizer decides."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"


class MergeState(StrEnum):
    """What became of a proposal to merge."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Team(Base):
    __tablename__ = "team"
    __table_args__ = (Index("uq_team_name_folded", text("lower(name)"), unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    captain_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id"), doc="of a closed team, the last one"
    )
    invitation_digest: Mapped[str] = mapped_column(unique=True, doc="SHA-256 of the code")
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None] = mapped_column(doc="when nobody was in it any more")


class TeamMember(Base):
    __tablename__ = "team_member"

    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id"), primary_key=True, index=True
    )
    joined_at: Mapped[datetime]


class Participation(Disqualifiable, Base):
    """A team in a challenge: the row whose lock guards the quota.

    After a merge in a challenge that both teams took part in, one participation has the
    submissions of both, and the other names it.
    """

    __tablename__ = "participation"
    __table_args__ = (
        UniqueConstraint("challenge_id", "team_id"),
        UniqueConstraint("id", "challenge_id"),
        one_of("state", ParticipationState),
        CheckConstraint(
            "(state = 'declined') = (decision_reason IS NOT NULL)", name="declined_for_a_reason"
        ),
        CheckConstraint(
            "(decided_at IS NULL) = (decided_by_id IS NULL)", name="decided_by_somebody"
        ),
        disqualified_whole(),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"))
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), index=True)
    terms_version: Mapped[str]
    accepted_by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    accepted_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=ParticipationState.APPROVED)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id"), doc="null where none needed to decide"
    )
    decision_reason: Mapped[str | None] = mapped_column(doc="for the team")
    merged_into_id: Mapped[UUID | None] = mapped_column(ForeignKey("participation.id"))


class ParticipationMember(Base):
    """One person in one challenge. The primary key is the rule: at most one team per challenge.

    Who leaves a team that has handed in stays bound to it there, and sees nothing of it: a new
    team would be a new quota.
    """

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
    left_at: Mapped[datetime | None] = mapped_column(doc="when the person left its team")


class TeamMerge(Base):
    """A captain's proposal that another team become part of theirs, and what came of it."""

    __tablename__ = "team_merge"
    __table_args__ = (
        one_of("state", MergeState),
        CheckConstraint("team_id <> joining_team_id", name="of_two_teams"),
        CheckConstraint(
            "(state = 'proposed') = (decided_at IS NULL) "
            "AND (decided_at IS NULL) = (decided_by_id IS NULL)",
            name="decided_whole",
        ),
        CheckConstraint("(state = 'accepted') = (record IS NOT NULL)", name="accepted_is_recorded"),
        Index(
            "uq_team_merge_open",
            "team_id",
            "joining_team_id",
            unique=True,
            postgresql_where="state = 'proposed'",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    team_id: Mapped[UUID] = mapped_column(ForeignKey("team.id"), doc="stays")
    joining_team_id: Mapped[UUID] = mapped_column(
        ForeignKey("team.id"), index=True, doc="becomes part of the other, and closes"
    )
    proposed_by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    proposed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=MergeState.PROPOSED)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    record: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), doc="who moved, which participations, how many submissions"
    )
