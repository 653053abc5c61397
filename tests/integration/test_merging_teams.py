"""Two teams become one: people, submissions and quota add up, or nothing happens."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from app.models import MergeState, Participation, TeamMerge
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from tests.teamwork import (
    accept,
    at_once,
    board,
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


def two(people: list[Person], challenge: Any | None = None) -> tuple[Any, Any]:
    """Two teams of a captain each, both in a challenge."""
    teams = team_of(people[0]), team_of(people[1])
    if challenge is not None:
        for person, team in zip(people, teams, strict=False):
            assert enter(person, team, challenge).status_code == 201
    return teams


def small(host: Person, **quota: int) -> tuple[dict[str, Any], Any]:
    limits = {"per_day": 5, "total": 5, "in_flight": 5} | quota
    config = builders.bundle_config(phases=[builders.phase_config(quota=limits)])
    return config, builders.challenge(host, builders.bundle_files(config))


def test_submissions_quota_and_people_of_both_add_up(
    people: list[Person], host: Person, parts: Parts
) -> None:
    first, second, mate = people
    _, challenge = small(host, per_day=3)
    phase = challenge["phases"][0]["id"]
    team, other = two(people, challenge)
    join(mate, other)
    weak = hand_in(parts, first, phase, 0.5)
    strong = hand_in(parts, second, phase, 0.9)
    assert board(parts, first, phase) == [(other["name"], 1, 1), (team["name"], 2, 1)]
    offer = propose(first, team, {"name": other["name"].upper()})
    assert offer.status_code == 201, offer.text
    assert propose(first, team, other, changes=False).json() == offer.json()
    assert [one["id"] for one in second.api.ok("GET", f"/teams/{other['id']}/merges")["items"]] == [
        offer.json()["id"]
    ]
    merged = accept(second, offer.json())
    assert merged.status_code == 200, merged.text
    assert (merged.json()["state"], merged.json()["submissions"]) == ("accepted", 1)
    assert board(parts, first, phase) == [(team["name"], 1, 2)]
    for person in people:
        assert mine(person, challenge).json()["team_id"] == team["id"]
        standing = {
            one["id"]: one["standing"]
            for one in person.api.ok("GET", f"/phases/{phase}/submissions")["items"]
        }
        assert standing == {weak: "another-is-better", strong: "counts"}
    assert second.api.get(f"/teams/{other['id']}").status_code == 404
    assert builders.submit(mate, phase, builders.noise(1)).status_code == 201
    assert code_of(builders.submit(second, phase, builders.noise(2))) == "quota-exceeded"
    entrants = host.api.ok("GET", f"/challenges/{challenge['slug']}/participations")["items"]
    ids = {one["team_name"]: one["id"] for one in entrants}
    into = {one["team_name"]: one["merged_into"] for one in entrants}
    assert into == {team["name"]: None, other["name"]: ids[team["name"]]}
    path = f"/challenges/{challenge['slug']}/participations/{ids[other['name']]}/approval"
    assert code_of(host.api.post(path)) == "participation-forbids"
    assert code_of(accept(first, offer.json())) == "proposal-decided"
    history = first.api.ok("GET", f"/phases/{phase}/leaderboard/history")
    assert team["name"] in str(history)
    assert other["name"] not in str(history)


def test_together_they_must_not_have_used_more_than_one_team_may(
    people: list[Person], host: Person, parts: Parts
) -> None:
    first, second, _ = people
    config, challenge = small(host, per_day=2, total=2)
    phase = challenge["phases"][0]["id"]
    team, other = two(people, challenge)
    hand_in(parts, first, phase, 0.5)
    for share in (0.6, 0.7):
        hand_in(parts, second, phase, share)
    offer = propose(first, team, other).json()
    for quota, window in (
        ({"per_day": 2, "total": 2}, "phase"),
        ({"per_day": 2, "total": 3}, "24 h"),
    ):
        change(host, config, phases=[builders.phase_config(quota=quota | {"in_flight": 5})])
        refused = accept(second, offer)
        assert code_of(refused) == "merge-exceeds-quota"
        told = refused.json()
        assert (told["window"], told["limit"], told["used"]) == (window, 2, 3)
    assert len(board(parts, first, phase)) == 2
    change(host, config, phases=[builders.phase_config(quota={"per_day": 3, "total": 3})])
    assert accept(second, offer).status_code == 200


def test_a_challenge_of_one_team_becomes_one_of_everybody(
    people: list[Person], host: Person, parts: Parts
) -> None:
    first, second, _ = people
    of_first, of_second = builders.challenge(host), builders.challenge(host)
    phase = of_second["phases"][0]["id"]
    team, other = two(people)
    enter(first, team, of_first)
    enter(second, other, of_second)
    hand_in(parts, second, phase, 0.5)
    offer = propose(first, team, other).json()
    assert accept(second, offer).json()["submissions"] == 0
    for person in (first, second):
        for challenge in (of_first, of_second):
            assert mine(person, challenge).json()["team_id"] == team["id"]
    assert board(parts, first, phase) == [(team["name"], 1, 1)]


def test_nobody_ends_in_two_teams(people: list[Person], host: Person) -> None:
    first, second, mate = people
    challenge = builders.challenge(host)
    team, other = two(people)
    join(mate, other)
    enter(first, team, challenge)
    enter(mate, team_of(mate), challenge)
    offer = propose(first, team, other).json()
    assert code_of(accept(second, offer)) == "already-in-challenge"
    assert second.api.get(f"/teams/{other['id']}").status_code == 200
    assert mine(second, challenge).status_code == 404


def test_only_captains_propose_and_decide(people: list[Person]) -> None:
    first, second, mate = people
    team, other = two(people)
    join(mate, team)
    assert propose(mate, team, other).status_code == 403
    assert propose(second, team, other).status_code == 404
    assert propose(first, team, {"name": "There is none"}).status_code == 404
    assert code_of(propose(first, team, team)) == "invalid-input"
    offer = propose(first, team, other).json()
    path = f"/merges/{offer['id']}/refusal"
    assert accept(first, offer).status_code == 403
    assert accept(mate, offer).status_code == 403
    assert mate.api.post(path).status_code == 403
    assert second.api.ok("POST", path)["state"] == "declined"
    assert code_of(first.api.post(path)) == "proposal-decided"
    again = propose(first, team, other).json()
    assert first.api.ok("POST", f"/merges/{again['id']}/refusal")["state"] == "withdrawn"
    assert code_of(accept(second, again)) == "proposal-decided"
    listed = first.api.ok("GET", f"/teams/{team['id']}/merges?limit=1")
    rest = first.api.ok("GET", f"/teams/{team['id']}/merges?cursor={listed['next_cursor']}")
    assert [one["id"] for one in listed["items"] + rest["items"]] == [again["id"], offer["id"]]


def test_a_proposal_ends_with_the_team_it_came_to(people: list[Person], parts: Parts) -> None:
    first, second, _ = people
    team, other = two(people)
    offer = propose(first, team, other).json()
    assert leave(second, other).status_code == 204
    with parts.sessions() as session:
        assert session.get_one(TeamMerge, UUID(offer["id"])).state == MergeState.WITHDRAWN
    assert propose(first, team, other).status_code == 404
    assert code_of(first.api.post(f"/merges/{offer['id']}/refusal")) == "proposal-decided"


def test_a_lock_a_disqualification_or_a_missing_approval_stops_a_merge(
    people: list[Person], host: Person, parts: Parts
) -> None:
    first, second, _ = people
    config, challenge = small(host)
    team, other = two(people, challenge)
    offer = propose(first, team, other).json()
    change(host, config, teams_locked_at=builders.PAST)
    assert code_of(accept(second, offer)) == "teams-locked"
    change(host, config)
    entry = f"/challenges/{challenge['slug']}/participations/{mine(second, challenge).json()['id']}"
    host.api.ok("PUT", f"{entry}/disqualification", json={"reason": "Twice."})
    assert code_of(accept(second, offer)) == "team-disqualified"
    host.api.ok("DELETE", f"{entry}/disqualification")
    with parts.sessions() as session:
        session.get_one(Participation, UUID(mine(second, challenge).json()["id"])).state = "pending"
        session.commit()
    assert code_of(accept(second, offer)) == "participation-not-approved"
    host.api.ok("POST", f"{entry}/approval")
    assert accept(second, offer).status_code == 200


@pytest.mark.parametrize("attempt", range(3))
def test_two_teams_that_accept_each_other_at_once_become_one(
    people: list[Person], host: Person, attempt: int
) -> None:
    first, second, _ = people
    challenge = builders.challenge(host)
    team, other = two(people, challenge)
    offers = at_once(lambda: propose(first, team, other), lambda: propose(second, other, team))
    assert [one.status_code for one in offers] == [201, 201]
    one, two_ = (offer.json() for offer in offers)
    answers = at_once(lambda: accept(second, one), lambda: accept(first, two_))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    where = {mine(person, challenge).json()["team_id"] for person in (first, second)}
    assert len(where) == 1


@pytest.mark.parametrize("attempt", range(3))
def test_an_upload_beside_a_merge_never_makes_more_than_one_team_may(
    people: list[Person], host: Person, parts: Parts, attempt: int
) -> None:
    first, second, _ = people
    _, challenge = small(host, per_day=2, total=2)
    phase = challenge["phases"][0]["id"]
    team, other = two(people, challenge)
    for person in (first, second):
        assert builders.submit(person, phase, builders.noise(3)).status_code == 201
    offer = propose(first, team, other).json()
    merged, uploaded = at_once(
        lambda: accept(second, offer), lambda: builders.submit(second, phase, builders.noise(4))
    )
    # Whichever was first, the other is refused: there is room for two.
    assert (merged.status_code, uploaded.status_code) in {(200, 409), (200, 429), (409, 201)}
    items = first.api.ok("GET", f"/phases/{phase}/submissions")["items"]
    assert len(items) == (2 if merged.is_success else 1)
