"""An answer that is kept: its bytes, their gzip form, and which of them a request gets."""

import asyncio
import gzip
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Self

from starlette.types import Message

RawHeaders = list[tuple[bytes, bytes]]

COMPRESSED_TYPES = (b"text/", b"application/json", b"image/svg+xml")
SMALLEST_COMPRESSED = 1024
# What tells how the bytes travel belongs to a form, not to the answer.
_OF_A_FORM = frozenset({b"content-length", b"content-encoding", b"etag", b"vary"})
_NOT_OF_304 = frozenset({b"content-type", b"content-length"})
OVERHEAD_BYTES = 2048  # of the objects around an answer, generously


class KeptAnswer:
    """A whole answer, read from the application at `read_at` (of a monotonic clock)."""

    def __init__(
        self, status: int, headers: RawHeaders, body: bytes, *, route: Any, read_at: float
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.route = route
        self.read_at = read_at
        self.gzip: bytes | None = None
        self._compressing: asyncio.Task[bytes] | None = None
        named = dict(headers)
        self._type = named.get(b"content-type", b"")
        self._policy = named.get(b"cache-control", b"")
        self._personal = b"set-cookie" in named
        self.tag = named.get(b"etag") or (self._made_tag() if status == 200 else b"")
        vary = [named[b"vary"]] if b"vary" in named else []
        self._vary = b", ".join([*vary, b"Accept-Encoding"])
        self._forms: dict[tuple[bool, bool], RawHeaders] = {}

    @property
    def is_shared(self) -> bool:
        """Whether others may get it: a success that the endpoint lets caches keep."""
        return (
            self.status == 200
            and not self._personal
            and bool(self._policy)
            and not any(word in self._policy for word in (b"no-store", b"private"))
        )

    @property
    def is_compressed(self) -> bool:
        """Whether a gzip form is worth its making."""
        return len(self.body) >= SMALLEST_COMPRESSED and self._type.startswith(COMPRESSED_TYPES)

    @property
    def n_bytes(self) -> int:
        """What it may hold of memory, its gzip form included, which comes later if at all."""
        return (2 if self.is_compressed else 1) * len(self.body) + OVERHEAD_BYTES

    def take_over(self, older: Self | None) -> None:
        """Spare the compression where nothing has changed."""
        if older is not None and older.gzip is not None and older.body == self.body:
            self.gzip = older.gzip

    async def compress(self) -> bytes:
        """Return the gzip form, made once, in a thread."""
        if self.gzip is None:
            if self._compressing is None:
                making = asyncio.to_thread(gzip.compress, self.body, 6, mtime=0)
                self._compressing = asyncio.create_task(making)
            self.gzip = await asyncio.shield(self._compressing)
            self._compressing = None
        return self.gzip

    async def messages(self, *, accepts_gzip: bool, known: bytes | None) -> tuple[Message, Message]:
        """Return what is sent: the bytes, or 304 to who has them already."""
        zipped = accepts_gzip and self.is_compressed
        unchanged = known is not None and self.status == 200 and self._is_among(known)
        body = b"" if unchanged else await self.compress() if zipped else self.body
        headers = self._forms.get((zipped, unchanged))
        if headers is None:
            headers = self._headers(len(body), zipped=zipped, unchanged=unchanged)
            self._forms[zipped, unchanged] = headers
        status = 304 if unchanged else self.status
        start = {"type": "http.response.start", "status": status, "headers": headers}
        return start, {"type": "http.response.body", "body": body}

    def _headers(self, length: int, *, zipped: bool, unchanged: bool) -> RawHeaders:
        headers = [(name, value) for name, value in self.headers if name not in _OF_A_FORM]
        # Two codings are two representations, and may share no strong tag.
        if self.tag:
            weak = zipped and not self.tag.startswith(b"W/")
            headers.append((b"etag", b"W/" + self.tag if weak else self.tag))
        headers.append((b"vary", self._vary))
        if unchanged:
            return [(name, value) for name, value in headers if name not in _NOT_OF_304]
        if zipped:
            headers.append((b"content-encoding", b"gzip"))
        headers.append((b"content-length", str(length).encode()))
        return headers

    def _is_among(self, known: bytes) -> bool:
        if known == self.tag:
            return True
        tags = {one.strip().removeprefix(b"W/") for one in known.split(b",")}
        return self.tag.removeprefix(b"W/") in tags or b"*" in tags

    def _made_tag(self) -> bytes:
        return b'"%s"' % hashlib.sha256(self.body).hexdigest().encode()


@lru_cache(maxsize=256)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Tell whether `Accept-Encoding` lets gzip through.

    >>> takes_gzip(b"gzip, deflate, br"), takes_gzip(b"br, *;q=0.1"), takes_gzip(b"gzip;q=0, *")
    (True, True, False)
    """
    quality = {}
    for part in accept_encoding.lower().split(b","):
        coding, _, rest = part.partition(b";")
        quality[coding.strip()] = _quality(rest.split(b";"))
    return quality.get(b"gzip", quality.get(b"*", 0.0)) > 0


def _quality(parameters: Iterable[bytes]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip() == b"q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
