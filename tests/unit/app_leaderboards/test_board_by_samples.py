"""What the board says of the labelled samples: intervals where all have draws, or why not."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.leaderboards.board import Board, build_board
from app.leaderboards.board_schemas import MethodBoardView
from app.leaderboards.by_method import by_method
from app.leaderboards.by_samples import sample_unit
from app.leaderboards.document import content_of
from app.leaderboards.schemas import BoardView
from app.models import TieBreak
from probeboard.ranking import RankingMethod
from tests.boards import contender, rules

BY_SAMPLE = rules(sample_unit="sample")


def drawn(seed: int, *, n_tasks: int = 2, scale: float = 0.05) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, scale, (n_tasks, 200)).astype(np.float32)


def pool(n: int = 4, **words: Any) -> list[Any]:
    return [
        contender(number, (0.9 - 0.02 * number, 0.8), draws=drawn(number), **words)
        for number in range(1, n + 1)
    ]


def told(board: Board) -> tuple[dict[str, Any], list[Any]]:
    content = content_of(board)
    view = BoardView.model_validate({"snapshot": 1, "ranked_at": None} | content)
    assert view.uncertainty.samples is not None
    return content["uncertainty"]["samples"], [
        one["rank_interval_samples"] for one in content["entries"]
    ]


@pytest.mark.parametrize("method", RankingMethod)
@pytest.mark.parametrize("tie_break", TieBreak)
def test_every_interval_holds_the_rank(method: RankingMethod, tie_break: TieBreak) -> None:
    by = rules(method, sample_unit="group", tie_break=tie_break)
    board = build_board(by, pool(n_splits=6, spread=0.01), [])
    samples, intervals = told(board)
    assert samples == {"shown": True, "unit": "group", "reason": None}
    for entry, (low, high) in zip(board.entries, intervals, strict=True):
        assert entry.rank is not None
        assert 1 <= low <= entry.rank <= high <= 4
    assert any(low < high for low, high in intervals)


def test_one_split_says_nothing_of_splits_and_as_much_of_samples() -> None:
    board = build_board(BY_SAMPLE, pool(), [])
    assert board.reason == "fewer than 5 splits"
    assert told(board)[0]["shown"]
    assert {entry.sureness for entry in board.entries} == {None}


def test_a_baseline_has_no_interval_and_needs_no_draws() -> None:
    baseline = contender(9, (0.85, 0.8), baseline=True)
    board = build_board(BY_SAMPLE, pool(), [baseline])
    samples, intervals = told(board)
    assert samples["shown"]
    assert [one is None for one in intervals] == [entry.rank is None for entry in board.entries]


@pytest.mark.parametrize(
    ("by", "others", "reason"),
    [
        (rules(), pool(3), "predictions are not kept"),
        (BY_SAMPLE, pool(2), "fewer than 3 entries"),
        (BY_SAMPLE, [], "fewer than 3 entries"),
        (
            BY_SAMPLE,
            [*pool(3), contender(9, (0.5, 0.5))],
            "an entry was scored when predictions were not kept",
        ),
        (
            BY_SAMPLE,
            [*pool(3), contender(9, (0.5, 0.5), draws=np.full((2, 200), np.nan, np.float32))],
            "the metric of a task is no sum over samples",
        ),
    ],
)
def test_why_nothing_is_shown_is_said(by: Any, others: list[Any], reason: str) -> None:
    samples, intervals = told(build_board(by, others, []))
    assert samples == {"shown": False, "unit": by.sample_unit, "reason": reason}
    assert set(intervals) <= {None}


def test_draws_of_another_number_are_not_mixed() -> None:
    other = contender(9, (0.5, 0.5), draws=drawn(9)[:, :100])
    assert not told(build_board(BY_SAMPLE, [*pool(3), other], []))[0]["shown"]


def test_another_method_does_not_say_how_sure_it_is() -> None:
    content = content_of(build_board(BY_SAMPLE, pool(), []))
    other = by_method(content, RankingMethod.MEAN_SCORE)
    assert {one["rank_interval_samples"] for one in other["entries"]} == {None}
    assert {one["rank_interval"] for one in other["entries"]} == {None}
    view = MethodBoardView.model_validate({"snapshot": 1, "ranked_at": None} | other)
    samples = view.uncertainty.samples
    assert samples is not None
    assert (samples.shown, samples.reason) == (False, "told of the official method only")
    assert content["uncertainty"]["samples"]["shown"]
    # Of a board that said nothing of the splits, the reason stays.
    assert view.uncertainty.reason == content["uncertainty"]["reason"] == "fewer than 5 splits"


@pytest.mark.parametrize(
    ("grouped", "unit"),
    [([False, False], "sample"), ([True, True], "group"), ([True, False], "mixed")],
)
def test_the_unit_is_what_tasks_are_split_by(grouped: list[bool], unit: str) -> None:
    assert sample_unit(grouped) == unit
