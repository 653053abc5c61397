"""When a board that was asked for is ranked: the rule as a pure function."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.due import is_due

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAUSE = timedelta(seconds=10)


@pytest.mark.parametrize(
    ("is_busy", "seconds_ago", "due"),
    [
        (False, None, True),
        (False, 0.0, True),
        (True, None, True),
        (True, 0.0, False),
        (True, 9.999, False),
        (True, 10.0, True),
        (True, 3600.0, True),
    ],
)
def test_a_board_waits_for_a_burst_to_end_but_never_longer_than_a_pause(
    is_busy: bool, seconds_ago: float | None, due: bool
) -> None:
    ranked_at = None if seconds_ago is None else NOW - timedelta(seconds=seconds_ago)
    assert is_due(is_busy=is_busy, ranked_at=ranked_at, now=NOW, pause=PAUSE) == due


@given(st.lists(st.floats(0, 60), min_size=1, max_size=200))
def test_a_burst_makes_a_board_at_its_start_at_its_end_and_one_for_each_pause_between(
    ends: list[float],
) -> None:
    ends.sort()
    begun: list[float] = []
    for number, end in enumerate(ends):
        busy = number + 1 < len(ends)
        last = NOW + timedelta(seconds=begun[-1]) if begun else None
        if is_due(is_busy=busy, ranked_at=last, now=NOW + timedelta(seconds=end), pause=PAUSE):
            begun.append(end)
    assert begun[-1] == ends[-1]  # nothing is left unranked
    assert len(begun) <= 2 + int((ends[-1] - ends[0]) / PAUSE.total_seconds())


def test_without_a_pause_every_request_is_served_at_once() -> None:
    assert is_due(is_busy=True, ranked_at=NOW, now=NOW, pause=timedelta(0))
