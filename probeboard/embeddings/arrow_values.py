"""What Parquet and Arrow IPC share: which column is which, and how one becomes numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from probeboard.embeddings.issues import IssueCode, IssueLog, shown

# TerraTorch's joint Parquet export calls them so, beside columns of its own metadata.
_ID_NAMES = ("id", "file_id")
_LIST_NAMES = ("embeddings", "embedding")


@dataclass(frozen=True)
class Columns:
    """Which columns to read.

    Attributes
    ----------
    id
        Name of the id column.
    list
        Name of the one column of lists, or ``None`` when each dimension has its own column.
    values
        Names of the value columns; the list column's alone if there is one.
    ignored
        Names of columns that are left unread, beside a list column only.
    dtype
        Type of the values, ``"mixed"`` if they differ.
    """

    id: str
    list: str | None
    values: tuple[str, ...]
    ignored: tuple[str, ...]
    dtype: str


def choose_columns(schema: pa.Schema, log: IssueLog) -> Columns:
    """Find ids and values in a schema.

    >>> schema = pa.schema([("file_id", pa.string()), ("embedding", pa.list_(pa.float32()))])
    >>> choose_columns(schema, IssueLog())
    Columns(id='file_id', list='embedding', values=('embedding',), ignored=(), dtype='float32')
    """
    names = schema.names
    id_name = next((name for name in _ID_NAMES if name in names), None)
    if id_name is None:
        log.fail(IssueCode.MISSING_ID_COLUMN, f"no column 'id' among {len(names)} columns")
    if names.count(id_name) > 1:
        times = names.count(id_name)
        log.fail(IssueCode.DUPLICATE_COLUMN, f"column {id_name} appears {times} times")
    if not _holds_ids(schema.field(id_name).type):
        kind = shown(str(schema.field(id_name).type))
        log.fail(IssueCode.WRONG_TYPE, f"column {id_name} is {kind}, text or int is wanted")
    others = [name for name in names if name != id_name]
    repeated = [name for name, times in Counter(others).items() if times > 1]
    for name in repeated:
        detail = f"column {shown(name)} appears {names.count(name)} times"
        log.add(IssueCode.DUPLICATE_COLUMN, detail, column=name[:60])
    if repeated:
        log.raise_if_any()
    lists = [name for name in others if _is_list(schema.field(name).type)]
    if not lists:
        return Columns(id_name, None, tuple(others), (), _dtype(schema, others))
    preferred = [name for name in _LIST_NAMES if name in lists] or lists
    if len(lists) > 1 and preferred is lists:
        detail = f"{len(lists)} columns hold lists; one, 'embeddings', is wanted"
        log.fail(IssueCode.UNKNOWN_COLUMN, detail)
    name = preferred[0]
    element = schema.field(name).type.value_type
    if not holds_numbers(element):
        detail = f"column {shown(name)} holds lists of {shown(str(element))}"
        log.fail(IssueCode.WRONG_TYPE, detail)
    ignored = tuple(other for other in others if other != name)
    return Columns(id_name, name, (name,), ignored, _type_name(element))


def is_text(kind: pa.DataType) -> bool:
    """Return whether values of this type are text, however it is laid out.

    >>> is_text(pa.string_view()), is_text(pa.binary())
    (True, False)
    """
    return any(is_it(kind) for is_it in (pt.is_string, pt.is_large_string, pt.is_string_view))


def holds_numbers(kind: pa.DataType) -> bool:
    """Return whether values of this type can become float32.

    >>> holds_numbers(pa.float16()), holds_numbers(pa.string())
    (True, False)
    """
    return bool(pt.is_floating(kind) or pt.is_integer(kind))


def bytes_of(kind: pa.DataType) -> int:
    """Return the bytes that one number of this type takes.

    >>> bytes_of(pa.float16())
    2
    """
    return int(kind.bit_width) // 8


def check_types(schema: pa.Schema, names: Sequence[str], log: IssueLog) -> tuple[str, ...]:
    """Report the columns whose type cannot be numbers; return the others."""
    readable = []
    for name in names:
        kind = schema.field(name).type
        if holds_numbers(kind):
            readable.append(name)
        elif name.isdigit():
            detail = f"the column is {shown(str(kind))}, numbers are wanted"
            log.add(IssueCode.WRONG_TYPE, detail, column=name)
    return tuple(readable)


def to_numbers(array: pa.Array | pa.ChunkedArray) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return the numbers of a column, and where it has none (``None``: nowhere).

    >>> to_numbers(pa.array([1.5, None]))
    (array([1.5, 0. ]), array([False,  True]))
    """
    if array.null_count == 0:
        return array.to_numpy() if isinstance(array, pa.ChunkedArray) else _plain(array), None
    empty = array.is_null()
    filled = array.fill_null(0)
    return (
        filled.to_numpy() if isinstance(filled, pa.ChunkedArray) else _plain(filled),
        empty.to_numpy() if isinstance(empty, pa.ChunkedArray) else _plain(empty),
    )


def text_bytes(array: pa.Array) -> int:
    """Return the bytes of all texts of an array, each counted as often as it is there.

    A text of a view may be pointed at by many rows; a dictionary's are made once.

    >>> text_bytes(pa.array(["a", "bcd"], pa.string_view())), text_bytes(pa.array([7]))
    (4, 0)
    """
    if pt.is_dictionary(array.type):
        array = array.dictionary
    if pt.is_string_view(array.type):
        views = np.frombuffer(array.buffers()[1], np.int32).reshape(-1, 4)
        return int(views[array.offset : array.offset + len(array), 0].sum(dtype=np.int64))
    if pt.is_integer(array.type):
        return 0
    return int(pc.sum(pc.binary_length(array)).as_py() or 0)


def to_ids(column: pa.ChunkedArray) -> list[str]:
    """Return ids as text, an absent one as the empty text.

    >>> to_ids(pa.chunked_array([pa.array(["a", None]).dictionary_encode()]))
    ['a', '']
    """
    ids: list[str] = []
    for chunk in column.chunks:
        if pt.is_dictionary(chunk.type):
            # Each distinct id becomes text once: a long one repeated costs no memory.
            texts = ["" if text is None else str(text) for text in chunk.dictionary.to_pylist()]
            places = chunk.indices.to_pylist()
            ids.extend("" if place is None else texts[place] for place in places)
        else:
            ids.extend("" if given is None else str(given) for given in chunk.to_pylist())
    return ids


def _plain(array: pa.Array) -> NDArray[Any]:
    values: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return values


def _holds_ids(kind: pa.DataType) -> bool:
    if pt.is_dictionary(kind):
        kind = kind.value_type
    return is_text(kind) or bool(pt.is_integer(kind))


def _is_list(kind: pa.DataType) -> bool:
    return bool(pt.is_list(kind) or pt.is_large_list(kind) or pt.is_fixed_size_list(kind))


def _dtype(schema: pa.Schema, names: Sequence[str]) -> str:
    kinds = {_type_name(schema.field(name).type) for name in names}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _type_name(kind: pa.DataType) -> str:
    return {"halffloat": "float16", "float": "float32", "double": "float64"}.get(
        str(kind), str(kind)
    )
