"""Lists in pages: a cursor holds the key of the last item read, so that new items shift nothing."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from app.errors import InvalidInput, Place
from app.http.schemas import Item, Page

DEFAULT_LIMIT = 50
_LARGEST_KEY = 2**63 - 1
_PREFIX = "k"

Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=200, description="Most items to return.")]
Cursor = Annotated[
    str | None, Query(max_length=60, description="`next_cursor` of the page before this one.")
]


def page_of(
    rows: Sequence[Row], limit: int, *, item: Callable[[Row], Item], key: Callable[[Row], int]
) -> Page[Item]:
    """Make a page of the first `limit` rows; that there is one more row says that it goes on."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[item(row) for row in shown],
        next_cursor=write_cursor(key(shown[-1])) if more else None,
    )


def write_cursor(key: int) -> str:
    """Write the key of the last item read as an opaque word.

    >>> read_cursor(write_cursor(17))
    17
    """
    return base64.urlsafe_b64encode(f"{_PREFIX}{key}".encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> int | None:
    """Return the key in a cursor.

    Raises
    ------
    InvalidInput
        If it is not one that `write_cursor` wrote.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
        key = int(text.removeprefix(_PREFIX))
    except (ValueError, binascii.Error):
        key = -1
        text = ""
    if text != f"{_PREFIX}{key}" or not 0 <= key <= _LARGEST_KEY:
        place = Place("cursor", "not a cursor of this list", pointer="/query/cursor")
        raise InvalidInput("The cursor cannot be read.", [place])
    return key
