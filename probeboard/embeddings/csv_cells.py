"""Reads lines of a CSV cell by cell, to name what the fast reader stumbled over."""

import csv
import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from probeboard.embeddings.issues import IssueCode, IssueLog, shown

# float() also takes "1_000" and the digits of every script; a CSV of numbers has neither.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMBERS_AND_NAN = b"0123456789+-.eE, \tnNaAiIfFtTyY"
_NO_VALUE = frozenset({"", "na", "n/a", "#n/a", "<na>", "null", "none"})


def split_line(text: str) -> list[str] | None:
    """Return the cells of a line, unquoted; None if its quotes do not pair up.

    >>> split_line('"a,b",1,"2"'), split_line('"a,1')
    (['a,b', '1', '2'], None)
    """
    if '"' not in text:
        return text.split(",")
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return rows[0]


def read_cells(
    lines: Sequence[bytes],
    log: IssueLog,
    *,
    names: Sequence[str],
    id_column: int,
    first_row: int,
) -> tuple[list[str], NDArray[np.float64]]:
    """Return the ids and the values of some lines, shape (len(lines), len(names)).

    A cell without a number becomes an issue and a 0 that nobody will see. NaN and infinity are
    returned as they are.
    """
    ids = []
    values = np.zeros((len(lines), len(names)))
    for position, line in enumerate(lines):
        row = first_row + position
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            log.add(IssueCode.WRONG_ENCODING, "the line is not UTF-8", row=row)
            text = line.decode("utf-8", errors="replace")
        cells = split_line(text)
        if cells is None:
            log.add(IssueCode.BAD_QUOTING, "the quotes do not pair up", row=row)
            ids.append(text.split(",")[0].strip('"'))
            continue
        ids.append(cells.pop(id_column) if id_column < len(cells) else "")
        if len(cells) == len(names):
            values[position] = _numbers(cells, log, names=names, row=row)
        else:
            detail = f"{len(cells)} values under {len(names)} columns"
            log.add(IssueCode.RAGGED_ROW, detail, row=row)
    return ids, values


def _numbers(cells: Sequence[str], log: IssueLog, *, names: Sequence[str], row: int) -> list[float]:
    numbers = None
    if not ",".join(cells).encode().translate(None, _NUMBERS_AND_NAN):
        try:
            numbers = list(map(float, cells))
        except ValueError:
            numbers = None
    # "1e999" has become inf: the cell has to say which of the two it was.
    if numbers is not None and not any(map(math.isinf, numbers)):
        return numbers
    return [_number(cell, log, name, row) for cell, name in zip(cells, names, strict=True)]


def _number(cell: str, log: IssueLog, name: str, row: int) -> float:
    text = cell.strip(" \t")
    if _NUMBER.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            detail = f"{shown(text)} is beyond float32 (±3.4e38)"
            log.add(IssueCode.OVERFLOW, detail, row=row, column=name)
            return 0.0
        return number
    word = text.lower()
    if word in _NO_VALUE:
        detail = "the cell is empty" if not text else f"the cell says {shown(text)}"
        log.add(IssueCode.EMPTY_VALUE, detail, row=row, column=name)
        return 0.0
    if word.lstrip("+-") in {"nan", "inf", "infinity"} and len(word) - len(word.lstrip("+-")) < 2:
        return float(word)
    log.add(IssueCode.NOT_NUMERIC, f"{shown(text)} is not a number", row=row, column=name)
    return 0.0
