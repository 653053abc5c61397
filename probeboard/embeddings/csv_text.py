"""Reads CSV as NeuCo-Bench writes it: ``id,0,1,…,1023`` and a line for each sample.

The text is taken in blocks of whole lines. A block goes through Arrow's number parser as one
long column, which is fast; a block that has anything unusual in it is read again cell by cell
(`csv_cells`), which is slow and can name the row and the column. Both round correctly, so which
one was used cannot be seen in the matrix.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from probeboard.embeddings.assembly import Assembly
from probeboard.embeddings.csv_cells import parse_plain, read_cells, split_line
from probeboard.embeddings.facts import Embeddings
from probeboard.embeddings.issues import IssueCode, IssueLog, shown
from probeboard.embeddings.layout import named_layout
from probeboard.embeddings.spec import TEXT_VALUE_BYTES, EmbeddingSpec, widest_row_bytes
from probeboard.embeddings.streams import ByteStream

# Small enough for the block and its offsets to stay in the cache.
_BLOCK_BYTES = 1 << 18
# Blanks a fixed-width column may put before a number.
_PADDING = 24
_BOM = b"\xef\xbb\xbf"


def read_csv(stream: ByteStream, spec: EmbeddingSpec, log: IssueLog, *, format: str) -> Embeddings:
    """Read the text of a CSV.

    Raises
    ------
    InvalidEmbeddings
        If the text does not hold what `spec` asks for.
    """
    blocks = _blocks_of_lines(stream, widest_row_bytes(spec), log)
    first = next(blocks, None)
    if first is None:
        log.fail(IssueCode.EMPTY_FILE, "the file is empty")
    header, _, first = first.partition(b"\n")
    notes: tuple[str, ...] = ()
    if header.startswith(_BOM):
        header = header.removeprefix(_BOM)
        notes += ("a byte order mark was skipped",)
    names = _column_names(header, log)
    id_column = _id_column(names, log)
    names.remove("id")
    layout = named_layout(names, spec, log, bytes_per_sample=TEXT_VALUE_BYTES * len(names))
    assembly = Assembly(spec, layout, log)
    table = _Table(assembly, log, names=names, id_column=id_column, row_limit=spec.row_limit)
    table.add(first)
    for block in blocks:
        table.add(block)
    if table.n_rows == 0:
        log.fail(IssueCode.NO_ROWS, "the file has a header and no rows")
    return assembly.finish(format=format, dtype="text", notes=notes)


def _blocks_of_lines(stream: ByteStream, widest: int, log: IssueLog) -> Iterator[bytes]:
    """Yield the text in pieces that end with a line; the last line's end is supplied."""
    rest = b""
    while data := stream.read(max(_BLOCK_BYTES, widest)):
        if b"\0" in data:
            hint = "; save the file as UTF-8" if data[:2].strip(b"\0") != data[:2] else ""
            log.fail(IssueCode.NUL_BYTE, f"the text has a NUL byte{hint}")
        text = rest + data
        end = text.rfind(b"\n") + 1
        rest = text[end:]
        if len(rest) > widest:
            log.fail(IssueCode.TOO_LARGE, f"a line is longer than {widest} bytes")
        yield from _split_at_lines(text, end)
    if rest:
        yield rest + b"\n"


def _split_at_lines(text: bytes, end: int) -> Iterator[bytes]:
    start = 0
    while start < end:
        stop = text.rfind(b"\n", start, start + _BLOCK_BYTES) + 1
        if stop == 0:
            stop = text.index(b"\n", start) + 1
        yield text[start:stop]
        start = stop


def _column_names(header: bytes, log: IssueLog) -> list[str]:
    try:
        text = header.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError:
        log.fail(IssueCode.WRONG_ENCODING, "the header is not UTF-8")
    names = split_line(text)
    if names is None:
        log.fail(IssueCode.BAD_QUOTING, "the header's quotes do not pair up")
    if len(names) == 1:
        for delimiter, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if delimiter in text:
                detail = f"columns are separated by {called}; commas are wanted"
                log.fail(IssueCode.WRONG_DELIMITER, detail)
    return [name.strip() for name in names]


def _id_column(names: list[str], log: IssueLog) -> int:
    if "id" not in names:
        detail = f"the header has no column 'id'; it begins with {shown(names[0])}"
        log.fail(IssueCode.MISSING_ID_COLUMN, detail)
    if names.count("id") > 1:
        log.fail(IssueCode.DUPLICATE_COLUMN, f"column id appears {names.count('id')} times")
    return names.index("id")


class _Table:
    """The data rows, taken block by block."""

    def __init__(
        self,
        assembly: Assembly,
        log: IssueLog,
        *,
        names: list[str],
        id_column: int,
        row_limit: int,
    ) -> None:
        self._assembly = assembly
        self._log = log
        self._names = names
        self._id_column = id_column
        self._row_limit = row_limit
        self._blank_lines = 0
        self.n_rows = 0

    def add(self, block: bytes) -> None:
        """Read the lines of a block; the last ends with a newline."""
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n")
        all_lines = block.split(b"\n")[:-1]
        lines = [line for line in all_lines if line]
        # Blank lines are skipped, as by every reader of CSV, but a file is not made of them.
        self._blank_lines += len(all_lines) - len(lines)
        first_row = self.n_rows + 1
        self.n_rows += len(lines)
        if self.n_rows + self._blank_lines > self._row_limit:
            detail = f"more than {self._row_limit} lines; the rest was not read"
            self._log.fail(IssueCode.TOO_MANY_ROWS, detail)
        if not lines:
            return
        ids, values = self._read_fast(lines) or read_cells(
            lines, self._log, names=self._names, id_column=self._id_column, first_row=first_row
        )
        rows = self._assembly.find_rows(ids, first_row=first_row)
        self._assembly.put(values, rows, first_row=first_row)
        self._log.stop_if_hopeless()

    def _read_fast(self, lines: list[bytes]) -> tuple[list[str], NDArray[np.float64]] | None:
        if self._id_column != 0 or not self._names:
            return None
        width = len(self._names)
        ids, bodies = [], []
        for line in lines:
            given, _, body = _unquoted(line, width + 1).partition(b",")
            if given[:1] == b'"' and given[-1:] == b'"' and len(given) > 1:
                given = given[1:-1]
            if b'"' in given:
                return None
            ids.append(given)
            bodies.append(_unspaced(_unquoted(body, width)))
        ends = np.cumsum([len(body) + 1 for body in bodies])
        bodies.append(b"")
        values = parse_plain(b",".join(bodies), ends, width)
        if values is None:
            return None
        try:
            return [given.decode("utf-8") for given in ids], values
        except UnicodeDecodeError:
            return None


def _unquoted(text: bytes, cells: int) -> bytes:
    """Return a text without its quotes if each of so many cells has them, or else as it is.

    A comma inside quotes would look like one between cells afterwards, but for the count.

    >>> _unquoted(b'"1","2"', 2), _unquoted(b'"1,5","2"', 3)
    (b'1,2', b'"1,5","2"')
    """
    if text[:1] != b'"' or text[-1:] != b'"':
        return text
    plain = text[1:-1].replace(b'","', b",")
    junctions = (len(text) - len(plain) - 2) // 2
    return plain if junctions == cells - 1 and b'"' not in plain else text


def _unspaced(body: bytes) -> bytes:
    """Return numbers without the blanks beside their commas, up to a width of columns.

    >>> _unspaced(b" 1,   2 ,3 ")
    b'1,2,3'
    """
    body = body.strip(b" ")
    for _ in range(_PADDING):
        if b" " not in body:
            break
        body = body.replace(b", ", b",").replace(b" ,", b",")
    return body
