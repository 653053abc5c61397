"""How the ranks of today's entries came about."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from probeboard.pictures.entries import Board, Line, day_number, instant_text
from probeboard.pictures.picture import MARGIN, NOBODY, TOP, WIDTH, Picture, counted, rank_ticks
from probeboard.pictures.spread import spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from probeboard.pictures.page import Page

# More could not be told apart: of instants closer than this share of the width, the last counts.
_INSTANTS = 400
_LEFT, _RIGHT, _LABEL = 56, 566, 592
_AXIS = 46

Point = tuple[datetime, int]


def _tracks(board: Board) -> list[tuple[Line, list[list[Point]]]]:
    """Runs of ranks without a gap, for each line that has any."""
    steps = _thinned(board)
    tracks = []
    for line in board.lines:
        runs: list[list[Point]] = []
        present = False
        for at, ranks in steps:
            rank = ranks.get(line.name)
            if rank is None:
                present = False
                continue
            if not present:
                runs.append([])
            runs[-1].append((at, int(rank)))
            present = True
        if runs:
            tracks.append((line, runs))
    return tracks


def _thinned(board: Board) -> list[tuple[datetime, dict[str, int]]]:
    steps = board.history
    if len(steps) <= _INSTANTS:
        return list(steps)
    start, end = steps[0][0], steps[-1][0]
    width = max((end - start) / _INSTANTS, timedelta.resolution)
    return list({(at - start) // width: (at, ranks) for at, ranks in steps}.values())


def _obstacle(board: Board) -> str:
    if not board.lines:
        return NOBODY
    return "" if _tracks(board) else "There is no history of these entries yet."


def _row_height(board: Board) -> float:
    return 26 if len(_tracks(board)) <= 12 else 20


def _n_rows(board: Board) -> int:
    return max(len(_tracks(board)), min(_last_rank(board), 30), 4)


def _last_rank(board: Board) -> int:
    return max(rank for _, runs in _tracks(board) for run in runs for _, rank in run)


def _height(board: Board) -> float:
    return _row_height(board) * _n_rows(board) + _AXIS


def _words(board: Board) -> list[str]:
    first, last = board.history[0][0], board.history[-1][0]
    lines = [
        f"{counted(len(board.history), 'ranking')} from {instant_text(first)} "
        f"to {instant_text(last)}."
    ]
    for line, runs in _tracks(board):
        ranks = [rank for run in runs for _, rank in run]
        n_changes = sum(a != b for a, b in pairwise(ranks))
        lines.append(
            f"{line.name}: rank {ranks[0]} on {instant_text(runs[0][0][0])}, "
            f"rank {ranks[-1]} at last; {counted(n_changes, 'change')}, "
            f"between rank {min(ranks)} and {max(ranks)}."
        )
    return lines


def _paint(page: "Page", board: Board) -> None:
    n_rows, height, tracks = _n_rows(board), _row_height(board), _tracks(board)
    bottom, last = TOP + height * n_rows, max(_last_rank(board), n_rows)
    start, end = board.history[0][0], board.history[-1][0]
    panel = page.panel(_LEFT, TOP, _RIGHT, bottom)
    panel.set_ylim(last + 0.5, 0.5)
    panel.set_yticks(rank_ticks(last))
    page.time_axis(panel, start=start, end=end)
    page.text(MARGIN, TOP - 8, "rank", size=11, colour=page.theme.muted)
    finals = [TOP + (runs[-1][-1][1] - 0.5) / last * (bottom - TOP) for _, runs in tracks]
    places = spread(finals, gap=min(height, 18), low=TOP + 9, high=bottom - 9)
    for number, (line, runs) in enumerate(tracks):
        colour = page.series_colour(number, is_baseline=line.is_baseline)
        for run in runs:
            _paint_run(panel, run, page, colour, is_baseline=line.is_baseline, order=number)
        page.line([_RIGHT + 2, _LABEL - 6], [finals[number], places[number]], colour=colour, width=1)
        page.text(_LABEL, places[number], f"{runs[-1][-1][1]}", size=11, colour=colour)
        name = page.shortened(line.name, room=WIDTH - MARGIN - _LABEL - 26, size=11.5)
        page.text(_LABEL + 26, places[number], name, size=11.5, italic=line.is_baseline)


def _paint_run(
    panel: "Axes", run: Sequence[Point], page: "Page", colour: str, *, is_baseline: bool, order: int
) -> None:
    # An early line lies on a later one: of entries that share ranks, the first is seen.
    changed = [point for before, point in pairwise(run) if before[1] != point[1]]
    marks = [run[0], *changed]
    corners = marks if run[-1] == marks[-1] else [*marks, run[-1]]
    panel.step(
        *_columns(corners), where="post", color=colour, linewidth=2, zorder=3 - order / 100,
        linestyle=(0, (4, 3)) if is_baseline else "solid",
    )  # fmt: skip
    panel.plot(
        *_columns(marks), linestyle="none", marker="o", markersize=5, markeredgewidth=1.5,
        markeredgecolor=colour, zorder=4 - order / 100,
        markerfacecolor=page.theme.background if is_baseline else colour,
    )  # fmt: skip


def _columns(points: Sequence[Point]) -> tuple[list[float], list[int]]:
    return [day_number(at) for at, _ in points], [rank for _, rank in points]


PICTURE = Picture("rank-history", "Ranks over time", _obstacle, _words, _height, _paint)
