"""A small season through the real system; `benchmarks/season.py` plays one of full size."""

from typing import Any
from uuid import UUID

import pytest

from app.models import Status, Submission
from tests.e2e.season import PHASES, Plan, Season
from tests.e2e.system import System

PLAN = Plan(teams=12, submissions=96, uploads=16)


@pytest.fixture(scope="module")
def season(running_system: System) -> Season:
    """A season that was played to its end."""
    running_system.make_whole()
    made = Season.open(running_system, PLAN)
    made.play()
    return made


def counted(season: Season, phase: str) -> dict[str, list[Submission]]:
    """The submissions that may count, by team."""
    struck = (season.struck,) if phase == "dev" else ()
    with season.system.sessions() as session:
        found = session.query(Submission).filter_by(
            phase_id=UUID(season.phases[phase]), status=Status.SCORED, public=True,
            is_baseline=False,
        )  # fmt: skip
        by_team: dict[str, list[Submission]] = {}
        for one in found:
            if str(one.participation_id) == season.disqualified or str(one.id) in struck:
                continue
            by_team.setdefault(str(one.participation_id), []).append(one)
    return by_team


def test_every_snapshot_of_a_season_is_derived_again_byte_for_byte(season: Season) -> None:
    assert season.done["handed in"] == PLAN.submissions
    assert season.require_derivable() >= 2 * len(PHASES)


@pytest.mark.parametrize("phase", PHASES)
def test_the_last_board_has_every_team_that_has_something_to_show(
    season: Season, phase: str
) -> None:
    entries = [one for one in season.board(phase)["entries"] if not one["is_baseline"]]
    by_team = counted(season, phase)
    assert len(entries) == len(by_team) > 0
    shown = {one["submission_id"]: one["n_submissions"] for one in entries}
    for submissions in by_team.values():
        (counts,) = [one for one in submissions if str(one.id) in shown]
        assert shown[str(counts.id)] == len(submissions)
        selected = [one for one in submissions if one.selected_at is not None]
        if phase == "test" and selected:
            assert counts in selected


def test_the_boards_follow_disqualifications_and_what_takes_them_back(season: Season) -> None:
    assert season.done["disqualified"] == 3
    assert season.done["reinstated"] == 1
    before, without_team, without_two, without_three, with_one_again = [
        set(one.places) for one in season.snapshots("dev")
    ][-5:]
    assert len(without_team) == len(before) - 1
    assert season.struck in without_team
    assert season.struck not in without_two
    assert season.reinstated in without_two
    assert season.reinstated not in without_three
    assert with_one_again == without_two
    for phase in PHASES:
        last = list(season.snapshots(phase))[-1]
        with season.system.sessions() as session:
            shown = [session.get_one(Submission, UUID(key)) for key in last.places]
        assert season.disqualified not in {str(one.participation_id) for one in shown}


def test_a_re_ranking_in_mid_season_shows_from_then_on(season: Season) -> None:
    methods: list[Any] = [
        one.inputs["rules"]["policy"]["method"] for one in season.snapshots("dev")
    ]
    change = methods.index("mean-score")
    assert set(methods[:change]) == {"average-rank"}
    assert set(methods[change:]) == {"mean-score"}
    (record,) = season.system.api.ok("GET", f"/phases/{season.phases['dev']}/ranking-changes")[
        "items"
    ]
    assert record["reason"] == "As agreed."
    assert {entry["rank"] for entry in season.board("dev")["entries"]} - {None} == set(
        range(1, 1 + len(counted(season, "dev")))
    )
