"""What a valid embeddings file was like, and the matrix it held."""

import hashlib
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class EmbeddingFacts:
    """Facts of a file and its matrix, for people to look at; nothing is computed from them.

    Attributes
    ----------
    format
        ``"csv"``, ``"csv.gz"``, ``"csv.zst"``, ``"parquet"``, ``"arrow"``, ``"npz"``,
        ``"npy"`` or ``"safetensors"``.
    dtype
        Type of the values in the file (``"float64"``); ``"text"`` for a CSV.
    n_rows, n_dims
        Shape of the matrix, padding included.
    min, max
        Smallest and largest value, as float32.
    zero_fraction
        Share of values that are exactly zero, 0 to 1, padding included.
    constant_columns
        Dimensions that have one value throughout.
    duplicate_rows
        Rows that equal an earlier row in every bit.
    notes
        What the reader did beyond reading: stripped suffixes, reordered columns, padding.
    handed_in_dims
        Dimensions in the file, before padding; ``None`` in facts noted before this was one.
    bytes_per_sample
        Bytes of one embedding in the file's types, a value in a text counting as 4; ``None``
        likewise.
    """

    format: str
    dtype: str
    n_rows: int
    n_dims: int
    min: float
    max: float
    zero_fraction: float
    constant_columns: int
    duplicate_rows: int
    notes: tuple[str, ...] = ()
    handed_in_dims: int | None = None
    bytes_per_sample: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as JSON-ready values."""
        return {**asdict(self), "notes": list(self.notes)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "EmbeddingFacts":
        """Return the facts that `to_dict` wrote.

        >>> matrix = np.zeros((2, 3), np.float32)
        >>> facts = describe(matrix, format="csv", dtype="text", notes=("a byte order mark",))
        >>> EmbeddingFacts.from_dict(facts.to_dict()) == facts
        True
        """
        return cls(**{**values, "notes": tuple(values["notes"])})


@dataclass(frozen=True, eq=False)
class Embeddings:
    """A valid file: its matrix, the matrix' name, and facts.

    Attributes
    ----------
    matrix
        float32, shape (n_samples, n_dims), C-contiguous, rows in the order of the specification,
        every value finite.
    sha256
        Hexadecimal digest of the matrix' values as little-endian float32, row by row. Equal
        matrices have equal digests, whatever file they came in.
    facts
        What the file was like.
    """

    matrix: NDArray[np.float32]
    sha256: str
    facts: EmbeddingFacts


def describe(
    matrix: NDArray[np.float32],
    *,
    format: str,
    dtype: str,
    notes: tuple[str, ...],
    handed_in_dims: int | None = None,
    bytes_per_sample: int | None = None,
) -> EmbeddingFacts:
    """Return the facts of a finite matrix of shape (n_samples, n_dims), in one pass.

    Examples
    --------
    >>> matrix = np.array([[0, 1], [0, 2], [0, 1]], np.float32)
    >>> facts = describe(matrix, format="npz", dtype="float32", notes=())
    >>> facts.zero_fraction, facts.constant_columns, facts.duplicate_rows
    (0.5, 1, 1)
    """
    n_rows, n_dims = matrix.shape
    low, high = matrix[0].copy(), matrix[0].copy()
    non_zero = 0
    step = max(1, _BLOCK_BYTES // matrix[0].nbytes)
    for start in range(0, n_rows, step):
        block = matrix[start : start + step]
        np.minimum(low, block.min(axis=0), out=low)
        np.maximum(high, block.max(axis=0), out=high)
        non_zero += int(np.count_nonzero(block))
    return EmbeddingFacts(
        format=format,
        dtype=dtype,
        n_rows=n_rows,
        n_dims=n_dims,
        min=float(low.min()),
        max=float(high.max()),
        zero_fraction=1 - non_zero / matrix.size,
        constant_columns=int(np.count_nonzero(low == high)),
        duplicate_rows=count_duplicate_rows(matrix),
        notes=notes,
        handed_in_dims=handed_in_dims,
        bytes_per_sample=bytes_per_sample,
    )


def count_duplicate_rows(matrix: NDArray[np.float32]) -> int:
    """Return how many rows equal an earlier row bit for bit.

    Rows are compared in full only where their sums of bits agree; in most files none do.

    >>> count_duplicate_rows(np.array([[1, 2], [2, 1], [1, 2], [1, 2]], np.float32))
    2
    """
    bits = matrix.view(np.uint64 if matrix.shape[1] % 2 == 0 else np.uint32)
    sums = bits.sum(axis=1, dtype=bits.dtype)
    _, inverse, counts = np.unique(sums, return_inverse=True, return_counts=True)
    suspects = np.flatnonzero(counts[inverse] > 1)
    seen = Counter(hashlib.sha256(bits[row].tobytes()).digest() for row in suspects)
    return len(suspects) - len(seen)


def digest(matrix: NDArray[np.float32]) -> str:
    """Return the SHA-256 of a C-contiguous matrix as little-endian float32, hexadecimal.

    >>> digest(np.zeros((1, 1), np.float32))[:8]
    'df3f6198'
    """
    if sys.byteorder == "big":  # pragma: no cover - no such machine in the tests
        matrix = matrix.byteswap()
    return hashlib.sha256(matrix.data).hexdigest()
