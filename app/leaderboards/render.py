"""A board as bytes: JSON, CSV and Markdown of the same figures."""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.clock import to_json_instant
from app.leaderboards.board import Board, Entry, TaskCell

# Cells that a spreadsheet would run as a formula get an apostrophe in front.
_FORMULA_STARTS = ("=", "+", "-", "@")


def content_of(board: Board) -> dict[str, Any]:
    """Return the board as the JSON tells it, without number and instant."""
    rules = board.rules
    return {
        "challenge": rules.challenge,
        "phase": rules.phase,
        "phase_id": str(rules.phase_id),
        "rule": board.rule,
        "method": str(rules.method),
        "selection": rules.selection,
        "scorer": rules.scorer,
        "tasks": [
            {
                "name": task.name,
                "type": task.task_type,
                "metric": task.metric,
                "weight": task.weight,
            }
            for task in (rules.tasks if rules.shows_tasks else ())
        ],
        "entries": [_entry(board, entry) for entry in board.entries],
    }


def digest_of(content: dict[str, Any]) -> str:
    """Digest a board's content: equal digests, equal boards."""
    return hashlib.sha256(to_bytes(content)).hexdigest()


def to_json(content: dict[str, Any], *, number: int | None, at: datetime | None) -> bytes:
    """Write the JSON of a snapshot; a board nobody is on yet has neither number nor instant."""
    head = {"snapshot": number, "ranked_at": to_json_instant(at) if at else None}
    return to_bytes(head | content)


def to_bytes(value: dict[str, Any]) -> bytes:
    """Write compact JSON in the order of the members."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def to_csv(board: Board) -> bytes:
    """Write the board as CSV, a column per figure."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_csv_header(board))
    for entry in board.entries:
        one = entry.contender
        writer.writerow(
            [
                "" if entry.rank is None else entry.rank,
                "" if entry.would_rank is None else entry.would_rank,
                _defused(one.team or ""),
                _defused(one.method_name),
                str(entry.rank is None).lower(),
                "" if entry.aggregate is None else entry.aggregate,
                entry.mean_score,
                entry.mean_q,
                "" if entry.win_rate is None else entry.win_rate,
                one.n_submissions,
                to_json_instant(one.received_at),
                _defused(one.project_url or ""),
                _defused(one.paper_url or ""),
                *(figure for cell in entry.cells for figure in _csv_cell(cell)),
            ]
        )
    return text.getvalue().encode()


def to_markdown(board: Board) -> bytes:
    """Write the board as a Markdown table, as one pastes it into a README."""
    rules = board.rules
    tasks = [_escaped(task.name) for task in rules.tasks] if rules.shows_tasks else []
    header = ["Rank", "Team", "Method", str(rules.method), "Mean score", "Mean Q", *tasks]
    lines = [
        _row(header),
        _row(["---:", "---", "---", *["---:"] * (len(header) - 3)]),
        *(_row(_markdown_cells(board, entry)) for entry in board.entries),
        "",
        f"{_escaped(board.rule)}.",
        "",
    ]
    return "\n".join(lines).encode()


def _entry(board: Board, entry: Entry) -> dict[str, Any]:
    one = entry.contender
    tasks = board.rules.tasks if board.rules.shows_tasks else ()
    return {
        "rank": entry.rank,
        "would_rank": entry.would_rank,
        "is_baseline": entry.rank is None,
        "team": one.team,
        "method_name": one.method_name,
        "aggregate": entry.aggregate,
        "mean_score": entry.mean_score,
        "mean_q": entry.mean_q,
        "win_rate": entry.win_rate,
        "n_submissions": one.n_submissions,
        "submission_id": str(one.submission_id),
        "received_at": to_json_instant(one.received_at),
        "project_url": one.project_url,
        "paper_url": one.paper_url,
        "tasks": {task.name: vars(cell) for task, cell in zip(tasks, entry.cells, strict=True)},
    }


def _csv_header(board: Board) -> list[str]:
    tasks = board.rules.tasks if board.rules.shows_tasks else ()
    return [
        "rank", "would_rank", "team", "method_name", "is_baseline", "aggregate", "mean_score",
        "mean_q", "win_rate", "n_submissions", "received_at", "project_url", "paper_url",
        *(
            _defused(f"{task.name}:{figure}")
            for task in tasks
            for figure in ("mean", "standard_error", "q", "rank")
        ),
    ]  # fmt: skip


def _csv_cell(cell: TaskCell) -> list[object]:
    figures = (cell.mean, cell.standard_error, cell.q, cell.rank)
    return ["" if figure is None else figure for figure in figures]


def _defused(text: str) -> str:
    line = " ".join(text.split())  # the writer would leave a lone carriage return unquoted
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line


def _markdown_cells(board: Board, entry: Entry) -> list[str]:
    one = entry.contender
    decimals = board.rules.decimals
    rank = f"{entry.rank}" if entry.rank is not None else f"({entry.would_rank})"
    team = _escaped(one.team) if one.team is not None else "*baseline*"
    aggregate = "" if entry.aggregate is None else f"{entry.aggregate:.10g}"
    return [
        rank,
        team,
        _escaped(one.method_name),
        aggregate,
        f"{entry.mean_score:.{decimals}f}",
        f"{entry.mean_q:.{decimals}f}",
        *(f"{cell.mean:.{decimals}f}" for cell in entry.cells),
    ]


def _escaped(text: str) -> str:
    """Keep a name from being read as Markdown, HTML, an entity or a bare address."""
    for sign in "\\|*_~`[]<>&:":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
