"""Read the audit log: a challenge's roles what concerns it, the operator all of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import Session

from app.challenges.service import get_overseen
from app.db import SessionFactory
from app.models import AuditEntry, User
from app.policy import Viewer

AT_ONCE = 500


@dataclass(frozen=True)
class Filters:
    """Which entries are wanted; None is any. `since` is in, `until` is out."""

    action: str | None = None
    actor_id: UUID | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Match the entries; an action without a verb is all actions of its noun."""
        if self.action is not None and "." in self.action:
            yield AuditEntry.action == self.action
        elif self.action is not None:
            yield AuditEntry.action.startswith(f"{self.action}.", autoescape=True)
        if self.actor_id is not None:
            yield AuditEntry.actor_id == self.actor_id
        if self.subject_id is not None:
            yield AuditEntry.subject_id == self.subject_id
        if self.since is not None:
            yield AuditEntry.at >= self.since
        if self.until is not None:
            yield AuditEntry.at < self.until


@dataclass(frozen=True)
class Told:
    """An entry, and what its actor is called now."""

    entry: AuditEntry
    actor_name: str | None

    @property
    def id(self) -> UUID:
        """The entry's."""
        return self.entry.id


def list_entries(
    session: Session,
    viewer: Viewer,
    slug: str,
    filters: Filters,
    *,
    after: UUID | None,
    limit: int,
) -> list[Told]:
    """Return what was changed in a challenge, newest first, and one more than `limit` if any.

    Raises
    ------
    NotFound, Forbidden
        As `get_overseen`.
    """
    challenge = get_overseen(session, viewer, slug)
    statement = _matching(filters).where(AuditEntry.challenge_id == challenge.id)
    if after is not None:
        statement = statement.where(AuditEntry.id < after)
    rows = session.execute(statement.order_by(AuditEntry.id.desc()).limit(limit + 1))
    return _told(rows)


def all_entries(
    sessions: SessionFactory, filters: Filters, *, challenge_id: UUID | None
) -> Iterator[Told]:
    """Return entries of a challenge, or of everything, oldest first; no transaction stays open."""
    last: UUID | None = None
    while True:
        statement = _matching(filters).order_by(AuditEntry.id).limit(AT_ONCE)
        if challenge_id is not None:
            statement = statement.where(AuditEntry.challenge_id == challenge_id)
        if last is not None:
            statement = statement.where(AuditEntry.id > last)
        with sessions() as session:
            found = _told(session.execute(statement))
        yield from found
        if len(found) < AT_ONCE:
            return
        last = found[-1].id


def _matching(filters: Filters) -> Select[AuditEntry, str | None]:
    return (
        select(AuditEntry, User.name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(*filters.conditions())
    )


def _told(rows: Iterable[Row[AuditEntry, str | None]]) -> list[Told]:
    return [Told(entry, name) for entry, name in rows]
