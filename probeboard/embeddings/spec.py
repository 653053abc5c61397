"""What a challenge asks of an embeddings file, and what that can honestly cost."""

from dataclasses import dataclass
from functools import cached_property

# The longest a double can be written by repr, with its comma: "-1.2345678901234567e-308,",
# and the quotes that csv.QUOTE_ALL puts around it.
_WIDEST_VALUE_BYTES = len('"-1.2345678901234567e-308",')
_ROW_SLACK_BYTES = 16
_FILE_SLACK_BYTES = 64 * 1024
# Parquet writes names, encodings and statistics of each column in its footer.
_COLUMN_SLACK_BYTES = 1024


@dataclass(frozen=True)
class EmbeddingSpec:
    """The embeddings that are wanted.

    Attributes
    ----------
    n_dims
        Dimensions of each embedding, at least 1.
    sample_ids
        Wanted samples, unique, in the order the matrix will have.
    strip_suffixes
        Endings that ids may carry (``".zarr.zip"``); the longest that fits is removed, once.
    zero_pad
        Whether shorter embeddings are accepted and filled up with zeros.

    Raises
    ------
    ValueError
        If the specification itself makes no sense.

    Examples
    --------
    >>> EmbeddingSpec(n_dims=2, sample_ids=("a", "b")).n_samples
    2
    """

    n_dims: int
    sample_ids: tuple[str, ...]
    strip_suffixes: tuple[str, ...] = ()
    zero_pad: bool = False

    def __post_init__(self) -> None:
        if self.n_dims < 1:
            raise ValueError("n_dims must be at least 1")
        if not self.sample_ids or "" in self.sample_ids:
            raise ValueError("sample_ids must name at least one sample and no empty id")
        if len(set(self.sample_ids)) != len(self.sample_ids):
            raise ValueError("sample_ids must be unique")
        if "" in self.strip_suffixes:
            raise ValueError("an empty suffix cannot be stripped")

    @property
    def n_samples(self) -> int:
        """Number of wanted samples."""
        return len(self.sample_ids)

    @property
    def row_limit(self) -> int:
        """Rows after which a file is not read further: it is not a slip any more.

        Twice the samples, so that a file with every row doubled is still reported in full.
        """
        return 2 * self.n_samples + 1000

    @cached_property
    def widest_id_bytes(self) -> int:
        """Bytes of the longest id as it may be handed in: UTF-32 (NumPy's), suffix included."""
        suffix = max(map(len, self.strip_suffixes), default=0)
        return 4 * (max(map(len, self.sample_ids)) + suffix)


def widest_encoding_bytes(spec: EmbeddingSpec) -> int:
    """Return the size that no honest file exceeds, in bytes, before and after decompression.

    Rows times dimensions times the widest way to write a number (27 bytes: a quoted double with
    17 digits and a three-digit exponent), plus ids, header and the format's own records.

    Examples
    --------
    >>> spec = EmbeddingSpec(n_dims=1024, sample_ids=tuple(map(str, range(13_000))))
    >>> widest_encoding_bytes(spec) // 10**6
    361
    """
    row = spec.n_dims * _WIDEST_VALUE_BYTES + spec.widest_id_bytes + _ROW_SLACK_BYTES
    return spec.n_samples * row + spec.n_dims * _COLUMN_SLACK_BYTES + _FILE_SLACK_BYTES


def widest_row_bytes(spec: EmbeddingSpec) -> int:
    """Return the length in bytes that no line of an honest CSV exceeds.

    Twice what the dimensions need, so that a file of too many dimensions is told so.

    >>> widest_row_bytes(EmbeddingSpec(n_dims=1, sample_ids=("a",)))
    65594
    """
    return 2 * spec.n_dims * _WIDEST_VALUE_BYTES + spec.widest_id_bytes + _FILE_SLACK_BYTES
