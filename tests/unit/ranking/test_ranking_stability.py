"""What may and may not move a submission on a leaderboard."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probeboard.ranking import (
    RankingMethod,
    average_rank,
    borda,
    copeland,
    mean_q,
    mean_score,
    neuco,
    rank,
    rank_against_pool,
)

METHODS = [average_rank, neuco, mean_score, mean_q]
# Few distinct values, so that ties are common.
SCORE = st.one_of(st.integers(-2, 12).map(lambda i: i / 10), st.just(float("nan")))
FINITE = st.integers(-2, 12).map(lambda i: i / 10)
STEADY = settings(derandomize=True, max_examples=40, deadline=None)


def boards(score=SCORE, min_rows=1):
    def rows(t):
        return st.lists(st.lists(score, min_size=t, max_size=t), min_size=min_rows, max_size=7)

    return st.integers(1, 5).flatmap(rows).map(np.array)


@pytest.mark.parametrize("method", METHODS)
@given(scores=boards(), seed=st.integers(0, 99))
@STEADY
def test_the_order_of_submissions_and_tasks_changes_nothing(method, scores, seed):
    generator = np.random.default_rng(seed)
    rows, columns = (generator.permutation(size) for size in scores.shape)
    first, second = method(scores), method(np.asfortranarray(scores[rows][:, columns]))
    assert second.ranks.tolist() == first.ranks[rows].tolist()
    assert second.aggregate.tolist() == first.aggregate[rows].tolist()
    assert second.task_ranks.tolist() == first.task_ranks[rows][:, columns].tolist()


@pytest.mark.parametrize("method", [average_rank, mean_score, mean_q, borda, copeland])
@given(scores=boards(), data=st.data())
@STEADY
def test_raising_a_score_never_worsens_its_own_rank(method, scores, data):
    row = data.draw(st.integers(0, scores.shape[0] - 1))
    task = data.draw(st.integers(0, scores.shape[1] - 1))
    raised = scores.copy()
    raised[row, task] = 1.3 if np.isnan(scores[row, task]) else scores[row, task] + 0.25
    if np.isnan(scores[row]).any() and method in (mean_score, mean_q):
        raised[row] = np.nan_to_num(scores[row], nan=1.3)
    weights = data.draw(
        st.lists(st.integers(1, 3), min_size=scores.shape[1], max_size=scores.shape[1])
    )
    for told in (None, weights):
        assert method(raised, weights=told).ranks[row] <= method(scores, weights=told).ranks[row]


@pytest.mark.parametrize("method", [average_rank, mean_score, mean_q])
@given(scores=boards(FINITE))
@STEADY
def test_an_entry_worse_than_all_on_every_task_changes_no_ones_rank(method, scores):
    joined = method(np.vstack([scores, np.full(scores.shape[1], -1.0)]))
    assert joined.ranks[:-1].tolist() == method(scores).ranks.tolist()
    assert joined.ranks[-1] == len(scores) + 1


@pytest.mark.parametrize("method", METHODS)
@given(scores=boards(), data=st.data())
@STEADY
def test_twins_get_equal_ranks(method, scores, data):
    row = data.draw(st.integers(0, len(scores) - 1))
    board = method(np.vstack([scores, scores[row]]))
    assert board.ranks[row] == board.ranks[-1]
    assert board.aggregate[row] == board.aggregate[-1]


@pytest.mark.parametrize("method", METHODS)
@given(scores=boards())
@STEADY
def test_ranks_are_competition_ranks_and_every_figure_is_finite(method, scores):
    board = method(scores)
    assert all(board.ranks == 1 + (board.ranks[None, :] < board.ranks[:, None]).sum(axis=1))
    assert np.isfinite(board.aggregate).all()
    assert np.isfinite(board.task_ranks).all()
    assert board.weights.sum() == pytest.approx(1.0)
    assert (np.diff(board.ranks[board.order]) >= 0).all()
    assert board.complete.tolist() == (~np.isnan(scores).any(axis=1)).tolist()


@given(scores=boards(FINITE, min_rows=2))
@STEADY
def test_the_win_rate_is_the_share_of_the_others_beaten(scores):
    wins = (scores[:, None] > scores[None]) + 0.5 * (scores[:, None] == scores[None])
    n = len(scores)
    expected = (wins.sum(axis=1) - 0.5).mean(axis=1) / (n - 1)
    np.testing.assert_allclose(average_rank(scores).win_rate, expected, atol=1e-12)


@given(pool=boards(FINITE), data=st.data())
@STEADY
def test_a_candidate_gets_the_rank_it_would_have_in_the_pool(pool, data):
    size = pool.shape[1]
    one = data.draw(st.lists(FINITE, min_size=size, max_size=size))
    for method in ("average-rank", "mean-score", "mean-q"):
        expected = rank(method, np.vstack([pool, one])).ranks[-1]
        assert rank_against_pool(method, pool, [one, pool[0]])[0] == expected
    weights = neuco(pool).weights
    expected = neuco(np.vstack([pool, one]), weights=weights).ranks[-1]
    assert rank_against_pool("neuco", pool, [one])[0] == expected


def test_a_task_that_could_not_be_scored_ranks_after_all_that_could():
    board = average_rank([[0.5, 0.1], [np.nan, 0.9], [0.7, 0.2], [np.nan, 0.3]])
    assert board.task_ranks[:, 0].tolist() == [2, 3, 1, 3]
    assert board.complete.tolist() == [True, False, True, False]


def test_mean_score_puts_the_incomplete_last_by_the_tasks_they_have():
    board = mean_score([[0.1, 0.1], [np.nan, 0.9], [np.nan, 0.3], [np.nan, np.nan]])
    assert board.ranks.tolist() == [1, 2, 3, 4]
    assert board.aggregate.tolist() == [0.1, 0.9, 0.3, 0.0]


def test_announced_weights_mean_the_decimals_they_are_written_as():
    scores = [[3.0, 2.0, 1.0], [1.0, 1.0, 3.0], [2.0, 3.0, 2.0]]
    board = average_rank(scores, weights=[0.1, 0.2, 0.3])
    # 1·1 + 2·2 + 3·3 = 14, 3·1 + 3·2 + 1·3 = 12 and 2·1 + 1·2 + 2·3 = 10, of 6
    np.testing.assert_allclose(board.aggregate, [14 / 6, 12 / 6, 10 / 6])
    assert board.ranks.tolist() == [3, 2, 1]
    np.testing.assert_allclose(board.weights, [1 / 6, 2 / 6, 3 / 6])
    cycle = [[3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 3.0, 1.0]]
    assert mean_score(cycle, weights=[0.1, 0.1, 0.1]).ranks.tolist() == [1, 1, 1]


def test_a_weight_of_zero_takes_a_task_out():
    scores = np.array([[0.9, 0.1], [0.1, 0.9]])
    assert average_rank(scores, weights=[1, 0]).ranks.tolist() == [1, 2]
    assert mean_score(scores, weights=[0, 1]).ranks.tolist() == [2, 1]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [np.nan, 1.0], [0.0, 0.0]])
def test_weights_that_make_no_sense_are_refused(method, weights):
    with pytest.raises(ValueError, match="weights"):
        method(np.zeros((3, 2)), weights=weights)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scores", [[1.0, 2.0], np.zeros((2, 0))])
def test_scores_that_are_no_matrix_are_refused(method, scores):
    with pytest.raises(ValueError, match="shape"):
        method(scores)


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_pool_is_an_empty_board(method):
    board = method(np.zeros((0, 3)))
    assert board.ranks.shape == (0,)
    assert board.task_ranks.shape == (0, 3)
    assert board.weights.tolist() == [1 / 3] * 3


@pytest.mark.parametrize("method", ["average-rank", "neuco", "mean-score", "mean-q"])
def test_a_baseline_beside_an_empty_pool_is_first(method):
    assert rank_against_pool(method, np.zeros((0, 2)), [[0.1, 0.2]]).tolist() == [1]


def test_a_saboteur_s_hugely_negative_q_takes_no_weight_above_the_floor():
    pool = np.array([[21.0, 10.0, 8.0], [20.0, 14.0, 11.0], [19.0, 9.0, 7.5]])
    joined = np.vstack([pool, [-4000.0, 9.5, 7.8]])
    assert neuco(joined, floor=None).ranks.tolist() == [1, 2, 3, 4]  # the winner changed hands
    assert neuco(joined, floor=None).weights[0] > 0.99
    frozen = neuco(joined, weights=neuco(pool).weights)
    assert frozen.ranks[:2].tolist() == neuco(pool).ranks[:2].tolist() == [2, 1]
    assert neuco(joined).weights[0] < 0.85


def test_rankings_leave_their_input_alone_and_take_huge_scores():
    scores = np.array([[1e300, np.inf], [1.0, 2.0]])
    before = scores.copy()
    for method in METHODS:
        assert np.isfinite(method(scores).aggregate).all()
    assert np.array_equal(scores, before)


def test_an_unknown_method_is_refused_by_name():
    with pytest.raises(ValueError, match="schulze"):
        rank("schulze", [[1.0]])


def test_a_method_says_whether_it_takes_q():
    assert [m.value for m in RankingMethod if m.ranks_q] == ["neuco", "mean-q"]
