"""Receive a multipart form as a stream: files go to disk while a SHA-256 runs, fields stay small.

Starlette's own form parser has no limit on a file's size and knows no hash, and by the time an
endpoint sees the file everything has been received.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from app.errors import BadRequest, TooLarge
from app.http.body_limit import allow_body

FIELD_LIMIT_BYTES = 64 * 1024
MAX_FIELDS = 30
FLUSH_BYTES = 1024 * 1024
OVERHEAD_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ReceivedFile:
    """One file part, on disk in `path`."""

    field_name: str
    file_name: str
    path: Path
    n_bytes: int
    sha256: str


@dataclass(frozen=True)
class ReceivedForm:
    """A whole form."""

    fields: dict[str, str]
    files: list[ReceivedFile]


@dataclass
class _Part:
    """The part that is being received."""

    name: str = ""
    file_name: str | None = None
    buffer: bytearray = field(default_factory=bytearray)
    file: BinaryIO | None = None
    path: Path | None = None
    n_bytes: int = 0
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    complete: bool = False


async def receive_form(
    request: Request, *, folder: Path, limit_bytes: int, max_files: int = 1
) -> ReceivedForm:
    """Receive a form; its files are written into `folder`, which the caller owns and removes.

    Parameters
    ----------
    limit_bytes
        Most bytes of all files together.

    Raises
    ------
    TooLarge
        As soon as the announced or the received size passes the limit.
    BadRequest
        If the body is no complete multipart form.
    """
    _refuse_announced_size(request, limit_bytes)
    # Bounds what counts as neither file nor field: part headers, and text around the parts.
    allow_body(request, limit_bytes + OVERHEAD_BYTES)
    try:
        receiver = _Receiver(_boundary(request), folder, limit_bytes, max_files)
        with receiver.closing():
            async for chunk in request.stream():
                receiver.feed(chunk)
                if receiver.is_full():
                    await run_in_threadpool(receiver.flush)
            await run_in_threadpool(receiver.flush)
            return receiver.result()
    except ClientDisconnect as error:
        raise BadRequest("The connection ended before the form did. Nothing was stored.") from error
    except FormParserError as error:
        raise BadRequest(f"The form cannot be read: {error}.") from error


def _refuse_announced_size(request: Request, limit_bytes: int) -> None:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit_bytes + OVERHEAD_BYTES:
        raise _too_large(limit_bytes)


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadRequest("Send the form as multipart/form-data.")
    return options[b"boundary"]


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"At most {limit_bytes} bytes are accepted here.", limit_bytes=limit_bytes)


class _Receiver:
    """Turns the parser's callbacks into parts. Only `flush` touches the disk."""

    def __init__(self, boundary: bytes, folder: Path, limit_bytes: int, max_files: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._max_files = max_files
        self._received = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[_Part] = []
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin_part,
                "on_header_field": lambda data, a, b: self._header_name.extend(data[a:b]),
                "on_header_value": lambda data, a, b: self._header_value.extend(data[a:b]),
                "on_header_end": self._end_header,
                "on_headers_finished": self._open_part,
                "on_part_data": self._add_data,
                "on_part_end": self._end_part,
                "on_end": self._end,
            },
        )

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Close every file, whatever happens."""
        try:
            yield
        finally:
            for part in self._parts:
                if part.file is not None:
                    part.file.close()

    def feed(self, chunk: bytes) -> None:
        self._parser.write(chunk)

    def is_full(self) -> bool:
        return sum(len(part.buffer) for part in self._parts if part.file_name is not None) >= (
            FLUSH_BYTES
        )

    def flush(self) -> None:
        """Write what has come of files, and hash it."""
        for part in self._parts:
            if part.file_name is None or part.path is None:
                continue
            if part.file is None and not part.complete:
                part.file = part.path.open("wb")
            if part.file is not None and part.buffer:
                part.file.write(part.buffer)
                part.digest.update(part.buffer)
                part.buffer.clear()

    def result(self) -> ReceivedForm:
        if not self._ended:
            raise BadRequest("The form ends before its last boundary. Nothing was stored.")
        fields: dict[str, str] = {}
        for part in self._parts:
            if part.file_name is None:
                if part.name in fields:
                    raise BadRequest(f"The field “{part.name}” is given twice.")
                fields[part.name] = _text(part)
        return ReceivedForm(fields, [_received(part) for part in self._parts if part.path])

    def _begin_part(self) -> None:
        self._headers = {}
        if len(self._parts) >= MAX_FIELDS + self._max_files:
            raise BadRequest("The form has too many parts.")

    def _end_header(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _open_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        part = _Part(name=_name(options.get(b"name", b"")))
        if not part.name:
            raise BadRequest("A part of the form has no name.")
        if b"filename" in options:
            part.file_name = _name(options[b"filename"])
            files = sum(1 for other in self._parts if other.path)
            if files >= self._max_files:
                raise BadRequest(f"The form holds more than {self._max_files} file(s).")
            part.path = self._folder / f"part-{files}"
        self._parts.append(part)

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        part = self._parts[-1]
        part.n_bytes += end - start
        if part.file_name is not None:
            self._received += end - start
            if self._received > self._limit_bytes:
                raise _too_large(self._limit_bytes)
        elif part.n_bytes > FIELD_LIMIT_BYTES:
            raise BadRequest(f"The field “{part.name}” is longer than {FIELD_LIMIT_BYTES} bytes.")
        part.buffer += data[start:end]

    def _end_part(self) -> None:
        part = self._parts[-1]
        if part.path is not None:
            self.flush()
            part.complete = True
            if part.file is not None:
                part.file.close()
                part.file = None

    def _end(self) -> None:
        self._ended = True


def _name(raw: bytes) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest("A name in the form is not UTF-8 text.") from error
    if not name.isprintable():
        raise BadRequest("A name in the form holds control characters.")
    return name


def _text(part: _Part) -> str:
    try:
        return part.buffer.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The field “{part.name}” is not UTF-8 text.") from error


def _received(part: _Part) -> ReceivedFile:
    assert part.path is not None  # noqa: S101 - narrows for mypy; the caller chose parts with one
    return ReceivedFile(
        field_name=part.name,
        file_name=part.file_name or "",
        path=part.path,
        n_bytes=part.n_bytes,
        sha256=part.digest.hexdigest(),
    )
