"""What is shown: a table of the board, bars on a terminal, plain lines in a pipe."""

import io
from typing import Any

from rich.console import Console

from app.local.client import curl_line
from app.local.demo import Outcome, Progress
from app.local.examples import EXAMPLE
from app.local.terminal import Terminal, show_outcome

BOARD: dict[str, Any] = {
    "challenge": "spring",
    "phase": "dev",
    "method": "average-rank",
    "decimals": 3,
    "entries": [
        {
            "rank": 1,
            "rank_interval": [1, 2],
            "tier": 1,
            "team": "Presto [x]",
            "method_name": "Presto, pretrained",
            "is_baseline": False,
            "aggregate": 1.25,
            "mean_score": 0.61234,
            "tasks": {"elevation": {"mean": 0.5}, "trees": {"mean": 0.8571}},
            "submission_id": "s1",
        },
        {
            "rank": None,
            "rank_interval": None,
            "tier": None,
            "team": None,
            "method_name": "Mean",
            "is_baseline": True,
            "aggregate": None,
            "mean_score": 0.2,
            "tasks": {"elevation": {"mean": 0.1}, "trees": {}},
            "submission_id": "s2",
        },
    ],
}


def _shown(*, is_terminal: bool, outcome: Outcome) -> str:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=is_terminal, highlight=False, width=120)
    show_outcome(
        Terminal(console),
        outcome,
        public_url="http://127.0.0.1:8000",
        curl=curl_line("http://u", token="pb_g", file=EXAMPLE / "f.parquet", method_name="m"),
        names=("olive@example.org", "you@example.org"),
    )
    return stream.getvalue()


def _outcome(board: dict[str, Any]) -> Outcome:
    return Outcome(
        boards={"dev": board},
        phase_ids={"dev": "42"},
        organizer_token="pb_o",
        guest_token="pb_g",
        not_scored=("dev: Mean is failed",),
    )


def test_the_board_is_a_table_with_ranks_teams_and_tasks() -> None:
    shown = _shown(is_terminal=False, outcome=_outcome(BOARD))
    rows = [line for line in shown.splitlines() if line.startswith("│")]
    first, second = ([cell.strip() for cell in row.strip("│").split("│")] for row in rows)
    assert first[:5] == ["1", "1-2", "1", "Presto [x]", "Presto, pretrained"]
    assert first[5:] == ["1.25", "0.612", "0.500", "0.857"]
    assert second == ["-", "", "", "baseline", "Mean", "", "0.200", "0.100", ""]


def test_urls_tokens_and_failures_stand_on_lines_of_their_own() -> None:
    lines = _shown(is_terminal=False, outcome=_outcome(BOARD)).splitlines()
    assert "dev as a page: http://127.0.0.1:8000/spring/dev" in lines
    assert "dev as JSON: http://127.0.0.1:8000/api/v1/phases/42/leaderboard" in lines
    assert "Organizer's token (olive@example.org): pb_o" in lines
    assert "not scored: dev: Mean is failed" in lines


def test_an_empty_board_is_shown_as_one() -> None:
    board = BOARD | {"entries": []}
    assert "average rank" in _shown(is_terminal=True, outcome=_outcome(board))


def test_a_pipe_gets_each_line_of_progress_once() -> None:
    stream = io.StringIO()
    terminal = Terminal(Console(file=stream, force_terminal=False))
    with terminal.progress() as show:
        for tasks_total, done in ((0, 0), (8, 0), (8, 1), (8, 1)):
            show(Progress("dev", done, 2, done * 4, tasks_total))
    assert stream.getvalue().splitlines() == [
        "  dev: 0 of 2 submissions scored",
        "  dev: 1 of 2 submissions scored",
    ]


def test_a_terminal_gets_one_bar_per_phase() -> None:
    stream = io.StringIO()
    terminal = Terminal(Console(file=stream, force_terminal=True, width=100))
    with terminal.progress() as show:
        show(Progress("dev", 0, 2, 0, 0))
        show(Progress("dev", 2, 2, 8, 8))
        show(Progress("test", 1, 1, 8, 8))
    shown = stream.getvalue()
    assert "dev: 2 of 2 submissions scored" in shown
    assert "test: 1 of 1 submissions scored" in shown
