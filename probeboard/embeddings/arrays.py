"""What NPZ, NPY and safetensors share: an array that is described and still to be read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.embeddings.assembly import Assembly
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.issues import IssueCode, IssueLog
from probeboard.embeddings.layout import unnamed_layout
from probeboard.embeddings.spec import EmbeddingSpec, widest_encoding_bytes

BFLOAT16 = "bfloat16"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class StoredArray:
    """An array in a file, of which only the description has been read.

    Attributes
    ----------
    name
        What the file calls it, for issues.
    shape
        Lengths of its axes.
    dtype
        Type of the values as NumPy reads them.
    read
        Returns the next so many bytes of the values, or refuses the file.
    fortran_order
        Whether the first axis runs fastest.
    bfloat16
        Whether the values, read as uint16, are the upper halves of float32.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[int], bytes]
    fortran_order: bool = False
    bfloat16: bool = False

    @property
    def n_bytes(self) -> int:
        """Bytes of all values."""
        return self.dtype.itemsize * prod(self.shape)

    @property
    def dtype_name(self) -> str:
        """Name of the type, for people."""
        return BFLOAT16 if self.bfloat16 else self.dtype.name

    def read_all(self) -> NDArray[Any]:
        """Return the whole array; it must be in C order."""
        return np.frombuffer(self.read(self.n_bytes), self.dtype).reshape(self.shape)

    def blocks(self, n_rows: int, width: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the array as it runs in the file: number of the first row, rows."""
        step = max(1, _BLOCK_BYTES // (width * self.dtype.itemsize))
        for start in range(0, n_rows, step):
            rows = min(step, n_rows - start)
            data = self.read(rows * width * self.dtype.itemsize)
            block = np.frombuffer(data, self.dtype).reshape(rows, width)
            yield start, _widened(block) if self.bfloat16 else block


def read_ids(array: StoredArray, spec: EmbeddingSpec, log: IssueLog) -> list[str]:
    """Return the ids that an array holds: text, or integers; bytes may be a row of characters."""
    name, shape, dtype = f"'{array.name}'", array.shape, array.dtype
    is_bytes = dtype == np.uint8 and len(shape) == 2 and not array.fortran_order
    if len(shape) != 1 and not is_bytes:
        log.fail(IssueCode.WRONG_TYPE, f"{name} has {len(shape)} axes, 1 is wanted")
    if dtype.kind not in "USiu" or array.bfloat16:
        log.fail(IssueCode.WRONG_TYPE, f"{name} are {array.dtype_name}, text or int is wanted")
    if shape[0] == 0:
        log.fail(IssueCode.NO_ROWS, f"{name} is empty")
    if shape[0] > spec.row_limit:
        log.fail(IssueCode.TOO_MANY_ROWS, f"{shape[0]} rows, {spec.n_samples} are wanted")
    if array.n_bytes > widest_encoding_bytes(spec):
        log.fail(IssueCode.TOO_LARGE, f"{name} takes {array.n_bytes} bytes")
    if array.n_bytes == 0:  # NumPy can describe text of no width, but not make it from bytes
        return [""] * shape[0]
    values = array.read_all()
    if is_bytes:
        values = values.view(f"S{shape[1]}")[:, 0]
    try:
        if values.dtype.kind == "S":
            return [given.decode("utf-8") for given in values.tolist()]
        return [str(given) for given in values.tolist()]
    except ValueError as error:
        log.fail(IssueCode.WRONG_ENCODING, f"{name} cannot be decoded: {error}")


def read_matrix(
    array: StoredArray, ids: list[str], spec: EmbeddingSpec, log: IssueLog, *, format: str
) -> Embeddings:
    """Read the rows that belong to `ids`, block by block.

    Raises
    ------
    InvalidEmbeddings
        If the array does not hold what `spec` asks for.
    """
    n_rows, width = _check_shape(array, len(ids), spec, log)
    layout = unnamed_layout(width, spec, log, value_bytes=array.dtype.itemsize)
    assembly = Assembly(spec, layout, log)
    rows = assembly.find_rows(ids, first_row=1)
    if array.fortran_order:
        # Blocks of whole columns, since that is how the file runs.
        for start, block in array.blocks(width, n_rows):
            assembly.put(block.T, rows, first_row=1, first_column=start)
    else:
        for start, block in array.blocks(n_rows, width):
            part = rows[start : start + len(block)]
            assembly.put(block, part, first_row=start + 1)
    return assembly.finish(format=format, dtype=array.dtype_name)


def _check_shape(
    array: StoredArray, n_ids: int, spec: EmbeddingSpec, log: IssueLog
) -> tuple[int, int]:
    name = f"'{array.name}'"
    if array.dtype.kind not in "fiu" or array.dtype.itemsize > 8:
        hint = ""
        if array.dtype.kind == "V":
            hint = " (NumPy has no bfloat16: save float32, or bfloat16 as safetensors)"
        detail = f"{name} are {array.dtype_name}, floats are wanted{hint}"
        log.fail(IssueCode.WRONG_TYPE, detail)
    if len(array.shape) != 2:
        log.fail(IssueCode.WRONG_TYPE, f"{name} has {len(array.shape)} axes, 2 are wanted")
    n_rows, width = array.shape
    if n_rows != n_ids:
        log.fail(IssueCode.RAGGED_ROW, f"{n_ids} ids and {n_rows} rows of embeddings")
    if width == 0:
        log.fail(IssueCode.WRONG_DIMENSION, f"0 dimensions, {spec.n_dims} are wanted")
    if array.n_bytes > widest_encoding_bytes(spec):
        log.fail(IssueCode.TOO_LARGE, f"{name} takes {array.n_bytes} bytes")
    return n_rows, width


def _widened(halves: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return bfloat16 as float32, exactly: its 16 bits are float32's upper ones.

    >>> _widened(np.array([[0x3F80, 0xC000]], "<u2"))
    array([[ 1., -2.]], dtype=float32)
    """
    return (halves.astype(np.uint32) << np.uint32(16)).view(np.float32)
