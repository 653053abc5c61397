"""Members leave, captains hand over, and locked teams stay as they are."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from tests.teamwork import (
    at_once,
    change,
    code_of,
    enter,
    hand_in,
    join,
    leave,
    mine,
    propose,
    team_of,
)  # fmt: skip
from worker.parts import Parts


@pytest.fixture(scope="module")
def people(server: RunningServer) -> Iterator[list[Person]]:
    """Three people; what they are in is for each test to make anew."""
    with Api(server.url) as api:
        yield [builders.person(api) for _ in range(3)]


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def pair(people: list[Person]) -> tuple[Any, Person, Person, Person]:
    """A team of a captain and a mate, and a stranger."""
    captain, mate, stranger = people
    team = team_of(captain)
    assert join(mate, team).status_code == 200
    return team, captain, mate, stranger


def captain_is(person: Person, team: Any) -> list[str]:
    members = person.api.ok("GET", f"/teams/{team['id']}")["members"]
    return [one["user_id"] for one in members if one["is_captain"]]


def hand_over(person: Person, team: Any, to: Person, *, changes: bool = True) -> Any:
    body = {"user_id": to.id}
    return person.api.put(f"/teams/{team['id']}/captain", json=body, changes=changes)


def test_a_member_leaves_and_the_captain_only_after_handing_over(people: list[Person]) -> None:
    team, captain, mate, stranger = pair(people)
    assert code_of(leave(captain, team)) == "captain-must-hand-over"
    assert hand_over(mate, team, mate).status_code == 403
    assert hand_over(stranger, team, mate).status_code == 404
    assert hand_over(captain, team, stranger).status_code == 404
    assert hand_over(captain, team, captain, changes=False).status_code == 200
    assert hand_over(captain, team, mate).status_code == 200
    assert captain_is(captain, team) == [mate.id]
    assert captain.api.post(f"/teams/{team['id']}/invitation").status_code == 403
    assert leave(captain, team).status_code == 204
    assert captain.api.get(f"/teams/{team['id']}").status_code == 404
    assert leave(captain, team).status_code == 404


def test_the_last_one_closes_the_team_and_its_name_stays_taken(people: list[Person]) -> None:
    team, captain, mate, stranger = pair(people)
    assert leave(mate, team).status_code == 204
    assert leave(captain, team).status_code == 204
    assert join(stranger, team).status_code == 404
    assert code_of(captain.api.post("/teams", json={"name": team["name"]})) == "name-taken"
    assert team["id"] not in captain.api.get("/teams?limit=200").text


def test_only_the_captain_removes_others_and_their_code_stops(people: list[Person]) -> None:
    team, captain, mate, stranger = pair(people)
    assert leave(mate, team, captain).status_code == 403
    assert leave(stranger, team, mate).status_code == 404
    assert leave(captain, team, stranger).status_code == 404
    assert leave(captain, team, mate).status_code == 204
    assert mate.api.get(f"/teams/{team['id']}").status_code == 404
    assert join(mate, team).status_code == 404
    renewed = captain.api.ok("POST", f"/teams/{team['id']}/invitation")
    assert join(mate, renewed).status_code == 200


def test_who_leaves_before_the_team_handed_in_may_enter_with_another(
    people: list[Person], host: Person
) -> None:
    team, captain, mate, _ = pair(people)
    challenge = builders.challenge(host)
    enter(captain, team, challenge)
    assert mine(mate, challenge).status_code == 200
    assert leave(mate, team).status_code == 204
    assert mine(mate, challenge).status_code == 404
    assert enter(mate, team_of(mate), challenge).status_code == 201


def test_who_leaves_a_team_that_handed_in_sees_nothing_and_is_bound_to_it(
    people: list[Person], host: Person, parts: Parts
) -> None:
    team, captain, mate, stranger = pair(people)
    challenge = builders.challenge(host)
    phase = challenge["phases"][0]["id"]
    enter(captain, team, challenge)
    theirs = hand_in(parts, mate, phase, 0.5)
    assert leave(mate, team).status_code == 204
    assert mate.api.get(f"/submissions/{theirs}").status_code == 404
    assert mate.api.ok("GET", f"/phases/{phase}/submissions")["items"] == []
    assert builders.submit(mate, phase, builders.truth()).status_code == 403
    assert captain.api.ok("GET", f"/submissions/{theirs}")["standing"] == "counts"
    # A new team would be a new quota.
    assert code_of(enter(mate, team_of(mate), challenge)) == "already-in-challenge"
    other = team_of(stranger)
    enter(stranger, other, challenge)
    assert code_of(join(mate, other)) == "already-in-challenge"
    # Who comes back sees all again.
    assert join(mate, team).status_code == 200
    assert mate.api.ok("GET", f"/submissions/{theirs}")["id"] == theirs


def test_a_closed_team_s_submissions_go_on_standing_on_the_board(
    people: list[Person], host: Person, parts: Parts
) -> None:
    captain = people[0]
    challenge = builders.challenge(host)
    phase = challenge["phases"][0]["id"]
    team = team_of(captain)
    enter(captain, team, challenge)
    hand_in(parts, captain, phase, 0.5)
    assert leave(captain, team).status_code == 204
    entries = captain.api.ok("GET", f"/phases/{phase}/leaderboard")["entries"]
    assert [one["team"] for one in entries] == [team["name"]]


def test_locked_teams_stay_as_they_are(people: list[Person], host: Person) -> None:
    team, captain, mate, stranger = pair(people)
    config = builders.bundle_config()
    challenge = builders.challenge(host, builders.bundle_files(config))
    assert challenge["teams_locked_at"] is None
    enter(captain, team, challenge)
    locked = change(host, config, teams_locked_at=builders.PAST)
    assert locked["teams_locked_at"] == "2020-01-01T00:00:00.000Z"
    for answer in (
        join(stranger, team), leave(mate, team), leave(captain, team, mate),
        propose(captain, team, team_of(stranger)),
    ):  # fmt: skip
        assert code_of(answer) == "teams-locked", answer.text
    assert hand_over(captain, team, mate).status_code == 200
    change(host, config, teams_locked_at=builders.FUTURE)
    assert leave(captain, team).status_code == 204


@pytest.mark.parametrize("attempt", range(3))
def test_handing_over_to_somebody_who_leaves_at_once_leaves_a_captain_in_the_team(
    people: list[Person], attempt: int
) -> None:
    team, captain, mate, _ = pair(people)
    given, left = at_once(lambda: hand_over(captain, team, mate), lambda: leave(mate, team))
    # Whichever was first, the other finds it so.
    assert (given.status_code, left.status_code) in {(200, 409), (404, 204)}
    assert captain_is(captain, team) == [mate.id if given.is_success else captain.id]


def test_an_upload_that_began_in_the_team_is_refused_once_its_person_has_left(
    people: list[Person], host: Person, parts: Parts
) -> None:
    team, captain, mate, _ = pair(people)
    challenge = builders.challenge(host)
    phase = challenge["phases"][0]["id"]
    enter(captain, team, challenge)
    hand_in(parts, captain, phase, 0.5)
    answers = at_once(
        lambda: builders.submit(mate, phase, builders.truth()), lambda: leave(mate, team)
    )
    assert answers[1].status_code == 204
    assert answers[0].status_code in (201, 403, 409)
    items = captain.api.ok("GET", f"/phases/{phase}/submissions")["items"]
    assert len(items) == 1 + answers[0].is_success
