"""Intervals, chances, claims and leave-outs: held to definitions, closed forms and invariances."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats

from probeboard.ranking.comparison import compare
from probeboard.ranking.draw_agreement import draw_taus
from probeboard.ranking.leave_entry import ranks_without_entry
from probeboard.ranking.leave_task import ranks_without_task
from probeboard.ranking.rank_sets import significantly_better, step_down, tiers
from probeboard.ranking.scored import rank_scores
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.uncertainty import RankUncertainty, intervals, rank_uncertainty
from probeboard.ranking.weighted_scores import weighted_scores

METHODS = ["average-rank", "neuco", "mean-score", "mean-q", "test-then-rank", "borda", "copeland"]


def pool(
    n: int, n_tasks: int, *, k: int = 8, seed: int = 0, gap: float = 0.03
) -> list[TaskSplitScores]:
    rng = np.random.default_rng(seed)
    return [
        TaskSplitScores(
            f"task {i}",
            rng.normal(rng.normal(0.6, gap, (n, 1)), 0.03, (n, k)),
            test_to_train=0.25,
            group=f"group {i % 2}",
        )
        for i in range(n_tasks)
    ]


def rows_of(tasks: list[TaskSplitScores], rows: list[int]) -> list[TaskSplitScores]:
    return [replace(task, scores=task.scores[rows]) for task in tasks]


def sure_of(method: str, tasks: list[TaskSplitScores]) -> RankUncertainty:
    found = rank_uncertainty(method, tasks, seed="phase", n_draws=200)
    assert found is not None
    return found


def assert_same(found: RankUncertainty, expected: RankUncertainty, rows: list[int]) -> None:
    for field in fields(RankUncertainty):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        if field.name in ("n_draws", "draw_tau", "task_tau", "task_draw_tau"):
            np.testing.assert_allclose(one, other, atol=1e-12)
        else:
            np.testing.assert_allclose(one, other[rows], atol=1e-12, err_msg=field.name)


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 1000), shuffle=st.permutations(range(7)))
@settings(max_examples=8, deadline=None)
def test_the_order_of_submissions_changes_nothing(
    method: str, seed: int, shuffle: list[int]
) -> None:
    tasks = pool(7, 3, seed=seed)
    assert_same(sure_of(method, rows_of(tasks, shuffle)), sure_of(method, tasks), shuffle)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_tasks_changes_nothing(method: str) -> None:
    tasks = pool(7, 4)
    found, expected = sure_of(method, tasks[::-1]), sure_of(method, tasks)
    expected = replace(
        expected,
        task_tau=expected.task_tau[::-1],
        task_draw_tau=expected.task_draw_tau[::-1],
    )
    assert_same(found, expected, list(range(7)))


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_twins_are_told_alike_and_chances_of_being_first_sum_to_one(method: str, seed: int) -> None:
    tasks = rows_of(pool(6, 3, seed=seed), [0, 1, 2, 3, 4, 5, 2])
    found = sure_of(method, tasks)
    for field in fields(RankUncertainty):
        value = getattr(found, field.name)
        if np.shape(value)[:1] == (7,):
            np.testing.assert_array_equal(value[2], value[6], err_msg=field.name)
    assert found.p_first.sum() == pytest.approx(1.0)
    assert (found.p_first <= found.p_top3).all()


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_intervals_and_rank_sets_hold_the_rank_itself(method: str, seed: int) -> None:
    tasks = pool(8, 3, seed=seed, gap=0.06)
    ranks = rank_scores(method, tasks).ranks
    found = sure_of(method, tasks)
    for low, high in (found.interval.T, found.rank_set.T):
        assert (low >= 1).all()
        assert (low <= ranks).all()
        assert (ranks <= high).all()
        assert (high <= 8).all()
    assert (found.tier[ranks == 1] == 1).all()


@pytest.mark.parametrize("method", ["average-rank", "mean-score"])
@given(seed=st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_an_entry_worse_than_all_changes_no_other_draw(method: str, seed: int) -> None:
    tasks = pool(6, 3, seed=seed)
    joined = [
        replace(task, scores=np.vstack([task.scores, task.scores.min(axis=0) - 5.0]))
        for task in tasks
    ]
    before, after = sure_of(method, tasks), sure_of(method, joined)
    for name in ("interval", "p_first", "p_top3", "without_task", "without_entry"):
        np.testing.assert_array_equal(getattr(after, name)[:6], getattr(before, name))
    assert after.interval[6].tolist() == [7, 7]


@pytest.mark.parametrize("method", METHODS)
def test_what_could_not_be_scored_spoils_nobody_else(method: str) -> None:
    tasks = pool(7, 3)
    tasks[1].scores[4] = np.nan
    tasks[0].scores[5] = np.nan
    tasks[2].scores[6] = np.inf
    found = sure_of(method, tasks)
    for field in fields(RankUncertainty):
        assert np.isfinite(getattr(found, field.name)).all()
    if method in ("neuco", "mean-score", "mean-q"):
        assert (found.interval[4:] >= 5).all()
        assert (found.rank_set[4:, 0] >= 5).all()
        assert (found.tier[4:] > found.tier[:4].max()).all()


def test_nothing_is_shown_of_two_entries_or_four_splits() -> None:
    assert rank_uncertainty("average-rank", pool(2, 2), seed="a") is None
    assert rank_uncertainty("average-rank", pool(3, 2, k=4), seed="a") is None
    assert rank_uncertainty("average-rank", pool(3, 2, k=5), seed="a") is not None


def test_a_cache_wants_a_key_for_each_submission() -> None:
    with pytest.raises(ValueError, match="3 submissions need as many keys, not 2"):
        rank_uncertainty("average-rank", pool(3, 2), seed="a", keys=["a", "b"])


def test_a_pool_of_equals_is_one_tier_and_not_a_division_by_zero() -> None:
    tasks = rows_of(pool(1, 3), [0, 0, 0, 0])
    found = sure_of("average-rank", tasks)
    assert found.interval.tolist() == [[1, 1]] * 4
    assert found.rank_set.tolist() == [[1, 4]] * 4
    assert found.tier.tolist() == [1] * 4
    assert found.p_first.tolist() == [0.25] * 4
    assert math.isnan(found.draw_tau)


def test_who_is_ahead_by_the_same_on_every_split_is_never_claimed_to_be() -> None:
    (task,) = pool(1, 1, k=40)
    ahead = replace(task, scores=np.vstack([task.scores + gap for gap in (0.0, 0.25, 0.5)]))
    found = significantly_better(rank_scores("mean-score", [ahead]), [ahead], seed="a")
    assert not found.any()


def test_far_apart_entries_are_tiers_of_their_own() -> None:
    tasks = [
        replace(task, scores=task.scores + np.arange(5)[::-1, None]) for task in pool(5, 3, k=40)
    ]
    found = sure_of("average-rank", tasks)
    assert found.tier.tolist() == [1, 2, 3, 4, 5]
    assert found.rank_set.tolist() == [[rank, rank] for rank in range(1, 6)]
    assert found.draw_tau == 1.0
    assert found.task_tau.tolist() == [1.0] * 3
    assert found.task_draw_tau.tolist() == [1.0] * 3


@pytest.mark.parametrize("method", METHODS)
def test_tasks_agree_with_the_board_by_kendalls_tau(method: str) -> None:
    tasks = pool(9, 3, gap=0.1)
    ranking = rank_scores(method, tasks)
    expected = [
        stats.kendalltau(ranking.ranks, column).statistic for column in ranking.task_ranks.T
    ]
    np.testing.assert_allclose(sure_of(method, tasks).task_tau, expected, atol=1e-12)


def test_tiers_are_the_best_that_may_be_the_rest() -> None:
    better = np.zeros((4, 4), dtype=np.bool_)
    better[0, [2, 3]] = better[2, 3] = True
    assert tiers(better).tolist() == [1, 1, 2, 3]


def test_steps_down_as_romano_and_wolf_do_pair_by_pair() -> None:
    tasks = pool(6, 2, k=40, gap=0.04)
    weighted = weighted_scores(tasks, np.array([0.5, 0.5]), of_q=False)
    found = step_down(weighted, seed="a", n_draws=999, level=0.95)
    variances = weighted.variances_of_differences()
    drawn = weighted.deviations_drawn("a", 999).astype(np.float64)
    pairs = {(i, j) for i in range(6) for j in range(6) if i < j}
    expected = np.zeros((6, 6), dtype=np.bool_)
    while pairs:
        spread = {(i, j): math.sqrt(variances[i, j]) for i, j in pairs}
        most = np.max([np.abs(drawn[i] - drawn[j]) / s for (i, j), s in spread.items()], axis=0)
        critical = -special.stdtrit(39, special.ndtr(-np.sort(most)[949]))
        ahead = {
            (i, j): (weighted.values[i] - weighted.values[j]) / s for (i, j), s in spread.items()
        }
        claimed = {pair for pair, t in ahead.items() if abs(t) > critical}
        for i, j in claimed:
            expected[(i, j) if ahead[i, j] > 0 else (j, i)] = True
        pairs -= claimed
        if not claimed:
            break
    assert 0 < expected.sum() < 15
    assert (found == expected).all()


def test_many_entries_get_fewer_draws_and_claim_as_much() -> None:
    tasks = pool(900, 1, k=40, gap=0.05)
    ranking = rank_scores("average-rank", tasks)
    found = significantly_better(ranking, tasks, seed="a", n_draws=1000)
    again = significantly_better(ranking, tasks, seed="b", n_draws=250)
    assert 0.02 < found.mean() < 0.05
    assert (found != again).mean() < 0.005


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.0, 0.5]])
@pytest.mark.parametrize("method", METHODS)
def test_leaving_a_task_out_is_ranking_without_it(method: str, weights: list[float] | None) -> None:
    tasks = pool(7, 4, gap=0.05)
    tasks[2].scores[3] = np.nan
    ranking = rank_scores(method, tasks, weights=weights)
    found = ranks_without_task(ranking, tasks, weights=weights)
    boards = []
    for out in range(4):
        rest = [i for i in range(4) if i != out]
        part = None if weights is None else [weights[i] for i in rest]
        boards.append(rank_scores(method, [tasks[i] for i in rest], weights=part).ranks)
    assert found.tolist() == np.column_stack([np.min(boards, 0), np.max(boards, 0)]).tolist()


def test_a_rank_by_one_task_hangs_on_nothing_else() -> None:
    tasks = pool(4, 2)
    ranks = rank_scores("average-rank", tasks[:1]).ranks
    alone = ranks_without_task(rank_scores("average-rank", tasks[:1]), tasks[:1])
    assert alone.tolist() == np.column_stack([ranks, ranks]).tolist()
    weighted = rank_scores("average-rank", tasks, weights=[1, 0])
    found = ranks_without_task(weighted, tasks, weights=[1, 0])
    assert found.tolist() == alone.tolist()


@pytest.mark.parametrize("weights", [None, [1.0, 2.0, 0.0, 0.5]])
@pytest.mark.parametrize("method", [name for name in METHODS if name != "test-then-rank"])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_leaving_an_entry_out_is_ranking_without_it(
    method: str, weights: list[float] | None, seed: int
) -> None:
    tasks = pool(7, 4, seed=seed, gap=0.1)
    for task in tasks:
        task.scores[:3] = task.scores[:3].round(1)  # ties
    if method in ("average-rank", "borda", "copeland"):
        tasks[0].scores[[1, 2]] = np.nan
        tasks[2].scores[4] = np.nan
    ranking = rank_scores(method, tasks, weights=weights)
    found = ranks_without_entry(ranking, tasks, weights=weights)
    expected = by_ranking_again(method, tasks, weights)
    assert found.tolist() == expected.tolist()


def by_ranking_again(
    method: str, tasks: list[TaskSplitScores], weights: list[float] | None
) -> NDArray[np.int64]:
    ranks = rank_scores(method, tasks, weights=weights).ranks
    n = len(ranks)
    places = np.tile(ranks, (n, 1))
    for out in range(n):
        rest = [i for i in range(n) if i != out]
        without = rank_scores(method, rows_of(tasks, rest), weights=weights).ranks
        places[out, rest] = without + (ranks[out] < ranks[rest])
    others = ~np.eye(n, dtype=np.bool_)
    low = np.where(others, places, n + 1).min(axis=0)
    return np.column_stack([low, np.where(others, places, 0).max(axis=0)])


def test_neuco_without_an_entry_keeps_who_is_incomplete_behind() -> None:
    tasks = pool(6, 3, gap=0.1)
    tasks[1].scores[2] = np.nan
    ranking = rank_scores("neuco", tasks)
    found = ranks_without_entry(ranking, tasks)
    assert found[2].tolist() == [6, 6]
    rest = [0, 1, 3, 4, 5]
    assert found[rest].tolist() == by_ranking_again("neuco", rows_of(tasks, rest), None).tolist()


def test_neuco_without_one_of_two_or_of_one_weighs_equally_or_not_at_all() -> None:
    two = pool(2, 3)
    assert ranks_without_entry(rank_scores("neuco", two), two).shape == (2, 2)
    one = pool(1, 3)
    assert ranks_without_entry(rank_scores("neuco", one), one).tolist() == [[1, 1]]


def test_without_an_entry_its_claims_go_under_test_then_rank() -> None:
    ahead = np.array([[0.9], [0.6], [0.6], [0.0]])
    tasks = [replace(task, scores=task.scores + ahead) for task in pool(4, 3)]
    tasks[0].scores[3] = np.nan
    ranking = rank_scores("test-then-rank", tasks)
    assert ranking.ranks.tolist() == [1, 2, 2, 4]
    assert ranks_without_entry(ranking, tasks).tolist() == [[1, 1], [2, 2], [2, 2], [4, 4]]
    tied = pool(4, 1, gap=0.0)
    assert ranks_without_entry(rank_scores("test-then-rank", tied), tied).tolist() == [[1, 1]] * 4


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=9).flatmap(
        lambda ranks: st.tuples(
            st.just(ranks),
            st.lists(
                st.lists(st.integers(1, 9), min_size=len(ranks), max_size=len(ranks)),
                min_size=1,
                max_size=4,
            ),
        )
    )
)
def test_tau_of_draws_is_that_of_scipy(drawn: tuple[list[int], list[list[int]]]) -> None:
    full = stats.rankdata(drawn[0], method="min").astype(np.int64)
    rows = stats.rankdata(drawn[1], method="min", axis=1).astype(np.int32)
    with np.errstate(invalid="ignore"):
        expected = [stats.kendalltau(full, row).statistic for row in rows]
    np.testing.assert_allclose(draw_taus(full, rows), expected, atol=1e-12)


def test_an_interval_leaves_out_no_more_than_its_tails() -> None:
    drawn = np.repeat(np.arange(1, 41, dtype=np.int32), 25)[:, None]  # 1000 draws of 1 to 40
    ((low, high),) = intervals(np.array([20]), drawn, level=0.95)
    assert (low, high) == (1, 39)
    assert np.mean((drawn >= low) & (drawn <= high)) >= 0.95


def test_two_entries_are_compared_as_the_corrected_t_test_does() -> None:
    tasks = pool(2, 3, k=10)
    found = compare(tasks, 0, 1, seed="phase", n_draws=100_000)
    for task, one in zip(tasks, found.tasks, strict=True):
        d = task.scores[0] - task.scores[1]
        error = d.std(ddof=1) * math.sqrt(1 / 10 + 0.25)
        assert one.difference == pytest.approx(d.mean())
        assert one.low == pytest.approx(d.mean() + stats.t.ppf(0.025, 9) * error, abs=0.03 * error)
        assert one.high == pytest.approx(d.mean() + stats.t.ppf(0.975, 9) * error, abs=0.03 * error)
        assert one.p_better == pytest.approx(stats.t.cdf(d.mean() / error, 9), abs=0.01)


def test_the_weighted_mean_score_of_two_entries_is_compared_split_by_split() -> None:
    tasks = [replace(task, group="same") for task in pool(2, 2, k=40)]
    weights = [1.0, 3.0]
    averaged = np.average([task.scores for task in tasks], axis=0, weights=weights)
    whole = TaskSplitScores("mean", averaged, test_to_train=0.25, group="same")
    found = compare(tasks, 0, 1, seed="phase", weights=weights).overall
    (expected,) = compare([whole], 0, 1, seed="phase").tasks
    for name in ("difference", "low", "high", "p_better"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-8)


def test_an_entry_is_as_good_as_itself() -> None:
    found = compare(pool(2, 2), 1, 1, seed="phase").overall
    assert (found.difference, found.low, found.high, found.p_better) == (0.0, 0.0, 0.0, 0.5)


def test_entries_are_not_compared_where_one_could_not_be_scored() -> None:
    tasks = pool(2, 2)
    tasks[0].scores[1] = np.nan
    tasks[1].scores[0, 2] = np.inf
    found = compare([*tasks, *pool(2, 1)], 0, 1, seed="phase")
    assert found.tasks[0].difference is None
    assert found.tasks[1].difference is None
    assert found.tasks[2].p_better is not None
    assert found.overall.p_better is None
    of_third = compare([*tasks, *pool(2, 1)], 0, 1, seed="phase", weights=[0.0, 0.0, 1.0]).overall
    assert of_third.difference == pytest.approx(found.tasks[2].difference)


def test_few_splits_give_a_difference_without_an_interval() -> None:
    found = compare(pool(2, 1, k=4), 0, 1, seed="phase").overall
    assert found.difference is not None
    assert (found.low, found.high, found.p_better) == (None, None, None)
