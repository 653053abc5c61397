"""A clock that several processes follow, for rehearsals."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import clock

MARCH = datetime(2025, 3, 10, 12, tzinfo=UTC)
A_WHILE = timedelta(seconds=30)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "clock"
    clock.follow(None)


def test_time_goes_on_from_where_the_clock_was_set(file: Path) -> None:
    clock.set_clock(file, MARCH)
    clock.follow(file)
    first = clock.utc_now()
    assert MARCH <= first < MARCH + A_WHILE
    assert first < clock.utc_now() < MARCH + A_WHILE
    clock.set_clock(file, MARCH + timedelta(days=21))
    assert MARCH + timedelta(days=21) <= clock.utc_now() < MARCH + timedelta(days=21) + A_WHILE


def test_without_a_file_it_is_as_late_as_it_is(file: Path) -> None:
    clock.set_clock(file, MARCH)
    assert abs(clock.utc_now() - datetime.now(UTC)) < A_WHILE
