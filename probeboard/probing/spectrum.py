"""How many dimensions embeddings really use: facts from their spectrum, without labels."""

from dataclasses import asdict, dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from probeboard.probing.axes import parts
from probeboard.probing.preparation import PreparedEmbeddings

# Eigenvalues below this share of the largest, times the dimensions, are rounding.
ROUNDING = float(np.finfo(np.float64).eps)
# Of the variance, what `dims_for_99_percent` have to hold.
SHARE = 0.99


@dataclass(frozen=True)
class Spectrum:
    """Facts of one submission, in dimensions; 0 if the embeddings are all alike.

    Attributes
    ----------
    dims
        As handed in.
    participation_ratio
        (Σλ)²/Σλ² of the eigenvalues λ of the covariance, in [1, dims]: m if m directions share the
        variance evenly.
    effective_rank
        exp(-Σ p ln p) with p = √λ/Σ√λ, shares of the singular values, in [1, dims] (Roy & Vetterli,
        EUSIPCO 2007). Directions of little variance count for more than in the participation ratio.
    dims_for_99_percent
        How many principal components hold 99 % of the variance.
    constant_columns
        Dimensions with the same value for all samples.
    duplicate_columns
        Dimensions equal to an earlier one for all samples, and not constant.
    """

    dims: int
    participation_ratio: float
    effective_rank: float
    dims_for_99_percent: int
    constant_columns: int
    duplicate_columns: int

    def to_dict(self) -> dict[str, float | int]:
        """Ready for JSON."""
        return asdict(self)


def describe_spectrum(matrix: NDArray[np.float32], prepared: PreparedEmbeddings) -> Spectrum:
    """Describe embeddings.

    Parameters
    ----------
    matrix
        Shape ``(n_samples, n_dims)``: as handed in.
    prepared
        What `prepare` made of it.

    Examples
    --------
    >>> from probeboard.probing import prepare
    >>> X = np.array([[1, 0, 5, 1], [-1, 0, 5, -1], [0, 1, 5, 0], [0, -1, 5, 0]], dtype=np.float32)
    >>> found = describe_spectrum(X, prepare(X))
    >>> found.constant_columns, found.duplicate_columns, found.dims_for_99_percent
    (1, 1, 2)
    >>> round(found.participation_ratio, 3)  # variances 2 and 1
    1.8
    """
    eigenvalues = covariance_spectrum(prepared)
    return Spectrum(
        dims=matrix.shape[1],
        participation_ratio=participation_ratio(eigenvalues),
        effective_rank=effective_rank(eigenvalues),
        dims_for_99_percent=dims_for_share(eigenvalues, SHARE),
        constant_columns=int((matrix.min(axis=0) == matrix.max(axis=0)).sum()),
        duplicate_columns=_count_duplicates(matrix),
    )


def covariance_spectrum(prepared: PreparedEmbeddings) -> NDArray[np.float64]:
    """Eigenvalues of XᵀX that are not rounding, descending; no more than min(n, d)."""
    n, d = prepared.values.shape
    if n < d:
        X = prepared.centred(np.arange(n))
        eigenvalues = np.linalg.eigvalsh(X @ X.T)[::-1]
    else:
        eigenvalues = np.linalg.eigvalsh(gram(prepared))[::-1]
    kept: NDArray[np.float64] = eigenvalues[eigenvalues > ROUNDING * max(n, d) * eigenvalues[0]]
    return kept


def gram(prepared: PreparedEmbeddings) -> NDArray[np.float64]:
    """XᵀX of all rows X prepared, shape ``(d, d)``, a block of rows at a time.

    Examples
    --------
    >>> from probeboard.probing import prepare
    >>> gram(prepare(np.array([[1.0], [3.0]], dtype=np.float32)))
    array([[2.]])
    """
    n, d = prepared.values.shape
    total = np.zeros((d, d))
    for part in parts(n):
        X = prepared.centred(np.arange(n)[part])
        total += X.T @ X
    return total


def participation_ratio(eigenvalues: NDArray[np.float64]) -> float:
    """(Σλ)²/Σλ²; 0 of none.

    Examples
    --------
    >>> participation_ratio(np.array([3.0, 3.0]))
    2.0
    """
    if not eigenvalues.size:
        return 0.0
    return float(eigenvalues.sum() ** 2 / (eigenvalues @ eigenvalues))


def effective_rank(eigenvalues: NDArray[np.float64]) -> float:
    """exp of the entropy of √λ/Σ√λ, for positive λ; 0 of none.

    Examples
    --------
    >>> round(effective_rank(np.array([3.0, 3.0])), 12)
    2.0
    """
    if not eigenvalues.size:
        return 0.0
    shares = np.sqrt(eigenvalues)
    shares /= shares.sum()
    return float(np.exp(-(shares @ np.log(shares))))


def dims_for_share(eigenvalues: NDArray[np.float64], share: float) -> int:
    """How many of the eigenvalues, descending, add up to a share of their sum.

    Examples
    --------
    >>> dims_for_share(np.array([6.0, 3.0, 1.0]), 0.9)
    2
    """
    held = np.cumsum(eigenvalues)
    return int(np.searchsorted(held, share * held[-1] * (1.0 - ROUNDING))) + 1 if held.size else 0


def _count_duplicates(matrix: NDArray[np.float32]) -> int:
    """Columns that are neither constant nor the first of their kind, by their digests."""
    seen: set[bytes] = set()
    duplicates = 0
    for column in matrix.T:
        # 0.0 and -0.0 are equal and differ in a bit.
        values = column + np.float32(0.0)
        if values.min() == values.max():
            continue
        digest = blake2b(values.tobytes(), digest_size=16).digest()
        duplicates += digest in seen
        seen.add(digest)
    return duplicates
