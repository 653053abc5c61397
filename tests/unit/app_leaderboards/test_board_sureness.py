"""What the board says of how sure it is: errors, intervals, chances, tiers, agreement, rates."""

import math
from uuid import UUID

import numpy as np
import pytest

from app.leaderboards.board import Board, build_board
from app.leaderboards.contenders import task_scores
from app.leaderboards.entries import Entry
from app.models import TieBreak
from probeboard.ranking import RankingMethod
from probeboard.ranking.draw_cache import DrawCache
from probeboard.ranking.weighted_scores import mean_score_errors
from tests.boards import contender, rules


def pool(n: int = 6, *, n_splits: int = 10, spread: float = 0.02) -> list[object]:
    return [
        contender(
            number, (0.9 - 0.02 * number, 0.8 - 0.03 * number), n_splits=n_splits, spread=spread
        )
        for number in range(1, n + 1)
    ]


def by_number(board: Board) -> dict[int, Entry]:
    return {entry.contender.submission_id.int: entry for entry in board.entries}


@pytest.mark.parametrize("method", RankingMethod)
def test_every_interval_holds_the_rank_and_chances_sum_to_one(method: RankingMethod) -> None:
    board = build_board(rules(method), pool(), [contender(99, (0.5, 0.5), n_splits=10)])
    assert board.reason is None
    ranked = [entry for entry in board.entries if entry.rank is not None]
    assert math.isclose(sum(e.sureness.p_first for e in ranked), 1.0, abs_tol=0.005)
    for entry in ranked:
        for low, high in (
            entry.sureness.rank_interval,
            entry.sureness.rank_set,
            entry.sureness.rank_without_task,
            entry.sureness.rank_without_entry,
        ):
            assert 1 <= low <= entry.rank <= high <= len(ranked)
        assert list(entry.ranks) == list(board.methods)
    assert board.methods[0] is method
    assert {entry.sureness.tier for entry in ranked} == set(
        range(1, 1 + max(entry.sureness.tier for entry in ranked))
    )


def test_a_rank_that_a_tie_break_gave_lies_in_its_intervals_too() -> None:
    twins = [contender(number, (0.5, 0.5), n_splits=10, spread=0.1) for number in (1, 2, 3)]
    board = build_board(rules(tie_break=TieBreak.MEAN_SCORE), twins, [])
    assert [entry.rank for entry in board.entries] == [1, 2, 3]
    assert [entry.sureness.rank_interval for entry in board.entries] == [(1, 1), (1, 2), (1, 3)]


@pytest.mark.parametrize(
    ("n", "n_splits", "reason"),
    [(2, 10, "fewer than 3 entries"), (4, 4, "fewer than 5 splits"), (4, 1, "fewer than 5 splits")],
)
def test_too_little_to_be_sure_of_anything_is_said(n: int, n_splits: int, reason: str) -> None:
    board = build_board(rules(), pool(n, n_splits=n_splits), [])
    assert board.reason == reason
    assert {entry.sureness for entry in board.entries} == {None}


def test_nobody_elses_arrival_changes_what_is_drawn_for_a_baseline_less_pool() -> None:
    alone = build_board(rules(), pool(), [])
    beside = build_board(rules(), pool(), [contender(99, (0.1, 0.1), n_splits=10, baseline=True)])
    assert [e.sureness for e in alone.entries] == [
        e.sureness for e in beside.entries if e.rank is not None
    ]


def test_the_error_of_the_mean_score_is_that_of_its_own_split_scores_where_splits_are_shared() -> (
    None
):
    by = rules(weights=(3.0, 1.0))
    tasks = task_scores(by, pool(4))
    mixed = (3 * tasks[0].scores + tasks[1].scores) / 4
    expected = mixed.std(axis=1, ddof=1) * math.sqrt(1 / 10 + 0.25)
    np.testing.assert_allclose(mean_score_errors(tasks, weights=by.weights), expected, rtol=1e-12)


def test_errors_of_tasks_on_other_splits_add_up_as_independent_ones_do() -> None:
    by = rules(weights=(1.0, 1.0))
    first, second = task_scores(by, pool(4))
    apart = [first, type(second)("b", second.scores, second.test_to_train, "others")]
    expected = np.hypot(first.standard_errors, second.standard_errors) / 2
    np.testing.assert_allclose(mean_score_errors(apart, weights=by.weights), expected, rtol=1e-12)


def test_one_split_has_no_error() -> None:
    board = build_board(rules(), [contender(1, (0.5, 0.5))], [])
    (entry,) = board.entries
    assert entry.mean_score_error is None
    assert [cell.standard_error for cell in entry.cells] == [None, None]


def test_agreement_is_between_all_methods_and_each_task() -> None:
    board = build_board(rules(), pool(), [])
    found = board.agreement
    assert found is not None
    assert found.methods == board.methods
    assert [row[number] for number, row in enumerate(found.method_tau)] == [1.0] * len(
        found.methods
    )
    assert found.task_tau == [1.0, 1.0]
    assert found.clusters == [["task 0", "task 1"]]
    assert found.draw_tau is not None
    assert build_board(rules(), pool(2), []).agreement is None


def test_an_order_of_one_tie_agrees_with_nothing() -> None:
    twins = [contender(number, (0.5, 0.5)) for number in (1, 2, 3)]
    found = build_board(rules(), twins, []).agreement
    assert found is not None
    assert set(found.task_tau) == {None}
    assert found.draw_tau is None


POINTS = [
    {"bytes_per_sample": 8, "tasks": {"task-0": 0.4, "task-1": 0.2}},
    {"bytes_per_sample": 4, "tasks": {"task-0": 0.1, "task-1": 0.1}},
    {"bytes_per_sample": 8, "tasks": {"task-0": 0.5, "task-1": 0.2}},
]


def test_the_best_score_at_each_size_is_shown_where_tasks_and_analyses_are() -> None:
    one = contender(1, (0.5, 0.5), rates=POINTS)
    shown = build_board(rules(shows_rates=True), [one], []).entries[0]
    assert shown.rates == ((4, 0.1), (8, 0.35))
    assert build_board(rules(shows_rates=False), [one], []).entries[0].rates is None
    hidden = rules(shows_rates=True, shows_tasks=False)
    assert build_board(hidden, [one], []).entries[0].rates is None
    without = contender(2, (0.5, 0.5))
    assert build_board(rules(shows_rates=True), [without], []).entries[0].rates is None


def test_pairs_are_compared_beside_the_official_method_only_on_small_boards() -> None:
    many = [
        contender(number, (0.001 * number, 0.5), n_splits=2, spread=0.1) for number in range(1, 202)
    ]
    board = build_board(rules(), many, [])
    assert RankingMethod.TEST_THEN_RANK not in board.methods
    few = build_board(rules(), many[:200], [])
    assert RankingMethod.TEST_THEN_RANK in few.methods
    official = build_board(rules(RankingMethod.TEST_THEN_RANK), many, [])
    assert official.methods[0] is RankingMethod.TEST_THEN_RANK
    assert by_number(official).keys() == {UUID(int=n).int for n in range(1, 202)}


def test_who_asks_for_ranks_only_gets_the_same_ranks_and_nothing_else() -> None:
    whole, bare = (
        build_board(rules(), pool(), []),
        build_board(rules(), pool(), [], ranks_only=True),
    )
    assert [(entry.rank, entry.ranks, entry.cells) for entry in bare.entries] == [
        (entry.rank, entry.ranks, entry.cells) for entry in whole.entries
    ]
    assert {entry.sureness for entry in bare.entries} == {None}
    assert (bare.reason, bare.agreement) == ("only ranks were asked for", None)


@pytest.mark.parametrize("method", RankingMethod)
def test_kept_draws_change_nothing_whoever_comes_or_scores_anew(method: RankingMethod) -> None:
    """A board is made again from its inputs: what a process happened to keep may not show."""
    kept = DrawCache()
    everyone = pool(12)
    for present in (everyone[:5], everyone[:9], everyone[3:], everyone):
        assert build_board(rules(method), present, [], draws=kept) == build_board(
            rules(method), present, []
        )
    anew = [contender(1, (0.3, 0.2), n_splits=10), *everyone[1:]]
    assert build_board(rules(method), anew, [], draws=kept) == build_board(rules(method), anew, [])
