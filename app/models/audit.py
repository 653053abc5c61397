"""The audit log: who changed what, when, from what to what. Rows are added and never change."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, new_id, one_of


class ActorKind(StrEnum):
    """Who acted: a person, the server's operator, or a rule of the server itself."""

    PERSON = "person"
    OPERATOR = "operator"
    SYSTEM = "system"


class AuditEntry(Base):
    """One change. Triggers refuse to alter it, to delete it, and to empty the table.

    It has no foreign keys: what it tells of may go, and stays told; and it is written last, while
    its writer holds other rows, so that it must not wait for whoever has locked a challenge.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        one_of("actor_kind", ActorKind),
        CheckConstraint("action ~ '^[a-z-]+[.][a-z-]+$'", name="action_is_noun_and_verb"),
        CheckConstraint("actor_kind <> 'person' OR actor_id IS NOT NULL", name="person_is_named"),
        Index("ix_audit_entry_challenge", "challenge_id", "id"),
        Index("ix_audit_entry_request", "request_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    challenge_id: Mapped[UUID | None] = mapped_column(doc="None: for the operator alone")
    actor_id: Mapped[UUID | None]
    actor_kind: Mapped[str]
    token_id: Mapped[UUID | None]
    request_id: Mapped[UUID | None]
    action: Mapped[str] = mapped_column(doc="“noun.verb”")
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    subject_name: Mapped[str | None] = mapped_column(doc="as it was called then")
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str | None]
