"""How a board's answers are sent: with a tag, asked about before each use, and 304 where known."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

from fastapi import Header, Response, status

IfNoneMatch = Annotated[str | None, Header(description="The ETag you have.")]

# A board may be hidden or frozen at any moment, and what is made from it with it: so a copy is
# asked about before each use, that of an immutable snapshot too. A 304 costs next to nothing.
POLICY = {"Cache-Control": "no-cache", "Vary": "Authorization"}


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Tell whether the client has what it asks for.

    >>> is_known("a", 'W/"a", "b"'), is_known("a", "*"), is_known("a", '"b"'), is_known("a", None)
    (True, True, False, False)
    """
    known = {one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")}
    return f'"{tag}"' in known or "*" in known


def headers_of(tag: str, number: int | None = None, sha256: str = "") -> dict[str, str]:
    """Return the headers of an answer; with a snapshot's number, the address that cites it."""
    headers = {"ETag": f'"{tag}"', **POLICY}
    if number is not None:
        headers["Link"] = f'<{permalink(number, sha256)}>; rel="permalink"'
    return headers


@cache
def program_version() -> str:
    """Return what changes when the same snapshot is put otherwise: part of tags of such forms."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:8]


def permalink(number: int, sha256: str) -> str:
    """Return the address that shows this snapshot, and never another."""
    return f"/api/v1/leaderboards/snapshots/{number}?sha256={sha256}"


def unchanged(headers: Mapping[str, str]) -> Response:
    """Tell the client that it has the present bytes."""
    return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=dict(headers))
