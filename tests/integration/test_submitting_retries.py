"""The Idempotency-Key: a retry changes nothing, whatever happened to the first answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    quota = {"per_day": 1, "total": 1, "in_flight": 1}
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions, quota=quota)


@pytest.fixture
def team(contest: Contest) -> Person:
    return builders.contestant(contest.host.api, contest.challenge)


def listed(team: Person, contest: Contest) -> list[Any]:
    return list(team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"])


def test_a_retry_gets_the_first_answer_even_when_the_quota_is_full(
    team: Person, contest: Contest
) -> None:
    first = builders.submit(team, contest.phase, builders.truth(), key="k1")
    again = builders.submit(team, contest.phase, builders.truth(), key="k1")
    assert first.status_code == again.status_code == 201
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert again.json()["id"] == first.json()["id"]
    assert len(listed(team, contest)) == 1
    assert builders.submit(team, contest.phase, builders.truth(), key="k2").status_code == 429


@pytest.mark.parametrize("changed", ["file", "field"])
def test_the_same_key_with_another_request_is_a_conflict(
    team: Person, contest: Contest, changed: str
) -> None:
    first = builders.submit(team, contest.phase, builders.truth(), key="k")
    if changed == "file":
        other = builders.submit(team, contest.phase, builders.noise(1), key="k")
    else:
        other = builders.submit(team, contest.phase, builders.truth(), key="k", method_name="B")
    assert other.status_code == 409
    assert other.json()["type"].endswith("/problems/idempotency-key-reused")
    assert [one["id"] for one in listed(team, contest)] == [first.json()["id"]]


def test_requests_with_one_key_at_the_same_time_make_one_submission(
    team: Person, contest: Contest
) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda _: builders.submit(team, contest.phase, builders.truth(), key="race"),
                range(4),
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted("idempotent-replay" in one.headers for one in answers) == [False, *[True] * 3]


def test_a_retry_beside_its_first_attempt_is_answered_though_that_took_the_last_room(
    api: Api, parts: Parts
) -> None:
    contest = builders.contest(
        api, parts.sessions, quota={"per_day": 1, "total": 1, "in_flight": 1}
    )
    alone = builders.contestant(api, contest.challenge)
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda _: builders.submit(alone, contest.phase, builders.truth(), key="last"),
                range(6),
            )
        )
    assert {answer.status_code for answer in answers} == {201}, [one.text for one in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_key_is_a_persons_own(contest: Contest) -> None:
    teams = [builders.contestant(contest.host.api, contest.challenge) for _ in range(2)]
    answers = [builders.submit(one, contest.phase, builders.truth(), key="ours") for one in teams]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 2


def test_a_refused_file_leaves_its_key_free(team: Person, contest: Contest) -> None:
    assert builders.submit(team, contest.phase, b"nonsense", key="k").status_code == 422
    assert builders.submit(team, contest.phase, builders.truth(), key="k").status_code == 201


def test_one_key_for_a_baseline_and_a_submission_at_once_makes_one_row(
    contest: Contest,
) -> None:
    host = contest.host
    made = host.api.ok("POST", "/teams", json={"name": builders.unique("Hosts")})
    body = {"team_id": made["id"], "terms_version": "1"}
    host.api.ok("POST", f"/challenges/{contest.challenge['slug']}/participations", json=body)

    def send(baseline: bool) -> int:
        fields = {"baseline": "true"} if baseline else {}
        answer = builders.submit(host, contest.phase, builders.truth(), key="both", **fields)
        return int(answer.status_code)

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(send, [True, False]))
    assert statuses == [201, 409]
