"""Ranks and differences from given draws: against ranking each draw by itself."""

import numpy as np
import pytest
from numpy.typing import NDArray

from probeboard.ranking import RankingMethod, TaskSplitScores, rank_scores
from probeboard.ranking.from_draws import compare_by_samples, intervals_by_samples
from probeboard.ranking.uncertainty import intervals

N, T, DRAWS = 7, 3, 60
OF_MEANS = ["average-rank", "mean-score", "borda", "copeland"]


def pool(n: int = N, *, k: int = 6, seed: int = 0) -> list[TaskSplitScores]:
    rng = np.random.default_rng(seed)
    scores = [rng.normal(rng.normal(0.6, 0.03, (n, 1)), 0.01, (n, k)) for _ in range(T)]
    return [TaskSplitScores(f"task {i}", one, 0.2, "") for i, one in enumerate(scores)]


def errors(n: int = N, *, n_draws: int = DRAWS, seed: int = 1) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 0.03, (n, n_draws)).astype(np.float32) for _ in range(T)]


def one_by_one(
    method: str, tasks: list[TaskSplitScores], drawn: list[NDArray[np.float32]]
) -> object:
    """Move all splits of each task by its draw, and rank by the method itself."""
    ranks = []
    for number in range(DRAWS):
        moved = [
            TaskSplitScores(
                task.name,
                task.scores + (one[:, number].astype(float))[:, np.newaxis],
                task.test_to_train,
                task.group,
            )
            for task, one in zip(tasks, drawn, strict=True)
        ]
        ranks.append(rank_scores(method, moved, weights=weights_for(method)).ranks)
    full = rank_scores(method, tasks, weights=weights_for(method)).ranks
    return intervals(full, np.array(ranks, dtype=np.int32), level=0.95).tolist()


def weights_for(method: str) -> list[float] | None:
    return None if method == "neuco" else [2.0, 1.0, 1.0]


@pytest.mark.parametrize("method", [str(one) for one in RankingMethod])
def test_intervals_are_those_of_ranking_every_draw(method: str) -> None:
    tasks, drawn = pool(), errors()
    weights = weights_for(method)
    ranking = rank_scores(method, tasks, weights=weights)
    found = intervals_by_samples(ranking, tasks, drawn, weights=weights)
    assert found.tolist() == one_by_one(method, tasks, drawn)
    assert (found[:, 0] < found[:, 1]).any()


@pytest.mark.parametrize("method", OF_MEANS)
def test_one_split_is_enough(method: str) -> None:
    tasks = pool(k=1)
    found = intervals_by_samples(rank_scores(method, tasks), tasks, errors())
    ranks = rank_scores(method, tasks).ranks
    assert ((found[:, 0] <= ranks) & (ranks <= found[:, 1])).all()


def test_what_all_share_moves_no_rank() -> None:
    tasks = pool()
    shared = [np.tile(one[:1], (N, 1)) for one in errors()]
    ranking = rank_scores("mean-score", tasks)
    found = intervals_by_samples(ranking, tasks, shared)
    assert found.tolist() == [[rank, rank] for rank in ranking.ranks.tolist()]


def test_twins_stay_tied_whatever_single_precision_leaves() -> None:
    tasks = pool()
    twins = [
        TaskSplitScores(one.name, np.concatenate([one.scores, one.scores]), 0.2, "")
        for one in tasks
    ]
    drawn = [np.concatenate([one, one * np.float32(1.000001)]) for one in errors()]
    found = intervals_by_samples(rank_scores("average-rank", twins), twins, drawn)
    assert found[:N].tolist() == found[N:].tolist()


def test_equal_scores_by_chance_are_no_twins() -> None:
    tasks = pool(2)
    even = [TaskSplitScores(one.name, np.tile(one.scores[:1], (3, 1)), 0.2, "") for one in tasks]
    found = intervals_by_samples(rank_scores("average-rank", even), even, errors(3))
    assert found.tolist() == [[1, 3]] * 3


def test_the_order_of_entries_does_not_matter() -> None:
    tasks, drawn = pool(), errors()
    order = np.random.default_rng(3).permutation(N)
    turned = [TaskSplitScores(one.name, one.scores[order], 0.2, "") for one in tasks]
    found = intervals_by_samples(rank_scores("mean-q", tasks), tasks, drawn)
    again = intervals_by_samples(
        rank_scores("mean-q", turned), turned, [one[order] for one in drawn]
    )
    assert again.tolist() == found[order].tolist()


@pytest.mark.parametrize(
    "drawn", [errors()[:2], errors(N - 1), [*errors()[:2], errors(n_draws=5)[0]]]
)
def test_draws_must_be_of_every_submission_and_task(drawn: list[NDArray[np.float32]]) -> None:
    tasks = pool()
    with pytest.raises(ValueError, match="need deviations of each"):
        intervals_by_samples(rank_scores("mean-score", tasks), tasks, drawn)


def test_a_difference_is_that_of_weighted_means_and_its_draws() -> None:
    tasks, drawn = pool(), errors(n_draws=4000)
    found = compare_by_samples(tasks, drawn, 2, 4, weights=[2.0, 1.0, 1.0])
    shares = np.array([0.5, 0.25, 0.25])
    means = np.array([one.means[2] - one.means[4] for one in tasks])
    moved = np.array([one[2].astype(float) - one[4] for one in drawn])
    assert found.overall.difference == pytest.approx(shares @ means)
    low, high = np.quantile(shares @ (means[:, np.newaxis] + moved), [0.025, 0.975])
    assert (found.overall.low, found.overall.high) == pytest.approx((low, high), abs=1e-8)
    assert found.tasks[1].p_better == np.mean(means[1] + moved[1] > 0)
    same = compare_by_samples(tasks, drawn, 3, 3).overall
    assert (same.low, same.high, same.p_better) == (0.0, 0.0, 0.5)


def test_a_task_without_draws_leaves_its_own_and_the_overall_interval_open() -> None:
    tasks, drawn = pool(), errors()
    drawn[1][:] = np.nan
    found = compare_by_samples(tasks, drawn, 0, 1)
    for one in (found.tasks[1], found.overall):
        assert one.difference is not None
        assert (one.low, one.high, one.p_better) == (None, None, None)
    assert found.tasks[0].low is not None
    unweighted = compare_by_samples(tasks, drawn, 0, 1, weights=[1.0, 0.0, 1.0])
    assert unweighted.overall.low is not None
