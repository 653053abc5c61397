"""Scores by task: values as numbers, and colours that compare within a task."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from probeboard.pictures.entries import NONE, Board, printable
from probeboard.pictures.picture import (
    MARGIN,
    NOBODY,
    SLANT,
    TOP,
    WIDTH,
    Picture,
    counted,
    slant_height,
)

if TYPE_CHECKING:
    from probeboard.pictures.page import Page

SHOWN_TASKS = 16
# Standard deviations where the colours end.
CLIP = 2.0
_PLACE, _NAME, _LEFT, _MEAN, _RIGHT = 54, 70, 244, 62, WIDTH - MARGIN
_NAME_ROOM = 122
_LEGEND = 54


def _tasks(board: Board) -> list[str]:
    tasks: Sequence[Mapping[str, Any]] = board.document.get("tasks") or ()
    return [str(task["name"]) for task in tasks[:SHOWN_TASKS]]


def _n_tasks(board: Board) -> int:
    return len(board.document.get("tasks") or ())


def _obstacle(board: Board) -> str:
    if not board.lines:
        return NOBODY
    if not _tasks(board):
        return "The board does not show scores by task."
    scores = (score_of(line.entry, name) for line in board.lines for name in _tasks(board))
    return "" if any(x is not None for x in scores) else "No score of a task is known."


def _row_height(board: Board) -> int:
    return 30 if len(board.lines) <= 12 else 24


def _head(board: Board) -> float:
    names = map(printable, _tasks(board))
    return 28 if _is_level(board) else slant_height(names, room=_NAME_ROOM)


def _is_level(board: Board) -> bool:
    """Whether names of tasks are short enough to stand level above their columns."""
    width = _column_width(board) - 8
    return all(len(printable(name)) * 7.5 <= width for name in _tasks(board))


def _column_width(board: Board) -> float:
    return min(120.0, (_RIGHT - _MEAN - _LEFT) / len(_tasks(board)))


def _height(board: Board) -> float:
    return _head(board) + _row_height(board) * len(board.lines) + _LEGEND


def score_of(entry: Mapping[str, Any], task: str) -> float | None:
    """Mean score of an entry in a task; None where it could not be scored."""
    cell = (entry.get("tasks") or {}).get(task) or {}
    value = cell.get("mean")
    return None if value is None or not math.isfinite(value) else float(value)


def scores_of_ranked(board: Board, task: str) -> list[float]:
    """Scores of all that are ranked, drawn or not."""
    ranked = (entry for entry in board.document["entries"] if not entry.get("is_baseline"))
    scores = (score_of(entry, task) for entry in ranked)
    return [score for score in scores if score is not None]


def standardised(board: Board, task: str) -> list[float | None]:
    """Scores of a task less the mean of the ranked, over their standard deviation (ddof 0).

    Baselines are placed on the scale, and do not make it. Where all score the same it is 0.
    """
    column = [score_of(line.entry, task) for line in board.lines]
    ranked = scores_of_ranked(board, task)
    mean = math.fsum(ranked) / len(ranked) if ranked else 0.0
    std = math.sqrt(math.fsum((x - mean) ** 2 for x in ranked) / len(ranked)) if ranked else 0.0
    return [None if x is None else ((x - mean) / std if std > 1e-12 else 0.0) for x in column]


def figure_text(value: float | None, *, decimals: int) -> str:
    """Word a score in at most six signs or so.

    >>> figure_text(0.8125, decimals=3), figure_text(-4000.0, decimals=3)
    ('0.812', '-4e+03')
    """
    if value is None:
        return NONE
    return f"{value:.{decimals}f}" if abs(value) < 100 else f"{value:.2g}"


def _decimals(board: Board) -> int:
    return min(int(board.document.get("decimals") or 3), 3 if len(_tasks(board)) > 10 else 4)


def _words(board: Board) -> list[str]:
    names, decimals = _tasks(board), _decimals(board)
    lines = [_cut(board)] if _cut(board) else []
    for line in board.lines:
        scores = (
            f"{printable(name)} {figure_text(score_of(line.entry, name), decimals=decimals)}"
            for name in names
        )
        kind = " (baseline)" if line.is_baseline else ""
        mean = figure_text(line.entry.get("mean_score"), decimals=decimals)
        lines.append(f"{line.place_text} {line.name}{kind}: {', '.join(scores)}; mean {mean}.")
    return lines


def _cut(board: Board) -> str:
    if _n_tasks(board) <= SHOWN_TASKS:
        return ""
    return f"The first {SHOWN_TASKS} of {counted(_n_tasks(board), 'task')}."


def _paint(page: "Page", board: Board) -> None:
    width, top, height = _column_width(board), TOP + _head(board), _row_height(board)
    _paint_heads(page, board, top, width)
    scales = {task: standardised(board, task) for task in _tasks(board)}
    best = {task: max(scores_of_ranked(board, task), default=None) for task in scales}
    decimals, size = _decimals(board), 11.5 if width >= 44 else 9.5
    for row, line in enumerate(board.lines):
        y = top + height * row
        ink = page.theme.muted if line.is_baseline else page.theme.text
        page.text(_PLACE, y + height / 2, line.place_text, align="right", colour=ink)
        name = page.shortened(line.name, room=_LEFT - 14 - _NAME)
        page.text(_NAME, y + height / 2, name, colour=ink, italic=line.is_baseline)
        for column, (task, zs) in enumerate(scales.items()):
            left, z = _LEFT + width * column, zs[row]
            fill = page.theme.band if z is None else page.theme.diverging(z / CLIP)
            page.box(left + 1, y + 1, left + width - 1, y + height - 1, colour=fill)
            score = score_of(line.entry, task)
            is_best = score is not None and score == best[task] and not line.is_baseline
            page.text(
                left + width / 2, y + height / 2, figure_text(score, decimals=decimals),
                size=size, align="center", colour=page.theme.ink_on(fill), bold=is_best,
            )  # fmt: skip
        mean = figure_text(line.entry.get("mean_score"), decimals=decimals)
        x = _LEFT + width * len(scales) + _MEAN - 6
        page.text(x, y + height / 2, mean, align="right", colour=ink)
    _paint_legend(page, board, top + height * len(board.lines) + 26)


def _paint_heads(page: "Page", board: Board, top: float, width: float) -> None:
    ink, level = page.theme.muted, _is_level(board)
    y = top - 13
    page.text(_PLACE, y, "rank", size=11, colour=ink, align="right")
    page.text(_NAME, y, "entry", size=11, colour=ink)
    for column, task in enumerate(_tasks(board)):
        x = _LEFT + width * (column + 0.5)
        if level:
            page.text(x, y, printable(task), size=11, colour=ink, align="center")
        else:
            name = page.shortened(printable(task), room=_NAME_ROOM, size=11)
            page.text(x - 2, top - 8, name, size=11, colour=ink, rotation=SLANT)
    right = _LEFT + width * len(_tasks(board)) + _MEAN - 6
    page.text(right, y, "mean", size=11, colour=ink, align="right")


def _paint_legend(page: "Page", board: Board, y: float) -> None:
    theme, n_steps = page.theme, 9
    x = page.legend_text(MARGIN, y, "worse") - 16
    for step in range(n_steps):
        colour = theme.diverging(2 * step / (n_steps - 1) - 1)
        page.box(x + 16 * step, y - 6, x + 16 * (step + 1), y + 6, colour=colour)
    x = page.legend_text(x + 16 * n_steps + 10, y, "better than the mean of the ranked in the task")
    page.legend_text(x, y, _cut(board) or "bold: the best of the ranked")


PICTURE = Picture("task-scores", "Scores by task", _obstacle, _words, _height, _paint)
