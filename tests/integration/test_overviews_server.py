"""What an overview tells of the whole server: who works, what waits; the operator, of the disk."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import redis

from app.models import ChallengeRole, Role, User
from app.operations.service import report_worker
from app.settings import Settings
from tests import builders, rescoring
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture
def contest(api: Api, parts: Parts) -> Contest:
    return builders.contest(api, parts.sessions)


@pytest.fixture
def reported(settings: Settings) -> Iterator[str]:
    """A worker that has reported to the server's Redis, and goes again."""
    client = redis.Redis.from_url(settings.redis_url)
    name = builders.unique("worker-of-an-overview")
    report_worker(client, name, lifetime_s=300)
    yield name
    client.delete(f"probeboard:worker:{name}")
    client.close()


def server_of(by: Person, contest: Contest) -> dict[str, Any]:
    path = f"/challenges/{contest.challenge['slug']}/overview"
    return dict(by.api.ok("GET", path)["server"])


def with_right(api: Api, parts: Parts, contest: Contest, right: str) -> Person:
    made = builders.person(api)
    with parts.sessions() as session:
        if right == "operator":
            session.get_one(User, UUID(made.id)).is_operator = True
        else:
            challenge_id = UUID(contest.challenge["id"])
            session.add(ChallengeRole(challenge_id=challenge_id, user_id=UUID(made.id), role=right))
        session.commit()
    return made


def test_roles_are_told_who_works_and_what_waits_in_all_challenges(
    api: Api, parts: Parts, contest: Contest, reported: str
) -> None:
    elsewhere = builders.contest(api, parts.sessions)
    team = builders.contestant(api, elsewhere.challenge)
    before = server_of(contest.host, contest)["queue"]["queued"]
    assert builders.submit(team, elsewhere.phase, builders.noise(700)).status_code == 201
    reader = with_right(api, parts, contest, Role.READER)
    for person in (contest.host, reader):
        told = server_of(person, contest)
        assert told["workers"] >= 1
        assert told["queue"]["queued"] == before + 1
        assert told["queue"]["running"] >= 0
        assert told["queue"]["oldest_waiting_s"] > 0
        assert told["disk"] is None
        assert str(elsewhere.challenge["slug"]) not in str(told)


def test_the_operator_is_told_what_the_disk_holds(api: Api, parts: Parts, contest: Contest) -> None:
    team = builders.contestant(api, contest.challenge)
    assert builders.submit(team, contest.phase, builders.noise(701)).status_code == 201
    told = server_of(with_right(api, parts, contest, "operator"), contest)
    blobs = {one["kind"]: one for one in told["disk"]["blobs"]}
    assert blobs["matrices"]["files"] >= 1
    assert blobs["matrices"]["bytes"] >= 4 * 60 * 4
    assert 0 < told["disk"]["free_bytes"] < told["disk"]["total_bytes"]
    assert told["queue"]["queued"] >= 1


def test_what_open_rescorings_wait_for_is_counted_apart(api: Api, parts: Parts) -> None:
    game = rescoring.play(api, parts)
    before = server_of(game.host, game.contest)
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    told = server_of(game.host, game.contest)
    assert told["rescoring_waiting"] == before["rescoring_waiting"] + len(game.submissions)
    assert told["queue"]["queued"] == before["queue"]["queued"]
    game.host.api.ok("POST", f"{address}/cancellation")
    after = server_of(game.host, game.contest)
    assert after["rescoring_waiting"] == before["rescoring_waiting"]


def test_without_redis_nobody_can_tell_who_works_and_all_else_is_told(
    settings: Settings, contest: Contest
) -> None:
    deaf = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})
    with RunningServer(deaf) as server, Api(server.url, contest.host.token) as api:
        told = api.ok("GET", f"/challenges/{contest.challenge['slug']}/overview")
    assert told["server"]["workers"] is None
    assert told["phases"][0]["slug"] == "dev"
