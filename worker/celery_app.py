"""Celery, configured from the settings; `celery -A worker.celery_app worker` starts here."""

import logging
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging

from app.logs import configure_logging
from app.queue import make_celery
from app.settings import Settings
from worker.broker import use_steady_channels

use_steady_channels()
settings = Settings()
celery: Celery = make_celery(settings)
celery.conf.imports = ("worker.jobs",)


@celeryd_init.connect  # type: ignore[untyped-decorator]  # before it warns of anything
@setup_logging.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _log_as_we_do(**_: Any) -> None:
    configure_logging(settings.log_level)
    for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # the jobs log what they do
