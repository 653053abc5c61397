"""Draws have the corrected covariance, belong to a submission, and rank as the methods do."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from probeboard.ranking.draw_cache import DrawCache
from probeboard.ranking.draw_ranks import DrawSource, rank_draws
from probeboard.ranking.draws import deviations, first_of_twins, multipliers, task_draws
from probeboard.ranking.pool import rank
from probeboard.ranking.row_ranks import descending_keys, row_ranks
from probeboard.ranking.scored import rank_scores
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.uncertainty import draw_ranks
from probeboard.ranking.weighted_scores import (
    mean_score_errors,
    spread_of_pool,
    weighted_scores,
)

EVERY_METHOD = [
    "average-rank",
    "neuco",
    "mean-score",
    "mean-q",
    "test-then-rank",
    "borda",
    "copeland",
]


def pool(
    n: int, n_tasks: int, *, k: int = 8, seed: int = 0, groups: int = 1
) -> list[TaskSplitScores]:
    rng = np.random.default_rng(seed)
    return [
        TaskSplitScores(
            f"task {i}",
            rng.normal(rng.normal(0.6, 0.05, (n, 1)), 0.04, (n, k)) + rng.normal(0, 0.05, k),
            test_to_train=0.25,
            group=f"group {i % groups}",
        )
        for i in range(n_tasks)
    ]


def drawn_scores(task: TaskSplitScores, *, of_q: bool, n_draws: int) -> NDArray[np.float32]:
    rows = np.arange(len(task.scores))
    return task_draws(task, of_q=of_q, seed="phase", n_draws=n_draws, rows=rows).between(0, n_draws)


def test_errors_have_the_corrected_covariance_of_the_means() -> None:
    (task,) = pool(4, 1, k=40)
    found = deviations(task) @ deviations(task).T
    expected = np.cov(task.scores) * (1 / 40 + 0.25)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(np.sqrt(found.diagonal()), task.standard_errors, rtol=1e-12)


def test_draws_have_the_corrected_covariance_of_the_means() -> None:
    (task,) = pool(3, 1, k=40)
    drawn = drawn_scores(task, of_q=False, n_draws=100_000)
    np.testing.assert_allclose(drawn.mean(axis=0), task.means, atol=3e-4)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(task.scores) * 0.275, rtol=0.05)


def test_few_splits_make_draws_of_students_t() -> None:
    (task,) = pool(1, 1, k=6)
    drawn = drawn_scores(task, of_q=False, n_draws=20_000)[:, 0]
    t = (drawn - task.means[0]) / task.standard_errors[0]
    assert stats.kstest(t, stats.t(5).cdf).pvalue > 0.01
    assert stats.kstest(t, stats.norm.cdf).pvalue < 1e-6


def test_draws_of_q_vary_as_q_does_over_data_sets_of_equally_correlated_splits() -> None:
    rng = np.random.default_rng(3)
    k, ratio = 40, 0.05
    share = ratio / (1 + ratio)  # of the variance is common to all splits
    common, own = rng.standard_normal((4000, 1)), rng.standard_normal((4000, k))
    scores = 0.7 + 0.05 * (np.sqrt(share) * common + np.sqrt(1 - share) * own)
    task = TaskSplitScores("q", scores, test_to_train=ratio, group="a")
    first = replace(task, scores=scores[:200])
    over_data_sets = np.log(task.qs).std()
    of_draws = np.log(drawn_scores(first, of_q=True, n_draws=500)).std(axis=0)
    assert np.median(of_draws) == pytest.approx(over_data_sets, rel=0.1)
    to_first_order = np.sqrt(np.square(deviations(first, of_q=True)).sum(axis=1)) / first.qs
    assert np.median(to_first_order) == pytest.approx(over_data_sets, rel=0.15)


def test_q_of_splits_that_are_all_the_same_is_drawn_as_itself() -> None:
    task = TaskSplitScores("flat", np.full((1, 8), 0.5), test_to_train=0.25, group="a")
    assert drawn_scores(task, of_q=True, n_draws=3).tolist() == [[50.0]] * 3


def test_a_seed_and_a_group_name_their_random_numbers() -> None:
    def numbers(seed: str, group: str) -> NDArray[np.float64]:
        return multipliers(seed, group, n_splits=5, n_draws=4)

    assert (numbers("a", "bc") == numbers("a", "bc")).all()
    assert not (numbers("a", "bc") == numbers("ab", "c")).any()
    more = multipliers("a", "bc", n_splits=5, n_draws=9)
    assert (more[:4] == numbers("a", "bc")).all()


@given(seed=st.integers(0, 10_000), shuffle=st.permutations(range(7)))
@settings(max_examples=25, deadline=None)
def test_who_else_submitted_and_in_what_order_changes_no_draw(
    seed: int, shuffle: list[int]
) -> None:
    (task,) = pool(7, 1, seed=seed)
    all_drawn = drawn_scores(task, of_q=False, n_draws=50)
    shuffled = replace(task, scores=np.asfortranarray(task.scores[shuffle]))
    assert (drawn_scores(shuffled, of_q=False, n_draws=50) == all_drawn[:, shuffle]).all()
    alone = replace(task, scores=task.scores[3:4])
    assert (drawn_scores(alone, of_q=False, n_draws=50)[:, 0] == all_drawn[:, 3]).all()


@given(
    st.lists(
        st.lists(st.sampled_from([-2.5, -0.0, 0.0, 0.1, 0.5, 1e6]), min_size=5, max_size=5),
        min_size=1,
        max_size=6,
    )
)
def test_ranks_of_rows_are_those_of_scipy(rows: list[list[float]]) -> None:
    scores = np.array(rows, dtype=np.float32)
    for keys in (descending_keys(scores), -scores.astype(np.float64)):
        smallest = stats.rankdata(-scores, method="min", axis=1)
        average = stats.rankdata(-scores, method="average", axis=1)
        assert (row_ranks(keys, "min") == smallest).all()
        assert (row_ranks(keys, "twice-average") == 2 * average).all()


def with_gaps(tasks: list[TaskSplitScores]) -> list[TaskSplitScores]:
    """Two submissions that lack a task each, two that lack one together, and a pair of twins."""
    copied = [replace(task, scores=task.scores.copy()) for task in tasks]
    copied[0].scores[1] = np.nan
    copied[1].scores[[2, 3]] = np.nan
    for task in copied:
        task.scores[5] = task.scores[6]
    return copied


@pytest.mark.parametrize("weights", [None, [1.0, 0.0, 2.5, 1.25]])
@pytest.mark.parametrize("method", ["average-rank", "borda", "neuco", "mean-score", "mean-q"])
def test_each_draw_is_ranked_as_the_method_ranks_a_board(
    method: str, weights: list[float] | None
) -> None:
    tasks = with_gaps(pool(9, 4, groups=2))
    ranking = rank_scores(method, tasks, weights=weights)
    found = rank_draws(ranking, tasks, DrawSource("phase", 40), weights=weights)
    values = [drawn_scores(task, of_q=method in ("neuco", "mean-q"), n_draws=40) for task in tasks]
    for draw in range(40):
        table = np.column_stack([value[draw] for value in values]).astype(np.float64)
        table[5] = table[6]
        expected = rank(method, table, weights=weights).ranks
        complete = ranking.complete | (method in ("average-rank", "borda"))
        assert found[draw][complete].tolist() == expected[complete].tolist()


def test_copeland_and_tests_rank_each_draw_as_the_methods_do() -> None:
    tasks = with_gaps(pool(8, 3, groups=2))
    source = DrawSource("phase", 30)
    moved = [drawn_scores(task, of_q=False, n_draws=30) for task in tasks]
    for method in ("copeland", "test-then-rank"):
        found = draw_ranks(rank_scores(method, tasks), tasks, source)
        for draw in range(30):
            shifted = [
                replace(task, scores=task.scores + (theta[draw] - task.means)[:, None])
                for task, theta in zip(tasks, moved, strict=True)
            ]
            assert found[draw].tolist() == rank_scores(method, shifted).ranks.tolist()


def test_draws_by_pairs_are_made_where_those_of_sums_refuse() -> None:
    tasks = pool(4, 2)
    with pytest.raises(ValueError, match="copeland are made elsewhere"):
        rank_draws(rank_scores("copeland", tasks), tasks, DrawSource("phase", 5))


def test_weights_too_heavy_for_small_integers_rank_the_same() -> None:
    tasks = pool(6, 2)
    few = rank_draws(rank_scores("average-rank", tasks), tasks, DrawSource("phase", 50))
    heavy = [1.0, 1.0 + 1e-12]
    by_heavy = rank_scores("average-rank", tasks, weights=heavy)
    found = rank_draws(by_heavy, tasks, DrawSource("phase", 50), weights=heavy)
    decided = [draw for draw in range(50) if np.unique(few[draw]).size == 6]
    assert decided
    assert (found[decided] == few[decided]).all()


def test_neuco_ranks_equally_weighted_where_no_draw_spreads_above_the_floor() -> None:
    tasks = pool(4, 2)
    below = [replace(task, scores=task.scores - 5.0) for task in tasks]
    ranking = rank_scores("neuco", below)
    assert ranking.weights.tolist() == [0.5, 0.5]
    found = rank_draws(ranking, below, DrawSource("phase", 20))
    frozen = rank_draws(ranking, below, DrawSource("phase", 20), weights=[1.0, 1.0])
    assert (found == frozen).all()


def test_neuco_with_one_complete_submission_puts_it_first_in_every_draw() -> None:
    tasks = pool(3, 2)
    tasks[0].scores[1] = np.nan
    tasks[1].scores[2] = np.nan
    found = rank_draws(rank_scores("neuco", tasks), tasks, DrawSource("phase", 5))
    assert (found[:, 0] == 1).all()
    assert (found[:, 1:] > 1).all()


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_nobody_scored_is_one_tie_in_every_draw(method: str) -> None:
    nothing = TaskSplitScores("none", np.full((3, 6), np.nan), test_to_train=0.25, group="a")
    found = draw_ranks(rank_scores(method, [nothing]), [nothing], DrawSource("phase", 4))
    assert (found == 1).all()


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_a_cache_never_shows(method: str) -> None:
    tasks = with_gaps(pool(9, 3))
    ranking = rank_scores(method, tasks)
    direct = draw_ranks(ranking, tasks, DrawSource("phase", 30))
    cache = DrawCache()
    others = [replace(task, scores=task.scores[4:]) for task in tasks]
    draw_ranks(rank_scores(method, others), others, DrawSource("phase", 30, cache, list("efghi")))
    grown = draw_ranks(ranking, tasks, DrawSource("phase", 30, cache, list("abcdefghi")))
    again = draw_ranks(ranking, tasks, DrawSource("phase", 30, cache, list("abcdefghi")))
    assert (grown == direct).all()
    assert (again == direct).all()


def test_a_cache_forgets_the_least_recently_used_and_stays_within_its_bound() -> None:
    (task,) = pool(4, 1)
    cache = DrawCache(max_bytes=3 * 10 * 4)

    def draw(rows: list[int], keys: str) -> None:
        cache.draw(
            replace(task, scores=task.scores[rows]),
            of_q=False,
            seed="phase",
            n_draws=10,
            rows=np.arange(len(rows)),
            keys=list(keys),
        )

    draw([0, 1], "ab")
    draw([2, 3], "cd")
    assert cache.nbytes == cache.max_bytes
    draw([0, 1, 2, 3], "abcd")  # more than it holds: drawn without it
    assert cache.nbytes == cache.max_bytes


def test_twins_are_found_by_their_scores_and_by_nothing_else() -> None:
    scores = np.array([[0.5, -0.0], [0.5, 0.1], [0.5, 0.0], [0.5 + 1e-13, 0.1]])
    task = TaskSplitScores("a", scores, test_to_train=0.25, group="a")
    assert first_of_twins(task).tolist() == [0, 1, 0, 1]


def test_the_error_of_a_mean_score_is_that_of_splits_averaged_over_tasks() -> None:
    together = pool(5, 3)
    weights = [1.0, 2.0, 1.0]
    averaged = np.average([task.scores for task in together], axis=0, weights=weights)
    whole = TaskSplitScores("mean", averaged, test_to_train=0.25, group="a")
    np.testing.assert_allclose(mean_score_errors(together, weights=weights), whole.standard_errors)
    apart = pool(5, 3, groups=3)
    squares = [(w / 4 * task.standard_errors) ** 2 for w, task in zip(weights, apart, strict=True)]
    np.testing.assert_allclose(
        mean_score_errors(apart, weights=weights), np.sqrt(np.sum(squares, axis=0))
    )


def test_there_is_no_error_of_one_split_nor_where_a_task_could_not_be_scored() -> None:
    assert np.isnan(mean_score_errors(pool(2, 2, k=1))).all()
    assert (
        np.isnan(mean_score_errors(with_gaps(pool(9, 2)))).tolist()
        == [False] + [True] * 3 + [False] * 5
    )


def test_identical_submissions_differ_by_exactly_nothing() -> None:
    tasks = with_gaps(pool(9, 3, k=40, groups=2))
    weighted = weighted_scores(tasks, np.array([0.1, 0.3, 0.6]), of_q=False)
    variances = weighted.variances_of_differences()
    assert variances[5, 6] == 0.0
    assert np.count_nonzero(variances == 0.0) == 9 + 2
    expected = [np.square(np.diff(part[[0, 4]], axis=0)).sum() for part in weighted.parts.values()]
    assert variances[0, 4] == pytest.approx(sum(expected))


def test_one_wild_submission_does_not_stretch_the_spread_of_a_pool() -> None:
    (task,) = pool(9, 1)
    wild = replace(task, scores=np.vstack([task.scores, task.scores[:1] - 100.0]))
    assert spread_of_pool(wild, of_q=False) < 2 * spread_of_pool(task, of_q=False)


def test_a_pool_of_mostly_constant_scores_spreads_by_the_rest() -> None:
    scores = np.repeat([[0.0], [0.0], [0.0], [0.0], [0.0], [0.0], [0.9]], 6, axis=1)
    task = TaskSplitScores("flat", scores, test_to_train=0.25, group="a")
    assert spread_of_pool(task, of_q=False) == pytest.approx(scores[:, 0].std())
    nobody = replace(task, scores=np.full((3, 6), np.nan))
    assert spread_of_pool(nobody, of_q=False) == 0.0
