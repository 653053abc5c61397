"""Read a label file: strict, with every issue of the file named in one pass."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from probeboard.labelsets.issues import IssueLog
from probeboard.labelsets.label_set import LabelSet, TaskType
from probeboard.labelsets.sample_rows import SampleRows

ONE_COLUMN = "id,label"
MIN_SAMPLES = 20
MIN_CLASS_SAMPLES = 5
# Predictions are kept as float32. A squared error of labels within its range can be squared once
# more, for the spread of the errors over splits, without overflow.
LARGEST_LABEL = 1e38
WANTED_HEADER = {
    TaskType.REGRESSION: "'id,label', or 'id' and a name for each of several targets",
    TaskType.BINARY: "'id,label'",
    TaskType.MULTICLASS: "'id,label'",
    TaskType.MULTILABEL: "'id' and a name for each of two or more classes",
}


def read_labels(
    data: bytes,
    *,
    task_type: TaskType,
    known_ids: Collection[str] | None = None,
    keep_order: bool = False,
) -> LabelSet:
    """Read a CSV file with the header ``id,label`` into a label set.

    A regression of several targets and a multilabel task have a column each instead:
    ``id,<name>,<name>,…``; a multilabel cell is 1 or 0.

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
    keep_order
        Keep the order of the file's rows instead: NeuCo-Bench splits by position in the file.

    Returns
    -------
    LabelSet

    Raises
    ------
    InvalidLabels
        With everything that is wrong. Codes: ``not_utf8``, ``not_csv``, ``empty``, ``header``,
        ``empty_column``, ``duplicate_column``, ``too_many_columns``, ``columns``, ``empty_id``,
        ``unknown_id``, ``duplicate_id``, ``empty_label``, ``not_a_number``, ``not_finite``,
        ``too_large``, ``not_zero_or_one``, ``too_few_samples``, ``constant_labels``,
        ``binary_classes``, ``single_class``, ``rare_class``.

    Examples
    --------
    >>> rows = [f"s{i:02},{'water' if i % 2 else 'land'}" for i in range(20)]
    >>> file = "\\n".join(["id,label", *rows]).encode()
    >>> label_set = read_labels(file, task_type=TaskType.BINARY)
    >>> label_set.classes, label_set.labels[:4]
    (('land', 'water'), array([0, 1, 0, 1]))
    >>> rows = [f"s{i:02},{i % 2},{i // 10}" for i in range(20)]
    >>> file = "\\n".join(["id,water,forest", *rows]).encode()
    >>> label_set = read_labels(file, task_type=TaskType.MULTILABEL)
    >>> label_set.classes, label_set.labels.shape
    (('water', 'forest'), (20, 2))
    """
    log = IssueLog()
    rows = SampleRows(data, log, wanted=ONE_COLUMN, known_ids=known_ids)
    draft = _Draft(task_type, _columns(rows, task_type))
    if rows.header is not None and not log.issues:
        for line, sample, cells in rows:
            _read_cells(draft, log, line, sample, cells)
        if rows.has_rows or not log.issues:
            _check_whole(draft, log)
    log.raise_if_any()
    return _assemble(draft, _ordered(draft.labels, known_ids, keep_order=keep_order))


@dataclass
class _Draft:
    """What has been read so far."""

    task_type: TaskType
    columns: tuple[str, ...]  # empty if there is one, called "label"
    labels: dict[str, list[str]] = field(default_factory=dict)

    def column(self, number: int) -> list[str]:
        return [cells[number] for cells in self.labels.values()]


def _columns(rows: SampleRows, task_type: TaskType) -> tuple[str, ...]:
    if rows.header is None:
        return ()
    has_one = rows.header == ["id", "label"]
    has_several = len(rows.header) >= 3 and rows.header[0] == "id"
    if has_one and task_type is not TaskType.MULTILABEL:
        return ()
    if has_several and task_type in (TaskType.REGRESSION, TaskType.MULTILABEL):
        return rows.column_names()
    rows.refuse_header(WANTED_HEADER[task_type])
    return ()


def _read_cells(draft: _Draft, log: IssueLog, line: int, sample: str, cells: list[str]) -> None:
    usable = True
    for number, cell in enumerate(cells):
        issue = _label_issue(cell, draft.task_type)
        if issue is not None:
            code, detail = issue
            where = f"column {draft.columns[number][:80]!r}: " if draft.columns else ""
            log.refuse(code, where + detail, line)
            usable = False
    if usable:
        draft.labels[sample] = cells


def _label_issue(label: str, task_type: TaskType) -> tuple[str, str] | None:
    if not label:
        return "empty_label", "the label is empty"
    value = _number(label)
    if task_type is TaskType.MULTILABEL:
        if value in (0.0, 1.0):
            return None
        return "not_zero_or_one", f"{label[:40]!r} is neither 0 nor 1"
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


def _check_whole(draft: _Draft, log: IssueLog) -> None:
    """Refuse what no single line shows; the figures count valid lines only."""
    n = len(draft.labels)
    if n < MIN_SAMPLES:
        log.refuse("too_few_samples", f"{n} usable labels; at least {MIN_SAMPLES} are needed")
    if not n:
        return
    if draft.task_type is TaskType.REGRESSION:
        _check_targets(draft, log)
    elif draft.task_type is TaskType.MULTILABEL:
        _check_columns_of_classes(draft, log)
    else:
        _check_classes(draft, log)


def _check_targets(draft: _Draft, log: IssueLog) -> None:
    for number, name in enumerate(draft.columns or ("",)):
        values = {float(label) for label in draft.column(number)}
        if len(values) == 1:
            of = f" of {name!r}" if name else ""
            log.refuse("constant_labels", f"all labels{of} equal {values.pop():g}")


def _check_columns_of_classes(draft: _Draft, log: IssueLog) -> None:
    for number, name in enumerate(draft.columns):
        counts = Counter(float(label) for label in draft.column(number))
        for value, have in ((1.0, "with"), (0.0, "without")):
            if counts[value] < MIN_CLASS_SAMPLES:
                detail = f"{counts[value]} sample(s) {have} class {name!r}; at least "
                log.refuse("rare_class", f"{detail}{MIN_CLASS_SAMPLES} are needed")


def _check_classes(draft: _Draft, log: IssueLog) -> None:
    written = draft.column(0)
    classes = _classes(written)
    counts = Counter(classes[label] for label in written)
    if draft.task_type is TaskType.BINARY and len(counts) != 2:
        some = ", ".join(repr(name) for name in list(counts)[:5])
        detail = f"a binary task needs exactly two classes, found {len(counts)}: {some}"
        log.refuse("binary_classes", detail)
        return
    if len(counts) == 1:
        log.refuse("single_class", f"all labels equal {next(iter(counts))!r}")
    for name, count in sorted(counts.items()):
        if count < MIN_CLASS_SAMPLES:
            detail = f"class {name!r} has {count} sample(s); at least {MIN_CLASS_SAMPLES} are "
            log.refuse("rare_class", f"{detail}needed")


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


def _ordered(
    labelled: Collection[str], known_ids: Collection[str] | None, *, keep_order: bool
) -> list[str]:
    if keep_order:
        return list(labelled)
    if known_ids is None:
        return sorted(labelled)
    order = {sample: place for place, sample in enumerate(known_ids)}
    return sorted(labelled, key=order.__getitem__)


def _assemble(draft: _Draft, ids: Sequence[str]) -> LabelSet:
    written = [draft.labels[sample] for sample in ids]
    if draft.task_type is TaskType.REGRESSION:
        values = np.array([[float(label) for label in cells] for cells in written])
        values += 0.0  # -0.0 becomes 0.0
        labels = values if draft.columns else values[:, 0]
        return LabelSet(draft.task_type, tuple(ids), labels, draft.columns)
    if draft.task_type is TaskType.MULTILABEL:
        flags = np.array([[int(float(label)) for label in cells] for cells in written], np.int64)
        return LabelSet(draft.task_type, tuple(ids), flags, draft.columns)
    classes = _classes([cells[0] for cells in written])
    names = tuple(dict.fromkeys(classes.values()))
    number = {name: i for i, name in enumerate(names)}
    numbers = np.array([number[classes[cells[0]]] for cells in written], dtype=np.int64)
    return LabelSet(draft.task_type, tuple(ids), numbers, names)
