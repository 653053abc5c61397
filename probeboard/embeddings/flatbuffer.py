"""Reads tables of a flatbuffer, checking every offset.

Layout: https://flatbuffers.dev/internals. A table begins with the distance back to its vtable,
which has the place of each field; strings, vectors and tables are at a distance ahead.
"""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

_UINT16 = struct.Struct("<H")
_INT32 = struct.Struct("<i")
_UINT32 = struct.Struct("<I")


class FlatTable:
    """A table at a position of some bytes; fields are known by number.

    What is out of place raises ValueError or struct.error.

    Examples
    --------
    >>> table = FlatTable.root(bytes.fromhex("0a000000 06000800 0400 06000000 2a000000"))
    >>> table.number(0, "<i", default=1), table.number(1, "<i", default=1)
    (42, 1)
    """

    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at
        self._vtable = at - self._unpack(_INT32, at)
        self._vtable_bytes = self._unpack(_UINT16, self._vtable)

    @classmethod
    def root(cls, data: bytes) -> "FlatTable":
        """Return the table that the bytes are about."""
        return cls(data, _UINT32.unpack_from(data, 0)[0])

    def number(self, field: int, kind: str, *, default: int) -> int:
        """Return a number of a struct's format."""
        at = self._place(field)
        return default if at is None else self._unpack(struct.Struct(kind), at)

    def table(self, field: int) -> "FlatTable | None":
        """Return the table a field points to."""
        at = self._target(field)
        return None if at is None else FlatTable(self._data, at)

    def text_bytes(self, field: int) -> int:
        """Return the length of a text in bytes, unread."""
        at = self._target(field)
        return 0 if at is None else self._unpack(_UINT32, at)

    def tables(self, field: int, *, most: int) -> list["FlatTable"]:
        """Return the tables of a vector, which may have `most` of them."""
        at, length = self._vector(field, 4)
        if length > most:
            raise ValueError(f"{length} entries, of which {most} can be needed")
        places = range(at, at + 4 * length, 4)
        return [FlatTable(self._data, place + self._unpack(_UINT32, place)) for place in places]

    def structs(self, field: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the structs of a vector, shape (n,)."""
        at, length = self._vector(field, dtype.itemsize)
        return np.frombuffer(self._data, dtype, length, at)

    def _vector(self, field: int, entry_bytes: int) -> tuple[int, int]:
        at = self._target(field)
        if at is None:
            return 0, 0
        length = self._unpack(_UINT32, at)
        if at + 4 + length * entry_bytes > len(self._data):
            raise ValueError("a vector ends after the end")
        return at + 4, length

    def _place(self, field: int) -> int | None:
        slot = 4 + 2 * field
        if slot + 2 > self._vtable_bytes:
            return None
        offset = self._unpack(_UINT16, self._vtable + slot)
        return self._at + offset if offset else None

    def _target(self, field: int) -> int | None:
        at = self._place(field)
        return None if at is None else at + self._unpack(_UINT32, at)

    def _unpack(self, kind: struct.Struct, at: int) -> int:
        if at < 0:  # struct would count from the end
            raise ValueError("an offset before the beginning")
        return int(kind.unpack_from(self._data, at)[0])
