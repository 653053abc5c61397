"""Teams are told what organizers and captains decide of them; who left a team can be freed."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.models import AuditEntry, Delivery, Notice, NoticeKind
from app.notices.message import document_of, read_subject, text_of
from app.notices.recipients import fan_out
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from tests.teamwork import accept, code_of, enter, hand_in, join, leave, mine, propose, team_of
from worker.parts import Parts

WHY = "The same people as another team."


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


@pytest.fixture(scope="module")
def people(server: RunningServer) -> Iterator[list[Person]]:
    with Api(server.url) as api:
        yield [builders.person(api) for _ in range(3)]


def told(parts: Parts, condition: Any) -> list[tuple[set[str], str, dict[str, Any]]]:
    """Return of each notice who gets a mail, what it says, and its document; deliver nothing."""
    found = []
    with parts.sessions() as session:
        for notice in session.scalars(sa.select(Notice).where(condition).order_by(Notice.id)):
            fan_out(session, notice.id, mail=True, now=notice.at)
            readers = session.scalars(
                sa.select(Delivery.user_id).where(
                    Delivery.notice_id == notice.id, Delivery.user_id.is_not(None)
                )
            )
            subject = read_subject(session, notice.id, public_url="https://example.org")
            text = text_of(subject)
            document = document_of(subject, UUID(int=1))
            found.append((set(map(str, readers)), f"{text.subject}\n{text.body}", document))
        session.rollback()
    return found


def decided(parts: Parts, challenge: Any) -> list[tuple[set[str], str, dict[str, Any]]]:
    return told(
        parts,
        sa.and_(
            Notice.challenge_id == UUID(challenge["id"]),
            Notice.kind == NoticeKind.ORGANIZERS_DECIDED,
        ),
    )


def test_a_team_is_told_what_organizers_decide_of_it_once_each(
    host: Person, people: list[Person], parts: Parts
) -> None:
    config = builders.bundle_config(participation={"approval": "required"})
    challenge = builders.challenge(host, builders.bundle_files(config))
    person, mate, other = people
    team = team_of(person)
    join(mate, team)
    enter(person, team, challenge)
    enter(other, team_of(other), challenge)
    entry = mine(person, challenge).json()["id"]
    path = f"/challenges/{challenge['slug']}/participations/{entry}"
    for _ in range(2):
        host.api.ok("POST", f"{path}/refusal", json={"reason": "For students."}, changes=None)
    for _ in range(2):
        host.api.ok("POST", f"{path}/approval", changes=None)
    for _ in range(2):
        host.api.ok("PUT", f"{path}/disqualification", json={"reason": WHY}, changes=None)
    for _ in range(2):
        host.api.ok("DELETE", f"{path}/disqualification", changes=None)
    found = decided(parts, challenge)
    verbs = ("declined", "approved", "disqualified", "reinstated")
    assert [document["decision"] for _, _, document in found] == list(verbs)
    assert all(readers == {person.id, mate.id} for readers, _, _ in found)
    assert [document["reason"] for _, _, document in found] == ["For students.", None, WHY, None]
    heads = [text.splitlines()[0].split("] ")[1] for _, text, _ in found]
    assert heads == [
        "your team was declined", "your team was let in", "your team was disqualified",
        "your team was reinstated",
    ]  # fmt: skip
    assert f"The organizers' reason: {WHY}" in found[2][1]


def test_a_team_is_told_of_a_submission_that_is_disqualified_and_nobody_of_a_baseline(
    host: Person, people: list[Person], parts: Parts
) -> None:
    challenge = builders.challenge(host)
    phase = challenge["phases"][0]["id"]
    enter(people[0], team_of(people[0]), challenge)
    one = builders.submit(people[0], phase, builders.noise(1)).json()
    baseline = builders.submit(host, phase, builders.noise(2), baseline="true").json()
    for submission in (one, baseline):
        path = f"/submissions/{submission['id']}/disqualification"
        host.api.ok("PUT", path, json={"reason": WHY})
        host.api.ok("DELETE", path)
    found = decided(parts, challenge)
    assert [readers for readers, _, _ in found] == [{people[0].id}, {people[0].id}, set(), set()]
    assert "your team's submission “A method” was disqualified" in found[0][1]
    assert found[0][2]["submission"]["id"] == one["id"]


def test_the_other_team_is_told_of_a_merge(people: list[Person], parts: Parts) -> None:
    first, second, mate = people
    team, other = team_of(first), team_of(second)
    join(mate, other)
    refused = propose(first, team, other).json()
    second.api.ok("POST", f"/merges/{refused['id']}/refusal")
    withdrawn = propose(first, team, other).json()
    first.api.ok("POST", f"/merges/{withdrawn['id']}/refusal")
    assert accept(second, propose(first, team, other).json()).is_success
    of_joining = told(parts, Notice.team_id == UUID(other["id"]))
    of_staying = told(parts, Notice.team_id == UUID(team["id"]))
    assert [document["decision"] for _, _, document in of_joining] == [
        "proposed", "proposed", "withdrawn", "proposed",
    ]  # fmt: skip
    assert [document["decision"] for _, _, document in of_staying] == ["declined", "accepted"]
    # The team that joined has nobody any more; those who were in it are in the other.
    assert {len(readers) for readers, _, _ in of_joining} == {0}
    assert of_staying[1][0] == {first.id, second.id, mate.id}
    text = of_staying[1][1]
    assert text.startswith(f"[{team['name']}] {other['name']} is part of {team['name']} now")
    assert of_staying[1][2]["challenge"] is None
    proposal = of_joining[0][1]
    assert f"{other['name']} would become part of {team['name']}" in proposal


def test_a_proposal_is_told_those_it_comes_to(people: list[Person], parts: Parts) -> None:
    first, second, mate = people
    team, other = team_of(first), team_of(second)
    join(mate, other)
    hook = {"url": "https://example.org/hook", "kinds": ["merge"]}
    made = second.api.ok("POST", f"/teams/{other['id']}/webhooks", json=hook)
    propose(first, team, other)
    ((readers, _, _),) = told(parts, Notice.team_id == UUID(other["id"]))
    assert readers == {second.id, mate.id}
    with parts.sessions() as session:
        notice = session.scalars(sa.select(Notice).where(Notice.team_id == UUID(other["id"]))).one()
        fan_out(session, notice.id, mail=False, now=notice.at)
        hooks = session.scalars(
            sa.select(Delivery.webhook_id).where(Delivery.notice_id == notice.id)
        ).all()
        session.rollback()
    assert [str(one) for one in hooks] == [made["id"]]


def test_an_organizer_frees_who_left_a_team_that_had_handed_in(
    host: Person, people: list[Person], parts: Parts
) -> None:
    challenge = builders.challenge(host)
    captain, gone, stranger = people
    team = team_of(captain)
    join(gone, team)
    enter(captain, team, challenge)
    hand_in(parts, captain, challenge["phases"][0]["id"], 0.5)
    path = f"/challenges/{challenge['slug']}/bound-members"
    body = {"reason": "The captain agrees."}
    assert host.api.ok("GET", path)["items"] == []
    # Who is in the team is not bound to it, but part of it.
    assert host.api.post(f"{path}/{gone.id}/release", json=body).status_code == 404
    assert leave(gone, team).status_code == 204
    own = team_of(gone)
    assert code_of(enter(gone, own, challenge)) == "already-in-challenge"
    (listed,) = host.api.ok("GET", path)["items"]
    assert (listed["id"], listed["email"], listed["team"]) == (gone.id, gone.email, team["name"])
    for caller in (captain, stranger):
        assert caller.api.get(path).status_code == 403
        assert caller.api.post(f"{path}/{gone.id}/release", json=body).status_code == 403
    assert host.api.post(f"{path}/{gone.id}/release", json={"reason": " "}).status_code == 422
    freed = host.api.post(f"{path}/{gone.id}/release", json=body)
    assert freed.status_code == 204
    assert host.api.ok("GET", path)["items"] == []
    assert enter(gone, own, challenge).status_code == 201
    assert gone.api.ok("GET", f"/phases/{challenge['phases'][0]['id']}/submissions")["items"] == []
    with parts.sessions() as session:
        entry = session.scalars(
            sa.select(AuditEntry).where(
                AuditEntry.request_id == UUID(freed.headers["x-request-id"])
            )
        ).one()
    assert (entry.action, entry.reason) == ("participation.member-released", body["reason"])
    assert entry.before is not None
    assert entry.before["bound"] == gone.id


def test_the_bound_are_listed_in_pages(host: Person, people: list[Person], parts: Parts) -> None:
    challenge = builders.challenge(host)
    captain, *others = people
    team = team_of(captain)
    for one in others:
        join(one, team)
    enter(captain, team, challenge)
    hand_in(parts, captain, challenge["phases"][0]["id"], 0.5)
    for one in others:
        leave(one, team)
    path = f"/challenges/{challenge['slug']}/bound-members"
    page = host.api.ok("GET", f"{path}?limit=1")
    rest = host.api.ok("GET", f"{path}?limit=1&cursor={page['next_cursor']}")
    assert {one["id"] for one in page["items"] + rest["items"]} == {one.id for one in others}
    assert rest["next_cursor"] is None
