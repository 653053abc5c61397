"""What Parquet and Arrow IPC do alike with the columns they have read: lay out, check, place."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from probeboard.embeddings.arrow_values import Columns, bytes_of, check_types, to_numbers
from probeboard.embeddings.assembly import Assembly
from probeboard.embeddings.damage import refused_if_damaged
from probeboard.embeddings.issues import IssueCode, IssueLog
from probeboard.embeddings.layout import Layout, named_layout, unnamed_layout
from probeboard.embeddings.spec import EmbeddingSpec


def lay_out_columns(
    schema: pa.Schema, columns: Columns, spec: EmbeddingSpec, log: IssueLog
) -> Layout:
    """Lay out a column for each dimension; those that hold no numbers are reported and left out."""
    readable = check_types(schema, columns.values, log)
    total = sum(bytes_of(schema.field(name).type) for name in readable)
    layout = named_layout(columns.values, spec, log, bytes_per_sample=total)
    return layout if readable == columns.values else Layout(readable, None, total)


def lay_out_lists(
    schema: pa.Schema, name: str, width: int, spec: EmbeddingSpec, log: IssueLog
) -> Layout:
    """Lay out a column of lists of `width` values."""
    element = schema.field(name).type.value_type
    return unnamed_layout(width, spec, log, value_bytes=bytes_of(element))


def put_columns(
    columns: Sequence[pa.Array | pa.ChunkedArray],
    rows: NDArray[np.intp],
    assembly: Assembly,
    log: IssueLog,
    *,
    first_row: int,
    first_column: int,
) -> None:
    """Check and place columns of numbers that stand side by side."""
    with refused_if_damaged(log):
        pieces = [to_numbers(column) for column in columns]
    block = np.stack([values for values, _ in pieces])
    for position, (_, empty) in enumerate(pieces):
        if empty is not None:
            assembly.report_empty(
                empty[:, None], first_row=first_row, first_column=first_column + position
            )
    assembly.put(block.T, rows, first_row=first_row, first_column=first_column)


def put_lists(
    lists: pa.Array,
    rows: NDArray[np.intp],
    width: int,
    assembly: Assembly,
    log: IssueLog,
    *,
    first_row: int,
) -> None:
    """Check and place lists, each of which should hold `width` numbers."""
    with refused_if_damaged(log):
        lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
        values, empty = to_numbers(lists.flatten())
    if (lengths != width).any():
        for row in np.flatnonzero(lengths != width):
            detail = f"{lengths[row]} values, {width} are wanted"
            log.add(IssueCode.RAGGED_ROW, detail, row=first_row + int(row))
        return
    if empty is not None:
        assembly.report_empty(empty.reshape(-1, width), first_row=first_row)
    assembly.put(values.reshape(-1, width), rows, first_row=first_row)


def ignored_note(columns: Columns) -> tuple[str, ...]:
    """Name the columns that were left unread."""
    return (f"ignored columns: {', '.join(columns.ignored)[:200]}",) if columns.ignored else ()
