"""The board as a pure function: order, ties, baselines, rounding, what is shown."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.leaderboards.board import (
    Board,
    BoardRules,
    BoardTask,
    Contender,
    build_board,
    rule_line,
)
from app.leaderboards.ranking import metric_of
from app.models import ProbeKind
from probeboard.labelsets import TaskType
from probeboard.probing import Probe, official_metric
from probeboard.probing import ProbeKind as LibraryProbe
from probeboard.ranking import RankingMethod

# test-then-rank takes the score of every split, of which a board knows the means only.
METHODS = [method for method in RankingMethod if not method.needs_splits]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rules(
    method: RankingMethod = RankingMethod.AVERAGE_RANK,
    *,
    weights: tuple[float, ...] = (1.0, 1.0),
    shows_tasks: bool = True,
    decimals: int = 4,
    selection: str = "best",
) -> BoardRules:
    tasks = tuple(
        BoardTask(f"task {number}", "regression", "r2", weight)
        for number, weight in enumerate(weights)
    )
    return BoardRules(
        "a-challenge",
        "dev",
        UUID(int=1),
        method,
        selection,
        "exact@1",
        tasks,
        shows_tasks,
        decimals,
    )


def contender(number: int, means: tuple[float, ...], *, minute: int | None = None) -> Contender:
    return Contender(
        submission_id=UUID(int=number),
        team=f"Team {number}",
        method_name="A method",
        project_url=None,
        paper_url=None,
        received_at=NOON + timedelta(minutes=number if minute is None else minute),
        n_submissions=1,
        means=means,
        qs=tuple(10 * mean for mean in means),
        standard_errors=tuple(0.01 for _ in means),
    )


def places(board: Board) -> list[tuple[int, int | None, int | None]]:
    return [
        (entry.contender.submission_id.int, entry.rank, entry.would_rank) for entry in board.entries
    ]


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_the_board_is_by_rank_then_by_arrival(method: RankingMethod) -> None:
    pool = [
        contender(3, (0.5, 0.5)),
        contender(1, (0.1, 0.2)),
        contender(2, (0.5, 0.5)),
        contender(4, (0.9, 0.9)),
    ]
    board = build_board(rules(method), pool, [])
    assert places(board) == [(4, 1, None), (2, 2, None), (3, 2, None), (1, 4, None)]


@pytest.mark.parametrize("method", METHODS)
def test_baselines_stand_where_they_would_rank_and_move_nobody(method: RankingMethod) -> None:
    pool = [contender(1, (0.9, 0.8)), contender(2, (0.3, 0.4))]
    baselines = [
        contender(11, (0.9, 0.8)),
        contender(12, (0.5, 0.5)),
        contender(13, (-0.5, -0.5)),
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
            assert (entry.aggregate, entry.win_rate) == (None, None)
            assert all(cell.rank is None for cell in entry.cells)


@pytest.mark.parametrize("method", METHODS)
def test_baselines_without_a_pool_are_shown(method: RankingMethod) -> None:
    board = build_board(rules(method), [], [contender(1, (0.1, 0.2))])
    assert places(board) == [(1, None, 1)]


def test_a_board_of_nobody_is_empty() -> None:
    assert build_board(rules(), [], []).entries == ()


scores = st.floats(-1, 1).map(lambda value: round(value, 3))


@given(
    st.lists(st.tuples(scores, scores), min_size=1, max_size=8),
    st.lists(st.tuples(scores, scores), max_size=3),
    st.sampled_from(METHODS),
    st.randoms(use_true_random=False),
)
def test_the_order_in_which_rows_are_read_changes_nothing(
    pool: list[tuple[float, float]],
    baselines: list[tuple[float, float]],
    method: RankingMethod,
    random: Random,
) -> None:
    teams = [contender(number, means) for number, means in enumerate(pool, 1)]
    shown = [contender(number, means) for number, means in enumerate(baselines, 100)]
    board = build_board(rules(method), teams, shown)
    random.shuffle(teams)
    random.shuffle(shown)
    assert build_board(rules(method), teams, shown) == board


def test_weights_as_announced_decide_the_means_and_the_average_rank() -> None:
    pool = [contender(1, (0.9, 0.1)), contender(2, (0.1, 0.8))]
    board = build_board(rules(weights=(3.0, 1.0)), pool, [])
    first = board.entries[0]
    assert first.contender.submission_id.int == 1
    assert first.mean_score == round((3 * 0.9 + 0.1) / 4, 4)
    assert first.mean_q == round((3 * 9.0 + 1.0) / 4, 4)
    assert first.aggregate == (3 * 1 + 2) / 4


@pytest.mark.parametrize("method", [RankingMethod.MEAN_SCORE, RankingMethod.MEAN_Q])
def test_no_figure_says_more_than_the_decimals_released(method: RankingMethod) -> None:
    pool = [contender(1, (0.123456, 0.654321)), contender(2, (-0.00001, 0.0))]
    board = build_board(rules(method, decimals=2), pool, [])
    for entry in board.entries:
        figures = [entry.aggregate, entry.mean_score, entry.mean_q]
        for cell in entry.cells:
            figures += [cell.mean, cell.q, cell.standard_error]
        for figure in figures:
            assert figure is not None
            assert round(figure, 2) == figure
            assert not np.signbit(figure) or figure < 0


def test_a_phase_that_hides_its_tasks_shows_no_cells() -> None:
    board = build_board(rules(shows_tasks=False), [contender(1, (0.5, 0.5))], [])
    assert board.entries[0].cells == ()


@pytest.mark.parametrize("method", RankingMethod)
@pytest.mark.parametrize("selection", ["best", "last"])
def test_the_board_says_its_own_rules(method: RankingMethod, selection: str) -> None:
    line = rule_line(rules(method, selection=selection))
    assert line.startswith("Ranked ")
    assert ("best submission by mean" in line) == (selection == "best")
    assert ("mean Q counts" in line) == (selection == "best" and method.ranks_q)
    assert ("depends on who else" in line) == (method is RankingMethod.NEUCO)
    assert line.endswith("; scorer exact@1; 2 tasks")
    assert rule_line(rules(method, weights=(1.0,))).endswith("1 task")


@pytest.mark.parametrize("probe", ProbeKind)
@pytest.mark.parametrize("task_type", TaskType)
def test_the_metric_a_board_names_is_the_one_the_scorer_takes(
    task_type: TaskType, probe: ProbeKind
) -> None:
    assert metric_of(task_type, probe) == official_metric(task_type, Probe(LibraryProbe(probe)))
