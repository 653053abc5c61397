"""What the policy says of a phase in Python and inside a query is the same, at every instant."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.models import (
    Challenge,
    Part,
    Phase,
    Scaling,
    Selection,
    TaskNames,
    TeamSees,
)
from app.policy import (
    Who,
    board_is_public,
    board_shows,
    is_revealed,
    part_shown,
    sight_of,
)
from probeboard.ranking import RankingMethod
from tests import builders

START = datetime(2026, 3, 31, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
INSTANTS = tuple(START + n * MOMENT for n in range(3))
NOWS = tuple(START + n * MOMENT for n in range(-1, 4))


@pytest.fixture
def phases(session: Session) -> list[Phase]:
    """A phase for each choice of dates that decide what is seen, and of whether it has a board."""
    challenge = Challenge(
        slug=builders.unique("policy"),
        title="Policy",
        summary="",
        embedding_dim=4,
        zero_pad=False,
        strip_suffixes=[],
        terms_version="1",
        pages={},
        created_at=START,
    )
    session.add(challenge)
    session.flush()
    made = [
        _phase(challenge, number, closes_at, frozen_at, parts, visible=visible)
        for number, (closes_at, frozen_at, visible, parts) in enumerate(
            product(INSTANTS, (None, *INSTANTS), (True, False), _parts())
        )
    ]
    session.add_all(made)
    session.flush()
    return made


def _parts() -> Iterator[dict[str, object]]:
    yield {}
    for revealed_at, hidden_until in product((None, *INSTANTS), (None, *INSTANTS)):
        yield {
            "private_sides": "a digest",
            "n_private_samples": 30,
            "revealed_at": revealed_at,
            "hidden_until": hidden_until,
        }


def _phase(
    challenge: Challenge,
    number: int,
    closes_at: datetime,
    frozen_at: datetime | None,
    parts: dict[str, object],
    *,
    visible: bool,
) -> Phase:
    return Phase(
        challenge_id=challenge.id,
        slug=f"phase-{number}",
        title="Phase",
        position=number,
        opens_at=START - timedelta(days=1),
        closes_at=closes_at,
        samples_digest="a digest",
        n_samples=60,
        scorer="exact",
        scorer_version=1,
        scaling=Scaling.SCALAR,
        analyses=[],
        ranking=RankingMethod.AVERAGE_RANK,
        selection=Selection.BEST,
        quota_per_day=1,
        quota_total=1,
        quota_in_flight=1,
        team_sees=TeamSees.TASKS,
        board_visible=visible,
        board_tasks=True,
        board_task_names=TaskNames.REAL,
        board_frozen_at=frozen_at,
        decimals=4,
        **parts,
    )


def assert_agree(
    session: Session,
    phases: list[Phase],
    condition: ColumnElement[bool],
    holds: Callable[[Phase], bool],
) -> None:
    of_these = Phase.challenge_id == phases[0].challenge_id
    found = set(session.scalars(select(Phase.slug).where(of_these, condition)))
    expected = {phase.slug for phase in phases if holds(phase)}
    assert found == expected
    denied = set(session.scalars(select(Phase.slug).where(of_these, ~condition)))
    # Neither null nor both: what is not told is denied.
    assert denied == {phase.slug for phase in phases} - expected


def test_which_boards_are_public_and_what_is_on_them_is_asked_alike(
    session: Session, phases: list[Phase]
) -> None:
    for now in NOWS:
        sights = {phase.slug: sight_of(Who.OTHERS, phase, now) for phase in phases}
        assert_agree(
            session, phases, board_is_public(), lambda one, of=sights: of[one.slug].sees_board
        )
        for at in NOWS:
            assert_agree(
                session,
                phases,
                board_shows(at, now=now),
                lambda one, of=sights, at=at: of[one.slug].sees_board_of(at),
            )


def test_when_private_samples_decide_is_asked_alike(session: Session, phases: list[Phase]) -> None:
    for now in NOWS:
        assert_agree(
            session,
            phases,
            is_revealed(now),
            lambda one, now=now: part_shown(one, now) is Part.PRIVATE,
        )
