"""Which column of a file is which dimension."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.embeddings.issues import IssueCode, IssueLog, shown
from probeboard.embeddings.spec import EmbeddingSpec

# A header with thousands of wrong names is one mistake; this many are spelled out.
_LISTED_COLUMNS = 1000
# Vectors up to so many times too long are still searched for other faults.
_FURTHER_READ = 4


@dataclass(frozen=True)
class Layout:
    """Where the value columns of a file go.

    Attributes
    ----------
    names
        Names of the value columns in file order, for issues.
    targets
        Dimension of each value column, shape (len(names),); ``None`` when the columns are wrong,
        in which case values are still checked but placed nowhere.
    bytes_per_sample
        Bytes that one embedding takes in the file's types; what a budget is held against.
    notes
        What was done to fit the columns.
    """

    names: Sequence[str]
    targets: NDArray[np.intp] | None
    bytes_per_sample: int
    notes: tuple[str, ...] = ()


def unnamed_layout(width: int, spec: EmbeddingSpec, log: IssueLog, *, value_bytes: int) -> Layout:
    """Lay out vectors of `width` values of so many bytes, whose order is their only name.

    >>> spec = EmbeddingSpec(n_dims=3, sample_ids=("a",), budget_bytes=4)
    >>> unnamed_layout(2, spec, IssueLog(), value_bytes=2).notes
    ('zero-padded from 2 to 3 dimensions',)
    """
    if width > _FURTHER_READ * spec.n_dims:
        log.fail(IssueCode.WRONG_DIMENSION, f"{width} dimensions, {spec.n_dims} are wanted")
    bytes_per_sample = width * value_bytes
    notes = _fit(width, bytes_per_sample, spec, log)
    names = [str(number) for number in range(width)]
    targets = None if notes is None else np.arange(width)
    return Layout(names, targets, bytes_per_sample, notes or ())


def named_layout(
    names: Sequence[str], spec: EmbeddingSpec, log: IssueLog, *, bytes_per_sample: int
) -> Layout:
    """Lay out columns named by number: ``0 … n-1`` in any order, or ``1 … n``.

    NeuCo-Bench counts from 0; TerraTorch's ``neuco_csv`` export counts from 1.

    Examples
    --------
    >>> spec = EmbeddingSpec(n_dims=3, sample_ids=("a",))
    >>> layout = named_layout(["2", "0", "1"], spec, IssueLog(), bytes_per_sample=12)
    >>> layout.targets, layout.notes
    (array([2, 0, 1]), ('columns were reordered',))
    """
    before = log.total
    numbers = [_number(name) for name in names]
    known = {number for number in numbers if number is not None}
    for name, times in Counter(names).items():
        _check_name(name, times, log)
    first = 1 if 0 not in known and 1 in known else 0
    width = len(known)
    notes: tuple[str, ...] | None = ()
    if known == set(range(first, first + width)):
        notes = _fit(width, bytes_per_sample, spec, log)
    else:
        _report_gaps(known, first, spec, log)
    if log.total > before or notes is None:
        return Layout(names, None, bytes_per_sample)
    targets = np.array([number - first for number in numbers if number is not None], dtype=np.intp)
    if first == 1:
        notes += ("columns are numbered from 1",)
    if np.any(np.diff(targets) < 0):
        notes += ("columns were reordered",)
    return Layout(names, targets, bytes_per_sample, notes)


def _number(name: str) -> int | None:
    # Only the plain decimal form: "007", "+7" and "7.0" would be other names for column 7.
    if name.isascii() and name.isdigit() and len(name) < 10 and str(int(name)) == name:
        return int(name)
    return None


def _check_name(name: str, times: int, log: IssueLog) -> None:
    if name == "":
        hint = "; pandas writes its index like this unless told index=False"
        log.add(IssueCode.EMPTY_COLUMN, f"{times} column(s) have no name{hint}", column="")
    elif _number(name) is None:
        wanted = "columns are 'id' and the dimensions 0, 1, 2, …"
        log.add(IssueCode.UNKNOWN_COLUMN, f"column {shown(name)}: {wanted}", column=name[:60])
    elif times > 1:
        log.add(IssueCode.DUPLICATE_COLUMN, f"column {name} appears {times} times", column=name)


def _fit(
    width: int, bytes_per_sample: int, spec: EmbeddingSpec, log: IssueLog
) -> tuple[str, ...] | None:
    if spec.budget_bytes is not None and bytes_per_sample > spec.budget_bytes:
        detail = (
            f"{width} dimensions take {bytes_per_sample} bytes a sample as the file holds them; "
            f"the budget is {spec.budget_bytes}"
        )
        log.add(IssueCode.OVER_BUDGET, detail)
    if width == spec.n_dims:
        return ()
    if spec.pads and 0 < width < spec.n_dims:
        return (f"zero-padded from {width} to {spec.n_dims} dimensions",)
    log.add(IssueCode.WRONG_DIMENSION, f"{width} dimensions, {spec.n_dims} are wanted")
    return None


def _report_gaps(known: set[int], first: int, spec: EmbeddingSpec, log: IssueLog) -> None:
    last = max(known)
    if last >= first + spec.n_dims:
        detail = f"columns go up to {last}, {spec.n_dims} dimensions are wanted"
        log.add(IssueCode.WRONG_DIMENSION, detail)
    wanted = range(first, min(last, first + spec.n_dims))
    missing = [number for number in wanted if number not in known]
    for number in missing[:_LISTED_COLUMNS]:
        log.add(IssueCode.MISSING_COLUMN, f"column {number} is missing", column=str(number))
    log.count(len(missing[_LISTED_COLUMNS:]))
