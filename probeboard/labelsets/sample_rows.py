"""CSV files with a line per sample: header, ids and columns, with the line of every issue."""

import csv
import io
from collections.abc import Collection, Iterator

from probeboard.labelsets.issues import IssueLog

MAX_COLUMNS = 1000


class SampleRows:
    """The lines of a CSV file whose first column is the sample id.

    Attributes
    ----------
    header
        The first line; None if the file has none or is no text.
    has_rows
        Whether any line was read after it.
    """

    def __init__(
        self, data: bytes, log: IssueLog, *, wanted: str, known_ids: Collection[str] | None
    ) -> None:
        self._log = log
        self._known = None if known_ids is None else frozenset(known_ids)
        self._first_line: dict[str, int] = {}
        self._reader = csv.reader(io.StringIO(_text(data, log), newline=""), strict=True)
        self.has_rows = False
        self.header = self._read_header(wanted)

    def _read_header(self, wanted: str) -> list[str] | None:
        if self._log.issues:
            return None
        try:
            header = next(self._reader, None)
        except csv.Error as error:
            self._refuse_csv(error)
            return None
        if header is None:
            self._log.refuse("empty", f"the file is empty; its first line must be {wanted!r}")
        return header

    def refuse_header(self, wanted: str) -> None:
        """Note that the first line is not the wanted one."""
        found = ",".join(self.header or [])[:80]
        self._log.refuse("header", f"the first line must be {wanted}, not {found!r}", 1)

    def column_names(self) -> tuple[str, ...]:
        """Return the names after the id; note those that are empty or stand twice."""
        names = [name.strip() for name in (self.header or [])[1:]]
        seen: set[str] = set()
        for number, name in enumerate(names, start=2):
            if not name:
                self._log.refuse("empty_column", f"column {number} has no name", 1)
            elif name in seen:
                self._log.refuse("duplicate_column", f"column {name[:80]!r} stands twice", 1)
            seen.add(name)
        if len(names) > MAX_COLUMNS:
            detail = f"{len(names)} columns after the id; at most {MAX_COLUMNS}"
            self._log.refuse("too_many_columns", detail, 1)
        return tuple(names)

    def __iter__(self) -> Iterator[tuple[int, str, list[str]]]:
        """Yield line, sample id and the cells after it, stripped, of each usable line."""
        width = len(self.header or [])
        try:
            for row in self._reader:
                self.has_rows = True
                line = self._reader.line_num
                if len(row) != width:
                    self._log.refuse("columns", f"expected {width} columns, found {len(row)}", line)
                elif self._is_new(row[0], line):
                    yield line, row[0], [cell.strip() for cell in row[1:]]
        except csv.Error as error:
            self._refuse_csv(error)

    def _is_new(self, sample: str, line: int) -> bool:
        if not sample:
            self._log.refuse("empty_id", "the sample id is empty", line)
            return False
        first = self._first_line.setdefault(sample, line)
        if first != line:
            detail = f"sample {sample!r} already stands in line {first}"
            self._log.refuse("duplicate_id", detail, line)
            return False
        if self._known is not None and sample not in self._known:
            self._log.refuse("unknown_id", f"the challenge has no sample {sample!r}", line)
        return True

    def _refuse_csv(self, error: csv.Error) -> None:
        line = self._reader.line_num
        self._log.refuse("not_csv", f"line {line} is not CSV: {error}", line)


def _text(data: bytes, log: IssueLog) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        log.refuse("not_utf8", f"byte {error.start} is not UTF-8 text", line)
        return ""
