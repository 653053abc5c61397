"""What an audit entry says of rows: their kinds, their names, and values as JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from app.clock import to_json_instant
from app.models import (
    Announcement,
    Base,
    Challenge,
    Participation,
    Phase,
    Submission,
    Team,
    TeamMerge,
    Token,
    User,
    Webhook,
)

_KINDS = {"user_account": "account"}
Facts = Mapping[str, object]


def kind_of(subject: Base) -> str:
    """Return what a row is called: its table's name, in words."""
    table = str(subject.__tablename__)
    return _KINDS.get(table, table.replace("_", "-"))


def name_of(session: Session, subject: Base) -> str | None:
    """Return what people call a row; of an address only the host, of a person no e-mail."""
    match subject:
        case Challenge() | Phase() | Announcement():
            return subject.title
        case Team() | Token() | User():
            return subject.name
        case Submission():
            return subject.method_name
        case Webhook():
            return urlsplit(subject.url).hostname
        case Participation():
            return session.get_one(Team, subject.team_id).name
        case TeamMerge():
            return session.get_one(Team, subject.team_id).name
    return None


def differences(before: Facts | None, after: Facts | None) -> tuple[Facts | None, Facts | None]:
    """Leave out what is the same on both sides, where there are two.

    >>> differences({"title": "A", "body": "x"}, {"title": "B", "body": "x"})
    ({'title': 'A'}, {'title': 'B'})
    >>> differences(None, {"title": "B"})
    (None, {'title': 'B'})
    """
    if before is None or after is None:
        return before, after
    moved = [
        name
        for name in (*before, *(name for name in after if name not in before))
        if name not in before or name not in after or before[name] != after[name]
    ]
    return (
        {name: before[name] for name in moved if name in before},
        {name: after[name] for name in moved if name in after},
    )


def plain(value: object) -> Any:
    """Return a value as JSON has it: instants end in `Z`, ids are text.

    >>> from datetime import UTC
    >>> plain({"closes_at": datetime(2026, 3, 31, 12, tzinfo=UTC), "scopes": {"b", "a"}})
    {'closes_at': '2026-03-31T12:00:00.000Z', 'scopes': ['a', 'b']}
    """
    match value:
        case Mapping():
            return {str(name): plain(one) for name, one in value.items()}
        case set() | frozenset():
            return sorted(plain(one) for one in value)
        case list() | tuple():
            return [plain(one) for one in value]
        case datetime():
            return to_json_instant(value)
        case UUID():
            return str(value)
        case str():
            return str(value)  # of an enumeration, its text
    return value
