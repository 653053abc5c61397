"""Keep a lease alive while numbers are computed, from a thread with its own connection."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.clock import utc_now
from worker.parts import Parts

RENEWALS_PER_LEASE = 3

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Somebody else has the submission now: stop, and write nothing."""


class Renewal(Protocol):
    """Prolongs a lease on something, and notes progress; False if the lease was lost."""

    def __call__(
        self, session: Session, *, now: datetime, lease: timedelta, tasks_done: int | None
    ) -> bool: ...


class Lease:
    """The right to work on something."""

    def __init__(self, parts: Parts, renew: Renewal) -> None:
        self._parts = parts
        self._renew_row = renew
        self._length = timedelta(seconds=parts.settings.lease_s)
        self._stopped = threading.Event()
        self._lost = threading.Event()

    def note_progress(self, tasks_done: int) -> None:
        """Store how many tasks are done.

        Raises
        ------
        LeaseLost
            If the lease ran out and was taken back.
        """
        if self._lost.is_set() or not self._try_to_renew(tasks_done):
            raise LeaseLost

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease in the background until the block ends."""
        thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def _keep(self) -> None:
        pause_s = self._length.total_seconds() / RENEWALS_PER_LEASE
        while not self._stopped.wait(pause_s):
            if not self._try_to_renew(None):
                self._lost.set()
                return

    def _try_to_renew(self, tasks_done: int | None) -> bool:
        """Renew; False only if the lease is known to be lost. A database may come back in time."""
        try:
            return self._renew(tasks_done)
        except SQLAlchemyError as error:
            log.warning("lease not renewed", error=repr(error))
            return True

    def _renew(self, tasks_done: int | None) -> bool:
        with self._parts.sessions() as session:
            renewed = self._renew_row(
                session, now=utc_now(), lease=self._length, tasks_done=tasks_done
            )
            session.commit()
        return renewed
