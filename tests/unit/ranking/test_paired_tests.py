"""The corrected paired tests of method 4, held to SciPy and to Holm's procedure as written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from probeboard.ranking import TaskSplitScores, rank_by_tests
from probeboard.ranking.paired_tests import holm, paired_t, significant_wins

STEADY = settings(derandomize=True, max_examples=60, deadline=None)


def task(scores, ratio: float = 0.25) -> TaskSplitScores:
    return TaskSplitScores("a task", np.asarray(scores, float), test_to_train=ratio, group="a")


def noisy(n: int, k: int, *, seed: int, spread: float = 0.05) -> np.ndarray:
    """Submissions that differ, on splits that are easy or hard for all alike."""
    generator = np.random.default_rng(seed)
    own, split = generator.normal(0, spread, (n, 1)), generator.normal(0, 0.1, k)
    return 0.5 + own + split + generator.normal(0, 0.02, (n, k))


def holm_as_written(p: list[float], level: float) -> list[bool]:
    rejected = [False] * len(p)
    for tested, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        if p[index] > level / (len(p) - tested):
            break
        rejected[index] = True
    return rejected


def test_without_overlap_of_training_parts_t_is_student_s_paired_t():
    scores = noisy(5, 12, seed=1)
    t = paired_t(task(scores, ratio=0.0))
    for i in range(5):
        for j in range(5):
            if i != j:
                known = stats.ttest_rel(scores[i], scores[j])
                np.testing.assert_allclose(t[i, j], known.statistic, rtol=1e-9)
    assert (np.diagonal(t) == 0).all()


def test_overlap_makes_t_smaller_as_nadeau_and_bengio_have_it():
    scores = noisy(4, 10, seed=2)
    plain, corrected = paired_t(task(scores, ratio=0.0)), paired_t(task(scores, ratio=0.25))
    # (1/10) / (1/10 + 1/4)
    np.testing.assert_allclose(corrected, plain * np.sqrt(0.1 / 0.35), rtol=1e-9, atol=1e-12)


@given(st.lists(st.floats(0, 1), max_size=12), st.sampled_from([0.05, 0.5]))
@STEADY
def test_holm_rejects_what_the_procedure_as_written_rejects(p, level):
    assert holm(np.array(p), level=level).tolist() == holm_as_written(p, level)


@pytest.mark.parametrize(("n", "spread"), [(8, 0.0), (8, 0.05), (60, 0.02), (60, 0.1), (90, 0.01)])
@pytest.mark.parametrize("level", [0.05, 0.9])
def test_wins_are_those_of_holm_over_all_ordered_pairs(n, spread, level):
    one = task(noisy(n, 10, seed=n, spread=spread))
    p = stats.t.sf(paired_t(one), 9)
    pairs = ~np.eye(n, dtype=bool)
    beats = np.zeros((n, n), dtype=bool)
    beats[pairs] = holm_as_written(p[pairs].tolist(), level)
    assert significant_wins(one, level=level).tolist() == beats.sum(axis=1).tolist()


def test_the_last_pair_that_counts_is_found_in_whichever_part_of_the_order_it_is():
    # Scores in three bands: t falls off in steps, from far beyond any threshold to below it.
    for seed, n in ((1, 40), (2, 70), (3, 100)):
        generator = np.random.default_rng(seed)
        own = np.repeat([0.0, 0.3, 0.32], n)[:, None]
        one = task(0.5 + own + generator.normal(0, 0.02, (3 * n, 12)))
        p = stats.t.sf(paired_t(one), 11)
        pairs = ~np.eye(3 * n, dtype=bool)
        beats = np.zeros(p.shape, dtype=bool)
        beats[pairs] = holm(p[pairs], level=0.05)
        assert significant_wins(one).tolist() == beats.sum(axis=1).tolist()
        assert n * n < beats.sum() < 3 * n * n


def test_the_later_pairs_are_held_against_less_than_the_first():
    one = task(noisy(3, 10, seed=11))
    p = np.sort(stats.t.sf(paired_t(one)[paired_t(one) > 0], 9))
    assert p[0] < p[2] * 5 / 6
    # Of 6 pairs the third is held against level / 4, where the first is against level / 6.
    assert significant_wins(one, level=5 * p[2]).sum() == 3
    assert significant_wins(one, level=3.9 * p[2]).sum() < 3


def test_twins_beat_the_same_and_not_each_other():
    scores = np.repeat(noisy(3, 10, seed=3, spread=0.3), 2, axis=0)
    t = paired_t(task(scores))
    assert t[0, 1] == t[1, 0] == 0
    board = rank_by_tests([task(scores)])
    assert board.ranks[::2].tolist() == board.ranks[1::2].tolist()
    assert sorted(board.ranks.tolist()) == [1, 1, 3, 3, 5, 5]


def test_one_that_is_better_by_the_same_on_every_split_is_beyond_doubt():
    base = noisy(1, 10, seed=4)[0]
    t = paired_t(task([base, base - 0.001, base - 0.001 + 1e-12]))
    assert t.tolist() == [[0, np.inf, np.inf], [-np.inf, 0, 0], [-np.inf, 0, 0]]
    assert significant_wins(task([base, base - 0.001])).tolist() == [1, 0]


def test_differences_a_million_times_smaller_than_the_scores_keep_their_digits():
    generator = np.random.default_rng(5)
    base = generator.normal(100.0, 30.0, 20)
    close = base + generator.normal(3e-5, 2e-5, 20)
    t = paired_t(task([close, base, close + 1], ratio=0.0))
    known = stats.ttest_rel(close, base).statistic
    np.testing.assert_allclose(t[0, 1], known, rtol=1e-6)
    np.testing.assert_allclose(t[1, 0], -known, rtol=1e-6)


def test_the_unit_of_the_scores_changes_nothing():
    scores = noisy(6, 10, seed=6)
    t = paired_t(task(scores))
    np.testing.assert_allclose(paired_t(task(scores * 1e12)), t, rtol=1e-6)
    np.testing.assert_allclose(paired_t(task(scores * 1e200)), t, rtol=1e-6)
    np.testing.assert_allclose(paired_t(task(scores * 100)), t, rtol=1e-9)


def test_who_could_not_be_scored_is_beaten_without_a_test_and_costs_the_others_nothing():
    scores = noisy(4, 10, seed=7, spread=0.3)
    missing = np.vstack([scores, np.full((2, 10), np.nan)])
    missing[5, 3] = 0.9  # a score is not enough: all splits or none
    alone, joined = significant_wins(task(scores)), significant_wins(task(missing))
    assert joined.tolist() == [*(alone + 2).tolist(), 0, 0]
    board = rank_by_tests([task(missing)])
    assert board.complete.tolist() == [True] * 4 + [False] * 2
    assert board.task_ranks[4:, 0].tolist() == [5, 5]


def test_nobody_beats_anybody_where_nobody_could_be_scored():
    board = rank_by_tests([task(np.full((3, 4), np.nan))])
    assert board.ranks.tolist() == [1, 1, 1]
    assert board.aggregate.tolist() == [0, 0, 0]


def test_the_share_of_wins_is_averaged_with_the_announced_weights():
    clear = np.array([[0.9, 0.91, 0.92], [0.5, 0.52, 0.51], [0.1, 0.12, 0.12]])
    board = rank_by_tests([task(clear), task(clear[::-1])], weights=[0.3, 0.1])
    np.testing.assert_allclose(board.aggregate, [0.75, 0.5, 0.25])
    assert board.ranks.tolist() == [1, 2, 3]
    np.testing.assert_allclose(board.weights, [0.75, 0.25])
    assert board.task_ranks.tolist() == [[1, 3], [2, 2], [3, 1]]
    even = rank_by_tests([task(clear), task(clear[::-1])])
    assert even.ranks.tolist() == [1, 1, 1]


def test_a_single_submission_has_rank_one_and_all_there_is_to_win():
    board = rank_by_tests([task([[0.1, 0.2]])])
    assert board.ranks.tolist() == [1]
    assert board.aggregate.tolist() == [1.0]


def test_a_task_of_a_single_split_is_refused_by_name():
    with pytest.raises(ValueError, match="'a task' has a single split"):
        rank_by_tests([task([[0.1], [0.2]])])


def test_a_board_of_no_tasks_or_of_unequal_tasks_is_refused():
    with pytest.raises(ValueError, match="no task"):
        rank_by_tests([])
    with pytest.raises(ValueError, match="differ in their number"):
        rank_by_tests([task([[0.1, 0.2]]), task([[0.1, 0.2], [0.3, 0.4]])])


def test_under_the_null_with_overlap_hardly_a_board_claims_anything():
    # 200 boards of 5 equals; splits share most of their training part, hence their errors.
    generator = np.random.default_rng(8)
    claims = naive = 0
    for _ in range(200):
        shared, own = generator.normal(0, 1, (5, 1)), generator.normal(0, 1, (5, 20))
        scores = 0.5 + 0.01 * (np.sqrt(0.2) * shared + np.sqrt(0.8) * own)  # correlation 0.2
        claims += significant_wins(task(scores, ratio=0.25)).any()
        naive += significant_wins(task(scores, ratio=0.0)).any()
    assert claims <= 0.07 * 200
    assert naive >= 0.3 * 200
