"""Bodies of announcements, preferences and webhooks."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from app.http.schemas import Body, Instant, Line, View
from app.models import Delivery, DeliveryStatus, Notice, NoticeKind, Webhook
from app.notices.addresses import URL_LIMIT
from app.notices.kinds import KINDS

BODY_LIMIT = 20_000


def _chosen_of(kind: NoticeKind) -> NoticeKind:
    if kind not in KINDS:
        raise ValueError("is of no kind to choose")
    return kind


Kind = Annotated[NoticeKind, AfterValidator(_chosen_of)]
Kinds = Annotated[
    set[Kind], Field(min_length=1, description="The kinds of notices that are posted to it.")
]


class AnnouncementRequest(Body):
    """Something to tell everybody."""

    title: Line = Field(
        min_length=1,
        max_length=150,
        description="One line; the subject of the mail.",
        examples=["The test phase opens on Friday"],
    )
    body: str = Field(
        min_length=1,
        max_length=BODY_LIMIT,
        description="Markdown; no HTML is let through.",
        examples=["Embeddings have **1024** dimensions there, as in the dev phase."],
    )


class AnnouncementChange(Body):
    """What is to be said otherwise; members that are left out stay."""

    title: Line | None = Field(
        default=None, min_length=1, max_length=150, description="One line.", examples=["Corrected"]
    )
    body: str | None = Field(
        default=None,
        min_length=1,
        max_length=BODY_LIMIT,
        description="Markdown.",
        examples=["The test phase opens on *Saturday*."],
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.title is None and self.body is None:
            raise ValueError("must name a title or a body")
        return self


class AnnouncementView(View):
    """What organizers told everybody."""

    id: UUID = Field(description="The announcement's id.")
    title: str = Field(description="One line.")
    body: str = Field(description="Markdown.")
    posted_at: Instant = Field(description="When it was posted.")
    edited_at: Instant | None = Field(description="When it was last changed; null if never.")


class PreferenceView(View):
    """Whether you get one kind of notices by mail."""

    kind: NoticeKind = Field(description="The kind.")
    about: str = Field(description="What it tells, in words.")
    by_mail: bool = Field(description="Whether you get it by mail.")
    is_default: bool = Field(description="Whether you have not chosen yet.")


class PreferencesView(View):
    """All kinds of notices, and whether you get them by mail."""

    kinds: list[PreferenceView] = Field(description="A member for each kind.")


class PreferencesRequest(Body):
    """The kinds you choose of; those left out stay as they are."""

    by_mail: dict[Kind, bool] = Field(
        min_length=1,
        description="Kind → whether you want it by mail.",
        examples=[{"scored": False, "quota-free": True}],
    )


class WebhookRequest(Body):
    """An address that notices are posted to."""

    url: str = Field(
        min_length=1,
        max_length=URL_LIMIT,
        description="An https URL of a public host, without user, password and fragment.",
        examples=["https://example.org/hooks/probeboard"],
    )
    kinds: Kinds = Field(default=set(KINDS), examples=[["scored", "rejected", "failed"]])


class WebhookChange(Body):
    """What is to be changed; members that are left out stay."""

    kinds: Kinds | None = Field(
        default=None,
        description="The kinds of notices that are posted to it.",
        examples=[["announcement"]],
    )
    enabled: bool | None = Field(
        default=None,
        description="`true` forgets its failures and delivers again; `false` stops it.",
        examples=[True],
    )


class WebhookView(View):
    """A webhook without its secret."""

    id: UUID = Field(description="The webhook's id.")
    url: str = Field(description="Where notices are posted to.")
    kinds: list[NoticeKind] = Field(description="Which notices.")
    created_at: Instant = Field(description="When it was made.")
    failures: int = Field(description="Attempts that failed, in a row, up to now.")
    failing_since: Instant | None = Field(description="When the first of these was.")
    disabled_at: Instant | None = Field(
        description="Since when nothing is delivered; null if it is."
    )
    disabled_reason: str | None = Field(description="Why not, in words.")

    @classmethod
    def of(cls, hook: Webhook) -> Self:
        """Describe a webhook."""
        return cls.model_validate(hook)


class NewWebhookView(WebhookView):
    """A webhook with its secret, shown this once."""

    secret: str = Field(
        description="Key of the HMAC-SHA256 in `X-Probeboard-Signature: t=<unix>,v1=<hex>`, which "
        "is of `<unix>.<body>`. Compare it in constant time, and refuse what is minutes old.",
        examples=["pbwh_…"],
    )


class PingView(View):
    """A ping that is on its way."""

    notice: UUID = Field(description="It is this one in the list of the webhook's deliveries.")


class DeliveryView(View):
    """One notice to one webhook."""

    id: UUID = Field(description="As in `X-Probeboard-Delivery`: the same at each attempt.")
    notice: UUID = Field(description="What happened; several webhooks may be told of it.")
    kind: NoticeKind = Field(description="What it told.")
    at: Instant = Field(description="When that happened.")
    status: DeliveryStatus = Field(
        description="`waiting` for an attempt, `delivered`, `failed` after the last attempt, or "
        "`dropped` because it became pointless."
    )
    attempts: int = Field(description="Attempts made or begun.")
    next_attempt_at: Instant | None = Field(description="While it waits: when, at the earliest.")
    settled_at: Instant | None = Field(description="When it was delivered, failed or dropped.")
    status_code: int | None = Field(description="The last answer's HTTP status; null if none came.")
    error: str | None = Field(description="Why the last attempt did not succeed, in words.")

    @classmethod
    def of(cls, row: tuple[Delivery, Notice]) -> Self:
        """Describe a delivery."""
        delivery, notice = row
        waits = delivery.status == DeliveryStatus.WAITING
        return cls(
            id=delivery.id,
            notice=notice.id,
            kind=NoticeKind(notice.kind),
            at=notice.at,
            status=DeliveryStatus(delivery.status),
            attempts=delivery.attempt,
            next_attempt_at=delivery.due_at if waits else None,
            settled_at=delivery.settled_at,
            status_code=delivery.status_code,
            error=delivery.error,
        )
