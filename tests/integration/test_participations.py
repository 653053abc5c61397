"""Who may take part: organizers let teams in, and addresses are where the challenge says."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.models import User
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from tests.teamwork import (
    accept,
    at_once,
    change,
    code_of,
    enter,
    join,
    mine,
    propose,
    team_of,
)  # fmt: skip
from worker.parts import Parts

APPROVAL = {"approval": "required"}


@pytest.fixture(scope="module")
def people(server: RunningServer) -> Iterator[list[Person]]:
    """Three people; what they are in is for each test to make anew."""
    with Api(server.url) as api:
        yield [builders.person(api) for _ in range(3)]


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def asking(host: Person, **participation: Any) -> tuple[dict[str, Any], Any]:
    config = builders.bundle_config(participation=participation)
    return config, builders.challenge(host, builders.bundle_files(config))


def decide(
    host: Person, challenge: Any, entry: Any, what: str, *, changes: bool = True, **body: Any
) -> httpx.Response:
    path = f"/challenges/{challenge['slug']}/participations/{entry['id']}/{what}"
    return host.api.post(path, changes=changes, **({"json": body} if body else {}))


def test_a_team_waits_for_approval_before_it_hands_in(people: list[Person], host: Person) -> None:
    captain, mate, stranger = people
    _, challenge = asking(host, **APPROVAL)
    assert challenge["participation"] == {"approval": "required", "email_domains": []}
    phase = challenge["phases"][0]["id"]
    team = team_of(captain)
    entry = enter(captain, team, challenge).json()
    assert (entry["state"], entry["decided_at"]) == ("pending", None)
    assert code_of(builders.submit(captain, phase, builders.truth())) == (
        "participation-not-approved"
    )
    join(mate, team)
    assert mine(mate, challenge).json()["state"] == "pending"
    assert decide(stranger, challenge, entry, "approval").status_code == 403
    assert decide(host, challenge, entry, "approval").json()["state"] == "approved"
    again = decide(host, challenge, entry, "approval", changes=False).json()
    assert again["decided_at"] == mine(captain, challenge).json()["decided_at"] is not None
    assert builders.submit(mate, phase, builders.truth()).status_code == 201
    assert code_of(decide(host, challenge, entry, "refusal", reason="No.")) == (
        "participation-forbids"
    )


def test_a_team_that_is_declined_is_told_why_and_may_be_let_in_later(
    people: list[Person], host: Person
) -> None:
    captain = people[0]
    _, challenge = asking(host, **APPROVAL)
    phase = challenge["phases"][0]["id"]
    team = team_of(captain)
    entry = enter(captain, team, challenge).json()
    assert decide(host, challenge, entry, "refusal", reason="").status_code == 422
    assert decide(host, challenge, entry, "refusal", reason="Not a team.").status_code == 200
    assert decide(host, challenge, entry, "refusal", reason="No students.").status_code == 200
    known = mine(captain, challenge).json()
    assert (known["state"], known["decision_reason"]) == ("declined", "No students.")
    refused = builders.submit(captain, phase, builders.truth())
    assert code_of(refused) == "participation-not-approved"
    assert "No students." in refused.json()["detail"]
    # Asking again is no way round the decision.
    assert enter(captain, team, challenge, changes=False).json()["state"] == "declined"
    assert decide(host, challenge, entry, "approval").json()["decision_reason"] is None
    assert builders.submit(captain, phase, builders.truth()).status_code == 201


def test_organizers_list_teams_by_state_in_pages(people: list[Person], host: Person) -> None:
    _, challenge = asking(host, **APPROVAL)
    entries = [enter(person, team_of(person), challenge).json() for person in people]
    decide(host, challenge, entries[0], "approval")
    path = f"/challenges/{challenge['slug']}/participations"
    first = host.api.ok("GET", f"{path}?limit=2")
    second = host.api.ok("GET", f"{path}?limit=2&cursor={first['next_cursor']}")
    listed = [one["id"] for one in first["items"] + second["items"]]
    assert listed == [one["id"] for one in reversed(entries)]
    (approved,) = host.api.ok("GET", f"{path}?state=approved")["items"]
    assert approved["members"] == [
        {"id": people[0].id, "name": "Somebody", "email": people[0].email}
    ]
    assert host.api.get(f"{path}?state=maybe").status_code == 422
    assert people[0].api.get(path).status_code == 403


def test_a_decision_is_about_a_team_of_this_challenge(people: list[Person], host: Person) -> None:
    (_, challenge), (_, other) = asking(host, **APPROVAL), asking(host, **APPROVAL)
    entry = enter(people[0], team_of(people[0]), challenge).json()
    assert decide(host, other, entry, "approval").status_code == 404


def test_teams_that_took_part_before_approval_was_asked_for_go_on(
    people: list[Person], host: Person
) -> None:
    config, challenge = asking(host)
    enter(people[0], team_of(people[0]), challenge)
    change(host, config, participation=APPROVAL)
    assert mine(people[0], challenge).json()["state"] == "approved"


def test_everybody_in_a_team_has_an_address_where_the_challenge_says(
    people: list[Person], host: Person, parts: Parts
) -> None:
    captain, mate, _ = people
    config, challenge = asking(host, email_domains=["uni.example.edu"])
    team = team_of(captain)
    refused = enter(captain, team, challenge)
    assert code_of(refused) == "email-domain-not-allowed"
    assert refused.json()["domains"] == ["uni.example.edu"]
    assert captain.email not in refused.text
    change(host, config, participation={"email_domains": ["example.org", "x.edu"]})
    assert enter(captain, team, challenge).status_code == 201
    other = f"{builders.unique('elsewhere')}@notexample.org"
    with parts.sessions() as session:
        session.query(User).filter_by(email=mate.email).one().email = other
        session.commit()
    assert code_of(join(mate, team)) == "email-domain-not-allowed"
    own = team_of(mate)
    assert code_of(enter(mate, own, challenge)) == "email-domain-not-allowed"
    assert code_of(accept(mate, propose(captain, team, own).json())) == "email-domain-not-allowed"
    with parts.sessions() as session:
        session.query(User).filter_by(email=other).one().email = f"x@lab.{mate.id}.x.edu"
        session.commit()
    assert join(mate, team).status_code == 200


@pytest.mark.parametrize(
    "participation",
    [
        {"email_domains": ["Example.org"]}, {"email_domains": ["org"]}, {"email_domains": ["@a.b"]},
        {"email_domains": ["a.b", "a.b"]}, {"approval": "maybe"}, {"aproval": "required"},
    ],
)  # fmt: skip
def test_a_bundle_that_says_it_wrong_is_refused_with_the_line(
    host: Person, participation: Any
) -> None:
    files = builders.bundle_files(builders.bundle_config(participation=participation))
    answer = host.api.post("/challenges", files=builders.bundle_upload(files))
    assert code_of(answer) == "invalid-bundle"
    (place, *_) = answer.json()["errors"]
    assert place["file"] == "challenge.yaml"
    assert files["challenge.yaml"].decode().splitlines()[place["line"] - 1].strip()


def test_a_lock_without_a_zone_is_refused(host: Person) -> None:
    files = builders.bundle_files(builders.bundle_config(teams_locked_at="2026-01-01T00:00:00"))
    answer = host.api.post("/challenges", files=builders.bundle_upload(files))
    assert code_of(answer) == "invalid-bundle"


@pytest.mark.parametrize("attempt", range(3))
def test_approval_and_refusal_at_once_end_in_one_of_them(
    people: list[Person], host: Person, attempt: int
) -> None:
    _, challenge = asking(host, **APPROVAL)
    entry = enter(people[0], team_of(people[0]), challenge).json()
    approved, declined = at_once(
        lambda: decide(host, challenge, entry, "approval"),
        lambda: decide(host, challenge, entry, "refusal", reason="No."),
    )
    # Who approves after a refusal has the last word; who declines after an approval is refused.
    assert approved.status_code == 200
    assert declined.status_code in (200, 409)
    assert mine(people[0], challenge).json()["state"] == "approved"
