"""Lists in pages: a cursor is the id of the last item read, so that new items shift nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Depends, Query

from app.errors import InvalidInput, Place
from app.http.schemas import Page

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items to return.")]
Cursor = Annotated[
    str | None, Query(max_length=40, description="`next_cursor` of the page before this one.")
]


class _HasId(Protocol):
    @property
    def id(self) -> UUID: ...


Row = TypeVar("Row")
Shown = TypeVar("Shown", bound=_HasId)


@dataclass(frozen=True)
class PageRequest:
    """Where a page begins, and how long it may be."""

    after: UUID | None
    limit: int


def _paging(cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT) -> PageRequest:
    return PageRequest(None if cursor is None else read_cursor(cursor), limit)


Paging = Annotated[PageRequest, Depends(_paging)]


# The quotes keep pydantic from making a model of the protocol.
def page_of(
    rows: Sequence[Row], paging: PageRequest, show: Callable[[Row], Shown]
) -> "Page[Shown]":
    """Make a page of the first rows; that there is one more than the limit says it goes on."""
    items = [show(row) for row in rows[: paging.limit]]
    goes_on = len(rows) > paging.limit
    return Page(items=items, next_cursor=write_cursor(items[-1].id) if goes_on else None)


def write_cursor(last: UUID) -> str:
    """Write the id of the last item read as an opaque word.

    >>> read_cursor(write_cursor(UUID(int=7)))
    UUID('00000000-0000-0000-0000-000000000007')
    """
    return base64.urlsafe_b64encode(last.bytes).decode().rstrip("=")


def read_cursor(cursor: str) -> UUID:
    """Return the id in a cursor.

    Raises
    ------
    InvalidInput
        If it is not one that `write_cursor` wrote.
    """
    try:
        last = UUID(bytes=base64.b64decode(f"{cursor}==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        last = None
    if last is None or write_cursor(last) != cursor:
        place = Place("cursor", "not a cursor of this list", pointer="/query/cursor")
        raise InvalidInput("The cursor cannot be read.", [place])
    return last
