"""Reads the ids that come beside an NPY file: one a line, or the first column of a CSV."""

from pathlib import Path

from probeboard.embeddings.csv_cells import split_line
from probeboard.embeddings.issues import IssueCode, IssueLog, shown
from probeboard.embeddings.spec import EmbeddingSpec, widest_ids_bytes

_BOM = "\ufeff"
_NOT_TEXT = (b"\x93NUMPY", b"PK\x03\x04", b"PAR1", b"ARROW1", b"\x1f\x8b", b"\x28\xb5\x2f\xfd")


def read_ids_file(path: Path, spec: EmbeddingSpec, log: IssueLog, *, n_rows: int) -> list[str]:
    """Return the ids of a text file in its order, which is that of the array's `n_rows` rows.

    A first line ``id``, alone or before further columns, is the header of a CSV, unless the
    challenge has a sample of that name and every line is needed. Without a header a line is an id
    as it stands, its commas included. Blank lines are skipped at the end only: elsewhere they
    would shift every id after them to another row.

    Raises
    ------
    InvalidEmbeddings
        If the file is no such text.
    """
    lines = _lines(path, spec, log)
    header = split_line(lines[0]) or [""]
    id_is_a_sample = "id" in spec.sample_ids and len(lines) == n_rows
    if header[0].strip() != "id" or id_is_a_sample:
        ids = lines
    else:
        ids = [_id_of(line, len(header), row, log) for row, line in enumerate(lines[1:], 1)]
    if not ids:
        log.fail(IssueCode.NO_ROWS, "the file of ids has a header and no ids")
    return ids


def _lines(path: Path, spec: EmbeddingSpec, log: IssueLog) -> list[str]:
    limit = widest_ids_bytes(spec)
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        log.fail(IssueCode.TOO_LARGE, f"no honest file of ids exceeds {limit} bytes")
    if content.startswith(_NOT_TEXT):
        detail = "the ids are no text: one id a line or a CSV whose first column is 'id' is wanted"
        log.fail(IssueCode.UNKNOWN_FORMAT, detail)
    if b"\0" in content:
        log.fail(IssueCode.NUL_BYTE, "the file of ids has a NUL byte; save it as UTF-8")
    try:
        text = content.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError:
        log.fail(IssueCode.WRONG_ENCODING, "the file of ids is not UTF-8")
    text = text.replace("\r\n", "\n").rstrip("\n")
    if not text:
        log.fail(IssueCode.EMPTY_FILE, "the file of ids is empty")
    if text.count("\n") > spec.row_limit:
        log.fail(IssueCode.TOO_MANY_ROWS, f"more than {spec.row_limit} lines of ids")
    return text.split("\n")


def _id_of(line: str, width: int, row: int, log: IssueLog) -> str:
    cells = split_line(line)
    if cells is None:
        log.add(IssueCode.BAD_QUOTING, f"the quotes of {shown(line)} do not pair up", row=row)
        return line
    if len(cells) != width:
        detail = f"{len(cells)} cells under {width} columns in the file of ids"
        log.add(IssueCode.RAGGED_ROW, detail, row=row)
    return cells[0]
