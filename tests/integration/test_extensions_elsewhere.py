"""What an extension or exception means elsewhere: for bundles, merges, quotas and the calendar."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from app.models import Notice, NoticeKind
from app.notices.calendar import note_free_slots, note_phase_dates
from app.notices.message import document_of, read_subject, text_of
from app.notices.recipients import fan_out
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from tests.teamwork import accept, code_of, enter, hand_in, mine, propose, team_of
from worker.parts import Parts

HOUR = timedelta(hours=1)
LATER, LATEST = "2098-01-01T00:00:00Z", "2098-06-01T00:00:00Z"


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


@pytest.fixture(scope="module")
def people(server: RunningServer) -> Iterator[list[Person]]:
    with Api(server.url) as api:
        yield [builders.person(api) for _ in range(2)]


def make(host: Person, **phase: Any) -> tuple[dict[str, Any], Any, str]:
    """Return a challenge's configuration, the challenge, and its one phase."""
    config = builders.bundle_config(phases=[builders.phase_config(**phase)])
    made = builders.challenge(host, builders.bundle_files(config))
    return config, made, made["phases"][0]["id"]


def extend(host: Person, phase: str, **body: Any) -> Any:
    return host.api.ok("POST", f"/phases/{phase}/extensions", json={"reason": "A fault."} | body)


def two_in(people: list[Person], challenge: Any) -> list[Any]:
    """Make a team of each, that takes part; return the teams."""
    teams = [team_of(one) for one in people]
    for one, team in zip(people, teams, strict=True):
        assert enter(one, team, challenge).status_code == 201
    return teams


def part_of(person: Person, challenge: Any) -> str:
    return str(mine(person, challenge).json()["id"])


def test_a_bundle_closes_no_phase_before_what_an_extension_promised(host: Person) -> None:
    config, challenge, phase = make(host, closes_at="2097-01-01T00:00:00Z")
    slug = challenge["slug"]

    def send(method: str, path: str, closes_at: str) -> httpx.Response:
        phases = [builders.phase_config(closes_at=closes_at)]
        files = builders.bundle_files(config | {"phases": phases})
        return host.api.call(method, path, changes=None, files=builders.bundle_upload(files))

    shorter = "2096-01-01T00:00:00Z"
    assert send("PUT", f"/challenges/{slug}", shorter).status_code == 200  # nothing was promised
    extend(host, phase, closes_at=LATER)
    plan = send("POST", f"/challenges/{slug}/plan", "2097-01-01T00:00:00Z").json()
    (refused,) = plan["refused"]
    assert (refused["code"], refused["phase"]) == ("extension-promised", "dev")
    assert refused["paths"] == ["phases.dev.closes_at"]
    assert LATER in refused["detail"]
    answer = send("PUT", f"/challenges/{slug}", shorter)
    assert code_of(answer) == "extension-promised"
    for closes_at in (LATER, LATEST, LATER):
        assert send("PUT", f"/challenges/{slug}", closes_at).status_code == 200
    exported = host.api.get(f"/challenges/{slug}/bundle").content
    again = builders.unzipped(exported)
    upload = {"bundle": ("bundle.zip", builders.zipped(again), "application/zip")}
    assert host.api.ok("POST", f"/challenges/{slug}/plan", files=upload)["changes"] == []


def test_a_phase_with_an_extension_stays(host: Person, people: list[Person]) -> None:
    phases = [builders.phase_config(slug) for slug in ("one", "two", "three")]
    config = builders.bundle_config(phases=phases)
    challenge = builders.challenge(host, builders.bundle_files(config))
    two_in(people, challenge)
    more = {"participation_id": part_of(people[0], challenge), "extra_submissions": 1}
    extend(host, challenge["phases"][1]["id"], **more)
    extend(host, challenge["phases"][2]["id"], closes_at="2100-01-01T00:00:00Z")
    files = builders.bundle_files(config | {"phases": phases[:1]})
    upload = builders.bundle_upload(files)
    refused = host.api.put(f"/challenges/{challenge['slug']}", files=upload)
    assert code_of(refused) == "change-needs-rescoring"
    for slug in ("two", "three"):
        assert f"Phase {slug} has recorded extensions" in refused.json()["detail"]


def test_teams_that_merge_keep_what_both_were_granted(
    host: Person, people: list[Person], parts: Parts
) -> None:
    quota = {"per_day": 1, "total": 1, "in_flight": 9}
    _, challenge, phase = make(host, closes_at=LATER, quota=quota)
    team, other = two_in(people, challenge)
    for one in people:
        hand_in(parts, one, phase, 0.5)
    offer = propose(people[0], team, other).json()
    assert code_of(accept(people[1], offer)) == "merge-exceeds-quota"
    joins = {"participation_id": part_of(people[1], challenge)}
    stays = {"participation_id": part_of(people[0], challenge)}
    extend(host, phase, **joins, extra_submissions=1)
    extend(host, phase, **joins, closes_at="2098-02-01T00:00:00Z")  # less than the other has
    extend(host, phase, **joins, closes_at=LATEST, extra_submissions=1)
    extend(host, phase, **stays, closes_at="2098-03-01T00:00:00Z")
    assert accept(people[1], offer).status_code == 200
    told = people[1].api.ok("GET", f"/phases/{phase}/quota")
    assert (told["participation_id"], told["team"]) == (stays["participation_id"], team["name"])
    assert (told["extra_submissions"], told["total"]["limit"], told["total"]["used"]) == (2, 3, 2)
    assert told["closes_at"] == "2098-06-01T00:00:00.000Z"
    reasons = [
        one["reason"] for one in people[1].api.ok("GET", f"/phases/{phase}/extensions")["items"]
    ]
    taken_over = "Taken over when the teams merged: A fault."
    assert reasons == [taken_over, taken_over, "A fault."]
    gone = {"participation_id": joins["participation_id"], "extra_submissions": 1, "reason": "?"}
    refused = host.api.post(f"/phases/{phase}/extensions", json=gone)
    assert code_of(refused) == "participation-forbids"


def test_a_teams_quota_is_told_it_and_roles_and_nobody_else(
    host: Person, people: list[Person], parts: Parts
) -> None:
    quota = {"per_day": 2, "total": 5, "in_flight": 2}
    _, challenge, phase = make(host, quota=quota)
    two_in(people, challenge)
    owner, rival = people
    path = f"/phases/{phase}/quota"
    fresh = owner.api.ok("GET", path)
    unused = {"limit": 2, "used": 0, "resets_at": None}
    assert (fresh["day"], fresh["in_flight"]) == (unused, unused)
    assert fresh["refused"] == {"limit": 30, "used": 0, "resets_at": None}
    hand_in(parts, owner, phase, 0.5)
    queued = builders.submit(owner, phase, builders.noise(1)).json()
    assert builders.submit(rival, phase, b"nonsense").status_code == 422
    full = owner.api.ok("GET", path)
    assert [full[name]["used"] for name in ("day", "total", "in_flight")] == [2, 2, 1]
    refused = builders.submit(owner, phase, builders.noise(2))
    assert refused.json()["resets_at"] == full["day"]["resets_at"]
    assert full["has_room"] is False
    assert rival.api.ok("GET", path)["refused"]["used"] == 1
    owner.api.ok("POST", f"/submissions/{queued['id']}/withdrawal")
    again = owner.api.ok("GET", path)
    assert [again[name]["used"] for name in ("day", "total", "in_flight")] == [1, 1, 0]
    assert (again["has_room"], again["day"]["resets_at"]) == (True, full["day"]["resets_at"])
    other = f"{path}?participation_id={again['participation_id']}"
    assert host.api.ok("GET", other) == owner.api.ok("GET", other) == again
    assert host.api.get(path).status_code == rival.api.get(other).status_code == 404


def told(parts: Parts, phase: str, kind: NoticeKind) -> list[tuple[str | None, set[str], str]]:
    """Deliver nothing; return of each notice its team, who would get a mail, and what it says."""
    with parts.sessions() as session:
        found = []
        for notice in session.scalars(
            sa.select(Notice)
            .where(Notice.phase_id == UUID(phase), Notice.kind == kind)
            .order_by(Notice.id)
        ):
            fan_out(session, notice.id, mail=True, now=notice.at)
            readers = session.scalars(
                sa.text("SELECT user_id FROM notice_delivery WHERE notice_id = :id").bindparams(
                    id=notice.id
                )
            )
            subject = read_subject(session, notice.id, public_url="https://example.org")
            assert document_of(subject, UUID(int=1))["kind"] == kind
            part = notice.participation_id
            said = text_of(subject)
            found.append((part and str(part), set(map(str, readers)), said.subject + said.body))
        session.rollback()
        return found


def pass_time(parts: Parts, now: datetime) -> None:
    with parts.sessions() as session:
        note_phase_dates(session, now=now)
        note_free_slots(session, now=now)
        session.commit()


def test_a_team_with_its_own_close_is_told_of_that_one_only(
    host: Person, people: list[Person], parts: Parts
) -> None:
    close = datetime.fromisoformat("2094-05-01T12:00:00+00:00")
    _, challenge, phase = make(host, closes_at=close.isoformat())
    two_in(people, challenge)
    favoured, other = people
    own = part_of(favoured, challenge)
    extend(host, phase, participation_id=own, closes_at=(close + 5 * HOUR).isoformat())
    pass_time(parts, close - HOUR)
    pass_time(parts, close + 4 * HOUR)
    pass_time(parts, close + 4 * HOUR)
    for_all, a_day, for_one = told(parts, phase, NoticeKind.PHASE_CLOSES)
    assert {a_day[0], for_one[0]} == {own}
    assert (for_all[0], for_all[1]) == (None, {other.id})
    assert for_one[1] == {favoured.id}
    assert "2094-05-01 17:00:00 UTC" in for_one[2]
    assert "2094-05-01 12:00:00 UTC" in for_all[2]
    extend(host, phase, closes_at=(close + 9 * HOUR).isoformat())
    # What was noted before is told nobody any more: it closes later by now.
    assert [readers for _, readers, _ in told(parts, phase, NoticeKind.PHASE_CLOSES)] == [
        set(), set(), set()
    ]  # fmt: skip


def test_who_is_granted_something_is_told_what_and_why(
    host: Person, people: list[Person], parts: Parts
) -> None:
    _, challenge, phase = make(host, closes_at="2095-01-01T00:00:00Z")
    two_in(people, challenge)
    own = part_of(people[0], challenge)
    extend(host, phase, closes_at="2096-01-01T00:00:00Z")
    extend(host, phase, participation_id=own, closes_at=LATER, extra_submissions=2)
    extend(host, phase, participation_id=own, extra_submissions=1)
    ((_, everybody, said),) = told(parts, phase, NoticeKind.PHASE_EXTENDED)
    assert everybody == {one.id for one in people}
    assert "Dev closes at 2096-01-01 00:00:00 UTC, and not at 2095-01-01 00:00:00 UTC." in said
    assert "The organizers' reason: A fault." in said
    one, other = told(parts, phase, NoticeKind.EXCEPTION_GRANTED)
    assert one[:2] == other[:2] == (own, {people[0].id})
    assert "2 submissions more than the quota of Dev" in one[2]
    assert "2098-01-01 00:00:00 UTC" in one[2]
    assert "one submission more" in other[2]


def test_a_team_with_more_submissions_is_told_of_a_free_slot_by_its_own_limit(
    host: Person, people: list[Person], parts: Parts
) -> None:
    quota = {"per_day": 1, "total": 50, "in_flight": 9}
    _, challenge, phase = make(host, quota=quota)
    two_in(people, challenge)
    extend(host, phase, participation_id=part_of(people[0], challenge), extra_submissions=1)
    for person in people:
        hand_in(parts, person, phase, 0.5)
    with parts.sessions() as session:
        now = session.scalars(sa.select(sa.func.now())).one()
    pass_time(parts, now + 25 * HOUR)
    # The first had room all the while.
    found = told(parts, phase, NoticeKind.QUOTA_FREE)
    assert [part for part, _, _ in found] == [part_of(people[1], challenge)]


def test_exceptions_are_of_the_challenge_they_are_asked_for(
    host: Person, people: list[Person]
) -> None:
    _, challenge, _ = make(host)
    _, _, elsewhere = make(host)
    two_in(people, challenge)
    body = {
        "participation_id": part_of(people[0], challenge), "closes_at": "2100-01-01T00:00:00Z",
        "reason": "?",
    }  # fmt: skip
    assert host.api.post(f"/phases/{elsewhere}/extensions", json=body).status_code == 404
