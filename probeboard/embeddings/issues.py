"""What can be wrong with an embeddings file, and the one exception that says so."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NoReturn

KEPT_ISSUES = 100
_HOPELESS_ISSUES = 100_000
_SHOWN_CHARACTERS = 60


class IssueCode(StrEnum):
    """Stable names of faults; programs may rely on them, unlike on the wording of a detail."""

    EMPTY_FILE = "empty_file"
    NO_ROWS = "no_rows"
    UNKNOWN_FORMAT = "unknown_format"
    CORRUPTED = "corrupted"
    PICKLED = "pickled"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_ISSUES = "too_many_issues"
    WRONG_DELIMITER = "wrong_delimiter"
    WRONG_ENCODING = "wrong_encoding"
    NUL_BYTE = "nul_byte"
    WRONG_TYPE = "wrong_type"
    WRONG_DIMENSION = "wrong_dimension"
    OVER_BUDGET = "over_budget"
    MISSING_ID_COLUMN = "missing_id_column"
    UNWANTED_IDS = "unwanted_ids"
    EMPTY_COLUMN = "empty_column"
    DUPLICATE_COLUMN = "duplicate_column"
    UNKNOWN_COLUMN = "unknown_column"
    MISSING_COLUMN = "missing_column"
    RAGGED_ROW = "ragged_row"
    BAD_QUOTING = "bad_quoting"
    MISSING_ID = "missing_id"
    UNKNOWN_ID = "unknown_id"
    DUPLICATE_ID = "duplicate_id"
    EMPTY_VALUE = "empty_value"
    NOT_NUMERIC = "not_numeric"
    NAN = "nan"
    INFINITE = "infinite"
    OVERFLOW = "overflow"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_SLOW = "too_slow"


@dataclass(frozen=True)
class Issue:
    """One fault and its place.

    Attributes
    ----------
    code
        What is wrong.
    detail
        One sentence for the person who made the file.
    row
        1-based number of the data row: the first vector is row 1, whatever the format. In a CSV
        the header and blank lines are not counted, so row ``r`` is line ``r + 1`` of a text
        without blank lines. ``None`` when the fault has no row (the header, a sample that is
        absent, the file as a whole).
    column
        Name of the column as the file has it (``"17"``, ``"id"``); where the format names no
        columns (NPZ, a list column), the 0-based number of the dimension. ``None`` when the
        fault is not in one column.
    """

    code: IssueCode
    detail: str
    row: int | None = None
    column: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the issue as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Issue":
        """Return the issue that `to_dict` wrote.

        >>> issue = Issue(IssueCode.NAN, "the value is NaN", row=3, column="17")
        >>> Issue.from_dict(issue.to_dict()) == issue
        True
        """
        return cls(
            code=IssueCode(values["code"]),
            detail=str(values["detail"]),
            row=values["row"],
            column=values["column"],
        )


class InvalidEmbeddings(ValueError):
    """The file does not hold the embeddings that were asked for.

    Attributes
    ----------
    issues
        The first 100 faults, in the order in which they were found; a fault that ended the
        reading comes first.
    total
        How many faults were found in all.
    """

    def __init__(self, issues: tuple[Issue, ...], total: int) -> None:
        super().__init__(issues, total)
        self.issues = issues
        self.total = total

    def __str__(self) -> str:
        first = self.issues[0]
        place = "".join(
            f", {name} {value}"
            for name, value in (("row", first.row), ("column", first.column))
            if value is not None
        )
        more = f" (and {self.total - 1} more)" if self.total > 1 else ""
        return f"{first.code}{place}: {first.detail}{more}"


class IssueLog:
    """Collects faults: keeps the first hundred, counts all."""

    def __init__(self) -> None:
        self._kept: list[Issue] = []
        self.total = 0

    @property
    def full(self) -> bool:
        """Whether further issues would only be counted, so their wording can be spared."""
        return len(self._kept) >= KEPT_ISSUES

    def add(
        self, code: IssueCode, detail: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        """Note one fault."""
        self.total += 1
        if not self.full:
            self._kept.append(Issue(code, detail, row=row, column=column))

    def count(self, further: int) -> None:
        """Count faults that need no wording because the log is full."""
        self.total += further

    def fail(self, code: IssueCode, detail: str, *, row: int | None = None) -> NoReturn:
        """Note a fault that ends the reading, before all others, and raise what was found."""
        kept = [Issue(code, detail, row=row), *self._kept[: KEPT_ISSUES - 1]]
        raise InvalidEmbeddings(tuple(kept), self.total + 1)

    def stop_if_hopeless(self) -> None:
        """End a reading that finds nothing but faults, each of which takes time to word."""
        if self.total > _HOPELESS_ISSUES:
            detail = f"more than {_HOPELESS_ISSUES} faults; the rest was not read"
            self.fail(IssueCode.TOO_MANY_ISSUES, detail)

    def raise_if_any(self) -> None:
        """Raise what was found, if anything was."""
        if self.total:
            raise InvalidEmbeddings(tuple(self._kept), self.total)


def shown(value: object) -> str:
    """Return a value of the file as it may stand in a detail: quoted, escaped and short.

    >>> shown("scene_001")
    "'scene_001'"
    >>> len(shown("x" * 10_000)) < 80
    True
    """
    if isinstance(value, (str, bytes)) and len(value) > _SHOWN_CHARACTERS:
        return f"{value[:_SHOWN_CHARACTERS]!r}…"
    return repr(value)
