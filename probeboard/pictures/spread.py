"""Moves labels apart, as little as possible."""

from collections.abc import Sequence

import numpy as np


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Return places at least `gap` apart, in the order wanted, near to what is wanted.

    Least squares by pooling neighbours (isotonic regression of ``wanted - i * gap``), then held to
    ``low .. high`` as far as all of them have room there.

    Parameters
    ----------
    wanted
        In any order.

    Examples
    --------
    >>> spread([50.0, 10.0, 11.0], gap=4.0, low=0.0, high=100.0)
    [50.0, 8.5, 12.5]
    >>> spread([99.0, 99.0], gap=4.0, low=0.0, high=100.0)
    [96.0, 100.0]
    """
    order = np.argsort(np.asarray(wanted, dtype=np.float64), kind="stable")
    blocks: list[tuple[float, int]] = []
    for number, row in enumerate(order):
        total, count = float(wanted[row]) - number * gap, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before, members = blocks.pop()
            total, count = total + before, count + members
        blocks.append((total, count))
    top = max(low, high - (len(wanted) - 1) * gap)
    places = [0.0] * len(wanted)
    number = 0
    for total, count in blocks:
        start = min(max(total / count, low), top)
        for _ in range(count):
            places[int(order[number])] = start + number * gap
            number += 1
    return places
