"""A ranking policy: the same in a row, in a document and in its digest; and held to sense."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.models import Phase, SelectBy, Selection, TieBreak, WinRateAgainst
from app.phases.ranking_policy import RankingPolicy
from probeboard.ranking import RankingMethod

OPENING = datetime(2026, 3, 1, tzinfo=UTC)
DEFAULT = RankingPolicy(
    method=RankingMethod.AVERAGE_RANK,
    floor=0.0,
    weights_frozen_at=None,
    tie_break=TieBreak.NONE,
    win_rate_against=WinRateAgainst.POOL,
    selection=Selection.BEST,
    selection_limit=None,
    select_by=None,
    decimals=4,
    board_frozen_at=None,
)
NEUCO = replace(
    DEFAULT,
    method=RankingMethod.NEUCO,
    floor=-1.0,
    weights_frozen_at=OPENING + timedelta(days=3, microseconds=7),
)
SELECTED = replace(DEFAULT, selection=Selection.SELECTED, selection_limit=2)
instants = st.none() | st.datetimes(
    datetime(1990, 1, 1), datetime(2090, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))]),
)  # fmt: skip
policies = st.builds(
    RankingPolicy,
    method=st.sampled_from(RankingMethod),
    floor=st.none() | st.floats(-1e9, 100),
    weights_frozen_at=instants,
    tie_break=st.sampled_from(TieBreak),
    win_rate_against=st.sampled_from(WinRateAgainst),
    selection=st.sampled_from(Selection),
    selection_limit=st.none() | st.integers(1, 20),
    select_by=st.none() | st.sampled_from(SelectBy),
    decimals=st.integers(0, 9),
    board_frozen_at=instants,
    board_visible=st.booleans(),
)


@given(policies)
def test_a_policy_comes_back_from_its_document_and_from_a_row(policy: RankingPolicy) -> None:
    back = RankingPolicy.from_document(policy.to_document())
    assert back == policy
    assert back.digest == policy.digest
    phase = Phase()
    policy.write_to(phase)
    assert RankingPolicy.of(phase) == policy


@given(policies, policies)
def test_digests_are_equal_where_policies_are(one: RankingPolicy, other: RankingPolicy) -> None:
    assert (one.digest == other.digest) == (one == other)
    assert (one.differences(other) == []) == (one == other)
    assert one.changed(vars(other)) == other


def test_a_document_is_plain_json() -> None:
    assert NEUCO.to_document() == {
        "method": "neuco",
        "floor": -1.0,
        "weights_frozen_at": "2026-03-04T00:00:00.000007+00:00",
        "tie_break": "none",
        "win_rate_against": "pool",
        "selection": "best",
        "selection_limit": None,
        "select_by": None,
        "decimals": 4,
        "board_frozen_at": None,
        "board_visible": True,
    }
    assert {type(value) for value in NEUCO.to_document().values()} <= {
        str, float, int, bool, type(None)
    }  # fmt: skip


def test_a_document_of_old_tells_nothing_of_a_hidden_board() -> None:
    document = replace(NEUCO, board_visible=False).to_document()
    del document["board_visible"]
    assert RankingPolicy.from_document(document) == NEUCO


def test_weights_come_from_the_phase_the_pool_or_the_pool_of_an_instant() -> None:
    pool = replace(NEUCO, weights_frozen_at=None)
    assert [one.weights for one in (DEFAULT, pool, NEUCO)] == ["announced", "pool", "frozen"]


def test_what_belongs_to_a_rule_goes_with_it() -> None:
    other = NEUCO.changed({"method": RankingMethod.MEAN_Q})
    assert (other.floor, other.weights_frozen_at) == (0.0, None)
    assert NEUCO.changed({"decimals": 2}) == replace(NEUCO, decimals=2)
    assert SELECTED.changed({"selection": Selection.LAST}).selection_limit is None
    assert SELECTED.changed({"selection_limit": 5}) == replace(SELECTED, selection_limit=5)
    by_q = replace(DEFAULT, select_by=SelectBy.MEAN_Q)
    changed = by_q.changed({"selection": Selection.SELECTED, "selection_limit": 1})
    assert (changed.select_by, changed.selection_limit) == (None, 1)
    # What is asked for stands, also where it makes no sense.
    assert NEUCO.changed({"method": RankingMethod.BORDA, "floor": -3.0}).floor == -3.0


@pytest.mark.parametrize(
    ("policy", "changes", "expected"),
    [
        (DEFAULT, {}, set()),
        (NEUCO, {}, set()),
        (NEUCO, {"floor": None}, set()),
        (SELECTED, {}, set()),
        (DEFAULT, {"select_by": SelectBy.MEAN_Q}, set()),
        (DEFAULT, {"floor": -1.0}, {("floor_without_neuco", "floor")}),
        (DEFAULT, {"floor": None}, {("floor_without_neuco", "floor")}),
        (
            DEFAULT,
            {"weights_frozen_at": OPENING + timedelta(1)},
            {("frozen_without_neuco", "weights_frozen_at")},
        ),
        (NEUCO, {"weights_frozen_at": OPENING}, {("frozen_before_open", "weights_frozen_at")}),
        (DEFAULT, {"selection": Selection.SELECTED}, {("limit_missing", "selection_limit")}),
        (DEFAULT, {"selection_limit": 2}, {("limit_without_selected", "selection_limit")}),
        (
            SELECTED,
            {"selection": Selection.LAST, "select_by": SelectBy.MEAN_SCORE},
            {("limit_without_selected", "selection_limit"), ("by_without_best", "select_by")},
        ),
    ],
)
def test_contradictions_are_told_by_code_and_field(
    policy: RankingPolicy, changes: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    found = replace(policy, **changes).contradictions(opens_at=OPENING)
    assert {(one.code, one.field) for one in found} == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"method": RankingMethod.MEAN_Q}, [("q_of_one_split", "method")]),
        ({"method": RankingMethod.NEUCO}, [("q_of_one_split", "method")]),
        ({"method": RankingMethod.TEST_THEN_RANK}, [("test_of_one_split", "method")]),
        ({"select_by": SelectBy.MEAN_Q}, [("q_of_one_split", "select_by")]),
    ],
)
def test_a_single_split_has_no_spread_to_rank_or_choose_by(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    found = list(replace(DEFAULT, **changes).asks_for_spread("wet"))
    assert [(one.code, one.field) for one in found] == expected
    assert all("“wet” has one" in one.detail for one in found)
