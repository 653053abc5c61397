"""A board tells how many draws it is made from, and one of an older format stays as it was."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.leaderboards.board import Board, build_board
from app.leaderboards.document import content_of, to_bytes
from app.leaderboards.render import to_markdown
from app.reports.results import lead_of
from probeboard.pictures import describe
from probeboard.ranking import RankingMethod
from tests.boards import contender, rules

GOLDEN = Path(__file__).parents[2] / "golden" / "board_format_2.json"


@pytest.fixture(scope="module")
def large() -> Board:
    """A board of duels of so many that only 781 draws of them are afforded; the first leads all."""
    means = np.random.default_rng(0).uniform(0, 0.5, (400, 2))
    means[0] = 0.9
    pool = [
        contender(number, row, n_splits=5, spread=0.01)
        for number, row in enumerate(means.tolist(), start=1)
    ]
    return build_board(rules(RankingMethod.COPELAND), pool, [])


def test_a_large_board_of_duels_tells_the_draws_that_were_made(large: Board) -> None:
    assert large.draws == 781
    assert content_of(large)["uncertainty"]["draws"] == 781


def test_no_chance_is_told_more_finely_than_the_draws_do(large: Board) -> None:
    first, last = large.entries[0].sureness, large.entries[-1].sureness
    assert first is not None
    assert last is not None
    assert (first.p_first, last.p_first) == (1.0, 0.0)
    lines = to_markdown(large).decode().splitlines()
    assert "| > 0.998 |" in lines[2]
    assert "| < 0.002 |" in lines[401]
    content: dict[str, Any] = json.loads(to_bytes(content_of(large)))
    words = describe("rank-intervals", content)
    assert "Intervals hold 95% of 781 draws" in words
    assert "first with probability > 99.8 %" in words
    assert "first with probability < 0.2 %" in words
    assert "leads in > 99.8 % of the draws" in lead_of(content)


def test_an_older_document_is_made_again_to_the_byte(large: Board) -> None:
    pool = [
        contender(n, (0.9 - 0.02 * n, 0.8 - 0.03 * n), n_splits=10, spread=0.02)
        for n in range(1, 7)
    ]
    board = build_board(rules(), pool, [contender(99, (0.5, 0.5), n_splits=10, baseline=True)])
    assert to_bytes(content_of(board, in_format=2)) == GOLDEN.read_bytes()
    # It told the draws that were asked for.
    assert content_of(large, in_format=2)["uncertainty"]["draws"] == 1000
