"""What an Arrow IPC file or stream would cost to read, found out before PyArrow reads it.

PyArrow trusts three things that a few bytes can lie about: the length of a compressed buffer after
unpacking, how many tables a schema's pointers lead to, and how long the texts are at which they
point. Field numbers are those of ``Message.fbs``, ``Schema.fbs`` and ``File.fbs``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.embeddings.flatbuffer import FlatTable
from probeboard.embeddings.issues import IssueCode, IssueLog
from probeboard.embeddings.spec import EmbeddingSpec, widest_encoding_bytes

ARROW_MAGIC = b"ARROW1"
CONTINUATION = b"\xff\xff\xff\xff"
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_BLOCK = np.dtype([("offset", "<i8"), ("metadata", "<i4"), ("padding", "<i4"), ("body", "<i8")])
_BUFFER = np.dtype([("offset", "<i8"), ("length", "<i8")])
_TYPE_NUMBER = np.dtype("<i4")
_PREFIX = np.arange(8)
_METADATA_BYTES_PER_DIM = 2048
_METADATA_BYTES = 1 << 20
_DEPTH = 32


@dataclass(frozen=True)
class _Message:
    """A message of the file: its table, and where its body lies."""

    table: FlatTable
    body: int
    end: int


@dataclass(frozen=True)
class ArrowCost:
    """What reading takes.

    Attributes
    ----------
    n_rows
        Rows of all record batches.
    packed_batch_bytes
        Bytes that the largest compressed record batch unpacks to; 0 if none is compressed.
    """

    n_rows: int
    packed_batch_bytes: int


def check_cost(path: Path, spec: EmbeddingSpec, log: IssueLog, *, is_stream: bool) -> ArrowCost:
    """Walk over all messages, and refuse a file that asks for more than `spec` can need.

    Raises
    ------
    InvalidEmbeddings
        If the file asks for too much.
    ValueError, IndexError, struct.error
        If it makes no sense.
    """
    walk = _Walk(np.memmap(path, np.uint8, mode="r"), spec, log)
    for message in walk.stream_messages() if is_stream else walk.file_messages():
        walk.add(message)
    return ArrowCost(walk.n_rows, walk.packed_batch_bytes)


class _Walk:
    """Reads metadata, and adds up what it leads to."""

    def __init__(self, file: NDArray[np.uint8], spec: EmbeddingSpec, log: IssueLog) -> None:
        self._file = file
        self._size = len(file)
        self._spec = spec
        self._log = log
        self._metadata_limit = _METADATA_BYTES + _METADATA_BYTES_PER_DIM * spec.n_dims
        self._most_fields = 8 * spec.n_dims + 10_000
        self._texts_left = self._metadata_limit
        self._fields_left = self._most_fields
        self._bytes_left = widest_encoding_bytes(spec)
        self._batches_left = 2 * spec.row_limit
        self.n_rows = 0
        self.packed_batch_bytes = 0

    def file_messages(self) -> Iterator[_Message]:
        """Yield the messages to which the footer points."""
        tail = self._read_at(self._size - 10, 10)
        if tail[4:] != ARROW_MAGIC:
            raise ValueError("the file ends before its end")
        length = int.from_bytes(tail[:4], "little", signed=True)
        footer = FlatTable.root(self._read_metadata(self._size - 10 - length, length))
        self._add_schema(footer.table(1))
        self._add_texts(footer, 4)
        for field in (2, 3):
            for offset, metadata_bytes, _, _ in footer.structs(field, _BLOCK).tolist():
                message = self._message(offset)
                if message is None or metadata_bytes != message.body - offset:
                    raise ValueError("the footer points at no message")
                yield message

    def stream_messages(self) -> Iterator[_Message]:
        """Yield the messages as they come."""
        at = 0
        while at < self._size and (message := self._message(at)):
            yield message
            at = message.end

    def add(self, message: _Message) -> None:
        """Count what a message asks for."""
        self._batches_left -= 1
        if self._batches_left < 0:
            self._log.fail(IssueCode.TOO_MANY_ROWS, "the file has too many record batches")
        self._add_texts(message.table, 4)
        kind, header = message.table.number(1, "<B", default=0), message.table.table(2)
        if header is None:
            raise ValueError("a message without a header")
        if kind == _SCHEMA:
            self._add_schema(header)
        elif kind == _DICTIONARY:
            self._add_batch(header.table(1), message)
        elif kind == _BATCH:
            self.n_rows += header.number(0, "<q", default=0)
            if self.n_rows > self._spec.row_limit:
                detail = f"{self.n_rows} rows, {self._spec.n_samples} are wanted"
                self._log.fail(IssueCode.TOO_MANY_ROWS, detail)
            packed = self._add_batch(header, message)
            self.packed_batch_bytes = max(self.packed_batch_bytes, packed)
        else:
            self._log.fail(IssueCode.UNKNOWN_FORMAT, "this holds tensors of Arrow; give a table")

    def _message(self, at: int) -> _Message | None:
        start = self._read_at(at, 8)
        # Before version 0.15 there was no mark of continuation.
        prefix = 8 if start[:4] == CONTINUATION else 4
        length = int.from_bytes(start[prefix - 4 : prefix], "little", signed=True)
        if length == 0:
            return None
        table = FlatTable.root(self._read_metadata(at + prefix, length))
        body = at + prefix + length
        end = body + table.number(3, "<q", default=0)
        if not body <= end <= self._size:
            raise ValueError("a message ends after the end")
        return _Message(table, body, end)

    def _add_batch(self, batch: FlatTable | None, message: _Message) -> int:
        """Count the bytes of a batch; return them if it is compressed, or else 0."""
        if batch is None or batch.number(0, "<q", default=0) < 0:
            raise ValueError("a batch of no length")
        is_packed = batch.table(3) is not None
        buffers = batch.structs(2, _BUFFER)
        offsets, lengths = buffers["offset"], buffers["length"]
        body_bytes = message.end - message.body
        if (np.minimum(offsets, lengths) < 0).any() or (offsets > body_bytes - lengths).any():
            raise ValueError("a buffer outside of its message")
        if is_packed:
            lengths = self._unpacked(message.body + offsets, lengths)
        # Not more than the limit each, lest the sum run over.
        total = int(np.minimum(lengths, self._bytes_left + 1).sum())
        self._bytes_left -= total
        if self._bytes_left < 0:
            detail = "the columns unpack to more than an honest file of this challenge can hold"
            self._log.fail(IssueCode.TOO_LARGE, detail)
        return total if is_packed else 0

    def _unpacked(self, places: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
        """Return how long compressed buffers are, as their first 8 bytes say; -1: as it is."""
        places, lengths = places[lengths > 0], lengths[lengths > 0]
        unpacked = self._file[places[:, None] + _PREFIX].view("<i8")[:, 0]
        if (unpacked < -1).any():
            raise ValueError("a buffer of negative length")
        longest: NDArray[Any] = np.maximum(lengths, unpacked)
        return longest

    def _add_schema(self, schema: FlatTable | None) -> None:
        if schema is None:
            raise ValueError("there is no schema")
        self._add_texts(schema, 2)
        self._add_fields(schema, 1, depth=0)

    def _add_fields(self, parent: FlatTable, field: int, *, depth: int) -> None:
        if depth > _DEPTH:
            raise ValueError("types are nested too deep")
        for child in parent.tables(field, most=self._most_fields):
            self._fields_left -= 1
            if self._fields_left < 0:
                detail = f"more than {self._most_fields} columns"
                self._log.fail(IssueCode.WRONG_DIMENSION, detail)
            self._spend(child.text_bytes(0))
            self._add_texts(child, 6)
            self._add_type(child.number(2, "<B", default=0), child.table(3))
            self._add_fields(child, 5, depth=depth + 1)

    def _add_type(self, kind: int, table: FlatTable | None) -> None:
        if table is not None and kind == 10:  # a timestamp has the name of its zone
            self._spend(table.text_bytes(1))
        if table is not None and kind == 14:  # a union has numbers of its types
            self._spend(4 * len(table.structs(1, _TYPE_NUMBER)))

    def _add_texts(self, table: FlatTable, field: int) -> None:
        for pair in table.tables(field, most=self._most_fields):
            self._spend(pair.text_bytes(0) + pair.text_bytes(1) + 64)

    def _spend(self, text_bytes: int) -> None:
        self._texts_left -= text_bytes
        if self._texts_left < 0:
            self._log.fail(IssueCode.TOO_LARGE, "the schema is longer than any honest one")

    def _read_metadata(self, at: int, length: int) -> bytes:
        if not 0 < length <= self._metadata_limit:
            raise ValueError(f"metadata of {length} bytes")
        return self._read_at(at, length)

    def _read_at(self, at: int, length: int) -> bytes:
        if at < 0 or at + length > self._size:
            raise ValueError("an offset outside of the file")
        return self._file[at : at + length].tobytes()
