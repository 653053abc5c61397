"""Reads Arrow IPC, the file (Feather version 2) and the stream, one record batch after the other.

Columns are as in Parquet: one for each dimension, or one of lists. The file is mapped into memory,
so what is not compressed is never copied; what is, is unpacked some columns at a time.
"""

from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.types as pt
from numpy.typing import NDArray

from probeboard.embeddings.arrow_blocks import (
    ignored_note,
    lay_out_columns,
    lay_out_lists,
    put_columns,
    put_lists,
)
from probeboard.embeddings.arrow_messages import check_cost
from probeboard.embeddings.arrow_values import Columns, choose_columns, text_bytes, to_ids
from probeboard.embeddings.assembly import Assembly
from probeboard.embeddings.damage import refused_if_damaged
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.issues import IssueCode, IssueLog
from probeboard.embeddings.spec import EmbeddingSpec, widest_encoding_bytes

_BLOCK_BYTES = 1 << 22
_UNPACKED_BYTES = 1 << 24


def read_arrow(path: Path, spec: EmbeddingSpec, log: IssueLog, *, is_stream: bool) -> Embeddings:
    """Read an Arrow IPC file or stream.

    Raises
    ------
    InvalidEmbeddings
        If it does not hold what `spec` asks for.
    """
    with refused_if_damaged(log):
        cost = check_cost(path, spec, log, is_stream=is_stream)
    if cost.n_rows == 0:
        log.fail(IssueCode.NO_ROWS, "the file has no rows")
    with pa.memory_map(str(path)) as source:
        batches = _Batches(source, log, is_stream=is_stream, is_packed=cost.packed_batch_bytes > 0)
        columns = choose_columns(batches.schema, log)
        reader = _Reader(batches, columns, spec, log)
        return reader.read(passes=ceil(cost.packed_batch_bytes / _UNPACKED_BYTES) or 1)


class _Batches:
    """The record batches of a mapped file, as often as they are asked for."""

    def __init__(
        self, source: pa.MemoryMappedFile, log: IssueLog, *, is_stream: bool, is_packed: bool
    ) -> None:
        self._source = source
        self._log = log
        self._is_stream = is_stream
        self._is_packed = is_packed
        with refused_if_damaged(log):
            self._stored = self._open().schema
            is_extension = [isinstance(kind, pa.BaseExtensionType) for kind in self._stored.types]
            self._is_extended = any(is_extension)
            fields = [pa.field(field.name, _storage(field.type)) for field in self._stored]
        self.schema = pa.schema(fields)

    def read(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns of each batch, in the order of the schema, checked to be sound."""
        # Asked for some columns PyArrow unpacks those only, but copies what is not packed too.
        indices = None
        if self._is_packed:
            indices = [self._stored.get_field_index(name) for name in names]
        with refused_if_damaged(self._log):
            batches = self._iterate(self._open(indices))
        while True:
            with refused_if_damaged(self._log):
                batch = next(batches, None)
                if batch is None:
                    return
                batch = batch.select(list(names))
                batch.validate(full=True)
                if self._is_extended:
                    arrays = [_stored_array(column) for column in batch.columns]
                    batch = pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
            yield batch

    def _open(self, indices: list[int] | None = None) -> pa.RecordBatchReader:
        options = pa.ipc.IpcReadOptions(
            ensure_alignment=pa.ipc.Alignment.DataTypeSpecific,
            included_fields=indices,
            use_threads=False,
        )
        self._source.seek(0)
        open_it = pa.ipc.open_stream if self._is_stream else pa.ipc.open_file
        return open_it(self._source, options=options)

    def _iterate(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        if self._is_stream:
            return iter(reader)
        return (reader.get_batch(number) for number in range(reader.num_record_batches))


class _Reader:
    """One mapped file and what is wanted of it."""

    def __init__(
        self, batches: _Batches, columns: Columns, spec: EmbeddingSpec, log: IssueLog
    ) -> None:
        self._batches = batches
        self._columns = columns
        self._spec = spec
        self._log = log

    def read(self, *, passes: int) -> Embeddings:
        """Read the ids, then the values, columns in so many passes."""
        columns, schema = self._columns, self._batches.schema
        if columns.list is None:
            layout = lay_out_columns(schema, columns, self._spec, self._log)
        else:
            width = self._list_width(columns.list)
            layout = lay_out_lists(schema, columns.list, width, self._spec, self._log)
        assembly = Assembly(self._spec, layout, self._log)
        rows = assembly.find_rows(self._read_ids(), first_row=1)
        if columns.list is None:
            step = max(1, ceil(len(layout.names) / passes))
            for start in range(0, len(layout.names), step):
                self._put_columns(layout.names[start : start + step], rows, assembly, start)
        else:
            self._put_lists(columns.list, rows, len(layout.names), assembly)
        return assembly.finish(format="arrow", dtype=columns.dtype, notes=ignored_note(columns))

    def _read_ids(self) -> list[str]:
        ids: list[str] = []
        limit = widest_encoding_bytes(self._spec)
        for batch in self._batches.read([self._columns.id]):
            with refused_if_damaged(self._log):
                limit -= text_bytes(batch.column(0))
                if limit < 0:
                    detail = "the ids take more bytes than can be needed"
                    self._log.fail(IssueCode.TOO_LARGE, detail)
                ids += to_ids(pa.chunked_array([batch.column(0)]))
        return ids

    def _list_width(self, name: str) -> int:
        """Return the length of the first batch's lists if all have one, or else the wanted."""
        kind = self._batches.schema.field(name).type
        if pt.is_fixed_size_list(kind):
            return int(kind.list_size)
        lengths: set[int | None] = set()
        for batch in self._batches.read([name]):
            with refused_if_damaged(self._log):
                lengths = set(pc.list_value_length(batch.column(0)).unique().to_pylist())
            if batch.num_rows:
                break
        lengths.discard(None)
        return lengths.pop() or 0 if len(lengths) == 1 else self._spec.n_dims

    def _put_columns(
        self, names: Sequence[str], rows: NDArray[np.intp], assembly: Assembly, first_column: int
    ) -> None:
        for table, start in self._tables(names):
            part = rows[start : start + table.num_rows]
            step = max(1, _BLOCK_BYTES // (8 * table.num_rows))
            for column in range(0, len(names), step):
                put_columns(
                    table.columns[column : column + step],
                    part,
                    assembly,
                    self._log,
                    first_row=start + 1,
                    first_column=first_column + column,
                )

    def _tables(self, names: Sequence[str]) -> Iterator[tuple[pa.Table, int]]:
        """Yield small batches together, with the number of rows before them."""
        enough = max(1, _BLOCK_BYTES // (8 * len(names)))
        waiting: list[pa.RecordBatch] = []
        before = n_rows = 0
        for batch in self._batches.read(names):
            if batch.num_rows:
                waiting.append(batch)
                n_rows += batch.num_rows
            if n_rows >= enough:
                yield pa.Table.from_batches(waiting), before
                waiting, before, n_rows = [], before + n_rows, 0
        if waiting:
            yield pa.Table.from_batches(waiting), before

    def _put_lists(self, name: str, rows: NDArray[np.intp], width: int, assembly: Assembly) -> None:
        if width == 0:
            return  # already refused by its dimension
        step = max(1, _BLOCK_BYTES // (8 * width))
        before = 0
        for batch in self._batches.read([name]):
            for start in range(0, batch.num_rows, step):
                lists = batch.column(0).slice(start, step)
                first = before + start
                part = rows[first : first + len(lists)]
                put_lists(lists, part, width, assembly, self._log, first_row=first + 1)
            before += batch.num_rows


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _stored_array(array: pa.Array) -> pa.Array:
    return array.storage if isinstance(array, pa.ExtensionArray) else array
