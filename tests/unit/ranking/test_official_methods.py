"""Stability by construction: what may and may not move a submission, under each official method."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probeboard.ranking import RankingMethod, TaskSplitScores, place_against_pool, rank_scores

ALL = pytest.mark.parametrize("method", RankingMethod)
M = RankingMethod
# Few distinct values, so that ties, twins and constant differences are common.
TENTHS = st.integers(0, 10).map(lambda i: i / 10)
STEADY = settings(derandomize=True, max_examples=40, deadline=None)
SPLITS = 4


def pools(*, missing: bool = True) -> st.SearchStrategy[np.ndarray]:
    """Pools of shape (t, n, k); a task that could not be scored is a row of NaN."""

    def of(n: int, t: int, steps: int, seed: int) -> np.ndarray:
        generator = np.random.default_rng(seed)
        pool = generator.integers(0, steps, (t, n, SPLITS), endpoint=True) / 10
        if missing:
            pool[generator.random((t, n)) < 0.15] = np.nan
        return pool

    return st.builds(
        of, st.integers(1, 7), st.integers(1, 4), st.sampled_from([1, 2, 10]), st.integers(0, 10**6)
    )


def as_tasks(pool: np.ndarray) -> list[TaskSplitScores]:
    return [
        TaskSplitScores(f"task {number}", scores, test_to_train=0.25, group="a")
        for number, scores in enumerate(pool)
    ]


def with_row(pool: np.ndarray, row: np.ndarray) -> np.ndarray:
    return np.concatenate([pool, row[:, None]], axis=1)


@ALL
@given(pool=pools(), seed=st.integers(0, 99))
@STEADY
def test_the_order_of_submissions_tasks_and_memory_changes_nothing(method, pool, seed):
    generator = np.random.default_rng(seed)
    rows, columns = generator.permutation(pool.shape[1]), generator.permutation(pool.shape[0])
    weights = generator.integers(1, 5, len(pool)) / 10
    first = rank_scores(method, as_tasks(pool), weights=weights)
    shuffled = as_tasks(np.array(pool[columns][:, rows]))
    turned = [replace(task, scores=np.asfortranarray(task.scores)) for task in shuffled]
    second = rank_scores(method, turned, weights=weights[columns])
    assert second.ranks.tolist() == first.ranks[rows].tolist()
    assert second.aggregate.tolist() == first.aggregate[rows].tolist()
    assert second.task_ranks.tolist() == first.task_ranks[rows][:, columns].tolist()
    assert second.complete.tolist() == first.complete[rows].tolist()


@pytest.mark.parametrize("method", [M.AVERAGE_RANK, M.MEAN_SCORE, M.MEAN_Q, M.BORDA, M.COPELAND])
@given(pool=pools(missing=False), data=st.data())
@STEADY
def test_raising_a_score_never_worsens_ones_own_rank(method, pool, data):
    task = data.draw(st.integers(0, pool.shape[0] - 1))
    row = data.draw(st.integers(0, pool.shape[1] - 1))
    raised = pool.copy()
    raised[task, row] += data.draw(TENTHS)
    before, after = (rank_scores(method, as_tasks(one)) for one in (pool, raised))
    assert after.ranks[row] <= before.ranks[row]


@pytest.mark.parametrize("method", [M.AVERAGE_RANK, M.BORDA, M.COPELAND])
@given(pool=pools(), data=st.data())
@STEADY
def test_a_task_that_can_be_scored_after_all_never_worsens_ones_rank(method, pool, data):
    task = data.draw(st.integers(0, pool.shape[0] - 1))
    row = data.draw(st.integers(0, pool.shape[1] - 1))
    lacking = pool.copy()
    lacking[task, row] = np.nan
    scored = lacking.copy()
    scored[task, row] = data.draw(TENTHS)
    before, after = (rank_scores(method, as_tasks(one)) for one in (lacking, scored))
    assert after.ranks[row] <= before.ranks[row]


@pytest.mark.parametrize("method", [M.AVERAGE_RANK, M.MEAN_SCORE, M.MEAN_Q, M.BORDA, M.COPELAND])
@given(pool=pools(missing=False))
@STEADY
def test_an_entry_worse_than_all_on_every_task_changes_no_ones_rank(method, pool):
    worst = np.full((pool.shape[0], SPLITS), -1.0)
    joined = rank_scores(method, as_tasks(with_row(pool, worst)))
    assert joined.ranks[:-1].tolist() == rank_scores(method, as_tasks(pool)).ranks.tolist()
    assert joined.ranks[-1] == pool.shape[1] + 1


@ALL
@given(pool=pools(), data=st.data())
@STEADY
def test_twins_get_equal_ranks_and_figures(method, pool, data):
    row = data.draw(st.integers(0, pool.shape[1] - 1))
    board = rank_scores(method, as_tasks(with_row(pool, pool[:, row])))
    assert board.ranks[row] == board.ranks[-1]
    assert board.aggregate[row] == board.aggregate[-1]
    assert board.task_ranks[row].tolist() == board.task_ranks[-1].tolist()


@ALL
@given(pool=pools())
@STEADY
def test_every_board_is_a_competition_ranking_with_finite_figures(method, pool):
    board = rank_scores(method, as_tasks(pool))
    assert (board.ranks == 1 + (board.ranks[None, :] < board.ranks[:, None]).sum(axis=1)).all()
    assert np.isfinite(board.aggregate).all()
    assert np.isfinite(board.task_ranks).all()
    assert board.weights.sum() == pytest.approx(1.0)
    assert (np.diff(board.ranks[board.order]) >= 0).all()
    assert board.complete.tolist() == np.isfinite(pool).all(axis=(0, 2)).tolist()
    assert not board.tie_broken.any()
    assert board.method == method


@ALL
@given(pool=pools(), data=st.data())
@STEADY
def test_who_lacks_a_task_is_behind_all_who_have_it_on_that_task(method, pool, data):
    task = data.draw(st.integers(0, pool.shape[0] - 1))
    board = rank_scores(method, as_tasks(pool))
    scored = np.isfinite(pool[task]).all(axis=1)
    if not scored.any() or scored.all():
        return
    if method is M.NEUCO:  # which ranks against the complete only
        scored &= board.complete
        assert (board.ranks[~board.complete].min() > board.ranks[board.complete]).all()
        return
    lacking = board.task_ranks[~scored, task]
    assert (lacking.min() > board.task_ranks[scored, task]).all()
    assert len(set(lacking.tolist())) == 1


@ALL
@given(pool=pools(), outsider=pools(missing=False))
@STEADY
def test_a_candidate_gets_the_rank_it_would_have_in_the_pool(method, pool, outsider):
    one = np.resize(outsider[:, 0], (pool.shape[0], SPLITS))
    announced = None if method is M.NEUCO else np.arange(1, len(pool) + 1) / 7
    # NeuCo-Bench's weights stay those of the pool.
    weights = rank_scores(method, as_tasks(pool), weights=announced).weights
    weights = weights if method is M.NEUCO else announced
    expected = rank_scores(method, as_tasks(with_row(pool, one)), weights=weights).ranks[-1]
    candidates = as_tasks(np.stack([one, pool[:, 0]], axis=1))
    first, copy = place_against_pool(method, as_tasks(pool), candidates, weights=announced)
    assert first == expected
    twin = rank_scores(method, as_tasks(with_row(pool, pool[:, 0])), weights=weights)
    assert copy == twin.ranks[0]


@ALL
def test_scores_of_any_size_are_taken_and_left_alone(method):
    pool = np.array([[[1e150, 2e150], [1.0, 2.0], [1e150, 2e150], [-1e150, -1e150]]])
    before = pool.copy()
    board = rank_scores(method, as_tasks(pool))
    assert np.isfinite(board.aggregate).all()
    assert board.ranks[0] == board.ranks[2]
    assert np.array_equal(pool, before)


@ALL
def test_an_empty_pool_is_an_empty_board_and_whoever_joins_is_first(method):
    empty = as_tasks(np.zeros((2, 0, SPLITS)))
    assert rank_scores(method, empty).ranks.shape == (0,)
    assert rank_scores(method, empty).task_ranks.shape == (0, 2)
    other = as_tasks(np.full((2, 1, SPLITS), 0.5))
    assert place_against_pool(method, empty, other).tolist() == [1]
    assert rank_scores(method, other).ranks.tolist() == [1]


@pytest.mark.parametrize("method", [M.AVERAGE_RANK, M.BORDA, M.COPELAND])
def test_a_pool_of_a_thousand_is_ranked_as_by_counting_one_by_one(method):
    generator = np.random.default_rng(4)
    pool = generator.integers(0, 40, (3, 1100, SPLITS)) / 40
    means = np.round(pool.mean(axis=2), 9)
    ahead = sum(np.sign(column[:, None] - column[None, :]).astype(int) for column in means)
    if method is M.COPELAND:
        ahead = np.sign(ahead)
    points = ahead.sum(axis=1)
    expected = 1 + (points[None, :] > points[:, None]).sum(axis=1)
    assert rank_scores(method, as_tasks(pool)).ranks.tolist() == expected.tolist()
