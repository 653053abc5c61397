"""Reads NPZ (``ids``, ``embeddings``) without trusting what it declares, and without pickle."""

import struct
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

from probeboard.embeddings.arrays import StoredArray, read_ids, read_matrix
from probeboard.embeddings.damage import refused_if_damaged
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.issues import IssueCode, IssueLog, shown
from probeboard.embeddings.npy_header import read_npy_header
from probeboard.embeddings.spec import EmbeddingSpec

_DIRECTORY_BYTES = 1 << 16
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
    if b"PK\x06\x07" in tail or members > _MOST_MEMBERS or directory_bytes > _DIRECTORY_BYTES:
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
    ids = read_ids(_Member(archive, "ids", log).array, spec, log)
    return read_matrix(_Member(archive, "embeddings", log).array, ids, spec, log, format="npz")


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
            shape, fortran_order, dtype = read_npy_header(cast(BinaryIO, self._stream))
        self._end = info.file_size
        if dtype.hasobject:
            detail = f"array '{name}' holds Python objects; give {name} a plain dtype"
            log.fail(IssueCode.PICKLED, detail)
        self.array = StoredArray(name, shape, dtype, self._read, fortran_order=fortran_order)
        if self.array.n_bytes != info.file_size - self._stream.tell():
            n_bytes = self.array.n_bytes
            detail = f"array '{name}' declares {n_bytes} bytes and the archive another number"
            log.fail(IssueCode.CORRUPTED, detail)

    def _read(self, size: int) -> bytes:
        with refused_if_damaged(self._log, f"array '{self._name}'"):
            data = self._stream.read(size)
            if self._stream.tell() == self._end:
                self._stream.read(1)  # past the end, where the archive's checksum is compared
        if len(data) != size:
            self._log.fail(IssueCode.CORRUPTED, f"array '{self._name}' ends before its end")
        return data
