"""The rank of every entry under every method: where lines cross, the method decides."""

from typing import TYPE_CHECKING, Any

from probeboard.pictures.entries import NONE, Board, Line, printable
from probeboard.pictures.picture import (
    MARGIN,
    NOBODY,
    SLANT,
    TOP,
    WIDTH,
    Picture,
    slant_height,
)

if TYPE_CHECKING:
    from probeboard.pictures.page import Page

_LEFT, _RIGHT, _NAME_ROOM, _METHOD_ROOM = 228, 610, 182, 110
_FOOT = 62


def _methods(board: Board) -> list[str]:
    """Names of methods under which every line has a rank, the official one first."""
    return [
        str(name)
        for names in ("methods", "further_methods")
        for name in board.document.get(names) or ()
        if all(_rank(line, name) is not None for line in board.lines)
    ]


def _rank(line: Line, method: str) -> int | None:
    ranks = (line.entry.get(key) or {} for key in ("ranks", "further_ranks"))
    return next((found[method] for found in ranks if method in found), None)


def _obstacle(board: Board) -> str:
    if not board.lines:
        return NOBODY
    return "" if len(_methods(board)) > 1 else "The board has no ranks by other methods."


def _row_height(board: Board) -> int:
    return 30 if len(board.lines) <= 12 else 24


def _head(board: Board) -> float:
    return slant_height(_methods(board), room=_METHOD_ROOM)


def _height(board: Board) -> float:
    return _head(board) + _row_height(board) * len(board.lines) + _FOOT


def slots(board: Board, method: str) -> list[int]:
    """Row of each line under a method: by rank, ties and baselines as the board has them."""
    order = sorted(
        range(len(board.lines)), key=lambda row: (_rank(board.lines[row], method) or 0, row)
    )
    rows = [0] * len(order)
    for slot, row in enumerate(order):
        rows[row] = slot
    return rows


def tau_with_official(board: Board, method: str) -> float | None:
    """Kendall's tau-b of a method's ranking and the official one, where the board has it."""
    told: dict[str, Any] = board.document.get("agreement") or {}
    further = list(board.document.get("further_methods") or ())
    if method in further and told.get("further_tau"):
        tau = told["further_tau"][further.index(method)]
        return None if tau is None else float(tau)
    agreement = told.get("methods") or {}
    names, official = list(agreement.get("names") or ()), _methods(board)[0]
    if method not in names or official not in names:
        return None
    tau = agreement["tau"][names.index(official)][names.index(method)]
    return None if tau is None else float(tau)


def _tau_text(board: Board, method: str) -> str:
    tau = tau_with_official(board, method)
    # A minus sign as wide as a digit, and no -0.00.
    return NONE if tau is None else f"{round(tau, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")


def _words(board: Board) -> list[str]:
    methods = _methods(board)
    others = (f"{name} (tau {_tau_text(board, name)})" for name in methods[1:])
    return [
        f"Official method: {methods[0]}. Others, with Kendall's tau-b to it: {', '.join(others)}.",
        *(_word(line, methods) for line in board.lines),
    ]


def _word(line: Line, methods: list[str]) -> str:
    kind = " (baseline, ranks it would have)" if line.is_baseline else ""
    ranks = ", ".join(f"{name} {_rank(line, name)}" for name in methods)
    return f"{line.name}{kind}: {ranks}."


def _paint(page: "Page", board: Board) -> None:
    methods, height, top = _methods(board), _row_height(board), TOP + _head(board)
    xs = [_LEFT + column * (_RIGHT - _LEFT) / (len(methods) - 1) for column in range(len(methods))]
    columns = [slots(board, name) for name in methods]
    bottom = top + height * len(board.lines)
    page.box(xs[0] - 17, top, xs[0] + 17, bottom, colour=page.theme.band, radius=12, over=0)
    for number, (x, name) in enumerate(zip(xs, methods, strict=True)):
        words = page.shortened(printable(name), room=_METHOD_ROOM, size=11)
        ink = page.theme.muted if number else page.theme.text
        page.text(x - 3, top - 10, words, size=11, colour=ink, rotation=SLANT)
        tau = _tau_text(board, name) if number else "τ"
        page.text(x, bottom + 14, tau, size=11, colour=page.theme.muted, align="center")
    for row, line in enumerate(board.lines):
        ys = [top + height * (column[row] + 0.5) for column in columns]
        _paint_line(
            page, line, methods, xs, ys, page.series_colour(row, is_baseline=line.is_baseline)
        )
    page.text(
        MARGIN, bottom + 42, "τ: agreement with the official method, the first (Kendall's tau-b; "
        "1 is the same order). Ring, dashed: baseline, not ranked.",
        size=11, colour=page.theme.muted,
    )  # fmt: skip


def _paint_line(
    page: "Page", line: Line, methods: list[str], xs: list[float], ys: list[float], colour: str
) -> None:
    page.curve(xs, ys, colour=colour, dashed=line.is_baseline)
    page.dots(xs, ys, colour=colour, radius=9, hollow=line.is_baseline)
    for method, x, y in zip(methods, xs, ys, strict=True):
        ink = colour if line.is_baseline else page.theme.ink_on(colour)
        rank = f"{_rank(line, method)}"
        size = 10 if len(rank) < 3 else 7.5
        page.text(x, y, rank, size=size, align="center", colour=ink, over=6)
    name = page.shortened(line.name, room=_NAME_ROOM - 6)
    page.text(_LEFT - 20, ys[0], name, align="right", italic=line.is_baseline)
    name = page.shortened(line.name, room=WIDTH - MARGIN - _RIGHT - 20, size=11)
    page.text(_RIGHT + 20, ys[-1], name, size=11, colour=page.theme.muted, italic=line.is_baseline)


PICTURE = Picture("method-robustness", "Ranks by every method", _obstacle, _words, _height, _paint)
