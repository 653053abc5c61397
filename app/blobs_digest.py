"""Whether a file is what its name says, where it came from somewhere that may have damaged it."""

import hashlib
import math
from io import BufferedReader
from pathlib import Path

import numpy as np

from app.blobs import BlobKind


def is_whole(kind: BlobKind, digest: str, path: Path) -> bool:
    """Tell whether a blob's file is the one that its digest names.

    The digest of a matrix that was handed in is of its numbers: without the header of the `.npy`.
    """
    with path.open("rb") as file:
        if kind is BlobKind.MATRICES and _skip_header(file) and _digest(file) == digest:
            return True
        file.seek(0)
        return _digest(file) == digest


def _skip_header(file: BufferedReader) -> bool:
    """Go to where the numbers begin; False where the header does not fit what follows."""
    try:
        version = np.lib.format.read_magic(file)
        shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    except ValueError:
        return False
    begin = file.tell()
    rest = file.seek(0, 2) - begin
    file.seek(begin)
    fits = dtype == np.dtype("<f4") and rest == dtype.itemsize * math.prod(shape)
    return version == (1, 0) and not is_fortran and fits


def _digest(file: BufferedReader) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()
