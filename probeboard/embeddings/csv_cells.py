"""Reads lines of a CSV cell by cell, to name what the fast reader stumbled over."""

import csv
import math
import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from probeboard.embeddings.issues import IssueCode, IssueLog, shown

# float() also takes "1_000" and the digits of every script; a CSV of numbers has neither.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = ord(",")
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


def _numbers(
    cells: Sequence[str], log: IssueLog, *, names: Sequence[str], row: int
) -> NDArray[np.float64]:
    text = ",".join(cells).encode() + b","
    numbers = parse_plain(text, np.array([len(text)]), len(names))
    if numbers is not None:
        return numbers.reshape(-1)
    every = (_number(cell, log, name, row) for cell, name in zip(cells, names, strict=True))
    return np.fromiter(every, np.float64, len(names))


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


def parse_plain(body: bytes, ends: NDArray[np.int64], width: int) -> NDArray[np.float64] | None:
    """Parse numbers separated by commas, shape (len(ends), width); None if anything is unusual.

    `body` is ASCII with a comma after each number; `ends` holds, for each row, the number of bytes
    up to and including its last comma.

    >>> parse_plain(b"1,2,3,4.5,", np.array([4, 10]), 2)
    array([[1. , 2. ],
           [3. , 4.5]])
    >>> parse_plain(b"1,2,3,4,5,6,", np.array([6, 12]), 2) is None
    True
    """
    text = np.frombuffer(body, np.uint8)
    commas = np.flatnonzero(text == _COMMA)
    if len(commas) != width * len(ends) or not np.array_equal(commas[width - 1 :: width] + 1, ends):
        return None
    # Arrow wants the numbers without their commas, and where each begins and ends.
    offsets = np.zeros(len(commas) + 1, np.int32)
    np.subtract(commas, np.arange(len(commas)), out=offsets[1:], casting="unsafe")
    digits = body.translate(None, b",")
    texts = pa.StringArray.from_buffers(len(commas), pa.py_buffer(offsets), pa.py_buffer(digits))
    try:
        values: NDArray[np.float64] = pc.cast(texts, pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    if not np.isfinite(values).all():
        return None
    return values.reshape(len(ends), width)
