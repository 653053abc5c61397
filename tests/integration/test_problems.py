"""Every error is a problem document, whoever raised it, and its type tells what helps."""

import socket
from pathlib import Path

import httpx
import pytest
from fastapi import Request
from fastapi.openapi.models import OpenAPI

from app.errors import DomainError
from app.http.body_limit import BODY_LIMIT_BYTES
from app.http.problems import kinds
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer


@pytest.fixture(scope="module")
def somebody(server: RunningServer):
    with Api(server.url) as api:
        yield builders.person(api)


def all_errors() -> list[type[DomainError]]:
    found, waiting = [], [DomainError]
    while waiting:
        kind = waiting.pop()
        found += kind.__subclasses__()
        waiting += kind.__subclasses__()
    return found


def problem_of(answer: httpx.Response, code: str) -> dict:
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert problem["type"].rpartition("/problems/")[2] == code
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert problem["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"
    return problem


@pytest.mark.parametrize("code", sorted({*(kind.code for kind in all_errors()), *kinds()}))
def test_each_type_resolves_to_what_helps(api: Api, code: str) -> None:
    told = api.ok("GET", f"/problems/{code}")
    assert told["code"] == code
    assert 400 <= told["status"] < 600
    assert told["title"]
    assert len(told["description"]) >= 20 or told["status"] >= 405
    assert "\n" not in told["description"]


def test_each_of_our_errors_says_more_than_its_title() -> None:
    for kind in all_errors():
        assert kind.__doc__, kind
        assert kind.code in kinds()


def test_the_framework_s_answers_are_problems_of_types_that_resolve(
    server: RunningServer, somebody: Person
) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        told = {
            "not-found": client.get("/api/v1/nowhere"),
            "method-not-allowed": client.delete("/api/v1/challenges"),
            "invalid-input": client.post("/api/v1/accounts", json={"name": 3}),
            "bad-request": client.post(
                "/api/v1/accounts", content=b"\xff", headers={"content-type": "application/json"}
            ),
        }
        for code, answer in told.items():
            problem = problem_of(answer, code)
            assert client.get(httpx.URL(problem["type"]).path).json()["status"] == (
                answer.status_code
            )
    pointers = [place["pointer"] for place in told["invalid-input"].json()["errors"]]
    assert pointers == ["/body/email", "/body/name", "/body/password"]


def test_a_trailing_slash_redirects_nowhere(server: RunningServer) -> None:
    answer = httpx.get(
        f"{server.url}/api/v1/challenges/", headers={"host": "evil.example"}, timeout=60
    )
    problem_of(answer, "not-found")


def test_a_body_is_as_large_as_an_endpoint_could_need(server: RunningServer) -> None:
    url = f"{server.url}/api/v1/accounts"
    headers = {"content-type": "application/json"}

    def chunks():
        for _ in range(5):
            yield b" " * (BODY_LIMIT_BYTES // 4)

    announced = httpx.post(url, content=b" " * (BODY_LIMIT_BYTES + 1), headers=headers, timeout=60)
    for answer in (announced, httpx.post(url, content=chunks(), headers=headers, timeout=60)):
        problem = problem_of(answer, "too-large")
        assert answer.status_code == 413
        assert problem["limit_bytes"] == BODY_LIMIT_BYTES
    most = httpx.post(url, content=b" " * BODY_LIMIT_BYTES, headers=headers, timeout=60)
    problem_of(most, "invalid-input")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b'{"name": "\\ud800"}', b"[" * 100_000, b'{"a":' * 50_000]
)
def test_json_that_is_no_body_is_refused(server: RunningServer, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = httpx.post(f"{server.url}/api/v1/accounts", content=body, headers=headers, timeout=60)
    assert answer.status_code in (400, 422)
    problem_of(answer, "bad-request" if answer.status_code == 400 else "invalid-input")


def test_a_fault_of_ours_is_a_problem_without_its_reason(settings: Settings) -> None:
    server = RunningServer(settings)

    @server.app.get("/api/v1/broken")
    def broken(request: Request) -> None:
        raise RuntimeError("a secret reason")

    given = "0c8a5a3e-8c0f-4b0c-9d51-3c1b4ad7a0d2"
    # The log's writer draws the traceback with its surroundings, which takes a while.
    with server, httpx.Client(base_url=server.url, timeout=60) as client:
        # The server closes the connection after a fault; the next request shall not race with it.
        headers = {"x-request-id": given, "connection": "close"}
        answer = client.get("/api/v1/broken", headers=headers)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert problem_of(answer, "internal-error")["instance"] == f"urn:uuid:{given}"
        assert client.get("/problems/internal-error").json()["status"] == 500
        assert client.get("/health/live").headers["x-request-id"] != given
        named = client.get("/health/live", headers={"x-request-id": "no\tuuid"})
        assert "no" not in named.headers["x-request-id"]


def test_a_database_and_a_redis_that_do_not_answer_are_503(
    settings: Settings, tmp_path: Path
) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        port = deaf.getsockname()[1]
        dead = settings.model_copy(
            update={
                "database_url": f"postgresql+psycopg://nobody@127.0.0.1:{port}/none",
                "redis_url": f"redis://127.0.0.1:{port}/0",
                "blob_root": tmp_path,
            }
        )
        with (
            RunningServer(dead) as server,
            httpx.Client(base_url=server.url, timeout=60) as client,
        ):
            answer = client.get("/api/v1/challenges")
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            problem_of(answer, "unavailable")
            login = {"email": "ada@example.org", "password": "correct horse"}
            assert client.post("/api/v1/sessions", json=login).status_code == 503
            ready = client.get("/health/ready")
            assert ready.status_code == 503
            found = {check["name"]: check["ok"] for check in ready.json()["checks"]}
            assert found == {"database": False, "redis": False}
            assert client.get("/health/live").status_code == 200
            metrics = client.get("/metrics").text
            assert "probeboard_workers NaN" in metrics
            assert "probeboard_oldest_queued_seconds NaN" in metrics


@pytest.fixture(scope="module")
def document(server: RunningServer) -> dict:
    return httpx.get(f"{server.url}/openapi.json", timeout=60).json()


def operations(document: dict):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_document_is_openapi_and_holds_together(document: dict) -> None:
    OpenAPI.model_validate(document)
    schemas = document["components"]["schemas"]
    references = set()

    def collect(value) -> None:
        if isinstance(value, dict):
            references.add(value.get("$ref", ""))
            for one in value.values():
                collect(one)
        elif isinstance(value, list):
            for one in value:
                collect(one)

    collect(document)
    names = {one.rpartition("/")[2] for one in references if isinstance(one, str)} - {""}
    assert names <= set(schemas)
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_everything_in_the_document_is_described(document: dict) -> None:
    bare = [
        f"{name}.{key}"
        for name, schema in document["components"]["schemas"].items()
        for key, value in schema.get("properties", {}).items()
        if "description" not in value and name not in ("HTTPValidationError", "ValidationError")
    ]
    for name, operation in operations(document):
        if not (operation.get("summary") and operation.get("description")):
            bare.append(name)
        bare += [
            f"{name} {one['name']}"
            for one in operation.get("parameters", [])
            if "description" not in one and "description" not in one["schema"]
        ]
        for status, answer in operation["responses"].items():
            if status >= "400" and not name.startswith("GET /health"):
                assert "application/problem+json" in answer["content"], (name, status)
    assert not bare


def test_each_request_body_has_an_example(document: dict) -> None:
    for name, operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"]
            if "$ref" in schema:
                schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            required = schema.get("required", [])
            without = [
                key
                for key in required
                if not ({"examples", "format"} & set(schema["properties"][key]))
            ]
            assert "examples" in content or not without, (name, without)
