"""How many bytes a sample an embedding needs for its mean score."""

from typing import TYPE_CHECKING

from probeboard.pictures.entries import Board, Line
from probeboard.pictures.picture import MARGIN, NOBODY, TOP, WIDTH, Picture, counted
from probeboard.pictures.spread import spread

if TYPE_CHECKING:
    from probeboard.pictures.page import Page

_LEFT, _RIGHT, _LABEL = 72, 576, 600
_LABEL_HEIGHT = 19
_HEAD, _AXIS = 20, 52

Point = tuple[float, float]


def _points(board: Board) -> list[tuple[Line, list[Point]]]:
    """Bytes and mean scores of the lines that have any, by bytes."""
    found = []
    for line in board.lines:
        rates = line.entry.get("rate_distortion") or ()
        points = sorted((float(one["bytes"]), float(one["mean_score"])) for one in rates)
        if points:
            found.append((line, points))
    return found


def best_by_bytes(points: list[Point]) -> list[Point]:
    """The best score at each number of bytes.

    >>> best_by_bytes([(16.0, 0.5), (16.0, 0.6), (32.0, 0.55)])
    [(16.0, 0.6), (32.0, 0.55)]
    """
    return sorted(dict(sorted(points)).items())


def bytes_text(number: float) -> str:
    """Word a size.

    >>> bytes_text(0.5), bytes_text(512.0), bytes_text(4096.0), bytes_text(1536.0)
    ('0.5 B', '512 B', '4 KiB', '1.5 KiB')
    """
    return f"{number:g} B" if number < 1024 else f"{number / 1024:g} KiB"


def _obstacle(board: Board) -> str:
    if not board.lines:
        return NOBODY
    return "" if _points(board) else "No entry has a rate-distortion analysis that the board shows."


def _panel_height(board: Board) -> float:
    return max(300.0, _LABEL_HEIGHT * len(_points(board)) + 20)


def _height(board: Board) -> float:
    return _HEAD + _panel_height(board) + _AXIS


def _words(board: Board) -> list[str]:
    found = _points(board)
    missing = len(board.lines) - len(found)
    lines = [f"{counted(missing, 'entry', 'entries')} without this analysis."] if missing else []
    for line, points in found:
        pairs = ", ".join(f"{bytes_text(x)} {y:.3f}" for x, y in best_by_bytes(points))
        kind = " (baseline)" if line.is_baseline else ""
        lines.append(f"{line.name}{kind}: {pairs}.")
    return lines


def _paint(page: "Page", board: Board) -> None:
    theme, found = page.theme, _points(board)
    top = TOP + _HEAD
    bottom = top + _panel_height(board)
    panel = page.panel(_LEFT, top, _RIGHT, bottom)
    page.bytes_axis(panel, [x for _, points in found for x, _ in points], bytes_text)
    low, high = _range([y for _, points in found for _, y in points])
    panel.set_ylim(low, high)
    finals = [
        bottom - (best_by_bytes(p)[-1][1] - low) / (high - low) * (bottom - top) for _, p in found
    ]
    places = spread(finals, gap=_LABEL_HEIGHT, low=top + 9, high=bottom - 9)
    for number, (line, points) in enumerate(found):
        colour = page.series_colour(number, is_baseline=line.is_baseline)
        fill = theme.background if line.is_baseline else colour
        best = best_by_bytes(points)
        rest = [point for point in points if point not in best]
        panel.plot(
            *zip(*best, strict=True), color=colour, linewidth=2, marker="o", markersize=6,
            markerfacecolor=fill, markeredgewidth=1.5, zorder=3,
            linestyle=(0, (4, 3)) if line.is_baseline else "solid",
        )  # fmt: skip
        if rest:
            panel.plot(
                *zip(*rest, strict=True), color=colour, linestyle="none", marker="o",
                markersize=3, zorder=2, alpha=0.6,
            )  # fmt: skip
        x, y = panel.transData.transform(best[-1])
        page.line([x + 6, _LABEL - 6], [page.height - y, places[number]], colour=colour, width=1)
        page.dots([_LABEL], [places[number]], colour=colour, radius=3.5, hollow=line.is_baseline)
        name = page.shortened(line.name, room=WIDTH - MARGIN - _LABEL - 10, size=11.5)
        page.text(_LABEL + 10, places[number], name, size=11.5, italic=line.is_baseline)
    page.text(MARGIN, top - 9, "mean score", size=11, colour=theme.muted)
    page.text(
        (_LEFT + _RIGHT) / 2, bottom + 36, "bytes a sample", size=11, colour=theme.muted,
        align="center",
    )  # fmt: skip


def _range(scores: list[float]) -> tuple[float, float]:
    low, high = min(scores), max(scores)
    pad = (high - low) * 0.06 or 0.05
    return low - pad, high + pad


PICTURE = Picture(
    "rate-distortion", "Mean score by bytes a sample", _obstacle, _words, _height, _paint
)
