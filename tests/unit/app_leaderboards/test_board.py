"""The board as a pure function: order, ties, baselines, rounding, what is shown."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.leaderboards.board import Board, build_board
from app.leaderboards.ranking import metric_of
from app.leaderboards.rules import rule_line
from app.models import ProbeKind, SelectBy, Selection, TieBreak, WinRateAgainst
from probeboard.labelsets import TaskType
from probeboard.probing import Probe, official_metric
from probeboard.probing import ProbeKind as LibraryProbe
from probeboard.ranking import RankingMethod
from tests.boards import NOON, contender, rules

OF_SINGLE_SPLITS = [method for method in RankingMethod if not method.needs_splits]


def places(board: Board) -> list[tuple[int, int | None, int | None]]:
    return [
        (entry.contender.submission_id.int, entry.rank, entry.would_rank) for entry in board.entries
    ]


@pytest.mark.parametrize("method", OF_SINGLE_SPLITS)
def test_the_order_of_the_board_is_by_rank_then_by_arrival(method: RankingMethod) -> None:
    pool = [
        contender(3, (0.5, 0.5)),
        contender(1, (0.1, 0.2)),
        contender(2, (0.5, 0.5)),
        contender(4, (0.9, 0.9)),
    ]
    board = build_board(rules(method), pool, [])
    assert places(board) == [(4, 1, None), (2, 2, None), (3, 2, None), (1, 4, None)]


@pytest.mark.parametrize("method", RankingMethod)
def test_baselines_stand_where_they_would_rank_and_move_nobody(method: RankingMethod) -> None:
    pool = [
        contender(number, means, n_splits=8, spread=0.001)
        for number, means in ((1, (0.9, 0.8)), (2, (0.3, 0.4)))
    ]
    baselines = [
        contender(number, means, n_splits=8, spread=0.001, baseline=True)
        for number, means in ((11, (0.9, 0.8)), (12, (0.5, 0.5)), (13, (-0.5, -0.5)))
    ]
    alone, together = (
        build_board(rules(method), pool, []),
        build_board(rules(method), pool, baselines),
    )
    assert places(together) == [
        (11, None, 1), (1, 1, None), (12, None, 2), (2, 2, None), (13, None, 3),
    ]  # fmt: skip
    assert tuple(entry for entry in together.entries if entry.rank) == alone.entries
    for entry in together.entries:
        if entry.rank is None:
            assert (entry.aggregate, entry.win_rate, entry.sureness) == (None, None, None)
            assert all(cell.rank is None for cell in entry.cells)
            assert entry.ranks[method] == entry.would_rank


@pytest.mark.parametrize("method", RankingMethod)
def test_baselines_without_a_pool_are_shown(method: RankingMethod) -> None:
    alone = contender(1, (0.1, 0.2), n_splits=5, spread=0.1, baseline=True)
    board = build_board(rules(method), [], [alone])
    assert places(board) == [(1, None, 1)]


def test_a_board_of_nobody_is_empty() -> None:
    board = build_board(rules(weights=(1.0, 3.0)), [], [])
    assert (board.entries, board.agreement) == ((), None)
    assert board.weights_used == (0.25, 0.75)
    assert board.reason == "fewer than 3 entries"


scores = st.floats(-1, 1).map(lambda value: round(value, 3))


@given(
    st.lists(st.tuples(scores, scores), min_size=1, max_size=6),
    st.lists(st.tuples(scores, scores), max_size=2),
    st.sampled_from(OF_SINGLE_SPLITS),
    st.sampled_from(TieBreak),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_rows_are_read_changes_nothing(
    pool: list[tuple[float, float]],
    baselines: list[tuple[float, float]],
    method: RankingMethod,
    tie_break: TieBreak,
    random: Random,
) -> None:
    by = rules(method, tie_break=tie_break)
    teams = [contender(number, means) for number, means in enumerate(pool, 1)]
    shown = [contender(number, means, baseline=True) for number, means in enumerate(baselines, 100)]
    board = build_board(by, teams, shown)
    random.shuffle(teams)
    random.shuffle(shown)
    assert build_board(by, teams, shown) == board


def test_weights_as_announced_decide_the_means_and_the_average_rank() -> None:
    pool = [contender(1, (0.9, 0.1)), contender(2, (0.1, 0.8))]
    board = build_board(rules(weights=(3.0, 1.0)), pool, [])
    first = board.entries[0]
    assert first.contender.submission_id.int == 1
    assert first.mean_score == round((3 * 0.9 + 0.1) / 4, 4)
    assert first.mean_q == round((3 * 90.0 + 10.0) / 4, 4)
    assert first.aggregate == (3 * 1 + 2) / 4
    assert board.weights_used == (0.75, 0.25)


def test_frozen_weights_are_neucos_and_said_to_be() -> None:
    pool = [contender(1, (0.9, 0.1)), contender(2, (0.1, 0.8)), contender(3, (0.0, 0.0))]
    by = rules(RankingMethod.NEUCO, frozen_weights=(0.0, 1.0), weights_frozen_at=NOON)
    board = build_board(by, pool, [])
    assert [entry.contender.submission_id.int for entry in board.entries] == [2, 1, 3]
    assert board.weights_used == (0.0, 1.0)
    assert "over the teams as they were on 2026-03-01 12:00 UTC" in board.rule
    assert by.weights_from == "frozen"
    assert rules(RankingMethod.NEUCO).weights_from == "pool"
    assert rules(RankingMethod.BORDA).weights_from == "announced"


@pytest.mark.parametrize("method", [RankingMethod.MEAN_SCORE, RankingMethod.MEAN_Q])
def test_no_figure_says_more_than_the_decimals_released(method: RankingMethod) -> None:
    pool = [
        contender(1, (0.123456, 0.654321), n_splits=2, spread=0.01234),
        contender(2, (-0.00001, 0.0), n_splits=2, spread=0.00001),
    ]
    board = build_board(rules(method, decimals=2), pool, [])
    for entry in board.entries:
        figures = [entry.aggregate, entry.mean_score, entry.mean_q, entry.mean_score_error]
        for cell in entry.cells:
            figures += [cell.mean, cell.q, cell.standard_error]
        for figure in figures:
            assert figure is not None
            assert round(figure, 2) == figure
            assert not np.signbit(figure) or figure < 0


def test_a_phase_that_hides_its_tasks_shows_no_cells() -> None:
    board = build_board(rules(shows_tasks=False), [contender(1, (0.5, 0.5))], [])
    assert board.entries[0].cells == ()


def test_a_tie_break_parts_equals_by_mean_score_then_by_arrival_and_says_so() -> None:
    pool = [
        contender(1, (0.5, 0.1)),
        contender(2, (0.1, 0.6)),
        contender(3, (0.5, 0.1)),
        contender(4, (0.0, 0.0)),
    ]
    tied = build_board(rules(), pool, [])
    assert [entry.rank for entry in tied.entries] == [1, 1, 1, 4]
    assert not any(entry.tie_broken for entry in tied.entries)
    parted = build_board(rules(tie_break=TieBreak.MEAN_SCORE), pool, [])
    assert places(parted) == [(2, 1, None), (1, 2, None), (3, 3, None), (4, 4, None)]
    assert [entry.tie_broken for entry in parted.entries] == [True, True, True, False]
    assert parted.entries[0].ranks[RankingMethod.AVERAGE_RANK] == 1
    assert "ties go to the better mean score" in parted.rule


def test_win_rates_against_baselines_do_not_hang_on_who_else_submitted() -> None:
    by = rules(win_rate_against=WinRateAgainst.BASELINES)
    baselines = [contender(11, (0.5, 0.5), baseline=True), contender(12, (0.9, 0.1), baseline=True)]
    one, other = contender(1, (0.7, 0.5)), contender(2, (0.0, 0.0))
    assert build_board(by, [one], baselines).entries[1].win_rate == (1 / 2 + 3 / 4) / 2
    together = {
        e.contender.submission_id.int: e for e in build_board(by, [one, other], baselines).entries
    }
    assert together[1].win_rate == (1 / 2 + 3 / 4) / 2
    assert together[2].win_rate == 0.0
    assert build_board(by, [one], []).entries[0].win_rate is None
    assert "win rates are against the baselines" in build_board(by, [one], []).rule


@pytest.mark.parametrize("method", RankingMethod)
@pytest.mark.parametrize("selection", Selection)
def test_the_board_says_its_own_rules(method: RankingMethod, selection: Selection) -> None:
    limit = 3 if selection is Selection.SELECTED else None
    line = rule_line(rules(method, selection=selection, selection_limit=limit))
    assert line.startswith("Ranked ")
    assert ("best submission by mean" in line) == (selection is not Selection.LAST)
    assert ("mean Q counts" in line) == (selection is not Selection.LAST and method.ranks_q)
    assert ("at most 3 it selected" in line) == (selection is Selection.SELECTED)
    assert ("depends on who else" in line) == (method is RankingMethod.NEUCO)
    assert line.endswith("; scorer exact@1; 2 tasks")
    assert rule_line(rules(method, weights=(1.0,))).endswith("1 task")


def test_the_board_says_by_what_score_the_best_is_chosen() -> None:
    line = rule_line(rules(RankingMethod.AVERAGE_RANK, select_by=SelectBy.MEAN_Q))
    assert "best submission by mean Q counts" in line


@pytest.mark.parametrize("probe", ProbeKind)
@pytest.mark.parametrize("task_type", TaskType)
def test_the_metric_a_board_names_is_the_one_the_scorer_takes(
    task_type: TaskType, probe: ProbeKind
) -> None:
    assert metric_of(task_type, probe) == official_metric(task_type, Probe(LibraryProbe(probe)))
