"""Announcements, what is to be told (the outbox), and to whom it is delivered how.

All of it is derived from other rows or adds to them, so it goes when they go: phases that nobody
handed in to may be taken out of a challenge.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of


class NoticeKind(StrEnum):
    """What is told."""

    SCORED = "scored"
    REJECTED = "rejected"
    FAILED = "failed"
    QUOTA_FREE = "quota-free"
    PHASE_OPENS = "phase-opens-soon"
    PHASE_CLOSES = "phase-closes-soon"
    ANNOUNCEMENT = "announcement"
    RANKING_CHANGED = "ranking-changed"
    RESCORED = "rescored"
    PHASE_EXTENDED = "phase-extended"
    EXCEPTION_GRANTED = "exception-granted"
    ORGANIZERS_DECIDED = "organizers-decided"
    MERGE = "merge"
    PING = "ping"


class DeliveryStatus(StrEnum):
    """How a delivery stands; `dropped` is one that became pointless before it was made."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


class Announcement(Base):
    """What organizers tell everybody. A withdrawn one is shown to nobody."""

    __tablename__ = "announcement"
    __table_args__ = (Index("ix_announcement_challenge", "challenge_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID] = mapped_column(ForeignKey("challenge.id"))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    title: Mapped[str]
    body: Mapped[str] = mapped_column(doc="Markdown")
    posted_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class Webhook(Base):
    """An address of a team's or of a challenge's organizers that notices are posted to.

    The secret is kept as it is, not as a hash: each request is signed with it.
    """

    __tablename__ = "webhook"
    __table_args__ = (
        CheckConstraint("(challenge_id IS NULL) <> (team_id IS NULL)", name="has_one_owner"),
        CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_for_a_reason"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    challenge_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("challenge.id", ondelete="CASCADE"), index=True
    )
    team_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("team.id", ondelete="CASCADE"), index=True
    )
    url: Mapped[str]
    secret: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0, doc="in a row")
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]


class Notice(Base):
    """Something to tell, written in the transaction in which it happened.

    `once` names the occasion: what has a row already is not told again.
    """

    __tablename__ = "notice"
    __table_args__ = (
        one_of("kind", NoticeKind),
        CheckConstraint("(kind = 'ping') = (webhook_id IS NOT NULL)", name="pings_a_webhook"),
        CheckConstraint(
            "kind = 'ping' OR (challenge_id IS NULL) = (team_id IS NOT NULL)",
            name="of_a_challenge",
        ),
        CheckConstraint("(kind = 'merge') = (team_id IS NOT NULL)", name="merges_are_of_a_team"),
        Index("ix_notice_unsent", "id", postgresql_where="fanned_out_at IS NULL"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    at: Mapped[datetime]
    once: Mapped[str | None] = mapped_column(unique=True)
    challenge_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("challenge.id", ondelete="CASCADE"), index=True
    )
    phase_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("phase.id", ondelete="CASCADE"), index=True
    )
    participation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("participation.id", ondelete="CASCADE"), index=True
    )
    team_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("team.id", ondelete="CASCADE"),
        index=True,
        doc="of what concerns a team in no one challenge",
    )
    submission_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("submission.id", ondelete="CASCADE"), index=True
    )
    announcement_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("announcement.id", ondelete="CASCADE"), index=True
    )
    webhook_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("webhook.id", ondelete="CASCADE"), index=True
    )
    facts: Mapped[dict[str, Any]] = mapped_column(doc="what the rows may not say any more later")
    expires_at: Mapped[datetime | None] = mapped_column(doc="from when on it would mislead")
    fanned_out_at: Mapped[datetime | None] = mapped_column(doc="when its deliveries were written")
    announced_at: Mapped[datetime | None] = mapped_column(doc="when the queue was last told")


class Delivery(Base):
    """One notice to one person by mail, or to one webhook. Its id is the same at each attempt.

    Who delivers it puts `due_at` off by a lease, so that it is due again if they die; the attempt's
    number fences what they write of it.
    """

    __tablename__ = "notice_delivery"
    __table_args__ = (
        one_of("status", DeliveryStatus),
        CheckConstraint("(user_id IS NULL) <> (webhook_id IS NULL)", name="has_one_receiver"),
        CheckConstraint("(status = 'waiting') = (settled_at IS NULL)", name="settled_or_waiting"),
        UniqueConstraint("notice_id", "user_id"),
        UniqueConstraint("notice_id", "webhook_id"),
        Index("ix_notice_delivery_due", "due_at", postgresql_where="status = 'waiting'"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), index=True
    )
    webhook_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("webhook.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[str] = mapped_column(default=DeliveryStatus.WAITING)
    attempt: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    status_code: Mapped[int | None] = mapped_column(doc="the webhook's last answer")
    error: Mapped[str | None] = mapped_column(doc="of the last attempt, for the receiver's owner")


class NoticePreference(Base):
    """A person's choice for one kind; without a row, the default holds."""

    __tablename__ = "notice_preference"
    __table_args__ = (one_of("kind", NoticeKind),)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    by_mail: Mapped[bool]


class SigningKey(Base):
    """The one key that links in mails are signed with, made by the migration.

    It is kept here and not in the settings: every process has it, and a restored backup keeps the
    links of old mails working.
    """

    __tablename__ = "signing_key"
    __table_args__ = (CheckConstraint("id = 1", name="is_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str]
