"""Orders by methods that no phase may name: challengeR's own, and where others would be in them."""

import numpy as np
import pytest

from probeboard.ranking import (
    FURTHER,
    FurtherOrders,
    RankingMethod,
    TaskSplitScores,
    rank_as_challenger,
)


def pool(n: int = 6, *, t: int = 3, k: int = 5, seed: int = 0) -> list[TaskSplitScores]:
    """Scores of few decimals, so that ties are common; a few could not be made."""
    generator = np.random.default_rng(seed)
    own = generator.normal(0, 0.1, (n, 1))
    made = [np.round(0.5 + own + generator.normal(0, 0.1, (n, k)), 1) for _ in range(t)]
    made[0][n // 2] = np.nan
    return [
        TaskSplitScores(f"task {i}", one, test_to_train=0.25, group="a")
        for i, one in enumerate(made)
    ]


def test_they_are_challengers_and_none_that_a_phase_may_name() -> None:
    found = FurtherOrders(pool(), weights=[1, 2, 1]).rankings
    assert tuple(found) == FURTHER
    assert not set(FURTHER) & set(RankingMethod)
    for method, ranking in found.items():
        expected = rank_as_challenger(method, pool(), weights=[1, 2, 1])
        assert ranking.method == method
        assert ranking.ranks.tolist() == expected.ranks.tolist()
        assert ranking.aggregate.tolist() == expected.aggregate.tolist()


@pytest.mark.parametrize("seed", range(8))
def test_a_candidate_gets_the_rank_it_would_have_in_the_pool(seed: int) -> None:
    inside, outside = pool(7, seed=seed), pool(3, seed=seed + 100)
    found = FurtherOrders(inside, weights=[1, 2, 3]).place(outside)
    assert tuple(found) == FURTHER
    for row in range(3):
        joined = [
            TaskSplitScores(
                one.name, np.vstack([one.scores, other.scores[row]]), test_to_train=0.25, group="a"
            )
            for one, other in zip(inside, outside, strict=True)
        ]
        expected = FurtherOrders(joined, weights=[1, 2, 3]).rankings
        assert {method: int(ranks[row]) for method, ranks in found.items()} == {
            method: int(ranking.ranks[-1]) for method, ranking in expected.items()
        }


def test_nobody_is_placed_and_an_empty_pool_is_no_obstacle() -> None:
    nobody = [TaskSplitScores("a", np.zeros((0, 3)), test_to_train=0.25, group="a")]
    one = [TaskSplitScores("a", np.array([[0.1, 0.2, 0.3]]), test_to_train=0.25, group="a")]
    assert {len(ranks) for ranks in FurtherOrders(one).place(nobody).values()} == {0}
    assert {ranks.tolist()[0] for ranks in FurtherOrders(nobody).place(one).values()} == {1}
    assert {ranking.ranks.size for ranking in FurtherOrders(nobody).rankings.values()} == {0}


def test_a_single_split_has_no_other_orders() -> None:
    single = pool(k=1)
    assert FurtherOrders(single).rankings == {}
    assert FurtherOrders(single).place(single) == {}
