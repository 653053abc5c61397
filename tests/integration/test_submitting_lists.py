"""The list of submissions: in pages, and with as many queries for many as for few."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from app.policy import Viewer
from app.submissions import service
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions, quota=ROOMY)


@pytest.fixture(scope="module")
def team(contest: Contest, parts: Parts) -> Person:
    """A team with seven submissions: four scored, three queued; another team has one."""
    made = builders.contestant(contest.host.api, contest.challenge)
    for seed in range(7):
        key = builders.submit(made, contest.phase, builders.noise(seed)).json()["id"]
        if seed < 4:
            evaluate_submission(parts, UUID(key))
    other = builders.contestant(contest.host.api, contest.challenge)
    builders.submit(other, contest.phase, builders.noise(50))
    return made


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(str(arguments[2]))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_a_list_takes_as_many_queries_as_a_single_submission_and_one(
    parts: Parts, contest: Contest, team: Person
) -> None:
    viewer = Viewer(user_id=UUID(team.id))
    phase = UUID(contest.phase)

    def count(limit: int) -> int:
        with parts.sessions() as session, counted(parts.engine) as statements:
            service.list_submissions(session, viewer, phase, after=None, limit=limit)
        return len([one for one in statements if one.startswith(("SELECT", "WITH"))])

    assert count(1) == count(100) <= 8


def test_pages_follow_each_other_without_a_gap(contest: Contest, team: Person) -> None:
    path = f"/phases/{contest.phase}/submissions"
    whole = team.api.ok("GET", path)
    assert whole["next_cursor"] is None
    assert len(whole["items"]) == 7
    assert [one["received_at"] for one in whole["items"]] == sorted(
        (one["received_at"] for one in whole["items"]), reverse=True
    )
    read: list[Any] = []
    cursor: str | None = None
    sizes = []
    while True:
        params = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = team.api.ok("GET", path, params=params)
        read += page["items"]
        sizes.append(len(page["items"]))
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sizes == [3, 3, 1]
    assert read == whole["items"]


def test_organizers_list_everybodys_and_teams_their_own(contest: Contest, team: Person) -> None:
    path = f"/phases/{contest.phase}/submissions"
    names = {one["team"] for one in team.api.ok("GET", path)["items"]}
    assert names == {team.teams[0]["name"]}
    assert len(contest.host.api.ok("GET", path)["items"]) == 8
    stranger = builders.person(contest.host.api)
    assert stranger.api.ok("GET", path)["items"] == []


def test_queue_positions_are_those_of_the_whole_queue(
    parts: Parts, contest: Contest, team: Person
) -> None:
    items = team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"]
    positions = [one["queue_position"] for one in items]
    assert positions[3:] == [None] * 4
    assert positions[0] == positions[1] + 1 == positions[2] + 2
    alone = team.api.ok("GET", f"/submissions/{items[1]['id']}")
    assert alone["queue_position"] == positions[1]


@pytest.mark.parametrize(
    "params", [{"cursor": "no"}, {"cursor": "é"}, {"limit": 0}, {"limit": 201}]
)
def test_a_page_that_cannot_be_is_refused(
    contest: Contest, team: Person, params: dict[str, Any]
) -> None:
    answer = team.api.get(f"/phases/{contest.phase}/submissions", params=params)
    assert answer.status_code == 422


def test_a_phase_that_is_not_there_has_no_list(team: Person) -> None:
    assert team.api.get(f"/phases/{UUID(int=3)}/submissions").status_code == 404
