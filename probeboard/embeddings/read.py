"""Recognises a file by its content and reads it."""

from io import FileIO
from pathlib import Path

from probeboard.embeddings.arrow_ipc import read_arrow
from probeboard.embeddings.arrow_messages import ARROW_MAGIC, CONTINUATION
from probeboard.embeddings.csv_text import read_csv
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.issues import IssueCode, IssueLog
from probeboard.embeddings.npy import read_npy
from probeboard.embeddings.npy_header import NPY_MAGIC
from probeboard.embeddings.npz import read_npz
from probeboard.embeddings.parquet import read_parquet
from probeboard.embeddings.safetensors import read_safetensors
from probeboard.embeddings.safetensors_header import looks_like_safetensors
from probeboard.embeddings.spec import EmbeddingSpec, widest_encoding_bytes
from probeboard.embeddings.streams import ByteStream, Capped, Gunzip, Resumed, Unzstd

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Only to say what was found instead; anything not listed is called "binary data".
_OTHERS = {
    b"\xff\xd8\xff": "a JPEG image",
    b"\x89PNG": "a PNG image",
    b"II*\x00": "a TIFF image",
    b"MM\x00*": "a TIFF image",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"FEA1": "a Feather file of version 1",
    b"PARE": "an encrypted Parquet file",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"\x7fELF": "a program",
}
_WANTED = "a CSV (plain, gzip or zstd), Parquet, Arrow, NPZ, NPY or safetensors file is wanted"
_CONTROL = bytes(set(range(32)) - set(b"\t\r\n")) + b"\x7f"


def read_embeddings(path: Path, spec: EmbeddingSpec, ids_path: Path | None = None) -> Embeddings:
    """Read and validate one file of embeddings.

    The format is recognised by content, whatever the file is called: CSV (plain, gzip or zstd),
    Parquet, Arrow IPC (file or stream), NPZ, NPY or safetensors. Nothing is ever unpickled; memory
    is bounded by the specification.

    Parameters
    ----------
    path
        The file.
    spec
        What it has to hold.
    ids_path
        For NPY, which has no place for them: a text with the ids in the order of the rows, one a
        line, or a CSV with a header whose first column is ``id``. Beside any other format, which
        has ids of its own, it is refused.

    Returns
    -------
    Embeddings
        The float32 matrix of shape (n_samples, n_dims) in the order of ``spec.sample_ids``, all
        values finite, its digest and the file's facts.

    Raises
    ------
    InvalidEmbeddings
        If the file holds anything else, with all faults found in one pass.
    OSError
        If the disk fails or there is no such file.

    Examples
    --------
    >>> import tempfile
    >>> spec = EmbeddingSpec(n_dims=2, sample_ids=("a", "b"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "embeddings.csv"
    ...     _ = path.write_text("id,0,1\\nb,3,4\\na,1,2\\n")
    ...     read_embeddings(path, spec).matrix.tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    log = IssueLog()
    limit = widest_encoding_bytes(spec)
    size = path.stat().st_size
    if size > limit:
        log.fail(IssueCode.TOO_LARGE, f"{size} bytes; no honest file exceeds {limit}")
    with path.open("rb", buffering=0) as file:
        start = file.read(4096)
        file.seek(0)
        if start.startswith(NPY_MAGIC):
            return read_npy(path, spec, log, ids_path=ids_path)
        if ids_path is not None:
            detail = "only an NPY array is given its ids apart; this file names its samples itself"
            log.fail(IssueCode.UNWANTED_IDS, detail)
        if start.startswith(b"PAR1"):
            return read_parquet(path, spec, log)
        if start.startswith((ARROW_MAGIC, CONTINUATION)):
            is_stream = start.startswith(CONTINUATION)
            return read_arrow(path, spec, log, is_stream=is_stream)
        if start.startswith(_ZIP):
            return read_npz(path, spec, log)
        if looks_like_safetensors(start):
            return read_safetensors(path, spec, log)
        return _read_text(file, start, spec, log, limit=limit)


def _read_text(
    file: FileIO, start: bytes, spec: EmbeddingSpec, log: IssueLog, *, limit: int
) -> Embeddings:
    stream: ByteStream = file
    format = "csv"
    if start.startswith(b"\x1f\x8b"):
        stream, format = Capped(Gunzip(file, log), limit=limit, log=log), "csv.gz"
    elif start.startswith(b"\x28\xb5\x2f\xfd"):
        stream, format = Capped(Unzstd(file, log), limit=limit, log=log), "csv.zst"
    start = stream.read(4096)
    _check_is_text(start, log)
    return read_csv(Resumed(start, stream), spec, log, format=format)


def _check_is_text(start: bytes, log: IssueLog) -> None:
    if not start:
        log.fail(IssueCode.EMPTY_FILE, "the file is empty")
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            log.fail(IssueCode.UNKNOWN_FORMAT, f"this is {what}; {_WANTED}")
    # Without a byte order mark, UTF-16 shows by its every other byte.
    if start.startswith(_UTF16) or (start[:6:2] == b"\0\0\0") != (start[1:6:2] == b"\0\0\0"):
        log.fail(IssueCode.WRONG_ENCODING, "the text is UTF-16; save it as UTF-8")
    if start.translate(None, _CONTROL) != start:
        if start.translate(None, _CONTROL[1:]) == start:
            log.fail(IssueCode.NUL_BYTE, "the text has a NUL byte")
        log.fail(IssueCode.UNKNOWN_FORMAT, f"this is binary data; {_WANTED}")
