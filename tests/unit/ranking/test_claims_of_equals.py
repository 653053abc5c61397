"""Entries that are truly equal are claimed to differ in about 5 % of data sets, not in 40 %.

Data sets are simulated by fixed seeds, so every share below is a fixed number; a share p of m
data sets is known to about 2 √(p (1 - p) / m).
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from probeboard.ranking.comparison import compare
from probeboard.ranking.rank_sets import significantly_better
from probeboard.ranking.scored import rank_scores
from probeboard.ranking.split_scores import TaskSplitScores

SPLITS = 40
DATA_SETS = 800


def equally_correlated(
    rng: np.random.Generator, shape: tuple[int, int], *, ratio: float
) -> NDArray[np.float64]:
    """Scores with the covariance Nadeau and Bengio assume, and a difficulty of each split."""
    share = ratio / (1 + ratio)
    common, own = rng.standard_normal((*shape, 1)), rng.standard_normal((*shape, SPLITS))
    difficulty = 2 * rng.standard_normal((1, shape[1], SPLITS))
    return np.sqrt(share) * common + np.sqrt(1 - share) * own + difficulty


def shuffle_split(
    rng: np.random.Generator, shape: tuple[int, int], *, ratio: float, samples: int = 150
) -> NDArray[np.float64]:
    """R² of least squares on features that are equally good, over real random splits."""
    n_test = round(samples * ratio / (1 + ratio))
    order = np.argsort(rng.random((SPLITS, samples)), axis=1)
    test = order[:, :n_test]
    trains = np.ones((SPLITS, samples))
    np.put_along_axis(trains, test, 0.0, axis=1)
    scores = np.empty((*shape, SPLITS))
    for task in range(shape[1]):
        y = rng.standard_normal(samples)
        held = y[test]
        spread = np.square(held - held.mean(axis=1, keepdims=True)).sum(axis=1)
        for entry in range(shape[0]):
            X = 0.5 * y[:, None] + rng.standard_normal((samples, 3))
            X = np.column_stack([X, np.ones(samples)])
            gram = (trains @ (X[:, :, None] * X[:, None, :]).reshape(samples, -1)).reshape(-1, 4, 4)
            weights = np.linalg.solve(gram, (trains @ (X * y[:, None]))[:, :, None])[:, :, 0]
            missed = held - np.take_along_axis(weights @ X.T, test, axis=1)
            scores[entry, task] = 1 - np.square(missed).sum(axis=1) / spread
    return scores


def tasks_of(scores: NDArray[np.float64], *, ratio: float) -> list[TaskSplitScores]:
    """Tasks in units that differ by a factor of up to 25, as R² and errors in metres do."""
    units = np.geomspace(0.2, 5.0, scores.shape[1])
    return [
        TaskSplitScores(f"task {i}", scores[:, i] * unit, test_to_train=ratio, group="sites")
        for i, unit in enumerate(units)
    ]


def share_of_false_claims(
    method: str, data_sets: list[list[TaskSplitScores]], equals: int
) -> float:
    """In how many data sets one of the first entries, all equal, is claimed to be better."""
    claims = 0
    for number, tasks in enumerate(data_sets):
        better = significantly_better(
            rank_scores(method, tasks), tasks, seed=f"{number}", n_draws=299
        )
        claims += bool(better[:equals, :equals].any())
    return claims / len(data_sets)


@pytest.mark.parametrize("method", ["average-rank", "mean-score"])
@pytest.mark.parametrize(("entries", "n_tasks"), [(3, 1), (10, 3), (30, 1)])
def test_of_equals_in_a_pool_of_equals(method: str, entries: int, n_tasks: int) -> None:
    rng = np.random.default_rng(11)
    shape = (entries, n_tasks)
    data_sets = [
        tasks_of(equally_correlated(rng, shape, ratio=0.25), ratio=0.25) for _ in range(DATA_SETS)
    ]
    assert 0.02 <= share_of_false_claims(method, data_sets, entries) <= 0.08


@pytest.mark.parametrize("method", ["average-rank", "mean-score"])
def test_of_equals_behind_others_that_are_better(method: str) -> None:
    rng = np.random.default_rng(12)
    ahead = np.zeros((8, 1, 1))
    ahead[5:] = 2.0
    data_sets = [
        tasks_of(equally_correlated(rng, (8, 3), ratio=0.25) + ahead, ratio=0.25)
        for _ in range(DATA_SETS)
    ]
    assert 0.02 <= share_of_false_claims(method, data_sets, equals=5) <= 0.08


@pytest.mark.parametrize("method", ["average-rank", "mean-score", "mean-q", "neuco"])
def test_of_equals_probed_on_real_random_splits(method: str) -> None:
    rng = np.random.default_rng(13)
    data_sets = [
        tasks_of(shuffle_split(rng, (3, 1), ratio=0.25), ratio=0.25) for _ in range(DATA_SETS)
    ]
    assert 0.02 <= share_of_false_claims(method, data_sets, equals=3) <= 0.08


@pytest.mark.parametrize("ratio", [1 / 9, 0.25])
def test_naive_tests_of_two_equals_claim_far_more(ratio: float) -> None:
    rng = np.random.default_rng(14)
    t_test, wilcoxon, bootstrap, ours = 0, 0, 0, 0
    for _ in range(DATA_SETS):
        a, b = scores = equally_correlated(rng, (2, 1), ratio=ratio)[:, 0]
        t_test += stats.ttest_rel(a, b).pvalue < 0.05
        wilcoxon += stats.wilcoxon(a, b).pvalue < 0.05
        resampled = (a - b)[rng.integers(0, SPLITS, (400, SPLITS))].mean(axis=1)
        low, high = np.quantile(resampled, [0.025, 0.975])
        bootstrap += not low <= 0.0 <= high
        task = TaskSplitScores("a", scores, test_to_train=ratio, group="sites")
        found = compare([task], 0, 1, seed="phase", n_draws=1000).overall
        assert found.low is not None
        assert found.high is not None
        ours += not found.low <= 0.0 <= found.high
    for naive in (t_test, wilcoxon, bootstrap):
        assert 0.3 <= naive / DATA_SETS <= 0.6
    assert 0.02 <= ours / DATA_SETS <= 0.08
