"""Looks into a file of embeddings for the samples it holds, before anyone says which are wanted.

Only to build the specification that the file is then read and validated against: what is not
understood here is left for the reader to refuse, with its place and its reason.
"""

import gzip
import json
import struct
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

# The largest header that is taken for one; a list of ids may be in it.
_LARGEST_HEADER = 1 << 28
_NPY = b"\x93NUMPY"


@dataclass(frozen=True)
class Peeked:
    """Ids in the order of the file, and the dimensions of its embeddings."""

    ids: tuple[str, ...]
    n_dims: int


def peek(path: Path, row_ids: tuple[str, ...] | None = None) -> Peeked | None:
    """Return ids and dimensions, or None if they cannot be told.

    Parameters
    ----------
    path
        The file.
    row_ids
        Ids of the rows of an NPY file, which has none.

    Raises
    ------
    OSError
        If there is no such file.
    """
    with path.open("rb") as file:
        start = file.read(16)
        file.seek(0)
        try:
            return _peek(file, path, start, row_ids)
        # zlib, struct, JSON, Arrow and zipfile each have errors of their own.
        except Exception:
            return None


def is_npy(path: Path) -> bool:
    """Whether a file is a plain array, which holds no ids.

    Raises
    ------
    OSError
        If there is no such file.
    """
    with path.open("rb") as file:
        return file.read(len(_NPY)) == _NPY


def _peek(
    file: IO[bytes], path: Path, start: bytes, row_ids: tuple[str, ...] | None
) -> Peeked | None:
    if start.startswith((b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")):
        return _arrow(path, start)
    if start.startswith(b"PK\x03\x04"):
        return _npz(file)
    if start.startswith(_NPY):
        return Peeked(row_ids, _npy_shape(file)[1]) if row_ids else None
    if start.startswith(b"\x1f\x8b"):
        return _csv(gzip.GzipFile(fileobj=file))
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        import pyarrow as pa

        with pa.CompressedInputStream(str(path), "zstd") as stream:
            return _csv(_lines(stream))
    if start[8:9] == b"{":
        return _safetensors(file)
    return _csv(file)


def _lines(stream: Any) -> Iterator[bytes]:
    """Lines of a stream that knows none."""
    rest = b""
    while block := stream.read(1 << 20):
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _csv(lines: Iterable[bytes]) -> Peeked | None:
    lines = iter(lines)
    names = [_unquoted(name) for name in next(lines).removeprefix(b"\xef\xbb\xbf").split(b",")]
    column = names.index("id")
    cells = (line.split(b",", column + 1) for line in lines if line.strip())
    ids = tuple(_unquoted(row[column]) for row in cells)
    return Peeked(ids, len(names) - 1)


def _unquoted(cell: bytes) -> str:
    return cell.strip().strip(b'"').decode()


def _arrow(path: Path, start: bytes) -> Peeked | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if start.startswith(b"PAR1"):
        parquet = pq.ParquetFile(path)
        schema, n_rows = parquet.schema_arrow, parquet.metadata.num_rows
        wanted = [name for name in schema.names if name != "id"]
        table = parquet.read(["id"])
        first = next(parquet.iter_batches(1, columns=wanted[:1])) if n_rows else None
    else:
        source = pa.memory_map(str(path))
        opened = pa.ipc.open_file if start.startswith(b"ARROW1") else pa.ipc.open_stream
        table = opened(source).read_all()
        wanted = [name for name in table.schema.names if name != "id"]
        first = table.select(wanted[:1]).slice(0, 1)
    if first is None or not wanted:
        return None
    ids = tuple(map(str, table.column("id").to_pylist()))
    value = first.column(0)[0].as_py()
    return Peeked(ids, len(value) if isinstance(value, list) else len(wanted))


def _npy_shape(file: IO[bytes]) -> tuple[int, ...]:
    major, _ = npy.read_magic(file)
    read = npy.read_array_header_1_0 if major == 1 else npy.read_array_header_2_0
    shape: tuple[int, ...] = read(file)[0]
    return shape


def _npz(file: IO[bytes]) -> Peeked:
    with zipfile.ZipFile(file) as archive:
        with archive.open("ids.npy") as member:
            ids = npy.read_array(member, allow_pickle=False)
        with archive.open("embeddings.npy") as member:
            return Peeked(_texts(ids), _npy_shape(member)[1])


def _safetensors(file: IO[bytes]) -> Peeked:
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _LARGEST_HEADER:
        raise ValueError("no header is so long")
    header = json.loads(file.read(length))
    n_dims = header["embeddings"]["shape"][1]
    if "ids" not in header:
        return Peeked(tuple(map(str, json.loads(header["__metadata__"]["ids"]))), n_dims)
    begin, end = header["ids"]["data_offsets"]
    file.seek(8 + length + begin)
    kind, bits = header["ids"]["dtype"][0].lower(), int(header["ids"]["dtype"][1:])
    values = np.frombuffer(file.read(end - begin), f"<{kind}{bits // 8}")
    return Peeked(_texts(values.reshape(header["ids"]["shape"])), n_dims)


def _texts(values: NDArray[Any]) -> tuple[str, ...]:
    if values.dtype == np.uint8 and values.ndim == 2:
        values = values.view(f"S{values.shape[1]}")[:, 0]
    return tuple(v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist())
