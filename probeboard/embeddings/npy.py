"""Reads NPY: one array, and its ids from a file beside it."""

from pathlib import Path
from typing import BinaryIO

from probeboard.embeddings.arrays import StoredArray, read_matrix
from probeboard.embeddings.damage import refused_if_damaged
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.ids_file import read_ids_file
from probeboard.embeddings.issues import IssueCode, IssueLog
from probeboard.embeddings.npy_header import read_npy_header
from probeboard.embeddings.spec import EmbeddingSpec


def read_npy(
    path: Path, spec: EmbeddingSpec, log: IssueLog, *, ids_path: Path | None
) -> Embeddings:
    """Read an NPY file whose rows are named, in their order, by the file at `ids_path`.

    Raises
    ------
    InvalidEmbeddings
        If the files do not hold what `spec` asks for.
    """
    if ids_path is None:
        detail = (
            "an NPY array names no samples; give its ids beside it as a text, one id a line in "
            "the order of the rows, or pack both as NPZ (ids, embeddings)"
        )
        log.fail(IssueCode.MISSING_ID_COLUMN, detail)
    with path.open("rb") as file:
        array = _open(file, log)
        n_rows = array.shape[0] if array.shape else 0
        ids = read_ids_file(ids_path, spec, log, n_rows=n_rows)
        return read_matrix(array, ids, spec, log, format="npy")


def _open(file: BinaryIO, log: IssueLog) -> StoredArray:
    size = file.seek(0, 2)
    file.seek(0)
    with refused_if_damaged(log):
        shape, fortran_order, dtype = read_npy_header(file)
    if dtype.hasobject:
        log.fail(IssueCode.PICKLED, "the array holds Python objects; give it a plain dtype")
    array = StoredArray("embeddings", shape, dtype, file.read, fortran_order=fortran_order)
    if array.n_bytes != size - file.tell():
        detail = f"the array declares {array.n_bytes} bytes and the file has {size - file.tell()}"
        log.fail(IssueCode.CORRUPTED, detail)
    return array
