"""Which part of a phase's samples decides: a pure function of the phase and the time."""

from datetime import UTC, datetime, timedelta

import pytest

from app.errors import PrivateScoresRevealed
from app.models import Part, Phase
from app.phases.parts import require_hidden
from app.policy import Who, part_shown, reveal_of, sight_of

CLOSE = datetime(2026, 3, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def phase(**columns: object) -> Phase:
    return Phase(**{"title": "Dev", "closes_at": CLOSE, "private_sides": "a digest"} | columns)


def test_a_phase_without_private_samples_has_no_parts() -> None:
    whole = phase(private_sides=None)
    assert reveal_of(whole) is None
    assert part_shown(whole, CLOSE + HOUR) is None
    assert not sight_of(Who.ROLE, whole, CLOSE + HOUR).sees_private
    require_hidden(whole, CLOSE + HOUR)


@pytest.mark.parametrize(
    ("columns", "reveal"),
    [
        ({}, CLOSE),
        ({"revealed_at": CLOSE + 3 * HOUR}, CLOSE + 3 * HOUR),
        # As after an extension, or an exception for a team.
        ({"revealed_at": CLOSE - HOUR}, CLOSE),
        ({"hidden_until": CLOSE + 2 * HOUR}, CLOSE + 2 * HOUR),
        ({"revealed_at": CLOSE + HOUR, "hidden_until": CLOSE + 2 * HOUR}, CLOSE + 2 * HOUR),
    ],
)
def test_private_samples_decide_from_the_reveal_on_and_never_while_somebody_may_hand_in(
    columns: dict[str, datetime], reveal: datetime
) -> None:
    one = phase(**columns)
    before = reveal - timedelta(microseconds=1)
    assert reveal_of(one) == reveal
    assert [part_shown(one, now) for now in (before, reveal)] == [Part.PUBLIC, Part.PRIVATE]
    assert not sight_of(Who.TEAM, one, before).sees_private
    assert sight_of(Who.ROLE, one, before).sees_private
    assert sight_of(Who.TEAM, one, reveal).sees_private
    require_hidden(one, before)
    with pytest.raises(PrivateScoresRevealed, match="opens for nobody again"):
        require_hidden(one, reveal)
