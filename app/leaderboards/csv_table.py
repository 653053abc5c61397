"""A board as CSV, a column per figure; new ones come last, since scripts may count columns."""

import csv
import io

from app.clock import to_json_instant
from app.leaderboards.board import Board
from app.leaderboards.entries import Entry, TaskCell
from app.text import defused

_HEADER = (
    *("rank", "would_rank", "team", "method_name", "is_baseline", "aggregate", "mean_score"),
    *("mean_score_error", "mean_q", "win_rate", "rank_low", "rank_high", "rank_set_low"),
    *("rank_set_high", "tier", "p_first", "p_top3", "n_submissions", "received_at"),
    *("project_url", "paper_url"),
)
_APPENDED = (
    *("submission_id", "rank_without_task_low", "rank_without_task_high"),
    *("rank_without_entry_low", "rank_without_entry_high"),
)
_FIGURES = ("mean", "standard_error", "q", "rank")


def to_csv(board: Board) -> bytes:
    """Write the board as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    tasks = board.rules.tasks if board.rules.shows_tasks else ()
    of_tasks = (defused(f"{task.name}:{figure}") for task in tasks for figure in _FIGURES)
    methods = (f"rank:{method}" for method in (*board.methods, *board.further))
    writer.writerow([*_HEADER, *of_tasks, *_APPENDED, *methods])
    for entry in board.entries:
        cells = (figure for cell in entry.cells for figure in _task_figures(cell))
        writer.writerow([*_figures(entry), *cells, *_appended(entry), *_ranks(board, entry)])
    return text.getvalue().encode()


def _figures(entry: Entry) -> list[object]:
    """Return the cells of a line; the writer leaves those of None empty."""
    one = entry.contender
    return [
        entry.rank,
        entry.would_rank,
        defused(one.team or ""),
        defused(one.method_name),
        str(entry.rank is None).lower(),
        entry.aggregate,
        entry.mean_score,
        entry.mean_score_error,
        entry.mean_q,
        entry.win_rate,
        *_sureness(entry),
        one.n_submissions,
        to_json_instant(one.received_at),
        defused(one.project_url or ""),
        defused(one.paper_url or ""),
    ]


def _sureness(entry: Entry) -> list[object]:
    sure = entry.sureness
    if sure is None:
        return [None] * 7
    return [*sure.rank_interval, *sure.rank_set, sure.tier, sure.p_first, sure.p_top3]


def _appended(entry: Entry) -> list[object]:
    sure = entry.sureness
    ranges = [None] * 4 if sure is None else [*sure.rank_without_task, *sure.rank_without_entry]
    return [str(entry.contender.submission_id), *ranges]


def _ranks(board: Board, entry: Entry) -> list[int | None]:
    """Return the ranks by every method; of a baseline, those it would have."""
    official = [entry.ranks.get(method) for method in board.methods]
    return [*official, *(entry.further_ranks.get(method) for method in board.further)]


def _task_figures(cell: TaskCell) -> tuple[float | None, ...]:
    return cell.mean, cell.standard_error, cell.q, cell.rank
