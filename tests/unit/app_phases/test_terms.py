"""What holds for a team: the phase's close and limits, or what the team has beyond them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.models import Phase
from app.phases.clock import PhaseState, state_of
from app.phases.terms import Exceptions, Terms, own_exceptions, terms_of
from app.policy import ANYBODY

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
PHASE = Phase(
    opens_at=NOON - HOUR, closes_at=NOON, quota_per_day=3, quota_total=10, quota_in_flight=2
)


def test_nobodys_team_has_what_all_have() -> None:
    expected = Terms(closes_at=NOON, per_day=3, total=10, in_flight=2)
    assert terms_of(Session(), PHASE, None) == Terms.of(PHASE) == expected
    assert own_exceptions(Session(), ANYBODY, []) == {}


@pytest.mark.parametrize(("own", "expected"), [(-1, 0), (0, 0), (2, 2), (None, 0)])
def test_of_two_closes_the_later_one_holds(own: int | None, expected: int) -> None:
    granted = Exceptions(None if own is None else NOON + own * HOUR)
    assert Terms.of(PHASE, granted).closes_at == NOON + expected * HOUR


@given(st.integers(0, 1000))
def test_more_submissions_are_in_both_limits_and_not_in_flight(extra: int) -> None:
    terms = Terms.of(PHASE, Exceptions(extra_submissions=extra))
    assert (terms.per_day, terms.total, terms.in_flight) == (3 + extra, 10 + extra, 2)
    assert terms.extra_submissions == extra


def test_a_phase_that_has_closed_for_all_is_open_for_who_has_more_time() -> None:
    assert state_of(PHASE, NOON) is PhaseState.CLOSED
    assert state_of(PHASE, NOON, closes_at=NOON + HOUR) is PhaseState.OPEN
    assert state_of(PHASE, NOON + HOUR, closes_at=NOON + HOUR) is PhaseState.CLOSED
    assert state_of(PHASE, NOON - 2 * HOUR, closes_at=NOON + HOUR) is PhaseState.UPCOMING
