"""Celery, configured from the settings; `celery -A worker.celery_app worker` starts here."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging

from app.logs import configure_logging
from app.settings import settings_of_environment

settings = settings_of_environment()
# OpenBLAS reads it once, when NumPy is loaded; of what comes later each child gets a copy.
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = str(settings.blas_threads)

from app.queue import make_celery  # noqa: E402  it imports the models, and they NumPy
from worker.broker import use_steady_channels  # noqa: E402  with its like

use_steady_channels()
celery: Celery = make_celery(settings)
celery.conf.imports = ("worker.jobs",)


@celeryd_init.connect  # type: ignore[untyped-decorator]  # before it warns of anything
@setup_logging.connect  # type: ignore[untyped-decorator]  # Celery has no types
def _log_as_we_do(**_: Any) -> None:
    configure_logging(settings.log_level)
    for chatty in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # the jobs log what they do
