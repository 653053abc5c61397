"""Uploads that are no honest form: too large, cut off, incomplete, tried too often."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    quota = {"per_day": 100, "total": 100, "in_flight": 100}
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions, quota=quota)


@pytest.fixture(scope="module")
def team(contest: Contest) -> Person:
    return builders.contestant(contest.host.api, contest.challenge)


@pytest.fixture(autouse=True)
def _nothing_stays(settings: Settings) -> Iterator[None]:
    """Whatever happened, no scratch is left and no row."""
    yield
    builders.wait_until(lambda: scratch(settings) == [])


def scratch(settings: Settings) -> list[Path]:
    return list((settings.blob_root / "incoming").iterdir())


def submissions(team: Person, contest: Contest) -> list[object]:
    return list(team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"])


def request_head(team: Person, phase: str, length: str) -> bytes:
    host = urlsplit(team.api.url).netloc
    return (
        f"POST /api/v1/phases/{phase}/submissions HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {team.token}\r\n{length}\r\n"
        "Content-Type: multipart/form-data; boundary=line\r\n\r\n"
    ).encode()


FILE_PART = (
    b"--line\r\n"
    b'Content-Disposition: form-data; name="method_name"\r\n\r\nm\r\n'
    b"--line\r\n"
    b'Content-Disposition: form-data; name="file"; filename="e.csv"\r\n\r\n'
)


def connect(team: Person) -> socket.socket:
    place = urlsplit(team.api.url)
    return socket.create_connection((place.hostname, place.port), timeout=30)


def test_a_file_announced_too_large_is_refused_before_it_is_sent(
    team: Person, contest: Contest
) -> None:
    with closing(connect(team)) as line:
        line.sendall(request_head(team, contest.phase, "Content-Length: 99999999999"))
        answer = line.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert submissions(team, contest) == []


def test_a_file_that_turns_out_too_large_is_refused_on_the_way(
    team: Person, contest: Contest
) -> None:
    limit = builders.submit(team, contest.phase, bytes(200_000)).json()["limit_bytes"]
    answer = builders.submit(team, contest.phase, b"1" * (limit + 1))
    assert answer.status_code == 413
    assert answer.json()["type"].endswith("/problems/too-large")
    assert submissions(team, contest) == []


def test_an_upload_cut_off_half_way_leaves_nothing(
    team: Person, contest: Contest, settings: Settings
) -> None:
    with closing(connect(team)) as line:
        line.sendall(request_head(team, contest.phase, "Content-Length: 50000") + FILE_PART)
        line.sendall(b"id,0,1,2,3\n" * 1000)
        builders.wait_until(lambda: scratch(settings) != [])
    builders.wait_until(lambda: scratch(settings) == [])
    assert submissions(team, contest) == []


def test_a_server_that_stops_during_an_upload_leaves_nothing(
    settings: Settings, team: Person, contest: Contest
) -> None:
    with RunningServer(settings) as other:
        there = Person(Api(other.url, team.token), team.id, team.email, team.token)
        line = connect(there)
        line.sendall(request_head(there, contest.phase, "Content-Length: 50000") + FILE_PART)
        builders.wait_until(lambda: scratch(settings) != [])
        other.stop_at_once()
    line.close()
    assert scratch(settings) == []
    assert submissions(team, contest) == []


def test_a_form_without_its_last_boundary_is_refused(team: Person, contest: Contest) -> None:
    answer = team.api.post(
        f"/phases/{contest.phase}/submissions",
        content=FILE_PART + b"id,0\n",
        headers={"Content-Type": "multipart/form-data; boundary=line"},
    )
    assert answer.status_code == 400
    assert submissions(team, contest) == []


def test_a_body_that_is_no_form_is_refused(team: Person, contest: Contest) -> None:
    answer = team.api.post(f"/phases/{contest.phase}/submissions", json={"method_name": "m"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"method_name": ""}, "/method_name"),
        ({"method_name": "m" * 101}, "/method_name"),
        ({"method_name": "two\nlines"}, "/method_name"),
        ({"project_url": "javascript:alert(1)"}, "/project_url"),
        ({"paper_url": "ftp://example.org/paper"}, "/paper_url"),
        ({"paper_url": "https://example.org/" + "p" * 500}, "/paper_url"),
        ({"method_description": "d" * 5001}, "/method_description"),
        ({"method_description": "nul \x00"}, "/method_description"),
        ({"public": "perhaps"}, "/public"),
        ({"team": "another"}, "/team"),
    ],
)
def test_a_field_that_does_not_fit_is_named(
    team: Person, contest: Contest, fields: dict[str, str], pointer: str
) -> None:
    answer = builders.submit(team, contest.phase, builders.truth(), **fields)
    assert answer.status_code == 422, answer.text
    assert [place["pointer"] for place in answer.json()["errors"]] == [pointer]
    assert submissions(team, contest) == []


@pytest.mark.parametrize("field", ["embeddings", "file2"])
def test_a_form_without_the_file_is_refused(team: Person, contest: Contest, field: str) -> None:
    answer = team.api.post(
        f"/phases/{contest.phase}/submissions",
        files={field: ("e.csv", b"id,0,1,2,3\n")},
        data={"method_name": "m"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/file"


def test_too_many_refused_files_close_the_door_for_the_team_alone(
    settings: Settings, contest: Contest
) -> None:
    few = settings.model_copy(update={"refusals_per_hour": 2})
    with RunningServer(few) as strict, Api(strict.url) as api:
        clumsy = builders.contestant(api, contest.challenge)
        other = builders.contestant(api, contest.challenge)
        for _ in range(2):
            assert builders.submit(clumsy, contest.phase, b"nonsense").status_code == 422
        refused = builders.submit(clumsy, contest.phase, builders.truth())
        assert refused.status_code == 429
        problem = refused.json()
        assert problem["type"].endswith("/problems/too-many-refusals")
        assert (problem["limit"], problem["used"]) == (2, 2)
        assert problem["resets_at"] > "2026"
        assert 3500 < int(refused.headers["retry-after"]) <= 3600
        assert builders.submit(other, contest.phase, builders.truth()).status_code == 201


def test_the_servers_memory_does_not_grow_with_the_upload(
    server: RunningServer, parts: Parts
) -> None:
    config = builders.bundle_config(embedding_dim=65_000)
    with Api(server.url) as api:
        host = builders.organizer(api, parts.sessions)
        large = builders.challenge(host, builders.bundle_files(config))
        team = builders.contestant(api, large)
    n_chunks, chunk = 100, b"0" * (1 << 20)
    process = psutil.Process()
    ended = threading.Event()
    seen: list[int] = []

    def watch() -> None:
        while not ended.wait(0.01):
            seen.append(process.memory_info().rss)

    def body() -> Iterator[bytes]:
        yield FILE_PART
        for _ in range(n_chunks):
            yield chunk
        yield b"\r\n--line--\r\n"

    before = process.memory_info().rss
    watcher = threading.Thread(target=watch)
    watcher.start()
    answer = httpx.post(
        f"{server.url}/api/v1/phases/{large['phases'][0]['id']}/submissions",
        content=body(),
        headers={
            "Authorization": f"Bearer {team.token}",
            "Content-Type": "multipart/form-data; boundary=line",
        },
        timeout=60,
    )
    ended.set()
    watcher.join()
    assert answer.status_code == 422, answer.text
    assert json.loads(answer.text)["type"].endswith("/problems/invalid-embeddings")
    assert max(seen) - before < n_chunks * len(chunk) // 3
