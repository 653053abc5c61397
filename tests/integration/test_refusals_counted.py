"""Refused files have a limit beside the quota: counted by all processes, and not at all costs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from tests.teamwork import at_once, code_of
from worker.parts import Parts

LIMIT = 3
NONSENSE = b"id,0,1,2,3\nnobody,1,2,3,4\n"


@pytest.fixture(scope="module")
def two(settings: Settings) -> Iterator[tuple[Api, Api]]:
    """Two applications on one database and one Redis."""
    strict = settings.model_copy(update={"refusals_per_hour": LIMIT, "validations_at_once": 1})
    with (
        RunningServer(strict) as one,
        RunningServer(strict) as other,
        Api(one.url) as first,
        Api(other.url) as second,
    ):
        yield first, second


def at(api: Api, person: Person) -> Person:
    """Let somebody call another server."""
    return Person(api.as_(person.token), person.id, person.email, person.token, person.teams)


@pytest.fixture
def contest(two: tuple[Api, Api], parts: Parts) -> Contest:
    return builders.contest(two[0], parts.sessions)


def test_two_processes_count_refused_files_together(two: tuple[Api, Api], contest: Contest) -> None:
    first, second = two
    clumsy = builders.contestant(first, contest.challenge)
    for number in range(LIMIT):
        by = at(two[number % 2], clumsy)
        assert builders.submit(by, contest.phase, NONSENSE).status_code == 422
    path = f"/phases/{contest.phase}/quota"
    for api in two:
        refused = builders.submit(at(api, clumsy), contest.phase, builders.truth())
        assert code_of(refused) == "too-many-refusals"
        problem = refused.json()
        assert (problem["limit"], problem["used"], problem["window"]) == (LIMIT, LIMIT, "1 h")
        assert "`probeboard check`" in problem["detail"]
        assert 0 < int(refused.headers["retry-after"]) <= 3600
        told = at(api, clumsy).api.ok("GET", path)
        assert (told["refused"]["used"], told["refused"]["limit"]) == (LIMIT, LIMIT)
        assert (told["day"]["used"], told["has_room"]) == (0, True)
        ends = [datetime.fromisoformat(one["resets_at"]) for one in (problem, told["refused"])]
        assert abs(ends[0] - ends[1]) < timedelta(minutes=1)
    other = builders.contestant(second, contest.challenge)
    assert builders.submit(at(first, other), contest.phase, builders.truth()).status_code == 201


def test_many_refused_at_once_do_not_pass_the_limit_by_more_than_are_validated_at_once(
    two: tuple[Api, Api], contest: Contest
) -> None:
    clumsy = builders.contestant(two[0], contest.challenge)
    calls: list[Any] = [
        lambda api=api: builders.submit(at(api, clumsy), contest.phase, NONSENSE) for api in two * 4
    ]
    codes = [code_of(answer) for answer in at_once(*calls)]
    # Each process validates one at a time, and looks before each.
    assert LIMIT <= codes.count("invalid-embeddings") <= LIMIT + 1
    assert set(codes) == {"invalid-embeddings", "too-many-refusals"}


def test_who_retries_an_accepted_request_is_answered_whatever_was_refused(
    two: tuple[Api, Api], contest: Contest
) -> None:
    clumsy = builders.contestant(two[0], contest.challenge)
    made = builders.submit(clumsy, contest.phase, builders.truth(), key="one")
    assert made.status_code == 201
    for _ in range(LIMIT):
        assert builders.submit(clumsy, contest.phase, NONSENSE).status_code == 422
    again = builders.submit(at(two[1], clumsy), contest.phase, builders.truth(), key="one")
    assert again.status_code == 201
    assert again.headers["idempotent-replay"] == "true"
    assert again.json()["id"] == made.json()["id"]
    new = builders.submit(clumsy, contest.phase, builders.truth(), key="two")
    assert code_of(new) == "too-many-refusals"


def test_while_redis_is_down_files_are_let_through_and_it_is_logged(
    settings: Settings, contest: Contest, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = settings.model_copy(
        update={"refusals_per_hour": 1, "redis_url": "unix:///nowhere/redis.sock"}
    )
    with RunningServer(gone) as lonely, Api(lonely.url) as api:
        clumsy = builders.contestant(api, contest.challenge)
        for _ in range(2):
            assert builders.submit(clumsy, contest.phase, NONSENSE).status_code == 422
        assert builders.submit(clumsy, contest.phase, builders.truth()).status_code == 201
        told = clumsy.api.ok("GET", f"/phases/{contest.phase}/quota")["refused"]
        assert told == {"limit": 1, "used": 0, "resets_at": None}
    assert "rate limit not enforced" in capsys.readouterr().out
