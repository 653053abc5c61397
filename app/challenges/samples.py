"""The sample ids a phase wants, in their order: a CSV file with the one column `id`."""

import csv
import io
from typing import TYPE_CHECKING

from app.errors import Place

if TYPE_CHECKING:
    from _csv import Reader  # the type of csv.reader's results has this name only

MAX_ID_LENGTH = 200


def read_sample_ids(data: bytes, *, file: str) -> tuple[tuple[str, ...], list[Place]]:
    """Return the ids in the file's order, and what is wrong with them."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return (), [Place("not_utf8", "not UTF-8 text", file=file)]
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        return _read_rows(rows, file)
    except csv.Error as error:
        return (), [Place("bad_csv", str(error), file=file, line=rows.line_num)]


def _read_rows(rows: "Reader", file: str) -> tuple[tuple[str, ...], list[Place]]:
    places: list[Place] = []
    first_line: dict[str, int] = {}
    if next(rows, None) != ["id"]:
        return (), [Place("header", "the first line must be “id”", file=file, line=1)]
    for row in rows:
        line = rows.line_num
        sample = row[0] if len(row) == 1 else ""
        if not sample or sample != sample.strip() or len(sample) > MAX_ID_LENGTH:
            detail = f"a line holds one id of 1 to {MAX_ID_LENGTH} characters"
            places.append(Place("bad_id", detail, file=file, line=line))
        elif sample in first_line:
            detail = f"“{sample}” stands on line {first_line[sample]} already"
            places.append(Place("duplicate_id", detail, file=file, line=line))
        first_line.setdefault(sample, line)
    if not first_line:
        places.append(Place("empty", "there are no ids", file=file, line=1))
    return tuple(first_line), places


def write_sample_ids(sample_ids: tuple[str, ...]) -> bytes:
    """Write ids as the blob that phases name: CSV, as it is also handed out."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id"])
    writer.writerows([sample] for sample in sample_ids)
    return text.getvalue().encode()


def parse_sample_blob(data: bytes) -> tuple[str, ...]:
    """Read back what `write_sample_ids` wrote."""
    rows = csv.reader(io.StringIO(data.decode(), newline=""))
    next(rows)
    return tuple(row[0] for row in rows)
