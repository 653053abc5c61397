"""Ranks along each row of a large matrix: many rankings of the same submissions at once.

A sort of float32 or int32 values alone loses which submission each belonged to, and an indirect
sort (`argsort`) takes three times as long. So value and column are packed into one 64-bit integer,
the value in the upper half in a form whose integer order is the order wanted; after the sort the
lower half says who is where.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

_COLUMN = np.int64(0xFFFFFFFF)
_MAGNITUDE = np.int32(0x7FFFFFFF)


def descending_keys(values: NDArray[np.float32]) -> NDArray[np.int32]:
    """Integers in the reverse order of the floats, equal where those are equal; no NaN.

    The bits of a non-negative float, read as an integer, are in its order; those of a negative
    one in reverse, so all but their sign are flipped. The complement reverses everything.

    Examples
    --------
    >>> keys = descending_keys(np.array([-2.0, -0.0, 0.0, 0.5], dtype=np.float32))
    >>> bool(keys[0] > keys[1] == keys[2] > keys[3])
    True
    """
    bits = (values + np.float32(0.0)).view(np.int32)  # -0.0 + 0.0 is 0.0
    return np.asarray(~(bits ^ ((bits >> 31) & _MAGNITUDE)))


def row_ranks(
    keys: NDArray[np.int32] | NDArray[np.float64], ties: Literal["min", "twice-average"]
) -> NDArray[np.int32]:
    """Rank each row by increasing key.

    Parameters
    ----------
    keys
        Shape ``(m, n)``, no NaN: int32, or float64, which takes longer.
    ties
        ``min``: they share the smallest rank. ``twice-average``: all ranks are doubled, and ties
        share twice the average of theirs, an integer.

    Returns
    -------
    NDArray
        Shape ``(m, n)``, int32.

    Examples
    --------
    >>> row_ranks(np.array([[3, 1, 3], [1, 2, 3]], dtype=np.int32), "min")
    array([[2, 1, 2],
           [1, 2, 3]], dtype=int32)
    >>> row_ranks(np.array([[0.3, 0.1, 0.3]]), "twice-average")
    array([[5, 2, 5]], dtype=int32)
    """
    m, n = keys.shape
    order, tied = _ordered(keys)
    positions = np.arange(1, n + 1, dtype=np.int32)
    places: NDArray[np.int32] = positions if ties == "min" else 2 * positions
    order += np.arange(0, m * n, n)[:, None] if n else 0
    ranks = np.empty(m * n, dtype=np.int32)
    ranks[order] = places
    with_ties = np.flatnonzero(tied.any(axis=1))
    if with_ties.size:
        ranks[order[with_ties]] = _shared(tied[with_ties], ties)
    return ranks.reshape(m, n)


def _ordered(keys: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Columns in the order of their keys, and whether each shares its key with the one before."""
    if keys.dtype == np.int32:
        packed = keys.astype(np.int64)
        packed <<= 32
        packed |= np.arange(keys.shape[1])
        packed.sort(axis=1)
        # Unsigned, as the difference of two signs is the highest bit.
        tied = (packed[:, 1:] ^ packed[:, :-1]).view(np.uint64) <= np.uint64(_COLUMN)
        packed &= _COLUMN
        return packed, tied
    order = np.argsort(keys, axis=1, kind="stable")
    ordered = np.take_along_axis(keys, order, axis=1)
    return order.astype(np.int64), ordered[:, 1:] == ordered[:, :-1]


def _shared(tied: NDArray[np.bool_], ties: str) -> NDArray[np.int32]:
    """Ranks by position where some positions share theirs with the one before."""
    m, n = tied.shape[0], tied.shape[1] + 1
    positions = np.arange(1, n + 1, dtype=np.int32)
    first = np.tile(positions, (m, 1))
    first[:, 1:][tied] = 0
    np.maximum.accumulate(first, axis=1, out=first)
    if ties == "min":
        return first
    last = np.tile(positions, (m, 1))
    last[:, :-1][tied] = n
    reverse = last[:, ::-1]
    np.minimum.accumulate(reverse, axis=1, out=reverse)
    return np.asarray(first + last)
