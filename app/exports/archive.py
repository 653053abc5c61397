"""A submission's embeddings as an NPZ file, written while it is sent: never whole in memory."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

CHUNK_BYTES = 1 << 18
# The archive says nothing of when it was written: the same matrix gives the same bytes.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_ZIP64_FROM_BYTES = 1 << 31


class _Outlet(io.RawIOBase):
    """What zipfile writes to; what it wrote is taken out again at once."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Tell that it takes bytes; it cannot be read or sought."""
        return True

    def write(self, data: object) -> int:
        """Keep bytes until they are taken."""
        part = bytes(cast(bytes, data))
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        """Take out what was written since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def npz_chunks(ids: Sequence[str], matrix: Path) -> Iterator[bytes]:
    """Yield the arrays `ids` and `embeddings`, the second from a stored `.npy` as it is."""
    named = io.BytesIO()
    np.save(named, np.array(ids), allow_pickle=False)
    named.seek(0)
    outlet = _Outlet()
    with (
        zipfile.ZipFile(cast(BinaryIO, outlet), "w", zipfile.ZIP_STORED) as archive,
        matrix.open("rb") as stored,
    ):
        members = {"ids": (named, named.getbuffer().nbytes), "embeddings": (stored, _size(matrix))}
        for name, (source, n_bytes) in members.items():
            info = zipfile.ZipInfo(f"{name}.npy", _LONG_AGO)
            with archive.open(info, "w", force_zip64=n_bytes >= _ZIP64_FROM_BYTES) as member:
                while chunk := source.read(CHUNK_BYTES):
                    member.write(chunk)
                    yield outlet.taken()
            yield outlet.taken()
    yield outlet.taken()


def _size(path: Path) -> int:
    return path.stat().st_size
