"""Ranking by split scores: the entry points of boards, the command line and draws."""

import numpy as np
import pytest

from probeboard.ranking import (
    RankingMethod,
    TaskSplitScores,
    average_rank,
    mean_q,
    neuco,
    place_against_pool,
    rank,
    rank_against_pool,
    rank_as_challenger,
    rank_by_all,
    rank_scores,
    score_table,
)
from probeboard.ranking.challenger import ChallengerMethod, case_figures
from probeboard.ranking.scored import TESTED_BESIDE


def pool(n: int = 6, *, t: int = 3, k: int = 5, seed: int = 0) -> list[TaskSplitScores]:
    generator = np.random.default_rng(seed)
    own = generator.normal(0, 0.1, (n, 1))
    return [
        TaskSplitScores(
            f"task {number}",
            0.5 + own + generator.normal(0, 0.05, (n, k)),
            test_to_train=0.25,
            group="a",
        )
        for number in range(t)
    ]


def test_each_method_gets_the_table_it_ranks():
    tasks = pool()
    means, qs = score_table("average-rank", tasks), score_table("neuco", tasks)
    assert means[:, 1].tolist() == tasks[1].means.tolist()
    assert qs[:, 2].tolist() == tasks[2].qs.tolist()
    assert rank_scores("average-rank", tasks).aggregate.tolist() == (
        average_rank(means).aggregate.tolist()
    )
    assert rank_scores("mean-q", tasks).aggregate.tolist() == mean_q(qs).aggregate.tolist()
    floored = rank_scores("neuco", tasks, floor=20.0)
    assert floored.weights.tolist() == neuco(qs, floor=20.0).weights.tolist()


def test_all_methods_are_computed_with_the_official_one_first():
    boards = rank_by_all(pool(), official="copeland")
    assert next(iter(boards)) is RankingMethod.COPELAND
    assert set(boards) == set(RankingMethod)
    for method, board in boards.items():
        assert board.method == method
        assert board.ranks.tolist() == rank_scores(method, pool()).ranks.tolist()


def test_announced_weights_are_for_all_methods_but_neuco_whose_may_be_frozen():
    tasks = pool()
    boards = rank_by_all(tasks, weights=[1, 2, 1], frozen=[0.5, 0.25, 0.25])
    assert boards.pop(RankingMethod.NEUCO).weights.tolist() == [0.5, 0.25, 0.25]
    assert {tuple(board.weights) for board in boards.values()} == {(0.25, 0.5, 0.25)}
    unfrozen = rank_by_all(tasks, weights=[1, 2, 1], floor=21.0)[RankingMethod.NEUCO]
    assert unfrozen.weights.tolist() == rank_scores("neuco", tasks, floor=21.0).weights.tolist()


def test_all_pairs_of_a_large_pool_are_tested_only_where_that_is_the_official_method():
    large = pool(TESTED_BESIDE + 1, t=1, k=2)
    assert RankingMethod.TEST_THEN_RANK not in rank_by_all(large)
    assert RankingMethod.TEST_THEN_RANK in rank_by_all(pool(TESTED_BESIDE, t=1, k=2))
    official = rank_by_all(large, official="test-then-rank")
    assert next(iter(official)) is RankingMethod.TEST_THEN_RANK
    assert len(official) == len(RankingMethod)


def test_a_single_split_leaves_out_the_tests_and_is_refused_where_they_are_official():
    single = pool(k=1)
    assert set(RankingMethod) - set(rank_by_all(single)) == {RankingMethod.TEST_THEN_RANK}
    with pytest.raises(ValueError, match="single split"):
        rank_by_all(single, official="test-then-rank")


def test_a_tie_break_is_used_only_where_asked_for():
    one = pool(n=2)
    twins = [
        TaskSplitScores(task.name, task.scores[[0, 1, 0]], test_to_train=0.25, group="a")
        for task in one
    ]
    for method in RankingMethod:
        plain = rank_scores(method, twins)
        broken = rank_scores(method, twins, tie_break=[3, 2, 1])
        assert plain.ranks[0] == plain.ranks[2]
        assert broken.ranks[2] < broken.ranks[0]
        assert broken.tie_broken[[0, 2]].all()
        assert not plain.tie_broken.any()


def test_candidates_are_placed_one_by_one_whatever_others_there_are():
    inside, outside = pool(7, seed=1), pool(3, seed=2)
    for method in RankingMethod:
        together = place_against_pool(method, inside, outside)
        for row in range(3):
            alone = [
                TaskSplitScores(
                    task.name, task.scores[row : row + 1], test_to_train=0.25, group="a"
                )
                for task in outside
            ]
            assert place_against_pool(method, inside, alone)[0] == together[row]


def test_tasks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="no task"):
        rank_scores("average-rank", [])
    with pytest.raises(ValueError, match="no task"):
        rank_scores("test-then-rank", [])
    with pytest.raises(ValueError, match="differ in their number"):
        rank_scores("average-rank", [pool(2)[0], pool(3)[0]])
    with pytest.raises(ValueError, match="no task, or they differ"):
        rank_as_challenger("rank-then-mean", [pool(2)[0], pool(3)[0]])
    with pytest.raises(ValueError, match="differ in their tasks"):
        place_against_pool("borda", pool(t=2), pool(t=3))


def test_a_table_of_means_is_not_enough_for_tests():
    with pytest.raises(ValueError, match="score of every split"):
        rank("test-then-rank", [[0.5], [0.6]])
    with pytest.raises(ValueError, match="score of every split"):
        rank_against_pool("test-then-rank", [[0.5], [0.6]], [[0.7]])
    assert [method for method in RankingMethod if method.needs_splits] == [
        RankingMethod.TEST_THEN_RANK
    ]


@pytest.mark.parametrize("method", RankingMethod)
def test_every_method_but_the_tests_can_be_ranked_from_a_table(method):
    if not method.needs_splits:
        table = score_table(method, pool())
        assert rank(method, table).ranks.tolist() == rank_scores(method, pool()).ranks.tolist()


@pytest.mark.parametrize("method", ChallengerMethod)
def test_challenger_s_methods_rank_who_lacks_a_task_last_and_the_others_as_without(method):
    tasks = pool(5)
    lacking = [
        TaskSplitScores(task.name, task.scores.copy(), test_to_train=0.25, group="a")
        for task in tasks
    ]
    lacking[1].scores[2, 3] = np.nan
    board = rank_as_challenger(method, lacking)
    assert board.complete.tolist() == [True, True, False, True, True]
    assert board.task_ranks[2, 1] == 5
    others = np.delete(tasks[1].scores, 2, axis=0)
    figures = case_figures(method, lacking[1].scores)
    assert np.isnan(figures[2])
    assert np.delete(figures, 2).tolist() == case_figures(method, others).tolist()


@pytest.mark.parametrize("method", ChallengerMethod)
def test_challenger_s_methods_take_a_single_submission_and_one_that_has_nothing(method):
    assert rank_as_challenger(method, pool(1)).ranks.tolist() == [1]
    nothing = TaskSplitScores("a", np.full((2, 3), np.nan), test_to_train=0.25, group="a")
    assert rank_as_challenger(method, [nothing]).ranks.tolist() == [1, 1]


def test_the_consensus_takes_the_weights_of_the_tasks():
    tasks = pool()
    board = rank_as_challenger("median-then-rank", tasks, weights=[1, 0, 0])
    assert board.ranks.tolist() == board.task_ranks[:, 0].tolist()
