"""Bodies of the audit log."""

from typing import Any, Self
from uuid import UUID

from pydantic import Field

from app.audit.reading import Told
from app.http.schemas import Instant, View
from app.models import ActorKind


class ActorView(View):
    """Who acted."""

    kind: ActorKind = Field(
        description="`operator` is the server's operator; `system` a rule of the server itself."
    )
    id: UUID | None = Field(description="The person's id; null where no person acted by a request.")
    name: str | None = Field(description="What the person is called now.")


class AuditSubjectView(View):
    """What was changed."""

    kind: str = Field(description="What it is.", examples=["submission"])
    id: str = Field(description="Its id.")
    name: str | None = Field(description="What it was called then.")


class AuditEntryView(View):
    """One change, as it was noted in the transaction that made it."""

    id: UUID = Field(description="The entry's id.")
    at: Instant = Field(description="When.")
    action: str = Field(description="A noun and a verb.", examples=["submission.disqualified"])
    actor: ActorView = Field(description="By whom.")
    subject: AuditSubjectView = Field(description="Of what.")
    before: dict[str, Any] | None = Field(description="What was so before, of what has changed.")
    after: dict[str, Any] | None = Field(description="What is so since.")
    reason: str | None = Field(description="Why, where the actor, or the rule, said so.")
    request_id: UUID | None = Field(
        description="The `X-Request-Id` of the answer; the server's log lines carry it."
    )

    @classmethod
    def of(cls, told: Told) -> Self:
        """Tell an entry."""
        one = told.entry
        return cls(
            id=one.id,
            at=one.at,
            action=one.action,
            actor=ActorView(kind=ActorKind(one.actor_kind), id=one.actor_id, name=told.actor_name),
            subject=AuditSubjectView(
                kind=one.subject_kind, id=one.subject_id, name=one.subject_name
            ),
            before=one.before,
            after=one.after,
            reason=one.reason,
            request_id=one.request_id,
        )
