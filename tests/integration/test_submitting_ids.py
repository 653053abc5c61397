"""NPY over HTTP: an array, and its ids in a part of their own."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest
import safetensors.numpy
from numpy.typing import NDArray

from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.parts import Parts

IDS = builders.sample_ids()
LISTED = "\n".join(IDS).encode()


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    quota = {"per_day": 100, "total": 100, "in_flight": 100}
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions, quota=quota)


@pytest.fixture(scope="module")
def team(contest: Contest) -> Person:
    return builders.contestant(contest.host.api, contest.challenge)


@pytest.fixture(scope="module")
def clumsy(contest: Contest) -> Person:
    """A team that hands in nothing but bad files."""
    return builders.contestant(contest.host.api, contest.challenge)


def npy(matrix: NDArray[Any]) -> bytes:
    data = io.BytesIO()
    np.save(data, matrix)
    return data.getvalue()


def hand_in(by: Person, phase: str, *files: tuple[str, bytes], key: str | None = None) -> Any:
    return by.api.post(
        f"/phases/{phase}/submissions",
        files=[(name, (name, content)) for name, content in files],
        data={"method_name": "A method"},
        headers={"Idempotency-Key": key} if key else {},
    )


def arrow(matrix: NDArray[Any]) -> bytes:
    data = io.BytesIO()
    table = pa.table({"id": IDS, **{str(dim): matrix[:, dim] for dim in range(matrix.shape[1])}})
    with pa.ipc.new_file(data, table.schema) as writer:
        writer.write_table(table)
    return data.getvalue()


def tensors(matrix: NDArray[Any]) -> bytes:
    content: bytes = safetensors.numpy.save({"embeddings": matrix}, {"ids": json.dumps(IDS)})
    return content


FORMATS: dict[str, Callable[[NDArray[Any]], list[tuple[str, bytes]]]] = {
    "npy": lambda matrix: [("file", npy(matrix)), ("ids", LISTED)],
    "ids before the array": lambda matrix: [("ids", LISTED), ("file", npy(matrix))],
    "ids as a CSV": lambda matrix: [("file", npy(matrix)), ("ids", b"id\n" + LISTED)],
    "ids in another order": lambda matrix: [
        ("file", npy(matrix[::-1])),
        ("ids", "\n".join(reversed(IDS)).encode()),
    ],
    "arrow": lambda matrix: [("file", arrow(matrix))],
    "safetensors": lambda matrix: [("file", tensors(matrix))],
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_way_gives_the_same_stored_matrix(
    team: Person, contest: Contest, settings: Settings, name: str
) -> None:
    matrix = builders.truth()
    answer = hand_in(team, contest.phase, *FORMATS[name](matrix))
    assert answer.status_code == 201, answer.text
    receipt = answer.json()["receipt"]
    digest = receipt["matrix_sha256"]
    assert receipt["file_name"] == "file"
    stored = np.load(settings.blob_root / "matrices" / digest[:2] / digest, allow_pickle=False)
    np.testing.assert_array_equal(stored, matrix)
    assert list((settings.blob_root / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ([("file", npy(builders.truth()))], "missing_id_column"),
        ([("file", builders.csv_bytes(builders.truth())), ("ids", LISTED)], "unwanted_ids"),
        ([("file", npy(builders.truth())), ("ids", b"")], "empty_file"),
        ([("file", npy(builders.truth())), ("ids", LISTED[:-6])], "ragged_row"),
        ([("file", npy(builders.truth())), ("ids", LISTED.upper())], "unknown_id"),
        ([("file", npy(builders.truth())), ("ids", LISTED + b"\xff")], "wrong_encoding"),
        ([("file", npy(builders.truth())), ("ids", npy(np.array(IDS)))], "unknown_format"),
    ],
)
def test_ids_that_do_not_fit_are_refused_with_their_fault_and_leave_nothing_behind(
    clumsy: Person, contest: Contest, settings: Settings, files: list[tuple[str, bytes]], code: str
) -> None:
    answer = hand_in(clumsy, contest.phase, *files)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"].endswith("/problems/invalid-embeddings")
    assert answer.json()["errors"][0]["code"] == code
    assert list((settings.blob_root / "incoming").iterdir()) == []
    assert clumsy.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"] == []


def test_more_ids_than_a_phase_can_have_are_too_large(
    clumsy: Person, contest: Contest, settings: Settings
) -> None:
    files = [("file", npy(builders.truth())), ("ids", b"x" * 80_000)]
    answer = hand_in(clumsy, contest.phase, *files)
    assert answer.status_code == 413, answer.text
    assert "ids" in answer.json()["detail"]
    assert answer.json()["limit_bytes"] < 80_000
    assert list((settings.blob_root / "incoming").iterdir()) == []


def test_a_file_may_not_use_what_is_left_for_ids(clumsy: Person, contest: Contest) -> None:
    limit = hand_in(clumsy, contest.phase, ("file", bytes(10**7))).json()["limit_bytes"]
    ids_limit = hand_in(clumsy, contest.phase, ("ids", bytes(80_000))).json()["limit_bytes"]
    answer = hand_in(clumsy, contest.phase, ("file", bytes(limit - ids_limit + 1)))
    assert answer.status_code == 413, answer.text
    assert answer.json()["limit_bytes"] == limit - ids_limit


@pytest.mark.parametrize(
    "names", [["file", "ids", "ids"], ["file", "file"], ["file", "labels"], ["ids"], ["ids", "ids"]]
)
def test_a_part_twice_or_of_another_name_is_refused(
    clumsy: Person, contest: Contest, names: list[str]
) -> None:
    content = {"file": npy(builders.truth()), "ids": LISTED, "labels": LISTED}
    answer = hand_in(clumsy, contest.phase, *((name, content[name]) for name in names))
    expected = 400 if len(names) > 2 else 422
    assert answer.status_code == expected, answer.text
    assert clumsy.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"] == []


def test_a_retry_with_the_same_ids_changes_nothing_and_with_others_is_refused(
    team: Person, contest: Contest
) -> None:
    file, key = ("file", npy(builders.noise(5))), "ids-are-part-of-the-request"
    first = hand_in(team, contest.phase, file, ("ids", LISTED), key=key)
    again = hand_in(team, contest.phase, file, ("ids", LISTED), key=key)
    assert first.status_code == again.status_code == 201, again.text
    assert again.headers["idempotent-replay"] == "true"
    assert again.json()["id"] == first.json()["id"]
    turned = "\n".join(reversed(IDS)).encode()
    other = hand_in(team, contest.phase, file, ("ids", turned), key=key)
    assert other.json()["type"].endswith("/problems/idempotency-key-reused")


def test_the_api_s_description_tells_of_the_part(server: RunningServer) -> None:
    document = httpx.get(f"{server.url}/openapi.json", timeout=60).json()
    body = document["paths"]["/api/v1/phases/{phase_id}/submissions"]["post"]["requestBody"]
    schema = body["content"]["multipart/form-data"]["schema"]
    assert "ids" not in schema["required"]
    assert "NPY" in schema["properties"]["ids"]["description"]
