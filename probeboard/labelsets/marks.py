"""Marks: what an organizer says of each sample about the splits: its group, or its parts."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from probeboard.labelsets.issues import IssueLog
from probeboard.labelsets.sample_rows import SampleRows
from probeboard.labelsets.split_spec import SplitKind

FORMAT = "probeboard.marks/1"
TRAIN = "train"
TEST = "test"
PARTS = ("train", "test", "")
BETWEEN_SPLITS = ","
GROUPS_HEADER = "id,group"
PARTS_HEADER = "'id,split', or 'id' and a name for each split"


def read_marks(
    data: bytes, *, kind: SplitKind, known_ids: Collection[str] | None = None
) -> dict[str, str]:
    """Read the CSV file that says how samples are split.

    Parameters
    ----------
    data
        The file, UTF-8 with or without a byte-order mark. For ``grouped`` splits its header is
        ``id,group``. For ``predefined`` ones it is ``id,split``, or ``id,<name>,<name>,…`` with a
        column per split; a cell is ``train``, ``test``, or empty for a sample in neither part.
    kind
        ``grouped`` or ``predefined``.
    known_ids
        The challenge's samples; without it any id is accepted. Samples may lack a mark:
        `make_splits` refuses those that have a label.

    Returns
    -------
    dict of str to str
        Per sample its group; or its part in each split, joined by commas: ``"train,test,"``.

    Raises
    ------
    InvalidLabels
        With everything that is wrong. Codes: ``not_utf8``, ``not_csv``, ``empty``, ``header``,
        ``empty_column``, ``duplicate_column``, ``too_many_columns``, ``columns``, ``empty_id``,
        ``unknown_id``, ``duplicate_id``, ``empty_group``, ``unknown_part``.
    ValueError
        If splits of this kind need no marks.

    Examples
    --------
    >>> read_marks(b"id,group\\na,north\\nb,south\\n", kind=SplitKind.GROUPED)
    {'a': 'north', 'b': 'south'}
    >>> read_marks(b"id,1,2\\na,train,test\\nb,test,\\n", kind=SplitKind.PREDEFINED)
    {'a': 'train,test', 'b': 'test,'}
    """
    if kind not in (SplitKind.GROUPED, SplitKind.PREDEFINED):
        raise ValueError(f"{kind} splits need no marks")
    log = IssueLog()
    wanted = GROUPS_HEADER if kind is SplitKind.GROUPED else "id,split"
    rows = SampleRows(data, log, wanted=wanted, known_ids=known_ids)
    _check_header(rows, kind, log)
    log.raise_if_any()
    marks: dict[str, str] = {}
    for line, sample, cells in rows:
        if kind is SplitKind.GROUPED:
            if not cells[0]:
                log.refuse("empty_group", "the group is empty", line)
        else:
            _check_parts(cells, line, log)
        marks[sample] = BETWEEN_SPLITS.join(cells)
    if not rows.has_rows:
        log.refuse("empty", "the file names no sample")
    log.raise_if_any()
    return marks


def _check_header(rows: SampleRows, kind: SplitKind, log: IssueLog) -> None:
    if rows.header is None:
        return
    if kind is SplitKind.GROUPED:
        if rows.header != ["id", "group"]:
            rows.refuse_header(f"'{GROUPS_HEADER}'")
    elif rows.header[:1] != ["id"] or len(rows.header) < 2:
        rows.refuse_header(PARTS_HEADER)
    else:
        rows.column_names()


def _check_parts(cells: list[str], line: int, log: IssueLog) -> None:
    for cell in cells:
        if cell not in PARTS:
            detail = f"{cell[:40]!r} is no part; a cell is 'train', 'test' or empty"
            log.refuse("unknown_part", detail, line)


def count_splits(marks: Mapping[str, str]) -> int:
    """Return for how many predefined splits samples are marked.

    Examples
    --------
    >>> count_splits({"a": "train,test", "b": "test,"})
    2
    """
    return 1 + next(iter(marks.values())).count(BETWEEN_SPLITS)


def marks_to_bytes(marks: Mapping[str, str]) -> bytes:
    """Write marks as canonical JSON; the sha256 of these bytes is their digest.

    Examples
    --------
    >>> marks_to_bytes({"b": "south", "a": "north"})
    b'{"format":"probeboard.marks/1","marks":{"a":"north","b":"south"}}'
    """
    document = {"format": FORMAT, "marks": dict(marks)}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return text.encode("ascii")


def marks_from_bytes(data: bytes) -> dict[str, str]:
    """Read back what `marks_to_bytes` wrote.

    Raises
    ------
    ValueError
        If the bytes are no marks.

    Examples
    --------
    >>> marks_from_bytes(marks_to_bytes({"a": "north"}))
    {'a': 'north'}
    """
    document: Any = json.loads(data)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"these bytes are not marks of format {FORMAT}")
    return {str(sample): str(mark) for sample, mark in document["marks"].items()}
