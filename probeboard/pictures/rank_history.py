"""How the ranks of today's entries came about."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from probeboard.pictures.entries import Board, Line, instant_text
from probeboard.pictures.picture import MARGIN, NOBODY, TOP, WIDTH, Picture, counted, rank_ticks
from probeboard.pictures.spread import spread

if TYPE_CHECKING:
    from probeboard.pictures.page import Page

# More could not be told apart: of instants closer than this share of the width, the last counts.
_INSTANTS = 400
_LEFT, _RIGHT, _LABEL = 56, 572, 596
_HEAD, _AXIS, _BEND = 18, 40, 34

Point = tuple[datetime, int]
Steps = tuple[tuple[datetime, Mapping[str, int]], ...]


def _tracks(board: Board, steps: Steps | None = None) -> list[tuple[Line, list[list[Point]]]]:
    """Runs of ranks without a gap, for each line that has any."""
    tracks = []
    for line in board.lines:
        runs: list[list[Point]] = []
        present = False
        for at, ranks in board.history if steps is None else steps:
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


def _thinned(steps: Steps) -> Steps:
    """The first and the last, and of those between so many as the width can show."""
    if len(steps) <= _INSTANTS:
        return steps
    start, end = steps[0][0], steps[-1][0]
    width = max((end - start) / _INSTANTS, timedelta.resolution)
    kept = {(at - start) // width: (at, ranks) for at, ranks in steps[1:]}
    return (steps[0], *kept.values())


def _obstacle(board: Board) -> str:
    if not board.lines:
        return NOBODY
    return "" if _tracks(board) else "There is no history of these entries yet."


def _row_height(board: Board) -> float:
    return 26 if len(_tracks(board)) <= 12 else 20


def _n_rows(board: Board) -> int:
    return max(len(_tracks(board)), min(_last_rank(board), 30), 2)


def _last_rank(board: Board) -> int:
    return max(rank for _, runs in _tracks(board) for run in runs for _, rank in run)


def _height(board: Board) -> float:
    return _HEAD + _row_height(board) * _n_rows(board) + _AXIS


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
    height, tracks = _row_height(board), _tracks(board, _thinned(board.history))
    top, n_ranks = TOP + _HEAD, max(_last_rank(board), _n_rows(board))
    bottom = top + height * _n_rows(board)
    start, end = board.history[0][0], board.history[-1][0]
    pad = (end - start) / 40 or timedelta(hours=12)
    panel = page.panel(_LEFT, top, _RIGHT, bottom)
    panel.set_ylim(n_ranks + 0.5, 0.5)
    panel.set_yticks(rank_ticks(n_ranks))
    page.time_axis(panel, start=start - pad, end=end + pad)
    page.text(_LEFT - 32, top - 8, "rank", size=11, colour=page.theme.muted)

    def place(point: Point) -> tuple[float, float]:
        at, rank = point
        share = (at - start + pad) / (end - start + 2 * pad)
        return _LEFT + share * (_RIGHT - _LEFT), top + (rank - 0.5) / n_ranks * (bottom - top)

    finals = [place(runs[-1][-1]) for _, runs in tracks]
    labels = spread([y for _, y in finals], gap=min(height, 18), low=top + 9, high=bottom - 9)
    for number, (line, runs) in enumerate(tracks):
        colour = page.series_colour(number, is_baseline=line.is_baseline)
        # Of entries that share ranks, the first is seen.
        over = 3 - number / 100
        for run in runs:
            _paint_run(page, list(map(place, run)), colour, is_baseline=line.is_baseline, over=over)
        x, y = finals[number]
        page.line([x + 6, _LABEL - 8], [y, labels[number]], colour=colour, width=1)
        page.text(_LABEL, labels[number], f"{runs[-1][-1][1]}", size=11, colour=colour)
        name = page.shortened(line.name, room=WIDTH - MARGIN - _LABEL - 26, size=11.5)
        page.text(_LABEL + 26, labels[number], name, size=11.5, italic=line.is_baseline)


def _paint_run(
    page: "Page",
    run: Sequence[tuple[float, float]],
    colour: str,
    *,
    is_baseline: bool,
    over: float,
) -> None:
    corners = [run[0]]
    for before, point in pairwise(run):
        if point[1] != before[1]:
            # Level up to the ranking before the change: the bend is where the rank was unknown.
            corners += [before, point] if before != corners[-1] else [point]
    marks = [run[0], *(point for before, point in pairwise(run) if before[1] != point[1])]
    if run[-1] != corners[-1]:
        corners.append(run[-1])
    if len(corners) > 1:
        xs, ys = zip(*corners, strict=True)
        page.curve(xs, ys, colour=colour, dashed=is_baseline, reach=_BEND, over=over)
    xs, ys = zip(*marks, strict=True)
    page.dots(xs, ys, colour=colour, radius=3.2, hollow=is_baseline, over=over + 1)


PICTURE = Picture("rank-history", "Ranks over time", _obstacle, _words, _height, _paint)
