"""Quotas as pure functions of what was used and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QuotaExceeded
from app.phases.terms import Terms
from app.submissions.quota import DAY, Use, require_room, resets_at

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


TERMS = Terms(closes_at=NOON + DAY, per_day=3, total=10, in_flight=2)


def test_below_every_limit_there_is_room() -> None:
    require_room(TERMS, Use(today=(NOON, NOON), total=9, in_flight=1))


@pytest.mark.parametrize(
    ("use", "window", "limit"),
    [
        (Use((), 10, 0), "phase", 10),
        (Use((NOON,) * 3, 3, 0), "24 h", 3),
        (Use((), 2, 2), "in flight", 2),
        (Use((NOON,) * 5, 10, 5), "phase", 10),
    ],
)
def test_a_limit_that_is_reached_is_named(use: Use, window: str, limit: int) -> None:
    with pytest.raises(QuotaExceeded) as refused:
        require_room(TERMS, use)
    assert (refused.value.window, refused.value.limit) == (window, limit)


@given(st.lists(st.integers(0, 86_399), min_size=1, max_size=20), st.integers(1, 20))
def test_at_the_announced_instant_and_not_before_one_more_fits(
    seconds: list[int], limit: int
) -> None:
    today = sorted(NOON - timedelta(seconds=one) for one in seconds)
    if len(today) < limit:
        return
    relief = resets_at(today, limit)

    def used(now: datetime) -> int:
        return sum(one > now - DAY for one in today)

    assert used(relief) < limit
    assert used(relief - timedelta(microseconds=1)) >= limit
