"""Which submission counts: by rule, by score, and never by the order in which rows are read."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models import Selection, Status
from app.submissions.selection import (
    Candidate,
    Standing,
    counting,
    selection_score,
    standings,
)
from probeboard.ranking import RankingMethod

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEAM = UUID(int=1)


def candidate(
    number: int,
    *,
    score: float | None = 0.5,
    status: Status = Status.SCORED,
    team: UUID | None = TEAM,
    public: bool = True,
    minute: int | None = None,
) -> Candidate:
    return Candidate(
        submission_id=UUID(int=100 + number),
        participation_id=team,
        status=status,
        public=public,
        received_at=NOON + timedelta(minutes=number if minute is None else minute),
        queue_number=number,
        score=score,
    )


def test_best_takes_the_highest_score_and_the_earliest_of_equals() -> None:
    mine = [candidate(1, score=0.4), candidate(2, score=0.9), candidate(3, score=0.9)]
    for order in permutations(mine):
        assert counting(order, Selection.BEST) == {TEAM: UUID(int=102)}


def test_last_takes_the_latest_handed_in_whatever_its_score() -> None:
    mine = [candidate(1, score=0.9), candidate(2, score=-3.0), candidate(3, minute=0)]
    for order in permutations(mine):
        assert counting(order, Selection.LAST) == {TEAM: UUID(int=102)}


def test_the_order_of_arrival_decides_between_equal_instants() -> None:
    twins = [candidate(1, minute=0), candidate(2, minute=0)]
    for order in permutations(twins):
        assert counting(order, Selection.BEST) == {TEAM: UUID(int=101)}
        assert counting(order, Selection.LAST) == {TEAM: UUID(int=102)}


@pytest.mark.parametrize("rule", Selection)
def test_each_submission_is_told_whether_it_counts_and_why(rule: Selection) -> None:
    mine = [
        candidate(1, score=0.9),
        candidate(2, score=0.1),
        candidate(3, status=Status.QUEUED, score=None),
        candidate(4, status=Status.RUNNING, score=None),
        candidate(5, status=Status.FAILED, score=None),
        candidate(6, status=Status.REJECTED, score=None),
        candidate(7, status=Status.WITHDRAWN, score=None),
        candidate(8, public=False, score=1.0),
        candidate(9, team=None, score=1.0),
        candidate(10, score=None),
    ]
    told = {one.int - 100: standing for one, standing in standings(mine, rule).items()}
    best = rule is Selection.BEST
    other = Standing.ANOTHER_IS_BETTER if best else Standing.ANOTHER_IS_LATER
    assert told == {
        1: Standing.COUNTS if best else other,
        2: other if best else Standing.COUNTS,
        3: Standing.NOT_SCORED_YET,
        4: Standing.NOT_SCORED_YET,
        5: Standing.NOT_SCORED,
        6: Standing.NOT_SCORED,
        7: Standing.NOT_SCORED,
        8: Standing.NOT_PUBLIC,
        9: Standing.BASELINE,
        10: other,
    }


candidates = st.lists(
    st.builds(
        candidate,
        st.integers(1, 10**6),
        score=st.floats(-1, 1),
        status=st.sampled_from(Status),
        team=st.sampled_from([None, UUID(int=1), UUID(int=2), UUID(int=3)]),
        public=st.booleans(),
        minute=st.integers(0, 5),
    ),
    unique_by=lambda one: one.queue_number,
    max_size=12,
)


@given(candidates, st.sampled_from(Selection), st.randoms())
def test_one_submission_of_each_team_counts_in_any_order(
    some: list[Candidate], rule: Selection, random: Random
) -> None:
    chosen = counting(some, rule)
    able = {
        one.participation_id
        for one in some
        if one.participation_id and one.public and one.status is Status.SCORED
    }
    assert set(chosen) == able
    assert len(set(chosen.values())) == len(able)
    shuffled = list(some)
    random.shuffle(shuffled)
    assert counting(shuffled, rule) == chosen
    told = standings(some, rule)
    assert {key for key, standing in told.items() if standing is Standing.COUNTS} == set(
        chosen.values()
    )


def test_best_means_the_score_that_the_board_ranks_by() -> None:
    assert {method: selection_score(method) for method in RankingMethod} == {
        RankingMethod.AVERAGE_RANK: "mean score",
        RankingMethod.NEUCO: "mean Q",
        RankingMethod.MEAN_SCORE: "mean score",
        RankingMethod.MEAN_Q: "mean Q",
        RankingMethod.TEST_THEN_RANK: "mean score",
        RankingMethod.BORDA: "mean score",
        RankingMethod.COPELAND: "mean score",
    }
