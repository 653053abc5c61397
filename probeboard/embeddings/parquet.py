"""Reads Parquet: a column for each dimension, or one column of lists.

The footer is checked before a page is read, and ids are read as a dictionary, so a file of a few
kilobytes cannot become gigabytes by repeating one long id. Columns are read some at a time.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt
from numpy.typing import NDArray

from probeboard.embeddings.arrow_blocks import (
    ignored_note,
    lay_out_columns,
    lay_out_lists,
    put_columns,
    put_lists,
)
from probeboard.embeddings.arrow_values import Columns, choose_columns, is_text, to_ids
from probeboard.embeddings.assembly import Assembly
from probeboard.embeddings.damage import refused_if_damaged
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.issues import IssueCode, IssueLog
from probeboard.embeddings.layout import Layout
from probeboard.embeddings.parquet_footer import declared_values
from probeboard.embeddings.spec import EmbeddingSpec, widest_encoding_bytes

_COLUMNS_BYTES = 1 << 22
_LISTS_BYTES = 1 << 21
_BUFFER_BYTES = 1 << 20
_FOOTER_STRING_BYTES = 1 << 24


def read_parquet(path: Path, spec: EmbeddingSpec, log: IssueLog) -> Embeddings:
    """Read a Parquet file.

    Raises
    ------
    InvalidEmbeddings
        If the file does not hold what `spec` asks for.
    """
    with pa.OSFile(str(path)) as source:
        file = _open(source, spec, log)
        _check_footer(file.metadata, spec, log)
        with refused_if_damaged(log):
            schema = file.schema_arrow
        columns = choose_columns(schema, log)
        # A long id that is repeated stays one text; a long column of lists is read in pieces.
        texts = [columns.id] if is_text(schema.field(columns.id).type) else None
        buffer_bytes = _BUFFER_BYTES if columns.list is not None else 0
        if texts or buffer_bytes:
            file = _open(source, spec, log, dictionary=texts, buffer_bytes=buffer_bytes)
        return _Reader(path, file, schema, columns, spec, log).read()


def _open(
    source: pa.NativeFile,
    spec: EmbeddingSpec,
    log: IssueLog,
    *,
    dictionary: list[str] | None = None,
    buffer_bytes: int = 0,
) -> pq.ParquetFile:
    with refused_if_damaged(log):
        return pq.ParquetFile(
            source,
            read_dictionary=dictionary,
            buffer_size=buffer_bytes,
            pre_buffer=False,
            page_checksum_verification=True,
            thrift_string_size_limit=_FOOTER_STRING_BYTES,
            thrift_container_size_limit=8 * spec.n_dims + 10_000,
            arrow_extensions_enabled=False,
        )


def _check_footer(footer: pq.FileMetaData, spec: EmbeddingSpec, log: IssueLog) -> None:
    with refused_if_damaged(log):
        groups = [footer.row_group(group) for group in range(footer.num_row_groups)]
    if footer.num_rows == 0:
        log.fail(IssueCode.NO_ROWS, "the file has no rows")
    if footer.num_rows > spec.row_limit or len(groups) > spec.row_limit:
        detail = f"{footer.num_rows} rows, {spec.n_samples} are wanted"
        log.fail(IssueCode.TOO_MANY_ROWS, detail)
    rows = [group.num_rows for group in groups]
    sizes = [group.total_byte_size for group in groups]
    if min([footer.num_rows, *rows, *sizes]) < 0 or sum(rows) != footer.num_rows:
        log.fail(IssueCode.CORRUPTED, "the footer contradicts itself")
    if sum(sizes) > widest_encoding_bytes(spec):
        detail = f"the columns unpack to {sum(sizes)} bytes, more than can be needed"
        log.fail(IssueCode.TOO_LARGE, detail)


class _Reader:
    """One open file."""

    def __init__(
        self,
        path: Path,
        file: pq.ParquetFile,
        schema: pa.Schema,
        columns: Columns,
        spec: EmbeddingSpec,
        log: IssueLog,
    ) -> None:
        self._path = path
        self._file = file
        self._schema = schema
        self._columns = columns
        self._spec = spec
        self._log = log

    def read(self) -> Embeddings:
        """Read one row group after the other."""
        columns = self._columns
        layout = self._lay_out(columns)
        assembly = Assembly(self._spec, layout, self._log)
        first_row = 1
        for group in range(self._file.num_row_groups):
            with refused_if_damaged(self._log):
                ids = to_ids(self._read_group(group, [columns.id]).column(0))
            rows = assembly.find_rows(ids, first_row=first_row)
            if columns.list is None:
                self._put_columns(group, layout, assembly, rows, first_row)
            else:
                self._put_lists(group, columns.list, layout, assembly, rows, first_row)
            first_row += len(ids)
        return assembly.finish(format="parquet", dtype=columns.dtype, notes=ignored_note(columns))

    def _read_group(self, group: int, names: list[str]) -> pa.Table:
        rows = self._file.metadata.row_group(group).num_rows
        table = self._file.read_row_group(group, columns=names, use_threads=False)
        if table.num_rows != rows or table.column_names != names:
            raise ValueError(f"row group {group} is not what the footer says")
        return table

    def _lay_out(self, columns: Columns) -> Layout:
        if columns.list is None:
            return lay_out_columns(self._schema, columns, self._spec, self._log)
        width = self._list_width(columns.list)
        return lay_out_lists(self._schema, columns.list, width, self._spec, self._log)

    def _list_width(self, name: str) -> int:
        """Return the length of the lists if all have one, or else the wanted length."""
        kind = self._schema.field(name).type
        if pt.is_fixed_size_list(kind):
            return int(kind.list_size)
        footer = self._file.metadata
        with refused_if_damaged(self._log), self._path.open("rb") as source:
            values = declared_values(source, name)
        if values > 4 * self._spec.n_dims * footer.num_rows:
            detail = f"{values} values in {footer.num_rows} rows"
            self._log.fail(IssueCode.TOO_LARGE, detail)
        if values == footer.num_rows * self._spec.n_dims:
            return self._spec.n_dims
        with refused_if_damaged(self._log):
            first = next(self._file.iter_batches(batch_size=1, columns=[name], use_threads=False))
            length = pc.list_value_length(first.column(0))[0].as_py() or 0
        return length if values == footer.num_rows * length else self._spec.n_dims

    def _put_columns(
        self,
        group: int,
        layout: Layout,
        assembly: Assembly,
        rows: NDArray[np.intp],
        first_row: int,
    ) -> None:
        step = max(1, _COLUMNS_BYTES // (8 * max(1, len(rows))))
        for start in range(0, len(layout.names), step):
            names = list(layout.names[start : start + step])
            with refused_if_damaged(self._log):
                table = self._read_group(group, names)
            put_columns(
                table.columns,
                rows,
                assembly,
                self._log,
                first_row=first_row,
                first_column=start,
            )

    def _put_lists(
        self,
        group: int,
        name: str,
        layout: Layout,
        assembly: Assembly,
        rows: NDArray[np.intp],
        first_row: int,
    ) -> None:
        width = len(layout.names)
        if width == 0:
            return  # already refused by its dimension
        batches = self._file.iter_batches(
            batch_size=max(1, _LISTS_BYTES // (8 * width)),
            row_groups=[group],
            columns=[name],
            use_threads=False,
        )
        start = 0
        while True:
            with refused_if_damaged(self._log):
                batch = next(batches, None)
                if batch is None:
                    break
            lists = batch.column(0)
            part = rows[start : start + len(lists)]
            put_lists(lists, part, width, assembly, self._log, first_row=first_row + start)
            start += len(lists)
        if start != len(rows):
            self._log.fail(IssueCode.CORRUPTED, f"row group {group} ends before its end")
