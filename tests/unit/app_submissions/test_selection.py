"""Which submission counts: by rule, by score, and never by the order in which rows are read."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models import SelectBy, Selection, Status
from app.submissions.selection import (
    Candidate,
    Standing,
    best_score,
    counting,
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
    selected: int | None = None,
) -> Candidate:
    return Candidate(
        submission_id=UUID(int=100 + number),
        participation_id=team,
        status=status,
        public=public,
        received_at=NOON + timedelta(minutes=number if minute is None else minute),
        queue_number=number,
        score=score,
        selected_at=None if selected is None else NOON + timedelta(hours=1, minutes=selected),
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
    best = rule is not Selection.LAST
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


def counted(mine: list[Candidate], limit: int | None = 5) -> int:
    return counting(mine, Selection.SELECTED, limit=limit)[TEAM].int - 100


def told(mine: list[Candidate], limit: int | None = 5) -> dict[int, Standing]:
    standing = standings(mine, Selection.SELECTED, limit=limit)
    return {one.int - 100: why for one, why in standing.items()}


def test_of_those_a_team_selected_the_best_counts() -> None:
    mine = [
        candidate(1, score=0.9),
        candidate(2, score=0.5, selected=1),
        candidate(3, score=0.7, selected=0),
        candidate(4, score=0.7, selected=2),
    ]
    for order in permutations(mine):
        assert counted(list(order)) == 3
    assert told(mine) == {
        1: Standing.NOT_SELECTED,
        2: Standing.ANOTHER_IS_BETTER,
        3: Standing.COUNTS,
        4: Standing.ANOTHER_IS_BETTER,
    }


@pytest.mark.parametrize(
    "useless",
    [
        {"status": Status.QUEUED, "score": None},
        {"status": Status.FAILED, "score": None},
        {"status": Status.WITHDRAWN, "score": None},
        {"public": False},
    ],
)
def test_where_nothing_selected_can_count_the_best_of_all_does(useless: dict[str, Any]) -> None:
    mine = [candidate(1, score=0.4), candidate(2, score=0.6), candidate(3, selected=1, **useless)]
    assert counted(mine) == 2
    assert told(mine)[1] is Standing.ANOTHER_IS_BETTER
    assert told(mine)[3] not in (Standing.COUNTS, Standing.NOT_SELECTED)
    assert counted(mine[:2]) == 2


def test_of_more_than_a_lowered_limit_the_last_selected_can_count() -> None:
    mine = [candidate(number, score=1 / number, selected=number) for number in (1, 2, 3)]
    assert [counted(mine, limit) for limit in (None, 3, 2, 1)] == [1, 1, 2, 3]
    assert told(mine, 2)[1] is Standing.NOT_SELECTED
    # One that waits takes a place; one that failed takes none.
    waiting = candidate(4, status=Status.QUEUED, score=None, selected=9)
    assert counted([*mine, waiting], 2) == 3
    failed = candidate(5, status=Status.FAILED, score=None, selected=10)
    assert counted([*mine, failed], 2) == 2


@pytest.mark.parametrize("rule", [Selection.BEST, Selection.LAST])
def test_other_rules_know_no_selection(rule: Selection) -> None:
    mine = [candidate(1, score=0.4, selected=1), candidate(2, score=0.6)]
    assert counting(mine, rule, limit=1) == {TEAM: UUID(int=102)}


candidates = st.lists(
    st.builds(
        candidate,
        st.integers(1, 10**6),
        score=st.floats(-1, 1),
        status=st.sampled_from(Status),
        team=st.sampled_from([None, UUID(int=1), UUID(int=2), UUID(int=3)]),
        public=st.booleans(),
        minute=st.integers(0, 5),
        selected=st.none() | st.integers(0, 5),
    ),
    unique_by=lambda one: one.queue_number,
    max_size=12,
)


@given(candidates, st.sampled_from(Selection), st.none() | st.integers(1, 3), st.randoms())
def test_one_submission_of_each_team_counts_in_any_order(
    some: list[Candidate], rule: Selection, limit: int | None, random: Random
) -> None:
    chosen = counting(some, rule, limit=limit)
    able = {
        one.participation_id
        for one in some
        if one.participation_id and one.public and one.status is Status.SCORED
    }
    assert set(chosen) == able
    assert len(set(chosen.values())) == len(able)
    shuffled = list(some)
    random.shuffle(shuffled)
    assert counting(shuffled, rule, limit=limit) == chosen
    told = standings(some, rule, limit=limit)
    assert {key for key, standing in told.items() if standing is Standing.COUNTS} == set(
        chosen.values()
    )


def test_best_means_what_the_phase_says_or_the_score_that_the_board_ranks_by() -> None:
    of_q = {RankingMethod.NEUCO, RankingMethod.MEAN_Q}
    for method in RankingMethod:
        own = SelectBy.MEAN_Q if method in of_q else SelectBy.MEAN_SCORE
        assert best_score(method) is own
        assert {best_score(method, by) for by in SelectBy} == set(SelectBy)
