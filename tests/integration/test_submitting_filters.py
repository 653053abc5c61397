"""The list of submissions, narrowed: everybody within their own view, organizers in all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from app.models import Participation, Status, Team
from app.policy import Viewer
from app.submissions import service
from app.submissions.filtering import NO_FILTERS, Filters
from tests import builders, bulk
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.parts import Parts

UNFINISHED = {"finished_at": None}
MADE = (  # what each of two teams hands in, by what became of it
    ("scored", {}),
    ("queued", {"status": Status.QUEUED, **UNFINISHED}),
    ("failed", {"status": Status.FAILED, "failure_code": "time-limit"}),
    ("rejected", {"status": Status.REJECTED, "failure_code": "not-scorable"}),
)


@dataclass
class Season:
    """Two teams with a submission in each of four states, and a baseline that failed."""

    contest: Contest
    team: Person
    other: Person
    path: str

    def names(self, by: Person, **query: Any) -> list[str]:
        """Return what a filter leaves, each as its team's place and what became of it."""
        return [one["method_name"] for one in by.api.ok("GET", self.path, params=query)["items"]]


@pytest.fixture(scope="module")
def season(server: RunningServer, parts: Parts) -> Iterator[Season]:
    with Api(server.url) as api:
        contest = builders.contest(api, parts.sessions)
        team, other = (builders.contestant(api, contest.challenge) for _ in range(2))
        with parts.sessions() as session:
            season = bulk.enter_teams(session, UUID(contest.phase), 1)
            for who, person in (("own", team), ("other", other)):
                entry = participation(session, person)
                for name, columns in MADE:
                    one = {"participation_id": entry, "method_name": f"{who} {name}"} | columns
                    bulk.hand_in(session, season, np.full((1, 2, 5), 0.5), **one)
            baseline = {"participation_id": None, "is_baseline": True} | MADE[2][1]
            bulk.hand_in(
                session, season, np.full((1, 2, 5), 0.5), method_name="baseline failed", **baseline
            )
            session.commit()
        yield Season(contest, team, other, f"/phases/{contest.phase}/submissions")


def participation(session: Any, person: Person) -> UUID:
    wanted = sa.select(Participation.id).join(Team, Team.id == Participation.team_id)
    return UUID(str(session.scalar(wanted.where(Team.id == UUID(person.teams[0]["id"])))))


def test_one_status_or_several_narrow_the_list(season: Season) -> None:
    host = season.contest.host
    assert season.names(season.team, status="scored") == ["own scored"]
    assert season.names(season.team, status=["failed", "queued"]) == ["own failed", "own queued"]
    failed = ["baseline failed", "other failed", "own failed"]
    assert season.names(host, status="failed") == failed
    assert season.names(season.team, status="withdrawn") == []


def test_organizers_filter_by_any_team_in_letters_of_any_case(season: Season) -> None:
    name = season.other.teams[0]["name"]
    of_other = [f"other {state}" for state, _ in reversed(MADE)]
    assert season.names(season.contest.host, team=name) == of_other
    assert season.names(season.contest.host, team=name.upper()) == of_other
    assert season.names(season.contest.host, team=name, status="scored") == ["other scored"]
    assert season.names(season.contest.host, team=name, status="withdrawn") == []


def test_a_team_filters_its_own_and_learns_of_no_other(season: Season) -> None:
    own = season.team.teams[0]["name"]
    assert len(season.names(season.team, team=own)) == len(MADE)
    answers = [
        season.team.api.get(season.path, params={"team": name})
        for name in (season.other.teams[0]["name"], "There is none of this name")
    ]
    for answer in answers:
        assert answer.status_code == 422
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/query/team"]
    first, second = ({**answer.json(), "instance": ""} for answer in answers)
    assert first == second
    stranger = builders.person(season.team.api)
    assert stranger.api.get(season.path, params={"team": own}).status_code == 422
    assert season.names(stranger, status="scored") == []


def test_a_team_of_another_challenge_is_unknown_to_organizers_and_an_idle_one_is_not(
    api: Api, parts: Parts, season: Season
) -> None:
    elsewhere = builders.contestant(api, builders.contest(api, parts.sessions).challenge)
    idle = builders.contestant(api, season.contest.challenge)
    host = season.contest.host
    answer = host.api.get(season.path, params={"team": elsewhere.teams[0]["name"]})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown-team")
    assert season.names(host, team=idle.teams[0]["name"]) == []


def test_failures_are_found_by_their_code_and_baselines_by_being_some(season: Season) -> None:
    host = season.contest.host
    assert season.names(host, failure_code="not-scorable") == ["other rejected", "own rejected"]
    assert season.names(season.team, failure_code="time-limit") == ["own failed"]
    assert season.names(host, baseline="true") == ["baseline failed"]
    assert len(season.names(host, baseline="false")) == 2 * len(MADE)
    assert season.names(host, baseline="false", failure_code="time-limit", status="failed") == [
        "other failed",
        "own failed",
    ]
    assert season.names(season.team, baseline="true") == []
    assert season.names(host, baseline="true", team=season.team.teams[0]["name"]) == []


def test_pages_of_a_narrowed_list_follow_each_other(season: Season) -> None:
    query = {"status": ["failed", "rejected"], "limit": "2"}
    read: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        params = query | ({"cursor": cursor} if cursor else {})
        page = season.contest.host.api.ok("GET", season.path, params=params)
        read += [one["method_name"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert read == season.names(season.contest.host, status=["failed", "rejected"])
    assert len(read) == 5


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"status": "done"}, "/query/status/0"),
        ({"status": ["scored", "done"]}, "/query/status/1"),
        ({"failure_code": "no-room"}, "/query/failure_code"),
        ({"baseline": "perhaps"}, "/query/baseline"),
        ({"team": ""}, "/query/team"),
        ({"team": "two\nlines"}, "/query/team"),
        ({"team": "x" * 101}, "/query/team"),
    ],
)
def test_a_filter_that_is_none_is_refused_with_its_place(
    season: Season, query: dict[str, Any], pointer: str
) -> None:
    answer = season.team.api.get(season.path, params=query)
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


def test_a_filter_costs_no_further_query(parts: Parts, season: Season) -> None:
    viewer = Viewer(user_id=UUID(season.contest.host.id))
    name = season.team.teams[0]["name"]
    whole = count(parts, viewer, season, NO_FILTERS)
    filters = Filters(frozenset({Status.SCORED, Status.QUEUED}), name, None, False)
    assert count(parts, viewer, season, filters) == whole <= 8


def count(parts: Parts, viewer: Viewer, season: Season, wanted: Filters) -> int:
    engine: Engine = parts.engine
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(str(arguments[2]))

    phase = UUID(season.contest.phase)
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        with parts.sessions() as session:
            assert service.list_submissions(
                session, viewer, phase, wanted=wanted, after=None, limit=50
            )
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    return len([one for one in statements if one.startswith(("SELECT", "WITH"))])
