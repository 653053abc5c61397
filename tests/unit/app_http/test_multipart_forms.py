"""Forms as they come over the wire: in any chunks, damaged, too large, cut off."""

import asyncio
import contextlib
import hashlib
import itertools
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from app.errors import BadRequest, DomainError, TooLarge
from app.http.body_limit import BodyLimit, BodyTooLarge
from app.http.multipart import (
    FIELD_LIMIT_BYTES,
    FLUSH_BYTES,
    MAX_FIELDS,
    OVERHEAD_BYTES,
    ReceivedForm,
    receive_form,
)

BOUNDARY = "b0undary"


def part(name: str, content: bytes, file_name: str | None = None) -> bytes:
    file = f'; filename="{file_name}"' if file_name is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts: bytes, end: bytes = f"--{BOUNDARY}--\r\n".encode()) -> bytes:
    return b"".join(parts) + end


def receive(
    chunks: Iterable[bytes | None],
    folder: Path,
    *,
    limit_bytes: int = 1000,
    max_files: int = 2,
    content_type: str | None = f"multipart/form-data; boundary={BOUNDARY}",
    length: str | None = None,
) -> ReceivedForm:
    """Hand the chunks to the reader as a server would; None is a broken connection."""
    messages = (
        {"type": "http.disconnect"}
        if chunk is None
        else {"type": "http.request", "body": chunk, "more_body": True}
        for chunk in chunks
    )
    waiting = itertools.chain(messages, [{"type": "http.request", "body": b"", "more_body": False}])
    headers = []
    if content_type is not None:
        headers.append((b"content-type", content_type.encode("latin-1")))
    if length is not None:
        headers.append((b"content-length", length.encode("latin-1")))
    received: list[ReceivedForm] = []

    async def app(scope, receive, send) -> None:
        received.append(
            await receive_form(
                Request(scope, receive),
                folder=folder,
                limit_bytes=limit_bytes,
                max_files=max_files,
            )
        )

    async def server_receive():
        return next(waiting)

    async def server_send(message) -> None:
        raise AssertionError("the reader answers nothing")

    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    asyncio.run(BodyLimit(app)(scope, server_receive, server_send))
    return received[0]


def refusal(kind: type[Exception], chunks: Iterable[bytes | None], folder: Path, **options) -> str:
    with pytest.raises(kind) as refused:
        receive(chunks, folder, **options)
    return getattr(refused.value, "detail", str(refused.value))


def test_fields_and_files_come_out_as_they_were_sent(tmp_path):
    data = bytes(range(256)) * 2
    got = receive([form(part("name", "Grüße".encode()), part("file", data, "a.csv"))], tmp_path)
    assert got.fields == {"name": "Grüße"}
    (file,) = got.files
    assert (file.field_name, file.file_name, file.n_bytes) == ("file", "a.csv", 512)
    assert file.path.read_bytes() == data
    assert file.path.parent == tmp_path
    assert file.sha256 == hashlib.sha256(data).hexdigest()


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40), st.binary(max_size=80))
def test_where_the_chunks_are_cut_changes_nothing(tmp_path_factory, sizes, content):
    folder = tmp_path_factory.mktemp("form")
    # Content that looks like the beginning of a boundary is the hard case.
    content = content + f"\r\n--{BOUNDARY[:-1]}".encode()
    body = form(part("a", b"x"), part("file", content, "f"))
    chunks, at = [], 0
    for size in [*sizes, len(body)]:
        chunks.append(body[at : at + size])
        at += size
    got = receive(chunks, folder)
    assert got.files[0].path.read_bytes() == content
    assert got.files[0].sha256 == hashlib.sha256(content).hexdigest()
    assert got.fields == {"a": "x"}


def test_a_large_file_goes_to_disk_while_it_comes(tmp_path):
    block = b"x" * 100_000
    on_disk: list[int] = []

    def chunks():
        yield part("file", b"", "f")[:-2]
        for _ in range(30):
            yield block
            on_disk.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
        yield b"\r\n" + form()

    got = receive(chunks(), tmp_path, limit_bytes=10**7)
    assert got.files[0].n_bytes == 3_000_000
    assert got.files[0].path.stat().st_size == 3_000_000
    behind = [100_000 * (n + 1) - size for n, size in enumerate(on_disk)]
    assert max(behind) < FLUSH_BYTES + 3 * len(block)


def test_files_of_nothing_and_many_files_are_kept_apart(tmp_path):
    big = b"y" * (FLUSH_BYTES + 1)
    body = form(part("files", b"", "empty"), part("files", big, "big"))
    first, second = receive([body], tmp_path, limit_bytes=10**7).files
    assert (first.file_name, first.path.read_bytes()) == ("empty", b"")
    assert (second.file_name, second.path.read_bytes()) == ("big", big)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (part("file", b"abc", "f"), "before its last boundary"),
        (form(part("file", b"abc", "f"), end=b""), "before its last boundary"),
        (b"", "before its last boundary"),
        (b"no form at all", "cannot be read"),
        (form(part("a", b"1"), part("a", b"2")), "“a” is given twice"),
        (form(part("a", b"\xff")), "“a” is not UTF-8"),
        (form(part("a", b"x" * (FIELD_LIMIT_BYTES + 1))), "“a” is longer"),
        (form(*[part(f"a{n}", b"") for n in range(MAX_FIELDS + 3)]), "too many parts"),
        (form(*[part("file", b"", f"{n}") for n in range(3)]), "more than 2 file(s)"),
        (form(part("", b"1")), "no name"),
        (form(b"--b0undary\r\nContent-Type: text/plain\r\n\r\nx\r\n"), "no name"),
        (form(part("file", b"", "a\x00b")), "control characters"),
        (form(part("a\x7f", b"")), "control characters"),
        (form(part("file", b"", "f").replace(b'"f"', b'"\xff"')), "not UTF-8"),
        (form(part("file", b"", "f").replace(b"\r\n\r\n", b"\r\nX: " + b"y" * 9000)), "read"),
    ],
)
def test_what_is_no_complete_form_is_refused_with_the_reason(tmp_path, body, says):
    assert says in refusal(BadRequest, [body], tmp_path, limit_bytes=10**6)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 300,
    ],
)
def test_what_is_announced_as_something_else_is_refused(tmp_path, content_type):
    refusal(BadRequest, [form()], tmp_path, content_type=content_type)


def test_a_broken_connection_is_no_form(tmp_path):
    assert "connection ended" in refusal(BadRequest, [part("file", b"abc", "f"), None], tmp_path)


def test_a_size_that_is_announced_too_large_is_refused_before_a_byte_is_read(tmp_path):
    class Unread:
        def __iter__(self):
            return self

        def __next__(self):
            raise AssertionError("a byte was asked for")

    with pytest.raises(TooLarge) as refused:
        receive(Unread(), tmp_path, length=str(1000 + OVERHEAD_BYTES + 1))
    assert refused.value.limit_bytes == 1000


@pytest.mark.parametrize("length", ["\u00b2", "nonsense", "-1"])
def test_a_length_that_is_no_number_is_not_believed(tmp_path, length):
    assert receive([form(part("a", b"1"))], tmp_path, length=length).fields == {"a": "1"}


def test_files_that_are_too_large_together_are_refused_while_they_come(tmp_path):
    body = form(part("files", b"x" * 600, "a"), part("files", b"y" * 401, "b"))
    refusal(TooLarge, [body], tmp_path, limit_bytes=1000)
    assert len(receive([body], tmp_path, limit_bytes=1001).files) == 2


def test_text_after_the_form_is_not_read_for_ever(tmp_path):
    chunks = itertools.chain([form(part("a", b"1"))], itertools.repeat(b"z" * 10**6))
    assert "bytes are accepted" in refusal(BodyTooLarge, chunks, tmp_path)


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_whatever_comes_is_a_form_or_a_refusal(tmp_path_factory, chunks):
    folder = tmp_path_factory.mktemp("form")
    head = part("file", b"", "f")[:-2]
    with contextlib.suppress(DomainError):
        assert receive([head, *chunks, b"\r\n" + form()], folder).files
