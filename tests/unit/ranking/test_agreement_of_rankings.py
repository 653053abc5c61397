"""Kendall's tau-b, symmetric differences and clusters, held to SciPy and to counting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from probeboard.ranking import agreement, kendall_tau_b, symmetric_difference, task_clusters
from probeboard.ranking.agreement import merges

STEADY = settings(derandomize=True, max_examples=40, deadline=None)


def rankings() -> st.SearchStrategy[np.ndarray]:
    """Rankings of shape (n, m), with ties."""

    def of(n: int, m: int, steps: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).integers(0, steps, (n, m), endpoint=True)

    return st.builds(
        of, st.integers(2, 9), st.integers(1, 5), st.sampled_from([1, 3, 20]), st.integers(0, 10**6)
    )


@given(places=rankings())
@STEADY
def test_tau_b_is_scipy_s(places):
    tau = kendall_tau_b(places)
    m = places.shape[1]
    assert tau.shape == (m, m)
    for i in range(m):
        for j in range(m):
            known = stats.kendalltau(places[:, i], places[:, j]).statistic
            np.testing.assert_allclose(tau[i, j], known, atol=1e-12)


@given(places=rankings())
@STEADY
def test_symmetric_differences_are_those_of_the_two_sets_of_ordered_pairs(places):
    def pairs(ranking: np.ndarray) -> set[tuple[int, int]]:
        n = len(ranking)
        return {(i, j) for i in range(n) for j in range(n) if i != j and ranking[i] <= ranking[j]}

    sets = [pairs(column) for column in places.T]
    assert symmetric_difference(places).tolist() == [[len(a ^ b) for b in sets] for a in sets]


@given(places=rankings(), seed=st.integers(0, 99))
@STEADY
def test_who_is_compared_in_which_order_changes_nothing(places, seed):
    shuffled = np.random.default_rng(seed).permutation(places)
    np.testing.assert_array_equal(kendall_tau_b(shuffled), kendall_tau_b(places))
    np.testing.assert_array_equal(symmetric_difference(shuffled), symmetric_difference(places))


def test_a_large_board_taken_in_parts_gives_the_same(monkeypatch):
    places = np.random.default_rng(1).integers(0, 50, (120, 4))
    whole = kendall_tau_b(places), symmetric_difference(places)
    monkeypatch.setattr(agreement, "_HELD", 1000)
    np.testing.assert_array_equal(kendall_tau_b(places), whole[0])
    np.testing.assert_array_equal(symmetric_difference(places), whole[1])


@pytest.mark.parametrize("n", [0, 1])
def test_rankings_of_nobody_or_one_agree_in_nothing_and_differ_in_nothing(n):
    assert np.isnan(kendall_tau_b(np.ones((n, 2)))).all()
    assert symmetric_difference(np.ones((n, 2))).tolist() == [[0, 0], [0, 0]]
    assert task_clusters(["a", "b"], np.ones((n, 2))) == [[0, 1]]


@pytest.mark.parametrize("bad", [[1.0, 2.0], [[1.0, np.nan]]])
def test_what_is_no_table_of_ranks_is_refused(bad):
    for measure in (kendall_tau_b, symmetric_difference):
        with pytest.raises(ValueError, match="NaN"):
            measure(bad)


@pytest.mark.parametrize("linkage", ["complete", "average"])
def test_without_ties_the_merges_are_scipy_s(linkage):
    generator = np.random.default_rng(3)
    between = squareform(generator.permutation(45) + 1.0)
    known = hierarchy.linkage(squareform(between), linkage)[:, 2]
    heights = [height for _, _, height in merges(between, linkage=linkage)]
    np.testing.assert_allclose(heights, known)


def test_a_cluster_holds_tasks_that_order_three_quarters_of_the_pairs_alike():
    up, down = np.arange(9.0), np.arange(9.0)[::-1]
    nearly = np.array([1, 0, 2, 3, 4, 5, 6, 7, 8.0])  # a pair in reverse: 2 of 72
    tied = np.zeros(9)  # 36 of 72 from every strict order
    names = ["slope", "noise", "snow", "heat", "flat"]
    table = np.column_stack([up, down, nearly, up, tied])
    assert task_clusters(names, table) == [[0, 2, 3], [1], [4]]
    assert task_clusters(names, table, alike=1.0) == [[0, 3], [1], [2], [4]]
    assert task_clusters(names, table, alike=0.0) == [[0, 1, 2, 3, 4]]


@given(places=rankings(), seed=st.integers(0, 99))
@STEADY
def test_the_order_of_the_tasks_changes_no_cluster(places, seed):
    names = [f"task {number}" for number in range(places.shape[1])]
    order = np.random.default_rng(seed).permutation(len(names))

    def named(tasks: list[str], table: np.ndarray) -> set[frozenset[str]]:
        return {frozenset(tasks[i] for i in one) for one in task_clusters(tasks, table)}

    shuffled = [names[i] for i in order]
    assert named(shuffled, places[:, order]) == named(names, places)


@given(places=rankings())
@STEADY
def test_any_two_tasks_of_a_cluster_differ_in_at_most_a_quarter_of_the_pairs(places):
    n = len(places)
    between = symmetric_difference(places)
    clusters = task_clusters([f"{number:02}" for number in range(places.shape[1])], places)
    assert sorted(task for one in clusters for task in one) == list(range(places.shape[1]))
    assert [len(one) for one in clusters] == sorted(map(len, clusters), reverse=True)
    for one in clusters:
        assert between[np.ix_(one, one)].max() <= n * (n - 1) / 4


def test_tasks_without_a_name_each_are_refused():
    with pytest.raises(ValueError, match="2 tasks need as many names, not 1"):
        task_clusters(["slope"], [[1, 2], [2, 1]])
