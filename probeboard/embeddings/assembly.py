"""Puts rows where the specification wants them, and checks all that formats share."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.embeddings.facts import Embeddings, describe, digest
from probeboard.embeddings.issues import IssueCode, IssueLog, shown
from probeboard.embeddings.layout import Layout
from probeboard.embeddings.spec import EmbeddingSpec


class Assembly:
    """A float32 matrix being filled in sample order, whatever order the file has.

    A format's reader calls `find_rows` once for each id and `put` once for each value, in blocks
    of its own size; `finish` gives the embeddings or raises what was found.

    Examples
    --------
    >>> from probeboard.embeddings.layout import unnamed_layout
    >>> spec, log = EmbeddingSpec(n_dims=1, sample_ids=("a", "b")), IssueLog()
    >>> assembly = Assembly(spec, unnamed_layout(1, spec, log, value_bytes=8), log)
    >>> rows = assembly.find_rows(["b", "a"], first_row=1)
    >>> assembly.put(np.array([[2.0], [1.0]]), rows, first_row=1)
    >>> assembly.finish(format="npz", dtype="float64").matrix.tolist()
    [[1.0], [2.0]]
    """

    def __init__(self, spec: EmbeddingSpec, layout: Layout, log: IssueLog) -> None:
        self._spec = spec
        self._layout = layout
        self._log = log
        self._index = {sample: row for row, sample in enumerate(spec.sample_ids)}
        self._suffixes = sorted(spec.strip_suffixes, key=len, reverse=True)
        self._stripped: Counter[str] = Counter()
        self._first_seen = np.zeros(spec.n_samples, dtype=np.int64)
        self._matrix: NDArray[np.float32] | None = None
        if layout.targets is not None:
            self._matrix = np.empty((spec.n_samples, spec.n_dims), np.float32)
            self._matrix[:, len(layout.targets) :] = 0

    def find_rows(self, ids: Iterable[str], *, first_row: int) -> NDArray[np.intp]:
        """Return the matrix row of each id, shape (n,); -1 where it has none or is taken."""
        return np.array(
            [self._find(given, row) for row, given in enumerate(ids, first_row)], dtype=np.intp
        )

    def put(
        self,
        values: NDArray[Any],
        rows: NDArray[np.intp],
        *,
        first_row: int,
        first_column: int = 0,
    ) -> None:
        """Check values of shape (n, k) and place them, columns `first_column` to + k of the file.

        NaN, infinity and what float32 cannot hold become issues.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # invalid: a signalling NaN
            block = values.astype(np.float32, copy=False)
        if not np.isfinite(block).all():
            self._report_not_finite(values, block, first_row, first_column)
        if self._matrix is None or self._layout.targets is None:
            return
        targets = self._layout.targets[first_column : first_column + values.shape[1]]
        if np.array_equal(targets, np.arange(targets[0], targets[0] + len(targets))):
            columns: Any = slice(int(targets[0]), int(targets[0]) + len(targets))
        else:
            columns = targets
        start = int(rows[0]) if len(rows) else -1
        if start >= 0 and np.array_equal(rows, np.arange(start, start + len(rows))):
            self._matrix[start : start + len(rows), columns] = block
        elif (rows >= 0).all():
            self._matrix[rows if isinstance(columns, slice) else rows[:, None], columns] = block

    def report_empty(
        self, empty: NDArray[np.bool_], *, first_row: int, first_column: int = 0
    ) -> None:
        """Note the places, shape (n, k), where the file has no value."""
        places = np.argwhere(empty)
        for number, (row, column) in enumerate(places):
            if self._log.full:
                self._log.count(len(places) - number)
                return
            name = self._layout.names[first_column + int(column)]
            row_number = first_row + int(row)
            self._log.add(IssueCode.EMPTY_VALUE, "no value", row=row_number, column=name)

    def finish(self, *, format: str, dtype: str, notes: tuple[str, ...] = ()) -> Embeddings:
        """Return the embeddings.

        Raises
        ------
        InvalidEmbeddings
            If any issue was found, a sample that no row brought among them.
        """
        for row in np.flatnonzero(self._first_seen == 0):
            detail = f"sample {shown(self._spec.sample_ids[row])} is not in the file"
            self._log.add(IssueCode.MISSING_ID, detail)
        self._log.raise_if_any()
        if self._matrix is None:  # pragma: no cover - a refused layout has left an issue
            raise AssertionError("no matrix and no issue")
        notes += self._layout.notes
        for suffix, times in self._stripped.items():
            notes += (f"stripped {suffix!r} from {times} ids",)
        facts = describe(
            self._matrix,
            format=format,
            dtype=dtype,
            notes=notes,
            handed_in_dims=len(self._layout.names),
            bytes_per_sample=self._layout.bytes_per_sample,
        )
        return Embeddings(matrix=self._matrix, sha256=digest(self._matrix), facts=facts)

    def _find(self, given: str, row: int) -> int:
        index = self._index.get(given)
        if index is None:
            for suffix in self._suffixes:
                if given.endswith(suffix):
                    index = self._index.get(given.removesuffix(suffix))
                    self._stripped[suffix] += index is not None
                    break
        if index is None:
            detail = f"{shown(given)} is not a sample of this challenge" if given else "no id"
            self._log.add(IssueCode.UNKNOWN_ID, detail, row=row, column="id")
            return -1
        earlier = int(self._first_seen[index])
        if earlier:
            detail = f"sample {shown(self._spec.sample_ids[index])} is already in row {earlier}"
            self._log.add(IssueCode.DUPLICATE_ID, detail, row=row, column="id")
            return -1
        self._first_seen[index] = row
        return index

    def _report_not_finite(
        self,
        values: NDArray[Any],
        block: NDArray[np.float32],
        first_row: int,
        first_column: int,
    ) -> None:
        places = np.argwhere(~np.isfinite(block))
        for number, (row, column) in enumerate(places):
            if self._log.full:
                self._log.count(len(places) - number)
                return
            value = values[row, column]
            if np.isnan(value):
                code, detail = IssueCode.NAN, "the value is NaN"
            elif np.isinf(value):
                code, detail = IssueCode.INFINITE, f"the value is {value}"
            else:
                code, detail = IssueCode.OVERFLOW, f"{value} is beyond float32 (±3.4e38)"
            name = self._layout.names[first_column + int(column)]
            self._log.add(code, detail, row=first_row + int(row), column=name)
