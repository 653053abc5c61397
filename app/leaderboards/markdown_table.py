"""A board as a Markdown table, as one pastes it into a README."""

from collections.abc import Sequence

from app.leaderboards.board import Board
from app.leaderboards.entries import OF_SCORES, Entry, Interval
from app.leaderboards.rules import METHOD_NAMES
from probeboard.ranking.chances import smallest_chance

_WORDS = ["Rank", "Team", "Method"]
_SURENESS = ["95 % of ranks", "Tier", "P(first)"]


def to_markdown(board: Board) -> bytes:
    """Write the board as a Markdown table, with its rule below."""
    rules = board.rules
    tasks = [_escaped(task.name) for task in rules.tasks] if rules.shows_tasks else []
    sureness = _SURENESS if board.reason is None else []
    figures = [METHOD_NAMES[rules.method], *sureness, "Mean score", "Mean Q", *tasks]
    lines = [
        _row([*_WORDS, *figures]),
        _row(["---:", "---", "---", *["---:"] * len(figures)]),
        *(_row(_cells(board, entry)) for entry in board.entries),
        "",
        f"{_escaped(board.rule)}.",
        "",
    ]
    return "\n".join(lines).encode()


def _cells(board: Board, entry: Entry) -> list[str]:
    one = entry.contender
    decimals = board.rules.decimals
    return [
        _rank(entry),
        _escaped(one.team) if one.team is not None else "*baseline*",
        _escaped(one.method_name),
        _aggregate(board, entry),
        *(_sureness(entry, board.draws) if board.reason is None else ()),
        _with_error(entry.mean_score, entry.mean_score_error, decimals),
        f"{entry.mean_q:.{decimals}f}",
        *(_with_error(cell.mean, cell.standard_error, decimals) for cell in entry.cells),
    ]


def _rank(entry: Entry) -> str:
    if entry.rank is None:
        return f"({entry.would_rank})"
    return f"{entry.rank} (tie-break)" if entry.tie_broken else f"{entry.rank}"


def _aggregate(board: Board, entry: Entry) -> str:
    if entry.aggregate is None:
        return ""
    if board.rules.method in OF_SCORES:
        return f"{entry.aggregate:.{board.rules.decimals}f}"
    return f"{entry.aggregate:.10g}"


def _sureness(entry: Entry, n_draws: int) -> list[str]:
    sure = entry.sureness
    if sure is None:
        return ["", "", ""]
    return [_range(sure.rank_interval), f"{sure.tier}", _chance(sure.p_first, n_draws)]


def _chance(share: float, n_draws: int) -> str:
    """Write a probability as no surer than the draws can be."""
    least = smallest_chance(n_draws)
    if share < least:
        return f"< {least:.3f}"
    return f"> {1 - least:.3f}" if share > 1 - least else f"{share:.3f}"


def _range(ends: Interval) -> str:
    low, high = ends
    return f"{low}" if low == high else f"{low} to {high}"


def _with_error(value: float, error: float | None, decimals: int) -> str:
    shown = f"{value:.{decimals}f}"
    return shown if error is None else f"{shown} ± {error:.{decimals}f}"


def _escaped(text: str) -> str:
    """Keep a name from being read as Markdown, HTML, an entity or a bare address."""
    for sign in "\\|*_~`[]<>&:":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
