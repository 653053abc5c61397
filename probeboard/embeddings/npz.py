"""Reads NPZ (``ids``, ``embeddings``) without trusting what it declares, and without pickle."""

import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from probeboard.embeddings.assembly import Assembly
from probeboard.embeddings.damage import refused_if_damaged
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.issues import IssueCode, IssueLog, shown
from probeboard.embeddings.layout import unnamed_layout
from probeboard.embeddings.spec import EmbeddingSpec, widest_encoding_bytes

_BLOCK_BYTES = 1 << 20
_HEADER_BYTES = 1 << 16
_HEADER = re.compile(
    rb"\{'descr': ?'([<>|=]?[a-zA-Z?][0-9]{0,9})', ?'fortran_order': ?(True|False), ?"
    rb"'shape': ?\(((?:[0-9]{1,18},? ?)*)\),? ?\}\s*"
)
_END_RECORD = struct.Struct("<4s4H2LH")
_MOST_MEMBERS = 1000


def read_npz(path: Path, spec: EmbeddingSpec, log: IssueLog) -> Embeddings:
    """Read the arrays ``ids`` and ``embeddings`` of an NPZ file.

    Raises
    ------
    InvalidEmbeddings
        If the file does not hold what `spec` asks for.
    """
    with path.open("rb") as file:
        _check_directory(file, log)
        with refused_if_damaged(log, "the archive"):
            archive = zipfile.ZipFile(file)
        with archive:
            return _read_archive(archive, spec, log)


def _check_directory(file: BinaryIO, log: IssueLog) -> None:
    """Refuse an archive whose list of members alone would be a burden.

    zipfile builds an object for each member before anyone can ask how many there are.
    """
    size = file.seek(0, 2)
    tail_bytes = min(size, _END_RECORD.size + (1 << 16))
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END_RECORD.size:
        log.fail(IssueCode.CORRUPTED, "the archive ends before its end")
    _, _, _, _, members, directory_bytes, _, _ = _END_RECORD.unpack_from(tail, at)
    if b"PK\x06\x07" in tail or members > _MOST_MEMBERS or directory_bytes > _HEADER_BYTES:
        log.fail(IssueCode.TOO_LARGE, "the archive has more members than 'ids' and 'embeddings'")
    file.seek(0)


def _read_archive(archive: zipfile.ZipFile, spec: EmbeddingSpec, log: IssueLog) -> Embeddings:
    names = archive.namelist()
    for name in sorted(set(names) - {"ids.npy", "embeddings.npy"}):
        detail = f"member {shown(name)}: an archive holds 'ids' and 'embeddings' only"
        log.add(IssueCode.UNKNOWN_COLUMN, detail, column=name[:60])
    if len(set(names)) != len(names):
        log.fail(IssueCode.DUPLICATE_COLUMN, "the archive has two members of one name")
    if "ids.npy" not in names:
        log.fail(IssueCode.MISSING_ID_COLUMN, "the archive has no array 'ids'")
    if "embeddings.npy" not in names:
        log.fail(IssueCode.MISSING_COLUMN, "the archive has no array 'embeddings'")
    ids = _read_ids(_Member(archive, "ids", log), spec, log)
    member = _Member(archive, "embeddings", log)
    n_rows, width = _check_shape(member, len(ids), spec, log)
    assembly = Assembly(spec, unnamed_layout(width, spec, log), log)
    rows = assembly.find_rows(ids, first_row=1)
    if member.fortran_order:
        # Blocks of whole columns, since that is how the file runs.
        for start, block in member.blocks(width, n_rows):
            assembly.put(block.T, rows, first_row=1, first_column=start)
    else:
        for start, block in member.blocks(n_rows, width):
            part = rows[start : start + len(block)]
            assembly.put(block, part, first_row=start + 1)
    return assembly.finish(format="npz", dtype=member.dtype.name)


class _Member:
    """One array of the archive: its header is read, its values are still to come."""

    def __init__(self, archive: zipfile.ZipFile, name: str, log: IssueLog) -> None:
        self._name = name
        self._log = log
        info = archive.getinfo(f"{name}.npy")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # zipfile unpacks the others without a bound on what one read may yield.
            log.fail(IssueCode.UNKNOWN_FORMAT, f"array '{name}': only deflate is accepted")
        with refused_if_damaged(log, f"array '{name}'"):
            self._stream = archive.open(info)
            shape, self.fortran_order, dtype = _read_header(cast(BinaryIO, self._stream))
        if dtype.hasobject:
            detail = f"array '{name}' holds Python objects; give {name} a plain dtype"
            log.fail(IssueCode.PICKLED, detail)
        self.shape = shape
        self.dtype = dtype
        self.bytes = dtype.itemsize
        for length in shape:
            self.bytes *= length
        if self.bytes != info.file_size - self._stream.tell():
            detail = f"array '{name}' declares {self.bytes} bytes and the archive another number"
            log.fail(IssueCode.CORRUPTED, detail)

    def read(self, size: int) -> bytes:
        with refused_if_damaged(self._log, f"array '{self._name}'"):
            data = self._stream.read(size)
        if len(data) != size:
            self._log.fail(IssueCode.CORRUPTED, f"array '{self._name}' ends before its end")
        return data

    def blocks(self, n_rows: int, width: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the array as it runs in the file: number of the first row, rows."""
        step = max(1, _BLOCK_BYTES // (width * self.dtype.itemsize))
        for start in range(0, n_rows, step):
            rows = min(step, n_rows - start)
            data = self.read(rows * width * self.dtype.itemsize)
            yield start, np.frombuffer(data, self.dtype).reshape(rows, width)
        self.finish()

    def finish(self) -> None:
        """Read the end, where the archive's checksum is compared."""
        with refused_if_damaged(self._log, f"array '{self._name}'"):
            self._stream.read(1)


def _read_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of an NPY file (NEP 1) in the one form in which NumPy writes it.

    NumPy's own reader tokenizes and evaluates it as Python, which a few nested parentheses can
    make to fail in many ways.
    """
    magic = stream.read(8)
    if magic[:6] != b"\x93NUMPY" or magic[6:7] not in (b"\x01", b"\x02", b"\x03"):
        raise ValueError("no NPY header")
    length_bytes = 2 if magic[6] == 1 else 4
    length = int.from_bytes(stream.read(length_bytes), "little")
    header = stream.read(min(length, _HEADER_BYTES))
    match = _HEADER.fullmatch(header)
    if match is None or len(header) != length:
        raise ValueError(f"{shown(header)} describes no plain array")
    descr, fortran_order, shape = match.groups()
    lengths = tuple(int(number) for number in shape.split(b",") if number.strip())
    return lengths, fortran_order == b"True", np.dtype(descr.decode())


def _read_ids(member: _Member, spec: EmbeddingSpec, log: IssueLog) -> list[str]:
    if len(member.shape) != 1:
        log.fail(IssueCode.WRONG_TYPE, f"'ids' has {len(member.shape)} axes, 1 is wanted")
    if member.dtype.kind not in "USiu":
        log.fail(IssueCode.WRONG_TYPE, f"'ids' are {member.dtype.name}, text or int is wanted")
    if member.shape[0] == 0:
        log.fail(IssueCode.NO_ROWS, "'ids' is empty")
    if member.shape[0] > spec.row_limit:
        log.fail(IssueCode.TOO_MANY_ROWS, f"{member.shape[0]} rows, {spec.n_samples} are wanted")
    if member.bytes > widest_encoding_bytes(spec):
        log.fail(IssueCode.TOO_LARGE, f"'ids' takes {member.bytes} bytes")
    array: NDArray[Any] = np.frombuffer(member.read(member.bytes), member.dtype)
    member.finish()
    try:
        if member.dtype.kind == "S":
            return [given.decode("utf-8") for given in array.tolist()]
        return [str(given) for given in array.tolist()]
    except ValueError as error:
        log.fail(IssueCode.WRONG_ENCODING, f"'ids' cannot be decoded: {error}")


def _check_shape(
    member: _Member, n_ids: int, spec: EmbeddingSpec, log: IssueLog
) -> tuple[int, int]:
    if member.dtype.kind not in "fiu" or member.dtype.itemsize > 8:
        log.fail(IssueCode.WRONG_TYPE, f"'embeddings' are {member.dtype.name}, floats are wanted")
    if len(member.shape) != 2:
        axes = len(member.shape)
        log.fail(IssueCode.WRONG_TYPE, f"'embeddings' has {axes} axes, 2 are wanted")
    n_rows, width = member.shape
    if n_rows != n_ids:
        log.fail(IssueCode.RAGGED_ROW, f"{n_ids} ids and {n_rows} rows of embeddings")
    if width == 0:
        log.fail(IssueCode.WRONG_DIMENSION, f"0 dimensions, {spec.n_dims} are wanted")
    if member.bytes > widest_encoding_bytes(spec):
        log.fail(IssueCode.TOO_LARGE, f"'embeddings' takes {member.bytes} bytes")
    return n_rows, width
