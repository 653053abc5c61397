"""Celery for notifiers; `celery -A worker.notifier worker --queues notices` starts here.

A process of its own, because it is the one that talks to the outside world: it needs no labels and
no blobs, and what workers compute never waits for somebody's slow server.
"""

import logging
from functools import cache
from typing import Any
from uuid import UUID

from celery import Celery
from celery.signals import celeryd_init, setup_logging

from app.db import make_engine, make_sessions
from app.logs import configure_logging
from app.queue import DELIVER_NOTICE, make_celery
from app.settings import settings_of_environment
from worker import deliver
from worker.broker import use_steady_channels
from worker.deliver import Outbound

settings = settings_of_environment()
use_steady_channels()
celery: Celery = make_celery(settings)


@cache
def outbound() -> Outbound:
    """Return this process's parts, made when they are first asked for."""
    return Outbound(settings, make_sessions(make_engine(settings)))


@celery.task(name=DELIVER_NOTICE, shared=False)  # type: ignore[untyped-decorator]  # Celery has no types
def deliver_notice(notice_id: str) -> None:
    """Deliver one notice."""
    deliver.deliver_notice(outbound(), UUID(notice_id))


@celeryd_init.connect  # type: ignore[untyped-decorator]  # before it warns of anything
@setup_logging.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _log_as_we_do(**_: Any) -> None:
    configure_logging(settings.log_level)
    for chatty in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # the job logs what it does
