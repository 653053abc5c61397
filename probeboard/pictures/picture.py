"""What every picture is made of."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from probeboard.pictures.entries import NONE, Board
from probeboard.ranking.chances import smallest_chance

if TYPE_CHECKING:  # matplotlib comes with the first page that is drawn
    from probeboard.pictures.page import Page

WIDTH, MARGIN = 800, 24
# Where the title ends and a picture's own part begins.
TOP = 72
# Degrees by which names of columns are turned.
SLANT = 38
NOBODY = "No entry is ranked yet."


@dataclass(frozen=True)
class Picture:
    """A kind of picture.

    Attributes
    ----------
    name, title
        In addresses, and above the picture.
    obstacle
        Says why there is nothing to draw; empty where there is something.
    words
        All that the picture says, as lines of text.
    height
        Pixels its own part needs, below `TOP`.
    paint
        Draws its own part.
    """

    name: str
    title: str
    obstacle: Callable[[Board], str]
    words: Callable[[Board], list[str]]
    height: Callable[[Board], float]
    paint: Callable[["Page", Board], None]


def percent(share: float | None, *, draws: int) -> str:
    """Word a probability estimated from so many draws: none is certain.

    >>> [percent(one, draws=1000) for one in (0.123, 0.0, 1.0)]
    ['12 %', '< 0.1 %', '> 99.9 %']
    >>> percent(0.0, draws=100), percent(1.0, draws=781)
    ('< 1 %', '> 99.8 %')
    """
    if share is None:
        return NONE
    least = smallest_chance(draws)
    if share < least:
        return f"< {100 * least:g} %"
    if share > 1 - least:
        return f"> {100 * (1 - least):g} %"
    decimals = 1 if share < 0.01 or share > 0.99 else 0
    return f"{100 * share:.{decimals}f} %"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Word a number of things.

    >>> counted(1, "entry", "entries"), counted(2, "task")
    ('1 entry', '2 tasks')
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def slant_height(names: Iterable[str], *, room: float) -> float:
    """Pixels above a column that slanted names of a width of at most `room` need, about.

    >>> round(slant_height(["nox"], room=120)), round(slant_height(["n" * 99], room=120))
    (34, 96)
    """
    width = min(max((6.6 * len(name) for name in names), default=0.0), room)
    return 22 + width * math.sin(math.radians(SLANT))


def rank_ticks(last: int, *, most: int = 15) -> list[int]:
    """Ranks to write along an axis: 1, and round ones up to the last.

    >>> rank_ticks(4), rank_ticks(40)
    ([1, 2, 3, 4], [1, 5, 10, 15, 20, 25, 30, 35, 40])
    """
    steps = (base * 10**power for power in range(9) for base in (1, 2, 5))
    step = next(step for step in steps if last / step <= most)
    return list(dict.fromkeys([1, *range(step, last + 1, step)]))
