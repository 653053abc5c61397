"""The training samples nearest to each test sample, on every split of a task.

Similarity is the cosine of embeddings centred per dimension (`prepare`), 0 where one of them is the
zero vector, or the number of dimensions whose signs agree (d less the Hamming distance). All splits
share the product of a block of rows with all rows, whose length follows from a bound on memory, and
each row's nearest of all rows: most splits find enough training rows among these.

**Ties are deterministic**: similarities are compared in steps, of 2⁻³⁰ ≈ 1e-9 for the cosine, and
of equals the sample first in the label set is nearer. The step is far above rounding, so that
copies of a sample are equals on every machine, and far below what float32 embeddings tell apart.
Step and place are one integer; those of a row all differ, so its largest are found by partition.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split
from probeboard.probing.preparation import PreparedEmbeddings

Matrix = NDArray[np.float64] | NDArray[np.float32]
Keys = NDArray[np.int64]

STEPS = 2.0**30
# So many times as many as are wanted are found among all rows.
OF_ALL = 4
# Of the keys of one block of rows; what is computed from them takes up three times as much.
BLOCK_BYTES = 1 << 24


def nearest(
    prepared: PreparedEmbeddings,
    rows: NDArray[np.intp],
    splits: Sequence[Split],
    *,
    count: int,
    signs: bool = False,
) -> list[NDArray[np.intp]]:
    """Find the nearest training samples of every test sample.

    Parameters
    ----------
    prepared
        What `prepare` made of the submission.
    rows
        Shape ``(n,)``: the labelled samples' rows in it.
    splits
        Index arrays into `rows`.
    count
        How many to find; all training samples if there are fewer.
    signs
        Compare signs of dimensions instead of directions. 0 counts as negative.

    Returns
    -------
    list of ndarray
        For each split, shape ``(n_test, min(count, n_train))``: indices into `rows`, nearest first.

    Examples
    --------
    >>> from probeboard.probing import prepare
    >>> X = np.array([[1, 0], [2, 0], [0, 1], [-1, -1], [-2, 0]], dtype=np.float32)
    >>> split = Split(train=np.array([0, 2, 3, 4]), test=np.array([1]))
    >>> nearest(prepare(X), np.arange(5), [split], count=2)[0].tolist()
    [[0, 2]]
    """
    compared = _signs(prepared, rows) if signs else _directions(prepared, rows)
    searches = [_Search.of(split, rows.size, count) for split in splits]
    tested = np.unique(np.concatenate([split.test for split in splits]))
    for block in _blocks(tested, rows.size):
        keys = _sign_keys(compared, block) if signs else _cosine_keys(compared, block)
        nearest_of_all = _largest(keys, min(OF_ALL * count, rows.size), rows.size)
        for search in searches:
            search.add(block, keys, nearest_of_all)
    return [search.found for search in searches]


@dataclass(frozen=True, eq=False)
class _Search:
    """What one split has found so far; `order` sorts its test rows."""

    split: Split
    order: NDArray[np.intp]
    trains: NDArray[np.bool_]
    found: NDArray[np.intp]

    @classmethod
    def of(cls, split: Split, n: int, count: int) -> "_Search":
        trains = np.zeros(n, dtype=np.bool_)
        trains[split.train] = True
        found = np.empty((split.test.size, min(count, split.train.size)), dtype=np.intp)
        return cls(split, np.argsort(split.test, kind="stable"), trains, found)

    def add(self, block: NDArray[np.intp], keys: Keys, nearest_of_all: NDArray[np.intp]) -> None:
        """Find the nearest of the test rows that are in the block."""
        tests = self.split.test[self.order]
        first, end = np.searchsorted(tests, [block[0], block[-1] + 1])
        mine, count = np.searchsorted(block, tests[first:end]), self.found.shape[1]
        nearby = nearest_of_all[mine]
        trained = self.trains[nearby]
        # The training rows first, in their order.
        places = np.argsort(~trained, axis=1, kind="stable")[:, :count]
        nearest_ones = np.take_along_axis(nearby, places, axis=1)
        few = np.flatnonzero(trained.sum(axis=1) < count)
        if few.size:
            n = keys.shape[1]
            nearest_ones = np.ascontiguousarray(nearest_ones)
            nearest_ones[few] = _largest(keys[mine[few]][:, self.split.train], count, n)
        self.found[self.order[first:end]] = nearest_ones


def _blocks(tested: NDArray[np.intp], n: int) -> Iterator[NDArray[np.intp]]:
    length = max(1, BLOCK_BYTES // (8 * n))
    return (tested[start : start + length] for start in range(0, tested.size, length))


def _directions(prepared: PreparedEmbeddings, rows: NDArray[np.intp]) -> Matrix:
    """Rows of length 1; the zero vector stays."""
    directions = prepared.centred(rows)
    lengths = np.sqrt(np.einsum("ij,ij->i", directions, directions))
    lengths[lengths == 0.0] = 1.0
    directions /= lengths[:, None]
    return directions


def _signs(prepared: PreparedEmbeddings, rows: NDArray[np.intp]) -> Matrix:
    """1 or -1, in single precision, whose products are exact up to 2**24 dimensions."""
    return np.where(prepared.values[rows] > prepared.means, np.float32(1.0), np.float32(-1.0))


def _cosine_keys(directions: Matrix, block: NDArray[np.intp]) -> Keys:
    similarities = directions[block] @ directions.T
    similarities += 1.0
    similarities *= STEPS
    return _with_places(np.rint(similarities, out=similarities))


def _sign_keys(signs: Matrix, block: NDArray[np.intp]) -> Keys:
    return _with_places((signs[block] @ signs.T + np.float32(signs.shape[1])) / 2)


def _with_places(steps: NDArray[np.floating[Any]]) -> Keys:
    """Steps·n + (n - 1 - place): larger is nearer, and no two of a row are equal."""
    n = steps.shape[1]
    keys = steps.astype(np.int64)
    keys *= n
    keys += np.arange(n)[::-1]
    return keys


def _largest(keys: Keys, count: int, n: int) -> NDArray[np.intp]:
    """Places of the largest keys of each row, largest first."""
    top = np.partition(keys, keys.shape[1] - count, axis=1)[:, keys.shape[1] - count :]
    top.sort(axis=1)
    return np.asarray(n - 1 - top[:, ::-1] % n, dtype=np.intp)
