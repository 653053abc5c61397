"""What is seen of a phase, for everybody and over every choice of its dates and switches."""

from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from app.models import Phase, TaskNames, TeamSees
from app.phases.clock import PhaseState, state_of
from app.policy import Sight, Who, masks_names, part_shown, sight_of

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
INSTANTS = (NOW - MOMENT, NOW, NOW + MOMENT)
SWITCHES: dict[str, tuple[Any, ...]] = {
    "closes_at": INSTANTS,
    "board_visible": (True, False),
    "board_frozen_at": (None, *INSTANTS),
    "team_sees": tuple(TeamSees),
    "board_task_names": tuple(TaskNames),
    "decimals": (2, 4),
    "private_sides": (None, "a digest"),
    "revealed_at": (None, *INSTANTS),
    "hidden_until": (None, NOW + MOMENT),
}
REVEAL = {"private_sides", "closes_at", "revealed_at", "hidden_until"}
# What each answer may hang on; whoever asks, nothing else changes it.
HANGS_ON = {
    "sees_board": {"board_visible"},
    "board_until": {"board_frozen_at"},
    "sees_who_took_part": {"closes_at", "board_frozen_at"},
    "sees_deciders": set(),
    "sees_exceptions": set(),
    "sees_submission": set(),
    "sees_private": REVEAL,
    "sees_tasks": {"team_sees"},
    "sees_splits": set(),
    "sees_predictions": set(),
    "sees_real_names": {"board_task_names"},
    "digits": {"decimals"},
}
ANSWERS = tuple(HANGS_ON)
YES_OR_NO = tuple(name for name in ANSWERS if name not in ("board_until", "digits"))


def grid() -> Iterator[Phase]:
    for values in product(*SWITCHES.values()):
        yield Phase(opens_at=NOW - timedelta(days=9), **dict(zip(SWITCHES, values, strict=True)))


PHASES = tuple(grid())


def test_every_answer_hangs_on_its_own_switches_and_on_nothing_else() -> None:
    assert {one.name for one in fields(Sight)} == set(ANSWERS)
    settings = [{name: getattr(phase, name) for name in SWITCHES} for phase in PHASES]
    for who in Who:
        sights = [sight_of(who, phase, NOW) for phase in PHASES]
        for answer, switches in HANGS_ON.items():
            told: dict[tuple[Any, ...], Any] = {}
            for chosen, sight in zip(settings, sights, strict=True):
                key = tuple(chosen[name] for name in sorted(switches))
                said = getattr(sight, answer)
                assert told.setdefault(key, said) == said, (who, answer, key)


def test_those_with_a_role_see_everything() -> None:
    for phase in PHASES:
        sight = sight_of(Who.ROLE, phase, NOW)
        denied = {name for name in YES_OR_NO if not getattr(sight, name)}
        assert denied == (set() if phase.private_sides else {"sees_private"})
        assert (sight.board_until, sight.digits) == (None, None)
        assert all(sight.sees_board_of(at) for at in INSTANTS)


def test_a_team_sees_no_less_than_others_and_a_role_no_less_than_a_team() -> None:
    for phase in PHASES:
        role, team, others = (sight_of(who, phase, NOW) for who in Who)
        for name in YES_OR_NO:
            seen = [getattr(sight, name) for sight in (others, team, role)]
            assert seen == sorted(seen), (name, seen)
        for at in INSTANTS:
            assert team.sees_board_of(at) == others.sees_board_of(at)
            assert role.sees_board_of(at) >= team.sees_board_of(at)


def test_others_see_nothing_of_a_team_and_nobody_but_roles_what_labels_could_be_read_off() -> None:
    of_teams = ("sees_submission", "sees_tasks", "sees_private", "sees_exceptions")
    of_roles = ("sees_splits", "sees_predictions", "sees_deciders")
    for phase in PHASES:
        for who in (Who.TEAM, Who.OTHERS):
            sight = sight_of(who, phase, NOW)
            assert not any(getattr(sight, name) for name in of_roles)
            assert sight.digits == phase.decimals
            assert sight.sees_real_names != masks_names(phase)
            assert sight.sees_board == phase.board_visible
        assert not any(getattr(sight, name) for name in of_teams)


@pytest.mark.parametrize("phase", PHASES[::97])
def test_a_team_sees_of_its_own_what_the_phase_says(phase: Phase) -> None:
    sight = sight_of(Who.TEAM, phase, NOW)
    assert sight.sees_submission
    assert sight.sees_exceptions
    assert sight.sees_tasks == (phase.team_sees == "tasks")
    assert sight.sees_private == (part_shown(phase, NOW) == "private")


@pytest.mark.parametrize("who", [Who.TEAM, Who.OTHERS])
def test_of_a_frozen_board_all_until_the_freeze_is_seen_and_nothing_since(who: Who) -> None:
    for phase in PHASES:
        sight, frozen_at = sight_of(who, phase, NOW), phase.board_frozen_at
        is_frozen = frozen_at is not None and frozen_at <= NOW
        assert (sight.board_until is not None) == is_frozen
        for at in INSTANTS:
            hidden = not phase.board_visible or (is_frozen and at > frozen_at)
            assert sight.sees_board_of(at) != hidden


def test_who_took_part_is_told_once_a_phase_is_over_whose_board_was_never_frozen() -> None:
    for phase in PHASES:
        over = state_of(phase, NOW) is PhaseState.CLOSED
        told = sight_of(Who.OTHERS, phase, NOW).sees_who_took_part
        assert told == (over and phase.board_frozen_at is None)
