"""Watching a submission: the stream's states in order, its ends, and polling beside it."""

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis

from app.events import CHANNEL_PREFIX, publish
from app.models import Status
from app.settings import Settings
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
def team(contest: Contest) -> Person:
    return builders.contestant(contest.host.api, contest.challenge)


def hand_in(team: Person, contest: Contest, seed: int) -> UUID:
    return UUID(builders.submit(team, contest.phase, builders.noise(seed)).json()["id"])


class Watcher:
    """A client of the stream, in a thread of its own."""

    def __init__(self, url: str, token: str, key: UUID) -> None:
        self.states: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self._address = f"{url}/api/v1/submissions/{key}/events"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        builders.wait_until(lambda: self.states or self.ended.is_set())

    def _read(self) -> None:
        with httpx.stream("GET", self._address, headers=self._headers, timeout=60) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self.states.append(json.loads(line.removeprefix("data: ")))
        self.ended.set()

    def all(self) -> list[dict[str, Any]]:
        self._thread.join(60)
        assert self.ended.is_set()
        return self.states

    def statuses(self) -> list[tuple[str, int]]:
        return [(state["status"], state["tasks_done"]) for state in self.all()]


def test_the_states_come_in_their_order_until_the_score(
    server: RunningServer, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 1)
    watcher = Watcher(server.url, team.token, key)
    evaluate_submission(parts, key)
    assert watcher.statuses() == [
        ("queued", 0), ("running", 0), ("running", 1), ("running", 2), ("scored", 2),
    ]  # fmt: skip
    assert watcher.states[0]["queue_position"] >= 1
    assert {state["tasks_total"] for state in watcher.states} == {2}
    assert [state["queue_position"] for state in watcher.states[1:]] == [None] * 4


def test_a_submission_at_its_end_is_told_once(
    server: RunningServer, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 2)
    evaluate_submission(parts, key)
    assert Watcher(server.url, team.token, key).statuses() == [("scored", 2)]


def test_a_withdrawal_is_told_and_ends_the_stream(
    server: RunningServer, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 3)
    watcher = Watcher(server.url, team.token, key)
    team.api.ok("POST", f"/submissions/{key}/withdrawal")
    assert watcher.statuses() == [("queued", 0), ("withdrawn", 0)]


def test_who_may_not_see_a_submission_is_told_so_before_the_stream(
    team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 4)
    stranger = builders.contestant(contest.host.api, contest.challenge)
    for path in (f"/submissions/{key}/events", f"/submissions/{UUID(int=5)}/events"):
        answer = stranger.api.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert team.api.as_(None).get(f"/submissions/{key}/events").status_code == 401


def test_the_server_ends_a_long_stream(settings: Settings, team: Person, contest: Contest) -> None:
    key = hand_in(team, contest, 5)
    with RunningServer(settings.model_copy(update={"event_stream_limit_s": 0.2})) as brief:
        watcher = Watcher(brief.url, team.token, key)
        assert watcher.statuses() == [("queued", 0)]
        assert brief.app.state.broadcaster.watchers == 0


def listeners(client: redis.Redis) -> set[str]:
    """Ids of the connections to our Redis database that listen to events."""
    ours = client.connection_pool.connection_kwargs.get("db", 0)
    lines = client.client_list(_type="pubsub")
    return {line["id"] for line in lines if line["psub"] == "1" and int(line["db"]) == int(ours)}


def test_a_broken_line_to_redis_ends_the_streams_and_is_mended(
    settings: Settings, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 6)
    client = redis.Redis.from_url(settings.redis_url)
    others = listeners(client)
    with RunningServer(settings) as own:
        builders.wait_until(lambda: listeners(client) - others)
        watcher = Watcher(own.url, team.token, key)
        for line in listeners(client) - others:
            client.client_kill_filter(_id=line)
        assert watcher.statuses() == [("queued", 0)]
        # Whoever came before the new line stood is sent away once more; then news arrive.
        told: list[tuple[str, int]] = []
        while ("scored", 2) not in told:
            again = Watcher(own.url, team.token, key)
            evaluate_submission(parts, key)
            told += again.statuses()
    client.close()


def test_a_message_that_is_none_of_ours_harms_nobody(
    server: RunningServer, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 7)
    watcher = Watcher(server.url, team.token, key)
    parts.redis.publish(f"{CHANNEL_PREFIX}nobody", "{}")
    parts.redis.publish(f"{CHANNEL_PREFIX}{key}", "no JSON")
    publish(parts.redis, UUID(int=9), status=Status.SCORED)
    evaluate_submission(parts, key)
    assert watcher.statuses()[-1] == ("scored", 2)


def test_a_watcher_that_goes_away_is_forgotten(
    server: RunningServer, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 8)
    headers = {"Authorization": f"Bearer {team.token}"}
    address = f"{server.url}/api/v1/submissions/{key}/events"
    with httpx.stream("GET", address, headers=headers, timeout=30) as answer:
        lines = answer.iter_lines()  # kept: a generator that is dropped closes the connection
        assert next(lines)
        builders.wait_until(lambda: server.app.state.broadcaster.watchers == 1)
    builders.wait_until(lambda: server.app.state.broadcaster.watchers == 0)


def test_polling_tells_place_and_progress(parts: Parts, team: Person, contest: Contest) -> None:
    first, second = hand_in(team, contest, 9), hand_in(team, contest, 10)
    before = team.api.ok("GET", f"/submissions/{first}")
    after = team.api.ok("GET", f"/submissions/{second}")
    assert after["queue_position"] == before["queue_position"] + 1
    assert (before["tasks_done"], before["tasks_total"]) == (0, 2)
    evaluate_submission(parts, first)
    scored = team.api.ok("GET", f"/submissions/{first}")
    assert (scored["queue_position"], scored["tasks_done"]) == (None, 2)
    assert scored["started_at"] <= scored["finished_at"]
    moved_up = team.api.ok("GET", f"/submissions/{second}")
    assert moved_up["queue_position"] == after["queue_position"] - 1
