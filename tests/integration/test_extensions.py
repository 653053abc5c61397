"""Phases are extended for all, and exceptions made for one team: with a reason, for good."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.clock import to_json_instant, utc_now
from app.models import Phase
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from tests.teamwork import at_once, code_of, mine
from worker.parts import Parts

CLOSED = "2021-01-01T00:00:00Z"
LATER, LATEST = "2098-01-01T00:00:00.000Z", "2098-06-01T00:00:00.000Z"
WHY = "The server was down."


@pytest.fixture(scope="module")
def people(server: RunningServer, parts: Parts) -> Iterator[tuple[Person, Person, Person]]:
    """An organizer, and two people in teams of their own; what they are in each test makes."""
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions), builders.person(api), builders.person(api)


def play(people: tuple[Person, Person, Person], **phase: Any) -> Contest:
    """Make a challenge with one phase, closed unless told otherwise, that both teams are in."""
    host, *members = people
    told = {"closes_at": CLOSED} | phase
    config = builders.bundle_config(phases=[builders.phase_config(**told)])
    made = builders.challenge(host, builders.bundle_files(config))
    for one in members:
        team = one.api.ok("POST", "/teams", json={"name": builders.unique("Team")})
        body = {"team_id": team["id"], "terms_version": "1"}
        one.api.ok("POST", f"/challenges/{made['slug']}/participations", json=body)
    return Contest(host, made, made["phases"][0]["id"])


def extend(contest: Contest, **body: Any) -> httpx.Response:
    return contest.host.api.post(f"/phases/{contest.phase}/extensions", json={"reason": WHY} | body)


def granted(contest: Contest, by: Api) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = by.ok("GET", f"/phases/{contest.phase}/extensions")["items"]
    return items


def hand_in(by: Person, contest: Contest) -> int:
    return int(builders.submit(by, contest.phase, builders.noise(1)).status_code)


def of(contest: Contest, team: Person) -> str:
    return str(mine(team, contest.challenge).json()["id"])


def test_an_extension_for_all_opens_a_closed_phase_again_in_public(
    api: Api, people: tuple[Person, Person, Person]
) -> None:
    contest = play(people)
    assert [hand_in(one, contest) for one in people[1:]] == [409, 409]
    made = extend(contest, closes_at=LATER)
    assert made.status_code == 201, made.text
    assert [hand_in(one, contest) for one in people[1:]] == [201, 201]
    told = granted(contest, api)
    assert granted(contest, contest.host.api) == [made.json()]
    assert told == [made.json() | {"by": None}]
    assert (told[0]["closes_at_before"], told[0]["closes_at"]) == (
        "2021-01-01T00:00:00.000Z",
        LATER,
    )
    assert (told[0]["reason"], told[0]["team"]) == (WHY, None)
    phase = api.ok("GET", f"/phases/{contest.phase}")
    assert (phase["closes_at"], phase["state"], phase["own"]) == (LATER, "open", None)
    bundle = contest.host.api.get(f"/challenges/{contest.challenge['slug']}/bundle").content
    assert LATER[:10].encode() in builders.unzipped(bundle)["challenge.yaml"]


def test_an_exception_is_for_one_team_and_told_that_team(
    api: Api, people: tuple[Person, Person, Person]
) -> None:
    contest = play(people)
    host, favoured, other = people
    made = extend(contest, participation_id=of(contest, favoured), closes_at=LATER)
    assert made.status_code == 201, made.text
    assert [hand_in(one, contest) for one in (favoured, other)] == [201, 409]
    assert granted(contest, host.api) == [made.json()]
    assert granted(contest, favoured.api) == [made.json() | {"by": None}]
    assert granted(contest, other.api) == granted(contest, api) == []
    own = {"closes_at": LATER, "state": "open", "extra_submissions": 0}
    for caller, expected in ((favoured.api, own), (other.api, None), (api, None)):
        one = caller.ok("GET", f"/phases/{contest.phase}")
        (listed,) = caller.ok("GET", f"/challenges/{contest.challenge['slug']}")["phases"]
        for seen in (one, listed):
            assert seen["closes_at"] == "2021-01-01T00:00:00.000Z"
            assert (seen["state"], seen["own"]) == ("closed", expected)
    quota = favoured.api.ok("GET", f"/phases/{contest.phase}/quota")
    assert (quota["closes_at"], quota["state"], quota["day"]["used"]) == (LATER, "open", 1)
    (submission,) = favoured.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"]
    words = {"method_name": "Other words"}
    favoured.api.ok("PATCH", f"/submissions/{submission['id']}", json=words)


def test_a_team_that_may_choose_later_chooses_later(
    people: tuple[Person, Person, Person], parts: Parts
) -> None:
    selection = {"rule": "selected", "limit": 1}
    contest = play(people, closes_at=builders.FUTURE, selection=selection)
    _, favoured, other = people
    chosen = [
        builders.submit(one, contest.phase, builders.noise(2)).json()["id"]
        for one in (favoured, other)
    ]
    close(parts, contest)
    assert extend(contest, participation_id=of(contest, favoured), closes_at=LATER).is_success
    for one, submission, expected in zip((favoured, other), chosen, (200, 409), strict=True):
        path = f"/submissions/{submission}/selection"
        assert one.api.put(path).status_code == expected
        assert one.api.delete(path).status_code == expected


def close(parts: Parts, contest: Contest) -> None:
    """Let the phase's time pass."""
    with parts.sessions() as session:
        phase = session.get_one(Phase, UUID(contest.phase))
        phase.closes_at = utc_now() - timedelta(seconds=1)
        session.commit()


def scratch(parts: Parts) -> set[Path]:
    """Return the folders that uploads come into."""
    return set((parts.blobs.root / "incoming").iterdir())


def test_more_submissions_raise_both_limits_for_one_team_and_add_up(
    people: tuple[Person, Person, Person],
) -> None:
    quota = {"per_day": 1, "total": 1, "in_flight": 9}
    contest = play(people, closes_at=builders.FUTURE, quota=quota)
    _, favoured, other = people
    for more in (1, 1):
        body = {"participation_id": of(contest, favoured), "extra_submissions": more}
        assert extend(contest, **body).status_code == 201
    told = favoured.api.ok("GET", f"/phases/{contest.phase}/quota")
    assert (told["day"]["limit"], told["total"]["limit"], told["extra_submissions"]) == (3, 3, 2)
    path = f"/phases/{contest.phase}/extensions"
    first = favoured.api.ok("GET", f"{path}?limit=1")
    rest = favoured.api.ok("GET", f"{path}?cursor={first['next_cursor']}")
    assert first["items"] + rest["items"] == granted(contest, favoured.api)
    assert [hand_in(favoured, contest) for _ in range(4)] == [201] * 3 + [429]
    assert [hand_in(other, contest) for _ in range(2)] == [201, 429]


def test_an_extension_is_later_and_to_come(people: tuple[Person, Person, Person]) -> None:
    contest = play(people)
    _, team, _ = people
    for body in (
        {"closes_at": CLOSED},
        {"closes_at": "2022-01-01T00:00:00Z"},  # later, and long past
        {"closes_at": "2022-01-01T00:00:00Z", "participation_id": of(contest, team)},
    ):
        assert code_of(extend(contest, **body)) == "extension-not-later"
    assert extend(contest, closes_at=LATER, participation_id=of(contest, team)).is_success
    again = extend(contest, closes_at=LATER, participation_id=of(contest, team))
    assert code_of(again) == "extension-not-later"
    assert len(granted(contest, contest.host.api)) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"extra_submissions": 2},
        {"closes_at": "2098-01-01T00:00:00"},
        {"closes_at": LATER, "reason": " "},
        {"participation_id": "019a9f00-0000-7000-8000-000000000000"},
        {"participation_id": "019a9f00-0000-7000-8000-000000000000", "extra_submissions": 0},
    ],
)
def test_an_extension_says_what_for_whom_and_why(
    people: tuple[Person, Person, Person], body: dict[str, Any]
) -> None:
    contest = play(people)
    assert extend(contest, **body).status_code == 422
    nobody = {"participation_id": "019a9f00-0000-7000-8000-000000000000", "closes_at": LATER}
    assert extend(contest, **nobody).status_code == 404


@pytest.mark.parametrize("attempt", range(3))
def test_two_organizers_at_once_extend_one_after_the_other(
    people: tuple[Person, Person, Person], attempt: int
) -> None:
    contest = play(people)
    answers = at_once(*(lambda: extend(contest, closes_at=LATER) for _ in range(2)))
    assert sorted(one.status_code for one in answers) == [201, 409]
    team = of(contest, people[1])
    more = {"participation_id": team, "extra_submissions": 1}
    assert all(one.is_success for one in at_once(*(lambda: extend(contest, **more),) * 3))
    assert at_once(
        lambda: extend(contest, closes_at=LATEST).status_code,
        lambda: extend(contest, closes_at=LATEST, participation_id=team).status_code,
    ) in ([201, 201], [201, 409])
    told = people[1].api.ok("GET", f"/phases/{contest.phase}/quota")
    assert (told["extra_submissions"], told["closes_at"]) == (3, LATEST)
    for_all = [one for one in granted(contest, people[2].api) if one["team"] is None]
    assert len(for_all) == 2
    for newer, older in pairwise(for_all):
        assert newer["closes_at_before"] == older["closes_at"]


def test_what_counts_is_the_close_that_holds_when_the_last_byte_comes(
    people: tuple[Person, Person, Person], parts: Parts
) -> None:
    for prolonged, expected in ((False, 409), (True, 201)):
        contest, before = play(people, closes_at=builders.FUTURE), scratch(parts)

        def body(
            contest: Contest = contest, prolonged: bool = prolonged, before: set[Path] = before
        ) -> Iterator[bytes]:
            yield builders.FORM_HEAD
            content = builders.csv_bytes(builders.noise(3))
            yield content[:100]
            builders.wait_until(lambda: scratch(parts) - before)  # it was let in
            close(parts, contest)
            if prolonged:
                in_a_while = to_json_instant(utc_now() + timedelta(hours=1))
                assert extend(contest, closes_at=in_a_while).status_code == 201
            yield content[100:] + builders.FORM_TAIL

        answer = people[1].api.post(
            f"/phases/{contest.phase}/submissions",
            content=body(),
            headers={"Content-Type": builders.FORM_TYPE},
        )
        assert answer.status_code == expected, answer.text
