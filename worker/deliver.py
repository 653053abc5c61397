"""Deliver one notice: write down to whom, then take each delivery, make it, and settle it.

No session is open while anything is sent. Whoever dies in between leaves a delivery that is due
again when its lease has passed: a receiver may get it twice, under the same id, and never not at
all for that.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.db import SessionFactory
from app.models import User, Webhook
from app.notices import mail
from app.notices.calling import Caller, call
from app.notices.deliveries import Outcome, Taken, settle, take
from app.notices.mail import Letter, Mailbox
from app.notices.message import document_of, read_subject, text_of
from app.notices.preferences import make_token
from app.notices.recipients import fan_out
from app.settings import Settings

OUR_FAULT = Outcome(ok=False, error="A fault of this server; it is tried again.")
NO_MAIL = Outcome(ok=False, error="This server sends no mail.", for_good=True)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outbound:
    """What a notifier works with; `tls` is what it trusts, `clock` tells the time."""

    settings: Settings
    sessions: SessionFactory
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    clock: Callable[[], datetime] = utc_now

    @property
    def caller(self) -> Caller:
        """Return how webhooks are called."""
        return Caller(local=self.settings.webhooks_to_loopback, tls=self.tls)


def deliver_notice(out: Outbound, notice_id: UUID) -> None:
    """Make every delivery of a notice that is due; a duplicate message finds nothing left."""
    with out.sessions() as session:
        fan_out(session, notice_id, mail=mail.sends_mail(out.settings), now=out.clock())
        session.commit()
    with mail.open_mailbox(out.settings, out.tls) as mailbox:
        while (taken := _take(out, notice_id)) is not None:
            outcome = _attempt(out, mailbox, taken)
            with out.sessions() as session:
                kept = settle(session, taken, outcome, now=out.clock())
                session.commit()
            log.info(
                "notice delivered" if outcome.ok else "notice not delivered",
                notice_id=str(notice_id),
                delivery_id=str(taken.delivery_id),
                attempt=taken.attempt,
                status_code=outcome.status_code,
                error=outcome.error,
                stored=kept,
            )


def _take(out: Outbound, notice_id: UUID) -> Taken | None:
    with out.sessions() as session:
        taken = take(session, notice_id, now=out.clock())
        session.commit()
    return taken


def _attempt(out: Outbound, mailbox: Mailbox | None, taken: Taken) -> Outcome:
    try:
        if taken.user_id is not None:
            return _mail(out, mailbox, taken, taken.user_id)
        return _call(out, taken)
    except Exception as error:  # one that cannot be made shall not keep the others back
        log.error("delivery broke", delivery_id=str(taken.delivery_id), exc_info=error)
        return OUR_FAULT


def _mail(out: Outbound, mailbox: Mailbox | None, taken: Taken, user_id: UUID) -> Outcome:
    if mailbox is None:
        return NO_MAIL
    with out.sessions() as session:
        letter = _letter(session, out.settings, taken, user_id)
    return mailbox.send(mail.write(letter), taken.delivery_id)


def _letter(session: Session, settings: Settings, taken: Taken, user_id: UUID) -> Letter:
    subject = read_subject(session, taken.notice_id, public_url=settings.public_url)
    token = make_token(session, user_id, subject.kind)
    return Letter(
        delivery_id=taken.delivery_id,
        to=session.get_one(User, user_id).email,
        sender=mail.sender_of(settings),
        text=text_of(subject),
        at=subject.at,
        public_url=subject.public_url,
        unsubscribe_url=f"{subject.public_url}/api/v1/notices/unsubscribe?token={token}",
    )


def _call(out: Outbound, taken: Taken) -> Outcome:
    with out.sessions() as session:
        subject = read_subject(session, taken.notice_id, public_url=out.settings.public_url)
        hook = session.get_one(Webhook, taken.webhook_id)
        url, secret = hook.url, hook.secret
        document = document_of(subject, taken.delivery_id)
    return call(
        out.caller, url, document, secret=secret, delivery_id=taken.delivery_id, now=out.clock()
    )
