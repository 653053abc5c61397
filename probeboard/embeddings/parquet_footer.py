"""How many values a Parquet file's footer declares for a column.

PyArrow knows too, but the call that tells aborts the whole process on some damaged footers: its
C++ exception has nobody to catch it. The footer is Thrift's compact protocol; field numbers are
those of ``parquet.thrift``: FileMetaData.row_groups is 4, RowGroup.columns 1, ColumnChunk.meta_data
3, ColumnMetaData.path_in_schema 3 and .num_values 5.
"""

from typing import Any, BinaryIO

_FOOTER_LIMIT_BYTES = 1 << 24
_DEPTH_LIMIT = 16
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)


def declared_values(file: BinaryIO, column: str) -> int:
    """Return the number of values declared for a top-level column, over all row groups.

    Raises
    ------
    ValueError, LookupError
        If the footer makes no sense.

    Examples
    --------
    >>> import io, pyarrow, pyarrow.parquet
    >>> file = io.BytesIO()
    >>> table = pyarrow.table({"a": [1, 2], "b": [[1, 2, 3], [4]]})
    >>> pyarrow.parquet.write_table(table, file, row_group_size=1)
    >>> declared_values(file, "a"), declared_values(file, "b")
    (2, 4)
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - 8))
    length = int.from_bytes(file.read(4), "little")
    if length > min(_FOOTER_LIMIT_BYTES, size - 8):
        raise ValueError(f"a footer of {length} bytes")
    file.seek(size - 8 - length)
    footer = _Compact(file.read(length)).read_struct(0)
    values = 0
    for group in footer[4]:
        for chunk in group[1]:
            if chunk[3][3][0] == column.encode():
                if chunk[3][5] < 0:
                    raise ValueError("a negative number of values")
                values += chunk[3][5]
    return values


class _Compact:
    """A reader of Thrift's compact protocol; structs become dicts by field number."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read_struct(self, depth: int) -> dict[int, Any]:
        if depth > _DEPTH_LIMIT:
            raise ValueError("structs are nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while header := self._byte():
            step, kind = header >> 4, header & 15
            number = number + step if step else self._integer()
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_I16, _I32, _I64):
            return self._integer()
        if kind in (_TRUE, _FALSE, _BYTE):  # booleans in a list take a byte
            return self._byte()
        if kind == _BINARY:
            return self._bytes(self._varint())
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind in (_LIST, _SET):
            header = self._byte()
            length = header >> 4 if header >> 4 < 15 else self._varint()
            return [self._value(header & 15, depth + 1) for _ in range(length)]
        if kind == _STRUCT:
            return self.read_struct(depth + 1)
        raise ValueError(f"type {kind} is not used in footers")

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte

    def _bytes(self, length: int) -> bytes:
        start, self._at = self._at, self._at + length
        if self._at > len(self._data):
            raise ValueError("the footer ends before its end")
        return self._data[start : self._at]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 64, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("an integer of more than 64 bits")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)  # zigzag
