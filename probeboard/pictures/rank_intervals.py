"""Every entry's rank, how far it could move, and the tiers that can be told apart."""

from collections.abc import Callable
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from probeboard.pictures.entries import NONE, Board, Line
from probeboard.pictures.picture import (
    MARGIN,
    NOBODY,
    TOP,
    WIDTH,
    Picture,
    percent,
    rank_ticks,
)

if TYPE_CHECKING:
    from probeboard.pictures.page import Page

_PLACE, _NAME, _LEFT, _RIGHT, _FIRST, _TIER = 54, 70, 274, 626, 714, 768
_HEAD, _LEGEND = 26, 66
_TOO_FEW = "fewer than 3 entries or 5 splits"


def _obstacle(board: Board) -> str:
    if all(line.is_baseline for line in board.lines):
        return NOBODY
    if not board.uncertainty.get("shown"):
        return f"Intervals are not shown: {board.uncertainty.get('reason') or _TOO_FEW}."
    return ""


def _row_height(board: Board) -> int:
    return 28 if len(board.lines) <= 12 else 23


def _height(board: Board) -> float:
    return _HEAD + _row_height(board) * len(board.lines) + _LEGEND


def _draws(board: Board) -> int:
    found: int = board.uncertainty.get("draws", 1000)
    return found


def _words(board: Board) -> list[str]:
    draws, level = _draws(board), board.uncertainty.get("level", 0.95)
    return [
        f"Intervals hold {level:.0%} of {draws} draws; rank sets hold for all entries at once; "
        "a tier is all that may be best once the tiers above it are removed.",
        *(_word(line, draws) for line in board.lines),
    ]


def _word(line: Line, draws: int) -> str:
    if line.is_baseline:
        return f"{line.place_text} {line.name}: baseline, would rank {line.place}."
    said = [f"rank {line.place}"]
    for key, name in (("rank_interval", "interval"), ("rank_set", "rank set")):
        if span := line.span(key):
            said.append(f"{name} {span[0]} to {span[1]}")
    if line.entry.get("tier") is not None:
        said.append(f"tier {line.entry['tier']}")
    if line.entry.get("p_first") is not None:
        said.append(f"first with probability {percent(line.entry['p_first'], draws=draws)}")
    return f"{line.place_text} {line.name}: {', '.join(said)}."


def _last_rank(board: Board) -> int:
    spans = [line.span(key) for line in board.lines for key in ("rank_interval", "rank_set")]
    ends = [span[1] for span in spans if span]
    return max([2, *ends, *(line.place for line in board.lines if line.place is not None)])


def tiers_in_rows(board: Board) -> list[int | None]:
    """Tier of each row; a baseline within a tier does not interrupt its band."""
    tiers: list[int | None] = [line.entry.get("tier") for line in board.lines]
    ranked = [row for row, line in enumerate(board.lines) if not line.is_baseline]
    for row, line in enumerate(board.lines):
        if line.is_baseline:
            above = next((tiers[r] for r in reversed(ranked) if r < row), None)
            below = next((tiers[r] for r in ranked if r > row), None)
            tiers[row] = above if above == below else None
    return tiers


def _paint(page: "Page", board: Board) -> None:
    theme, height, last = page.theme, _row_height(board), _last_rank(board)
    top = TOP + _HEAD
    bottom = top + height * len(board.lines)

    def x_of(rank: float) -> float:
        return _LEFT + (rank - 1) / (last - 1) * (_RIGHT - _LEFT)

    _paint_bands(page, board, top, height)
    heads: tuple[tuple[str, float, Literal["left", "right"]], ...] = (
        ("rank", _PLACE, "right"),
        ("entry", _NAME, "left"),
        ("P(first)", _FIRST, "right"),
        ("tier", _TIER, "right"),
    )
    for words, x, align in heads:
        page.text(x, TOP + 11, words, size=11, colour=theme.muted, align=align)
    for rank in rank_ticks(last):
        page.text(x_of(rank), TOP + 11, f"{rank}", size=11, colour=theme.muted, align="center")
        page.line([x_of(rank)] * 2, [top, bottom], colour=theme.grid, width=1, over=1)
    for row, line in enumerate(board.lines):
        _paint_row(page, line, top + height * (row + 0.5), x_of, draws=_draws(board))
    _paint_legend(page, bottom + 28)


def _paint_bands(page: "Page", board: Board, top: float, height: float) -> None:
    row = 0
    for tier, rows in groupby(tiers_in_rows(board)):
        n_rows = len(list(rows))
        if tier is not None:
            ends = (top + height * row + 1.5, top + height * (row + n_rows) - 1.5)
            page.box(
                MARGIN - 8, ends[0], WIDTH - MARGIN + 8, ends[1], colour=page.theme.band,
                radius=6, over=0,
            )  # fmt: skip
        row += n_rows


def _paint_row(
    page: "Page", line: Line, y: float, x_of: Callable[[float], float], *, draws: int
) -> None:
    theme = page.theme
    ink = theme.muted if line.is_baseline else theme.text
    page.text(_PLACE, y, line.place_text, align="right", colour=ink)
    name = page.shortened(line.name, room=_LEFT - 20 - _NAME)
    page.text(_NAME, y, name, colour=ink, italic=line.is_baseline)
    if span := line.span("rank_set"):
        ends = x_of(span[0]) - 7, x_of(span[1]) + 7
        page.box(ends[0], y - 7, ends[1], y + 7, colour=theme.accent_soft, radius=7, over=2)
    if span := line.span("rank_interval"):
        page.line([x_of(span[0]), x_of(span[1])], [y, y], colour=theme.accent, width=2.5, over=3)
    if line.place is not None:
        mark = theme.muted if line.is_baseline else theme.accent
        page.dots([x_of(line.place)], [y], colour=mark, radius=4.5, hollow=line.is_baseline)
    if not line.is_baseline:
        page.text(_FIRST, y, percent(line.entry.get("p_first"), draws=draws), align="right")
        page.text(_TIER, y, f"{line.entry.get('tier') or NONE}", align="right")


def _paint_legend(page: "Page", y: float) -> None:
    theme, x = page.theme, float(MARGIN + 6)
    page.dots([x], [y], colour=theme.accent, radius=4.5)
    x = page.legend_text(x + 12, y, "rank")
    page.line([x, x + 22], [y, y], colour=theme.accent, width=2.5)
    x = page.legend_text(x + 30, y, "95 % interval")
    page.box(x - 4, y - 6, x + 22, y + 6, colour=theme.accent_soft, radius=6)
    x = page.legend_text(x + 30, y, "ranks not ruled out, all entries at once")
    page.dots([x], [y], colour=theme.muted, radius=4.5, hollow=True)
    page.legend_text(x + 12, y, "baseline, not ranked")
    tier = "A band is a tier: all that may be best, once the tiers above it are removed."
    page.text(MARGIN, y + 22, tier, size=11, colour=theme.muted)


PICTURE = Picture("rank-intervals", "Rank intervals", _obstacle, _words, _height, _paint)
