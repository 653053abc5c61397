"""Files over HTTP: every format that is taken, every fault that is named."""

import gzip
import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.parts import Parts

IDS = builders.sample_ids()


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


def parquet(table: pa.Table) -> bytes:
    data = io.BytesIO()
    pq.write_table(table, data)
    return data.getvalue()


def parquet_columns(matrix: NDArray[Any]) -> bytes:
    columns = {str(column): matrix[:, column] for column in range(matrix.shape[1])}
    return parquet(pa.table({"id": IDS, **columns}))


def parquet_list(matrix: NDArray[Any]) -> bytes:
    values = pa.array(matrix.ravel())
    vectors = pa.FixedSizeListArray.from_arrays(values, matrix.shape[1])
    return parquet(pa.table({"id": pa.array(IDS), "embedding": vectors}))


def npz(**arrays: Any) -> bytes:
    data = io.BytesIO()
    np.savez(data, **arrays)
    return data.getvalue()


def npz_of(matrix: NDArray[Any]) -> bytes:
    return npz(ids=np.array(IDS), embeddings=matrix)


FORMATS: dict[str, Callable[[NDArray[Any]], bytes]] = {
    "csv": builders.csv_bytes,
    "csv.gz": lambda matrix: gzip.compress(builders.csv_bytes(matrix)),
    "csv with a BOM and CRLF": lambda matrix: (
        b"\xef\xbb\xbf" + builders.csv_bytes(matrix).replace(b"\n", b"\r\n")
    ),
    "csv with quotes": lambda matrix: builders.csv_bytes(
        matrix, [f'"{one}"' for one in IDS]
    ).replace(b'"""', b'"'),
    "parquet, a column per dimension": parquet_columns,
    "parquet, one list column": parquet_list,
    "npz": npz_of,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_stored_matrix(
    team: Person, contest: Contest, settings: Settings, name: str
) -> None:
    matrix = builders.truth()
    answer = builders.submit(team, contest.phase, FORMATS[name](matrix), file_name=f"of {name}")
    assert answer.status_code == 201, answer.text
    receipt = answer.json()["receipt"]
    digest = receipt["matrix_sha256"]
    assert receipt["file_name"] == f"of {name}"
    stored = np.load(settings.blob_root / "matrices" / digest[:2] / digest, allow_pickle=False)
    np.testing.assert_array_equal(stored, matrix)


def test_rows_may_come_in_any_order_and_the_matrix_is_stored_in_the_phases_order(
    team: Person, contest: Contest
) -> None:
    matrix = builders.truth()
    order = np.random.default_rng(3).permutation(len(IDS))
    shuffled = builders.csv_bytes(matrix[order], [IDS[row] for row in order])
    plain = builders.submit(team, contest.phase, matrix).json()["receipt"]
    other = builders.submit(team, contest.phase, shuffled).json()["receipt"]
    assert other["matrix_sha256"] == plain["matrix_sha256"]
    assert other["file_sha256"] != plain["file_sha256"]


def lines() -> list[bytes]:
    return builders.csv_bytes(builders.truth()).splitlines(keepends=True)


def with_line(number: int, line: bytes) -> bytes:
    """The honest file with data row `number` (from 1) replaced."""
    changed = lines()
    changed[number] = line
    return b"".join(changed)


def pickled_npz() -> bytes:
    embeddings = np.array([[{"no": "numbers"}] * 4] * 60, dtype=object)
    return npz(ids=np.array(IDS), embeddings=embeddings)


def zip_bomb() -> bytes:
    """64 MiB of zeros in 64 KiB, which say that they are an array."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ids.npy", _npy_header("<U5", (60,)) + bytes(60 * 20))
        with archive.open("embeddings.npy", "w", force_zip64=True) as member:
            member.write(_npy_header("<f4", (1 << 22, 4)))
            for _ in range(64):
                member.write(bytes(1 << 20))
    return data.getvalue()


def _npy_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def gzip_of_zeros() -> bytes:
    """64 MiB of zeros in 64 KiB; the child's own tests have two gigabytes."""
    return gzip.compress(bytes(1 << 26), compresslevel=9)


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 8


@dataclass(frozen=True)
class Fault:
    """A bad file and the first issue it must get."""

    make: Callable[[], bytes]
    code: str
    row: int | None = None
    column: str | None = None
    total: int | None = 1


FAULTS = {
    "three dimensions": Fault(lambda: builders.csv_bytes(builders.truth(dim=3)), "wrong_dimension"),
    "five dimensions": Fault(lambda: builders.csv_bytes(builders.truth(dim=5)), "wrong_dimension"),
    "a sample missing": Fault(lambda: b"".join(lines()[:-1]), "missing_id"),
    "an unknown sample": Fault(
        lambda: b"".join([*lines(), b"stranger,1,2,3,4\n"]), "unknown_id", 61, "id"
    ),
    "a sample twice": Fault(lambda: b"".join([*lines(), lines()[5]]), "duplicate_id", 61, "id"),
    "NaN": Fault(lambda: with_line(7, b"s0006,1,nan,3,4\n"), "nan", 7, "1"),
    "inf": Fault(lambda: with_line(8, b"s0007,1,2,-inf,4\n"), "infinite", 8, "2"),
    "text in a cell": Fault(lambda: with_line(9, b"s0008,one,2,3,4\n"), "not_numeric", 9, "0"),
    "an empty cell": Fault(lambda: with_line(9, b"s0008,,2,3,4\n"), "empty_value", 9, "0"),
    "beyond float32": Fault(lambda: with_line(2, b"s0001,1,2,3,1e39\n"), "overflow", 2, "3"),
    "beyond float64": Fault(lambda: with_line(2, b"s0001,1,2,3,1e400\n"), "overflow", 2, "3"),
    "a row too short": Fault(lambda: with_line(4, b"s0003,1,2,3\n"), "ragged_row", 4),
    "nothing": Fault(lambda: b"", "empty_file"),
    "a header alone": Fault(lambda: lines()[0], "no_rows"),
    "semicolons": Fault(lambda: b"".join(lines()).replace(b",", b";"), "wrong_delimiter"),
    "a JPEG": Fault(lambda: JPEG, "unknown_format"),
    "half a Parquet": Fault(lambda: parquet_columns(builders.truth())[:900], "corrupted"),
    "half an NPZ": Fault(lambda: npz_of(builders.truth())[:700], "corrupted"),
    "half a gzip": Fault(
        lambda: gzip.compress(builders.csv_bytes(builders.truth()))[:-20], "corrupted"
    ),
    "a pickle in an NPZ": Fault(pickled_npz, "pickled"),
    "a plain pickle": Fault(lambda: pickle.dumps({"a": 1}), "unknown_format"),
    "a zip bomb": Fault(zip_bomb, "ragged_row"),
    "zeros in a gzip": Fault(gzip_of_zeros, "nul_byte"),
}


def stored_blobs(settings: Settings) -> set[Path]:
    return {path for path in (settings.blob_root / "matrices").rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_file_is_refused_with_its_fault_and_leaves_nothing_behind(
    clumsy: Person, contest: Contest, settings: Settings, name: str
) -> None:
    fault = FAULTS[name]
    before = stored_blobs(settings)
    answer = builders.submit(clumsy, contest.phase, fault.make(), file_name="picture.csv")
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["type"].endswith("/problems/invalid-embeddings")
    first = problem["errors"][0]
    assert (first["code"], first.get("row"), first.get("column")) == (
        fault.code,
        fault.row,
        fault.column,
    )
    assert first["detail"]
    assert problem["total"] == fault.total
    assert stored_blobs(settings) == before
    assert list((settings.blob_root / "incoming").iterdir()) == []
    assert clumsy.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"] == []


def test_a_hundred_issues_are_listed_and_all_are_counted(clumsy: Person, contest: Contest) -> None:
    matrix = np.full((60, 4), np.nan, dtype=np.float32)
    problem = builders.submit(clumsy, contest.phase, matrix).json()
    assert len(problem["errors"]) == 100
    assert problem["total"] == 240
    assert problem["errors"][0] == {
        "code": "nan",
        "detail": problem["errors"][0]["detail"],
        "row": 1,
        "column": "0",
    }


def test_equal_matrices_are_stored_once(team: Person, contest: Contest, settings: Settings) -> None:
    other = builders.contestant(contest.host.api, contest.challenge)
    matrix = builders.noise(31)
    first = builders.submit(team, contest.phase, matrix).json()
    before = stored_blobs(settings)
    second = builders.submit(other, contest.phase, npz_of(matrix)).json()
    assert first["receipt"]["matrix_sha256"] == second["receipt"]["matrix_sha256"]
    assert first["id"] != second["id"]
    assert stored_blobs(settings) == before
    assert list((settings.blob_root / "incoming").iterdir()) == []
