"""Write record batches as CSV or Parquet, a batch at a time: no table is ever whole in memory."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from app.clock import to_json_instant
from app.text import defused


class TableForm(StrEnum):
    """The forms in which tables are exported."""

    CSV = "csv"
    PARQUET = "parquet"


def write_table(
    out: BinaryIO, batches: Iterable[pa.RecordBatch], schema: pa.Schema, form: TableForm
) -> None:
    """Write a table in one of the forms; Parquet has a row group for each batch."""
    if form is TableForm.CSV:
        _write_csv(out, batches, schema)
    else:
        _write_parquet(out, batches, schema)


def _write_csv(out: BinaryIO, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
    """Write instants as the API does, and no cell that a spreadsheet would run as a formula."""
    told = pa.schema(
        [
            pa.field(field.name, pa.string() if pa.types.is_timestamp(field.type) else field.type)
            for field in schema
        ]
    )
    options = pa.csv.WriteOptions(quoting_header="none")
    with pa.csv.CSVWriter(out, told, write_options=options) as writer:
        for batch in batches:
            columns = [_told(column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=told))


def _told(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return _each(column, to_json_instant)
    return _each(column, defused) if pa.types.is_string(column.type) else column


def _each(column: pa.Array, write: Callable[[Any], str]) -> pa.Array:
    """Write each different value once: a batch has few of them, and many rows."""
    coded = column.dictionary_encode()
    words = [None if value is None else write(value) for value in coded.dictionary.to_pylist()]
    return pa.array(words, type=pa.string()).take(coded.indices)


def _write_parquet(out: BinaryIO, batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> None:
    with pa.parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
