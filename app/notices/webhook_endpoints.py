"""`/teams/{id}/webhooks` and `/challenges/{slug}/webhooks`: alike, for two kinds of owners."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, status
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.errors import (
    Forbidden,
    NotFound,
    TooManyPings,
    TooManyWebhooks,
    WebhookAddressRefused,
    WebhookDisabled,
)
from app.http.dependencies import (
    AppSettings,
    DbSession,
    OrganizeViewer,
    Queue,
    Rates,
    ReadViewer,
    SubmitViewer,
)
from app.http.pagination import PageRequest, Paging, page_of
from app.http.problems import declare
from app.http.schemas import Page
from app.notices import webhooks
from app.notices.schemas import (
    DeliveryView,
    NewWebhookView,
    PingView,
    WebhookChange,
    WebhookRequest,
    WebhookView,
)
from app.notices.webhooks import Owner
from app.policy import Viewer
from app.queue import DELIVER_NOTICE, JobQueue
from app.ratelimit import RateCounter
from app.settings import Settings

router = APIRouter(tags=["notices"])

Slug = Annotated[str, Path(description="The challenge's slug.", examples=["spring-2026"])]
TeamId = Annotated[UUID, Path(description="The team's id.")]
WebhookId = Annotated[UUID, Path(description="The webhook's id.")]

TEAM, CHALLENGE = "/teams/{team_id}/webhooks", "/challenges/{slug}/webhooks"
_REFUSES = declare(NotFound, Forbidden)
_REFUSES_NEW = declare(NotFound, Forbidden, TooManyWebhooks, WebhookAddressRefused)
_REFUSES_PING = declare(NotFound, Forbidden, WebhookDisabled, TooManyPings)


@router.post(TEAM, status_code=status.HTTP_201_CREATED, responses=_REFUSES_NEW)
def create_team_webhook(
    team_id: TeamId,
    body: WebhookRequest,
    session: DbSession,
    settings: AppSettings,
    viewer: SubmitViewer,
) -> NewWebhookView:
    """Have what concerns your team posted to an address. Captain only."""
    owner = webhooks.of_team(session, viewer, team_id, change=True)
    return _create(session, viewer, owner, body, settings)


@router.post(CHALLENGE, status_code=status.HTTP_201_CREATED, responses=_REFUSES_NEW)
def create_challenge_webhook(
    slug: Slug,
    body: WebhookRequest,
    session: DbSession,
    settings: AppSettings,
    viewer: OrganizeViewer,
) -> NewWebhookView:
    """Have what happens in a challenge, to any team, posted to an address. Organizers only."""
    owner = webhooks.of_challenge(session, viewer, slug)
    return _create(session, viewer, owner, body, settings)


@router.get(TEAM, responses=declare(NotFound))
def list_team_webhooks(
    team_id: TeamId, session: DbSession, viewer: ReadViewer
) -> list[WebhookView]:
    """List your team's webhooks, oldest first."""
    owner = webhooks.of_team(session, viewer, team_id, change=False)
    return [WebhookView.of(hook) for hook in webhooks.list_webhooks(session, owner)]


@router.get(CHALLENGE, responses=_REFUSES)
def list_challenge_webhooks(
    slug: Slug, session: DbSession, viewer: ReadViewer
) -> list[WebhookView]:
    """List a challenge's webhooks, oldest first. Organizers only."""
    owner = webhooks.of_challenge(session, viewer, slug)
    return [WebhookView.of(hook) for hook in webhooks.list_webhooks(session, owner)]


@router.patch(f"{TEAM}/{{webhook_id}}", responses=_REFUSES)
def change_team_webhook(
    team_id: TeamId,
    webhook_id: WebhookId,
    body: WebhookChange,
    session: DbSession,
    viewer: SubmitViewer,
) -> WebhookView:
    """Choose other kinds, disable a webhook, or enable it again. Captain only."""
    owner = webhooks.of_team(session, viewer, team_id, change=True)
    return _change(session, viewer, owner, webhook_id, body)


@router.patch(f"{CHALLENGE}/{{webhook_id}}", responses=_REFUSES)
def change_challenge_webhook(
    slug: Slug,
    webhook_id: WebhookId,
    body: WebhookChange,
    session: DbSession,
    viewer: OrganizeViewer,
) -> WebhookView:
    """Choose other kinds, disable a webhook, or enable it again. Organizers only."""
    owner = webhooks.of_challenge(session, viewer, slug)
    return _change(session, viewer, owner, webhook_id, body)


@router.delete(f"{TEAM}/{{webhook_id}}", status_code=status.HTTP_204_NO_CONTENT, responses=_REFUSES)
def delete_team_webhook(
    team_id: TeamId, webhook_id: WebhookId, session: DbSession, viewer: SubmitViewer
) -> None:
    """Delete a webhook and what is kept of its deliveries. Captain only."""
    owner = webhooks.of_team(session, viewer, team_id, change=True)
    webhooks.delete_webhook(session, viewer, owner, webhook_id, now=utc_now())
    session.commit()


@router.delete(
    f"{CHALLENGE}/{{webhook_id}}", status_code=status.HTTP_204_NO_CONTENT, responses=_REFUSES
)
def delete_challenge_webhook(
    slug: Slug, webhook_id: WebhookId, session: DbSession, viewer: OrganizeViewer
) -> None:
    """Delete a webhook and what is kept of its deliveries. Organizers only."""
    owner = webhooks.of_challenge(session, viewer, slug)
    webhooks.delete_webhook(session, viewer, owner, webhook_id, now=utc_now())
    session.commit()


@router.post(
    f"{TEAM}/{{webhook_id}}/ping", status_code=status.HTTP_202_ACCEPTED, responses=_REFUSES_PING
)
def ping_team_webhook(
    team_id: TeamId,
    webhook_id: WebhookId,
    session: DbSession,
    queue: Queue,
    rates: Rates,
    viewer: SubmitViewer,
) -> PingView:
    """Try a webhook: a `ping` is posted to it soon. Captain only."""
    owner = webhooks.of_team(session, viewer, team_id, change=True)
    return _ping(session, queue, owner, webhook_id, rates)


@router.post(
    f"{CHALLENGE}/{{webhook_id}}/ping",
    status_code=status.HTTP_202_ACCEPTED,
    responses=_REFUSES_PING,
)
def ping_challenge_webhook(
    slug: Slug,
    webhook_id: WebhookId,
    session: DbSession,
    queue: Queue,
    rates: Rates,
    viewer: OrganizeViewer,
) -> PingView:
    """Try a webhook: a `ping` is posted to it soon. Organizers only."""
    owner = webhooks.of_challenge(session, viewer, slug)
    return _ping(session, queue, owner, webhook_id, rates)


@router.get(f"{TEAM}/{{webhook_id}}/deliveries", responses=declare(NotFound))
def list_team_deliveries(
    team_id: TeamId, webhook_id: WebhookId, session: DbSession, viewer: ReadViewer, paging: Paging
) -> Page[DeliveryView]:
    """List what became of each notice to a webhook of your team, newest first."""
    owner = webhooks.of_team(session, viewer, team_id, change=False)
    return _deliveries(session, owner, webhook_id, paging)


@router.get(f"{CHALLENGE}/{{webhook_id}}/deliveries", responses=_REFUSES)
def list_challenge_deliveries(
    slug: Slug,
    webhook_id: WebhookId,
    session: DbSession,
    viewer: ReadViewer,
    paging: Paging,
) -> Page[DeliveryView]:
    """List what became of each notice to a challenge's webhook, newest first. Organizers only."""
    owner = webhooks.of_challenge(session, viewer, slug)
    return _deliveries(session, owner, webhook_id, paging)


def _create(
    session: Session, viewer: Viewer, owner: Owner, body: WebhookRequest, settings: Settings
) -> NewWebhookView:
    hook = webhooks.create_webhook(
        session,
        viewer,
        owner,
        url=body.url,
        kinds=body.kinds,
        local=settings.webhooks_to_loopback,
        now=utc_now(),
    )
    session.commit()
    return NewWebhookView.of(hook)


def _change(
    session: Session, viewer: Viewer, owner: Owner, webhook_id: UUID, body: WebhookChange
) -> WebhookView:
    hook = webhooks.change_webhook(
        session, viewer, owner, webhook_id, kinds=body.kinds, enabled=body.enabled, now=utc_now()
    )
    session.commit()
    return WebhookView.of(hook)


def _ping(
    session: Session, queue: JobQueue, owner: Owner, webhook_id: UUID, rates: RateCounter
) -> PingView:
    notice_id = webhooks.ping_webhook(session, owner, webhook_id, rates=rates, now=utc_now())
    session.commit()
    queue.announce(DELIVER_NOTICE, notice_id)
    return PingView(notice=notice_id)


def _deliveries(
    session: Session, owner: Owner, webhook_id: UUID, paging: PageRequest
) -> Page[DeliveryView]:
    rows = webhooks.deliveries_of(
        session, owner, webhook_id, after=paging.after, limit=paging.limit
    )
    return page_of(rows, paging, DeliveryView.of)
