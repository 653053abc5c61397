"""Liveness, readiness and metrics: what a monitor sees when something stands still."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import httpx
import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from app.local.redis import EmbeddedRedis
from app.operations.service import report_worker
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.serving import RunningServer
from worker.parts import Parts

NAME = "worker-of-a-test"
KEY = f"probeboard:worker:{NAME}"


@pytest.fixture
def own_redis() -> Iterator[EmbeddedRedis]:
    """A Redis that no other test reports workers to; its socket's path must be short."""
    folder = Path(mkdtemp(prefix="pb-health-"))
    server = EmbeddedRedis(folder).start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def report(server: EmbeddedRedis) -> int:
    """Report a worker and return for how many milliseconds it counts."""
    client = redis.Redis.from_url(server.url)
    report_worker(client, NAME, lifetime_s=300)
    left_ms = int(client.pttl(KEY))
    client.close()
    return left_ms


def checks(
    settings: Settings, own: EmbeddedRedis, **changes: object
) -> tuple[int, dict[str, bool]]:
    changed = settings.model_copy(update={"redis_url": own.url} | changes)
    with RunningServer(changed) as server:
        answer = httpx.get(f"{server.url}/health/ready", timeout=60)
    body = answer.json()
    found = {check["name"]: check["ok"] for check in body["checks"]}
    assert (body["status"] == "ok") == all(found.values()) == (answer.status_code == 200)
    return answer.status_code, found


def test_ready_while_everything_answers(settings: Settings, own_redis: EmbeddedRedis) -> None:
    report(own_redis)
    status, found = checks(settings, own_redis, oldest_queued_limit_s=1e9)
    assert found == {"database": True, "queue": True, "redis": True, "workers": True}
    assert status == 200


def test_not_ready_when_no_worker_reported(settings: Settings, own_redis: EmbeddedRedis) -> None:
    assert checks(settings, own_redis, oldest_queued_limit_s=1e9) == (
        503,
        {"database": True, "queue": True, "redis": True, "workers": False},
    )


def test_a_worker_s_report_fades(own_redis: EmbeddedRedis) -> None:
    assert 0 < report(own_redis) <= 300_000


def test_not_ready_when_a_submission_waits_too_long(
    settings: Settings, own_redis: EmbeddedRedis, api: Api, parts: Parts
) -> None:
    contest = builders.contest(api, parts.sessions)
    one = builders.contestant(api, contest.challenge)
    assert builders.submit(one, contest.phase, builders.truth()).status_code == 201
    report(own_redis)
    status, found = checks(settings, own_redis, oldest_queued_limit_s=1e-6)
    assert (status, found["queue"]) == (503, False)


def test_metrics_name_routes_and_counts_and_no_person(api: Api, server: RunningServer) -> None:
    person = builders.person(api)
    person.api.get("/teams/019a9f00-0000-7000-8000-000000000000")
    httpx.request("BREW", f"{server.url}/api/v1/challenges", timeout=60)
    text = api.get("/metrics").text
    families = {one.name: one for one in text_string_to_metric_families(text)}
    statuses = {one.labels["status"] for one in families["probeboard_submissions"].samples}
    assert statuses == {"queued", "running", "scored", "rejected", "failed", "withdrawn"}
    assert families["probeboard_oldest_queued_seconds"].samples[0].value >= 0
    assert families["probeboard_workers"].samples[0].value >= 0
    assert families["probeboard_watchers"].samples[0].value == 0
    counted = families["probeboard_http_requests"].samples
    assert any(one.labels.get("route") == "/teams/{team_id}" for one in counted)
    methods = {one.labels["method"] for one in counted if "method" in one.labels}
    assert "(other)" in methods
    assert "BREW" not in methods
    assert person.email not in text
    assert "019a9f00" not in text


def test_metrics_ask_for_the_operator_s_token_where_one_is_set(settings: Settings) -> None:
    guarded = settings.model_copy(update={"metrics_token": SecretStr("operator-only")})
    with RunningServer(guarded) as server, httpx.Client(timeout=60) as client:
        for token, status in {"": 401, "guessed": 401, "ö": 401, "operator-only": 200}.items():
            headers = {"Authorization": f"Bearer {token}".encode()} if token else {}
            assert client.get(f"{server.url}/metrics", headers=headers).status_code == status
