"""Byte streams that end at a limit: a plain file, and gzip and zstd without their bombs."""

import zlib
from typing import BinaryIO, Protocol

import pyarrow as pa

from probeboard.embeddings.damage import refused_if_damaged
from probeboard.embeddings.issues import IssueCode, IssueLog

_CHUNK_BYTES = 1 << 18
# bgzip writes a member for every 64 KiB of text; a member that yields less is padding.
_LEAST_MEMBER_BYTES = 1 << 12
_FREE_MEMBERS = 1 << 10


class ByteStream(Protocol):
    """What the text readers read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        ...


class Capped:
    """A stream that refuses to yield more than `limit` bytes.

    >>> import io
    >>> Capped(io.BytesIO(b"abc"), limit=3, log=IssueLog()).read(10)
    b'abc'
    """

    def __init__(self, stream: ByteStream, *, limit: int, log: IssueLog) -> None:
        self._stream = stream
        self._left = limit
        self._log = log

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            detail = "the file unpacks to more than an honest one of this challenge can hold"
            self._log.fail(IssueCode.TOO_LARGE, detail)
        return data


class Resumed:
    """A stream of which the start has been read already.

    >>> import io
    >>> resumed = Resumed(b"ab", io.BytesIO(b"cd"))
    >>> resumed.read(9), resumed.read(9), resumed.read(9)
    (b'ab', b'cd', b'')
    """

    def __init__(self, start: bytes, stream: ByteStream) -> None:
        self._start = start
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        if not self._start:
            return self._stream.read(size)
        data, self._start = self._start[:size], self._start[size:]
        return data


class Gunzip:
    """Decompress gzip, any number of members, never more at once than asked for."""

    def __init__(self, source: BinaryIO, log: IssueLog) -> None:
        self._source = source
        self._log = log
        self._decoder = zlib.decompressobj(wbits=31)
        self._pending = b""
        self._members = 1
        self._yielded = 0

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        while True:
            if self._decoder.eof and not self._next_member():
                return b""
            packed = self._pending or self._source.read(_CHUNK_BYTES)
            if not packed:
                self._log.fail(IssueCode.CORRUPTED, "the gzip stream ends before its end")
            with refused_if_damaged(self._log, "the gzip stream"):
                data = self._decoder.decompress(packed, size)
            self._pending = self._decoder.unconsumed_tail
            if data:
                self._yielded += len(data)
                return data

    def _next_member(self) -> bool:
        rest = self._decoder.unused_data.lstrip(b"\0")  # tape padding, allowed by gzip(1)
        while not rest:
            rest = self._source.read(_CHUNK_BYTES)
            if not rest:
                return False
            rest = rest.lstrip(b"\0")
        self._members += 1
        if self._members > _FREE_MEMBERS + self._yielded // _LEAST_MEMBER_BYTES:
            self._log.fail(IssueCode.TOO_LARGE, "the gzip stream has too many empty members")
        self._decoder = zlib.decompressobj(wbits=31)
        self._pending = rest
        return True


class Unzstd:
    """Decompress zstd, never more at once than asked for."""

    def __init__(self, source: BinaryIO, log: IssueLog) -> None:
        self._stream = pa.CompressedInputStream(pa.PythonFile(source, mode="r"), "zstd")
        self._log = log

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end."""
        with refused_if_damaged(self._log, "the zstd stream"):
            data: bytes = self._stream.read(size)
        return data
