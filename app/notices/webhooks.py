"""Webhooks of teams and of challenges: make, change, test, delete, and see what became of each."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.challenges.service import get_organized
from app.errors import (
    Forbidden,
    NotFound,
    Place,
    TooManyPings,
    TooManyWebhooks,
    WebhookAddressRefused,
    WebhookDisabled,
)
from app.models import Challenge, Delivery, Notice, NoticeKind, Team, Webhook, new_id
from app.notices.addresses import Refused, read_target
from app.outbox import note
from app.policy import Viewer
from app.ratelimit import RateCounter
from app.teams.service import get_team

WEBHOOKS_EACH = 5
PINGS_PER_HOUR = 30
PING_LIVES = timedelta(minutes=10)
SECRET_PREFIX = "pbwh_"  # noqa: S105 - a prefix that scanners can recognise, not a secret


@dataclass(frozen=True)
class Owner:
    """Whose webhooks: exactly one of a team and a challenge."""

    team_id: UUID | None = None
    challenge_id: UUID | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        """Match the owner's webhooks."""
        if self.team_id is not None:
            return Webhook.team_id == self.team_id
        return Webhook.challenge_id == self.challenge_id


def of_team(session: Session, viewer: Viewer, team_id: UUID, *, change: bool) -> Owner:
    """Return a team as owner: members look, the captain changes.

    Raises
    ------
    NotFound
        If the viewer is in no such team.
    Forbidden
        If the viewer is not its captain, and would change something.
    """
    team = get_team(session, viewer, team_id)
    if change and team.captain_id != viewer.me:
        raise Forbidden("Only the captain changes the team's webhooks.")
    return Owner(team_id=team.id)


def of_challenge(session: Session, viewer: Viewer, slug: str) -> Owner:
    """Return a challenge as owner, to its organizers: an address can be a secret by itself.

    Raises
    ------
    NotFound, Forbidden
        As `challenges.service.get_organized`.
    """
    return Owner(challenge_id=get_organized(session, viewer, slug).id)


def create_webhook(
    session: Session,
    viewer: Viewer,
    owner: Owner,
    *,
    url: str,
    kinds: Collection[NoticeKind],
    local: bool,
    now: datetime,
) -> Webhook:
    """Make a webhook; its secret is shown this once.

    Raises
    ------
    WebhookAddressRefused
        If the URL may not be called.
    TooManyWebhooks
        If the owner has as many as it may.
    """
    _require_callable(url, local=local)
    _lock(session, owner)
    count = session.scalar(select(func.count()).select_from(Webhook).where(owner.condition)) or 0
    if count >= WEBHOOKS_EACH:
        raise TooManyWebhooks(f"There are {count} of at most {WEBHOOKS_EACH}; delete one first.")
    hook = Webhook(
        id=new_id(),
        challenge_id=owner.challenge_id,
        team_id=owner.team_id,
        url=url,
        secret=SECRET_PREFIX + secrets.token_urlsafe(32),
        kinds=sorted(kinds),
        created_by_id=viewer.me,
        created_at=now,
        failures=0,
    )
    session.add(hook)
    record(
        session,
        viewer,
        "webhook.created",
        challenge_id=hook.challenge_id,
        subject=hook,
        after=_facts(hook),
        now=now,
    )
    return hook


def list_webhooks(session: Session, owner: Owner) -> Sequence[Webhook]:
    """Return the owner's webhooks, oldest first."""
    return session.scalars(select(Webhook).where(owner.condition).order_by(Webhook.id)).all()


def get_webhook(session: Session, owner: Owner, webhook_id: UUID, *, lock: bool = False) -> Webhook:
    """Return one of the owner's webhooks.

    Raises
    ------
    NotFound
        If it has no such one.
    """
    statement = select(Webhook).where(Webhook.id == webhook_id, owner.condition)
    if lock:
        statement = statement.with_for_update()
    hook = session.scalars(statement).one_or_none()
    if hook is None:
        raise NotFound("webhook")
    return hook


def change_webhook(
    session: Session,
    viewer: Viewer,
    owner: Owner,
    webhook_id: UUID,
    *,
    kinds: Collection[NoticeKind] | None,
    enabled: bool | None,
    now: datetime,
) -> Webhook:
    """Choose other kinds, disable it, or enable it again with its failures forgotten.

    Raises
    ------
    NotFound
        As `get_webhook`.
    """
    hook = get_webhook(session, owner, webhook_id, lock=True)
    before = _facts(hook)
    if kinds is not None:
        hook.kinds = sorted(kinds)
    if enabled is True:
        hook.disabled_at = hook.disabled_reason = hook.failing_since = None
        hook.failures = 0
    elif enabled is False and hook.disabled_at is None:
        hook.disabled_at, hook.disabled_reason = now, "Disabled by its owner."
    record(
        session,
        viewer,
        "webhook.changed",
        challenge_id=hook.challenge_id,
        subject=hook,
        before=before,
        after=_facts(hook),
        now=now,
    )
    return hook


def _facts(hook: Webhook) -> dict[str, object]:
    """Return what the audit log says of a webhook; of its address, no more than the host."""
    return {"notices": hook.kinds, "enabled": hook.disabled_at is None}


def delete_webhook(
    session: Session, viewer: Viewer, owner: Owner, webhook_id: UUID, *, now: datetime
) -> None:
    """Delete a webhook with all that is kept of its deliveries.

    Raises
    ------
    NotFound
        As `get_webhook`.
    """
    hook = get_webhook(session, owner, webhook_id, lock=True)
    record(
        session,
        viewer,
        "webhook.deleted",
        challenge_id=hook.challenge_id,
        subject=hook,
        before=_facts(hook),
        now=now,
    )
    session.delete(hook)
    session.flush()


def ping_webhook(
    session: Session, owner: Owner, webhook_id: UUID, *, rates: RateCounter, now: datetime
) -> UUID:
    """Note that a webhook is to be tried; return the notice to announce to the queue.

    Raises
    ------
    NotFound
        As `get_webhook`.
    WebhookDisabled
        If it is disabled.
    TooManyPings
        If it was tried too often within the hour.
    """
    hook = get_webhook(session, owner, webhook_id)
    if hook.disabled_at is not None:
        raise WebhookDisabled("Enable the webhook first.")
    counter = f"ping:{hook.id}"
    rates.add(counter)
    count = rates.read(counter, now=now)
    if count.used > PINGS_PER_HOUR:
        raise TooManyPings(
            "This webhook was pinged too often.",
            limit=PINGS_PER_HOUR,
            used=PINGS_PER_HOUR,
            window="1 h",
            resets_at=count.resets_at,
        )
    notice_id = note(
        session,
        NoticeKind.PING,
        now=now,
        challenge_id=hook.challenge_id,
        webhook_id=hook.id,
        expires_at=now + PING_LIVES,
    )
    assert notice_id is not None  # noqa: S101 - it names no occasion; narrows for mypy
    return notice_id


def deliveries_of(
    session: Session, owner: Owner, webhook_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[tuple[Delivery, Notice]]:
    """Return what was, or is to be, delivered to a webhook, newest first; one more if there is.

    Raises
    ------
    NotFound
        As `get_webhook`.
    """
    hook = get_webhook(session, owner, webhook_id)
    statement = (
        select(Delivery, Notice)
        .join(Notice, Notice.id == Delivery.notice_id)
        .where(Delivery.webhook_id == hook.id)
    )
    if after is not None:
        statement = statement.where(Delivery.id < after)
    rows = session.execute(statement.order_by(Delivery.id.desc()).limit(limit + 1))
    return [(delivery, notice) for delivery, notice in rows]


def _require_callable(url: str, *, local: bool) -> None:
    try:
        read_target(url, local=local)
    except Refused as error:
        place = Place("address_refused", str(error), pointer="/body/url")
        raise WebhookAddressRefused("This URL cannot be a webhook.", [place]) from error


def _lock(session: Session, owner: Owner) -> None:
    """Hold the owner's row, so that two requests do not both find room; others may refer to it."""
    row: type[Team] | type[Challenge] = Team if owner.team_id is not None else Challenge
    key = owner.team_id or owner.challenge_id
    session.execute(select(row.id).where(row.id == key).with_for_update(key_share=True))
