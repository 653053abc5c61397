"""The header of an NPY file (NEP 1), in the one form in which NumPy writes it.

NumPy's own reader tokenizes and evaluates it as Python, which a few nested parentheses can make to
fail in many ways.
"""

import re
from typing import Any, BinaryIO

import numpy as np

from probeboard.embeddings.issues import shown

NPY_MAGIC = b"\x93NUMPY"
_HEADER_BYTES = 1 << 16
_HEADER = re.compile(
    rb"\{'descr': ?'([<>|=]?[a-zA-Z?][0-9]{0,9})', ?'fortran_order': ?(True|False), ?"
    rb"'shape': ?\(((?:[0-9]{1,18},? ?)*)\),? ?\}\s*"
)


def read_npy_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether the order is Fortran's, and dtype; the values come next.

    Raises
    ------
    ValueError, TypeError
        If the header describes no plain array.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> np.save(file, np.zeros((2, 3), ">f4"))
    >>> _ = file.seek(0)
    >>> read_npy_header(file)
    ((2, 3), False, dtype('>f4'))
    """
    magic = stream.read(8)
    if magic[:6] != NPY_MAGIC or magic[6:7] not in (b"\x01", b"\x02", b"\x03"):
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
