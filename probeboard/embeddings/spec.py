"""What a challenge asks of an embeddings file, and what that can honestly cost."""

from dataclasses import dataclass
from functools import cached_property

# What a value in a text counts against a budget: that of the float32 it becomes.
TEXT_VALUE_BYTES = 4
# The longest a double can be written by repr, with its comma: "-1.2345678901234567e-308,",
# and the quotes that csv.QUOTE_ALL puts around it.
_WIDEST_VALUE_BYTES = len('"-1.2345678901234567e-308",')
_ROW_SLACK_BYTES = 16
_FILE_SLACK_BYTES = 64 * 1024
# A character escaped twice: ids as a JSON list inside a JSON text, as safetensors holds them.
_WIDEST_CHARACTER_BYTES = len(r"\\ud83d\\ude00")
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
    budget_bytes
        If given, the most bytes that one embedding may take in the file, dimensions times bytes
        of their type; a value in a CSV counts as `TEXT_VALUE_BYTES`. Embeddings of fewer
        dimensions are then accepted too, and filled up with zeros.

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
    budget_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.n_dims < 1:
            raise ValueError("n_dims must be at least 1")
        if not self.sample_ids or "" in self.sample_ids:
            raise ValueError("sample_ids must name at least one sample and no empty id")
        if len(set(self.sample_ids)) != len(self.sample_ids):
            raise ValueError("sample_ids must be unique")
        if "" in self.strip_suffixes:
            raise ValueError("an empty suffix cannot be stripped")
        if self.budget_bytes is not None and self.budget_bytes < 1:
            raise ValueError("budget_bytes must be at least 1")

    @property
    def n_samples(self) -> int:
        """Number of wanted samples."""
        return len(self.sample_ids)

    @property
    def pads(self) -> bool:
        """Whether embeddings of fewer dimensions are filled up with zeros."""
        return self.zero_pad or self.budget_bytes is not None

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
    row = spec.n_dims * _WIDEST_VALUE_BYTES + _widest_listed_id_bytes(spec)
    return spec.n_samples * row + spec.n_dims * _COLUMN_SLACK_BYTES + _FILE_SLACK_BYTES


def widest_ids_bytes(spec: EmbeddingSpec) -> int:
    """Return the size in bytes that no honest list of ids exceeds: a text, CSV or JSON.

    >>> widest_ids_bytes(EmbeddingSpec(n_dims=1, sample_ids=("a",)))
    65566
    """
    return spec.n_samples * _widest_listed_id_bytes(spec) + _FILE_SLACK_BYTES


def widest_row_bytes(spec: EmbeddingSpec) -> int:
    """Return the length in bytes that no line of an honest CSV exceeds.

    Twice what the dimensions need, so that a file of too many dimensions is told so.

    >>> widest_row_bytes(EmbeddingSpec(n_dims=1, sample_ids=("a",)))
    65594
    """
    return 2 * spec.n_dims * _WIDEST_VALUE_BYTES + spec.widest_id_bytes + _FILE_SLACK_BYTES


def _widest_listed_id_bytes(spec: EmbeddingSpec) -> int:
    return spec.widest_id_bytes // 4 * _WIDEST_CHARACTER_BYTES + _ROW_SLACK_BYTES
