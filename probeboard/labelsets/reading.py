"""Read a label file: strict, with every issue of the file named in one pass."""

import csv
import io
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from probeboard.labelsets.label_set import LabelSet, TaskType

HEADER = ["id", "label"]
REPORTED_ISSUES = 100
MIN_SAMPLES = 20
MIN_CLASS_SAMPLES = 5
# Squares and sums of squares of labels must stay far from overflow.
LARGEST_LABEL = 1e100


@dataclass(frozen=True)
class LabelIssue:
    """One thing wrong with a label set.

    Attributes
    ----------
    code
        Stable, machine-readable.
    detail
        One sentence for the organizer.
    line
        Line of the file, from 1; None if it concerns the file or a split as a whole.
    """

    code: str
    detail: str
    line: int | None = None


class InvalidLabels(ValueError):
    """The label file cannot be used.

    Attributes
    ----------
    issues
        The first 100 issues, in file order.
    total
        How many there are.
    """

    def __init__(self, issues: Sequence[LabelIssue]) -> None:
        self.issues = tuple(issues[:REPORTED_ISSUES])
        self.total = len(issues)
        super().__init__(f"{self.total} issue(s) in the label file; first: {issues[0].detail}")


def read_labels(
    data: bytes, *, task_type: TaskType, known_ids: Collection[str] | None = None
) -> LabelSet:
    """Read a CSV file with the header ``id,label`` into a label set.

    Parameters
    ----------
    data
        The file, UTF-8 with or without a byte-order mark.
    task_type
        What the labels are. Class labels may be numbers or words; numbers are ordered by value,
        words by spelling, and the second of two classes is the positive one.
    known_ids
        The challenge's samples, in their order, which becomes the order of the label set: the
        order of the file's rows changes nothing. Samples may lack a label. Without it any id is
        accepted, and ids are sorted.

    Returns
    -------
    LabelSet

    Raises
    ------
    InvalidLabels
        With everything that is wrong. Codes: ``not_utf8``, ``not_csv``, ``empty``, ``header``,
        ``columns``, ``empty_id``, ``unknown_id``, ``duplicate_id``, ``empty_label``,
        ``not_a_number``, ``not_finite``, ``too_large``, ``too_few_samples``, ``constant_labels``,
        ``binary_classes``, ``single_class``, ``rare_class``.

    Examples
    --------
    >>> rows = [f"s{i:02},{'water' if i % 2 else 'land'}" for i in range(20)]
    >>> file = "\\n".join(["id,label", *rows]).encode()
    >>> label_set = read_labels(file, task_type=TaskType.BINARY)
    >>> label_set.classes, label_set.labels[:4]
    (('land', 'water'), array([0, 1, 0, 1]))
    """
    draft = _Draft()
    order = {sample: i for i, sample in enumerate(known_ids)} if known_ids is not None else None
    for line, row in _rows(data, draft):
        _read_row(draft, line, row, task_type=task_type, order=order)
    if draft.has_rows or not draft.issues:
        _check_whole(draft, task_type)
    if draft.issues:
        raise InvalidLabels(draft.issues)
    return _assemble(draft, task_type, order)


@dataclass
class _Draft:
    """What has been read so far."""

    labels: dict[str, str] = field(default_factory=dict)
    first_line: dict[str, int] = field(default_factory=dict)
    issues: list[LabelIssue] = field(default_factory=list)
    has_rows: bool = False

    def refuse(self, code: str, detail: str, line: int | None = None) -> None:
        self.issues.append(LabelIssue(code, detail, line))


def _rows(data: bytes, draft: _Draft) -> Iterator[tuple[int, list[str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        draft.refuse("not_utf8", f"byte {error.start} is not UTF-8 text", line)
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            draft.refuse("empty", "the file is empty; its first line must be 'id,label'")
            return
        if header != HEADER:
            found = ",".join(header)[:80]
            draft.refuse("header", f"the first line must be 'id,label', not {found!r}", 1)
            return
        for row in reader:
            draft.has_rows = True
            yield reader.line_num, row
    except csv.Error as error:
        draft.refuse("not_csv", f"line {reader.line_num} is not CSV: {error}", reader.line_num)


def _read_row(
    draft: _Draft, line: int, row: list[str], *, task_type: TaskType, order: dict[str, int] | None
) -> None:
    if len(row) != len(HEADER):
        draft.refuse("columns", f"expected 2 columns, found {len(row)}", line)
        return
    sample, label = row
    if not sample:
        draft.refuse("empty_id", "the sample id is empty", line)
        return
    if sample in draft.first_line:
        first = draft.first_line[sample]
        draft.refuse("duplicate_id", f"sample {sample!r} already has a label in line {first}", line)
        return
    draft.first_line[sample] = line
    if order is not None and sample not in order:
        draft.refuse("unknown_id", f"the challenge has no sample {sample!r}", line)
    issue = _label_issue(label.strip(), task_type)
    if issue is not None:
        draft.refuse(*issue, line)
        return
    draft.labels[sample] = label.strip()


def _label_issue(label: str, task_type: TaskType) -> tuple[str, str] | None:
    if not label:
        return "empty_label", "the label is empty"
    value = _number(label)
    if value is None:
        if task_type is TaskType.REGRESSION:
            return "not_a_number", f"{label[:40]!r} is not a number"
        return None
    # In a class column too: 'nan' means a label is missing, it is not the name of a class.
    if not math.isfinite(value):
        return "not_finite", f"{label[:40]!r} is not a finite number"
    if abs(value) > LARGEST_LABEL:
        return "too_large", f"{label[:40]!r} is beyond ±{LARGEST_LABEL:g}"
    return None


def _number(text: str) -> float | None:
    if "_" in text:  # float() reads "1_000", no spreadsheet writes it
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _check_whole(draft: _Draft, task_type: TaskType) -> None:
    """Refuse what no single line shows; the figures count valid lines only."""
    n = len(draft.labels)
    if n < MIN_SAMPLES:
        draft.refuse("too_few_samples", f"{n} usable labels; at least {MIN_SAMPLES} are needed")
    if not n:
        return
    if task_type is TaskType.REGRESSION:
        values = {float(label) for label in draft.labels.values()}
        if len(values) == 1:
            draft.refuse("constant_labels", f"all labels equal {values.pop():g}")
        return
    classes = _classes(draft.labels.values())
    counts = Counter(classes[label] for label in draft.labels.values())
    if task_type is TaskType.BINARY and len(counts) != 2:
        some = ", ".join(repr(name) for name in list(counts)[:5])
        draft.refuse(
            "binary_classes",
            f"a binary task needs exactly two classes, found {len(counts)}: {some}",
        )
        return
    if len(counts) == 1:
        draft.refuse("single_class", f"all labels equal {next(iter(counts))!r}")
    for name, count in sorted(counts.items()):
        if count < MIN_CLASS_SAMPLES:
            draft.refuse(
                "rare_class",
                f"class {name!r} has {count} sample(s); at least {MIN_CLASS_SAMPLES} are needed",
            )


def _classes(labels: Collection[str]) -> dict[str, str]:
    """Map each spelling to its class value: '1', '1.0' and '01' are one class if all are numbers.

    The order of the mapping's values is the order of the classes.
    """
    spellings = sorted(set(labels))
    numbers = {spelling: _number(spelling) for spelling in spellings}
    if any(number is None for number in numbers.values()):
        return {spelling: spelling for spelling in spellings}
    ordered = sorted((float(number or 0.0), spelling) for spelling, number in numbers.items())
    return {spelling: _spell(number) for number, spelling in ordered}


def _spell(number: float) -> str:
    return str(int(number)) if number.is_integer() else repr(number)


def _assemble(draft: _Draft, task_type: TaskType, order: dict[str, int] | None) -> LabelSet:
    ids = sorted(draft.labels) if order is None else sorted(draft.labels, key=order.__getitem__)
    written = [draft.labels[sample] for sample in ids]
    if task_type is TaskType.REGRESSION:
        values = np.array([float(label) for label in written]) + 0.0  # -0.0 becomes 0.0
        return LabelSet(task_type, tuple(ids), values, ())
    classes = _classes(written)
    names = tuple(dict.fromkeys(classes.values()))
    number = {name: i for i, name in enumerate(names)}
    labels = np.array([number[classes[label]] for label in written], dtype=np.int64)
    return LabelSet(task_type, tuple(ids), labels, names)
