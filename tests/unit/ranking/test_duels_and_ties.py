"""Borda, Copeland, tie-breaks and win rates, held to counting one by one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probeboard.ranking import (
    average_rank,
    borda,
    break_ties,
    copeland,
    mean_score,
    mean_score_then_earlier,
    win_rates,
)

GOLDEN = Path(__file__).parents[2] / "golden"
STEADY = settings(derandomize=True, max_examples=50, deadline=None)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def tables(*, missing: bool = True) -> st.SearchStrategy[np.ndarray]:
    """Scores of shape (n, t) in tenths, some of them missing."""

    def of(n: int, t: int, seed: int) -> np.ndarray:
        generator = np.random.default_rng(seed)
        table = generator.integers(0, 5, (n, t), endpoint=True) / 10
        if missing:
            table[generator.random((n, t)) < 0.15] = np.nan
        return table

    return st.builds(of, st.integers(1, 8), st.integers(1, 5), st.integers(0, 10**6))


def beats(one: float, other: float) -> float:
    """1, 1/2 or 0; what does not exist is beaten by what does."""
    one, other = (-1.0 if np.isnan(score) else score for score in (one, other))
    return 1.0 if one > other else 0.5 if one == other else 0.0


def weights_of(table: np.ndarray) -> list[int]:
    return [1 + column % 3 for column in range(table.shape[1])]


@given(table=tables())
@STEADY
def test_borda_counts_the_others_beaten_with_the_announced_weights(table):
    weights = weights_of(table)
    n = len(table)
    points = [
        sum(
            weight * beats(table[i, column], table[j, column])
            for column, weight in enumerate(weights)
            for j in range(n)
            if j != i
        )
        for i in range(n)
    ]
    board = borda(table, weights=weights)
    np.testing.assert_allclose(board.aggregate, np.array(points) / sum(weights), atol=1e-12)
    assert board.ranks.tolist() == [1 + sum(q > p for q in points) for p in points]


@given(table=tables())
@STEADY
def test_copeland_counts_the_duels_won_with_the_announced_weights(table):
    weights = weights_of(table)
    n = len(table)

    def duel(i: int, j: int) -> float:
        share = sum(
            weight * beats(table[i, column], table[j, column])
            for column, weight in enumerate(weights)
        ) / sum(weights)
        return beats(share, 0.5)

    won = [sum(duel(i, j) for j in range(n) if j != i) for i in range(n)]
    board = copeland(table, weights=weights)
    assert board.aggregate.tolist() == won
    assert board.ranks.tolist() == [1 + sum(other > mine for other in won) for mine in won]


@given(table=tables(missing=False))
@STEADY
def test_where_every_task_is_scored_borda_ranks_as_the_average_rank_does(table):
    weights = weights_of(table)
    assert borda(table, weights=weights).ranks.tolist() == (
        average_rank(table, weights=weights).ranks.tolist()
    )


def test_who_wins_every_duel_is_first_by_copeland_and_need_not_be_by_average_rank():
    # The first is ahead of each other on two of three tasks, and last on the third.
    table = [[0.9, 0.9, 0.0], [0.8, 0.8, 0.9], [0.7, 0.7, 0.8], [0.6, 0.6, 0.7], [0.5, 0.5, 0.6]]
    assert copeland(table).ranks.tolist() == [1, 2, 3, 4, 5]
    assert average_rank(table).ranks.tolist() == [2, 1, 3, 4, 5]


@pytest.mark.parametrize("method", [average_rank, borda, copeland, mean_score])
@pytest.mark.parametrize("heavy", [3.0, 200.0, 3e20])
def test_weights_of_any_size_count_in_whole_numbers(method, heavy):
    table = [[3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 1.0]]
    assert method(table, weights=[heavy] * 3).ranks.tolist() == [1, 1, 1]
    board = method(table, weights=[1.0, 1.0, heavy])
    assert board.ranks.tolist() == [2, 1, 3]
    assert np.isfinite(board.aggregate).all()


@pytest.mark.parametrize("method", [average_rank, borda, mean_score])
def test_sums_whose_difference_no_float_would_show_are_told_apart(method):
    table = [[3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 1.0]]
    board = method(table, weights=[0.1234567890123456, 0.1234567890123457, 0.1234567890123456])
    assert board.ranks.tolist() == [3, 2, 1]
    assert np.ptp(board.aggregate) < 1e-14


@pytest.mark.parametrize("method", [borda, copeland])
def test_the_cases_neuco_bench_gets_wrong_are_ties_here_too(method):
    def scores(case: str) -> np.ndarray:
        rows = json.loads((GOLDEN / f"neuco_{case}.json").read_text())["input"]["scores"]
        return np.array([[np.nan if x is None else float(x) for x in row] for row in rows])

    assert method(scores("condorcet_cycle")).ranks.tolist() == [1, 1, 1]
    assert method(scores("all_equal")).ranks.tolist() == [1, 1, 1]
    noise = method(scores("float_noise_tie"))
    assert noise.ranks[0] == noise.ranks[1]
    infinite = method(scores("inf"))
    assert infinite.complete.tolist() == [False, True, True]
    assert np.isfinite(infinite.aggregate).all()


def minutes(*values: int) -> list[datetime]:
    return [NOON + timedelta(minutes=value) for value in values]


def test_a_tie_break_goes_by_mean_score_then_by_who_came_earlier_and_is_shown():
    # Average ranks (1 + 3)/2 = 2, twice (2.5 + 1.5)/2 = 2, and 4.
    table = np.array([[0.9, 0.2], [0.5, 0.4], [0.5, 0.4], [0.1, 0.1]])
    board = average_rank(table)
    assert board.ranks.tolist() == [1, 1, 1, 4]
    broken = break_ties(board, mean_score_then_earlier(table, minutes(1, 9, 5, 2)))
    assert broken.ranks.tolist() == [1, 3, 2, 4]
    assert broken.tie_broken.tolist() == [True, True, True, False]
    assert broken.order.tolist() == [0, 2, 1, 3]
    assert broken.aggregate is board.aggregate
    assert not board.tie_broken.any()


def test_the_better_mean_score_goes_before_the_earlier_arrival():
    table = [[0.9, 0.1], [0.2, 0.7]]
    keys = mean_score_then_earlier(table, minutes(5, 1))
    assert break_ties(average_rank(table), keys).ranks.tolist() == [1, 2]
    keys = mean_score_then_earlier(table, minutes(5, 1), weights=[1, 3])
    assert break_ties(average_rank(table), keys).ranks.tolist() == [2, 1]


def test_a_tie_that_the_tie_break_leaves_stays_a_tie_and_is_not_called_broken():
    table = [[0.5], [0.5], [0.5]]
    keys = mean_score_then_earlier(table, minutes(7, 7, 7))
    left = break_ties(average_rank(table), keys)
    assert left.ranks.tolist() == [1, 1, 1]
    assert not left.tie_broken.any()
    keys = mean_score_then_earlier(table, minutes(7, 3, 7))
    some = break_ties(average_rank(table), keys)
    assert some.ranks.tolist() == [2, 1, 2]
    assert some.tie_broken.tolist() == [True, True, True]


@given(table=tables(), seed=st.integers(0, 999))
@STEADY
def test_a_tie_break_lets_nobody_pass_whom_the_method_ranks_better(table, seed):
    board = average_rank(table)
    keys = np.random.default_rng(seed).integers(0, 3, len(table)).tolist()
    broken = break_ties(board, keys)
    better = board.ranks[:, None] < board.ranks[None, :]
    assert (broken.ranks[:, None] < broken.ranks[None, :])[better].all()
    assert (broken.ranks >= board.ranks).all()
    shared = [(board.ranks == rank).sum() > 1 for rank in board.ranks]
    assert not (broken.tie_broken & ~np.array(shared)).any()


def test_a_tie_break_with_a_key_too_few_is_refused():
    with pytest.raises(ValueError, match="zip"):
        break_ties(average_rank([[0.5], [0.5]]), [1])
    with pytest.raises(ValueError, match="zip"):
        mean_score_then_earlier([[0.5], [0.5]], minutes(1))


@given(table=tables(), reference=tables())
@STEADY
def test_a_win_rate_is_the_share_of_the_reference_beaten(table, reference):
    reference = np.resize(reference, (len(reference), table.shape[1]))
    weights = weights_of(table)
    expected = [
        sum(
            weight * np.mean([beats(row[column], other[column]) for other in reference])
            for column, weight in enumerate(weights)
        )
        / sum(weights)
        for row in table
    ]
    np.testing.assert_allclose(win_rates(table, reference, weights=weights), expected, atol=1e-12)


@given(table=tables(missing=False))
@STEADY
def test_against_the_rest_of_the_pool_the_win_rate_is_that_of_the_average_rank(table):
    rates = average_rank(table).win_rate
    for row in range(len(table)):
        others = np.delete(table, row, axis=0)
        if len(others):
            np.testing.assert_allclose(win_rates(table[row : row + 1], others), rates[row])


def test_who_else_submits_does_not_move_a_win_rate_against_baselines():
    baselines = [[0.3, 0.4], [0.6, 0.1]]
    alone = win_rates([[0.5, 0.2]], baselines)
    assert win_rates([[0.5, 0.2], [0.9, 0.9]], baselines)[0] == alone[0] == 0.5


def test_without_a_reference_set_there_is_no_win_rate():
    assert np.isnan(win_rates([[0.5, 0.2]], np.zeros((0, 2)))).all()


def test_a_reference_set_with_other_tasks_is_refused():
    with pytest.raises(ValueError, match="2 tasks against 1"):
        win_rates([[0.5, 0.2]], [[0.5]])
