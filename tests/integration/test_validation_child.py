"""The child that reads untrusted files: what it may use, how it ends, what is left of it."""

import asyncio
import gzip
import io
import json
import os
import signal
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.submissions import validation, validation_child
from app.submissions.forking import ForkServer
from app.submissions.validation import (
    ENVIRONMENT,
    ValidatedMatrix,
    ValidationBroken,
    ValidationLimits,
    default_limits,
    validate_upload,
)
from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings

SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"), strip_suffixes=(".zip",))
LARGE = EmbeddingSpec(n_dims=1024, sample_ids=tuple(f"s{number}" for number in range(13_000)))
FORKS = ForkServer(ENVIRONMENT)
GOOD = "id,2,0,1\nb,6,4,5\na.zip,3,1,2\n"


@pytest.fixture(scope="module", autouse=True)
def _forks() -> Iterator[None]:
    yield
    FORKS.close()


@pytest.fixture
def fresh() -> Iterator[ForkServer]:
    """A fork server that was not started yet."""
    made = ForkServer(ENVIRONMENT)
    yield made
    made.close()


async def validating(
    upload: Path, *, spec=SPEC, limits: ValidationLimits | None = None, forks: ForkServer = FORKS
) -> ValidatedMatrix:
    return await validate_upload(
        upload,
        spec=spec,
        output=upload.with_name("matrix.npy"),
        limits=limits or default_limits(spec),
        forks=forks,
    )


def validate(upload: Path, **options) -> ValidatedMatrix:
    return asyncio.run(validating(upload, **options))


def refusal(upload: Path, **options) -> InvalidEmbeddings:
    with pytest.raises(InvalidEmbeddings) as refused:
        validate(upload, **options)
    assert not upload.with_name("matrix.npy").exists()
    return refused.value


def codes(refused: InvalidEmbeddings) -> list[str]:
    return [issue.code.value for issue in refused.issues]


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_text(GOOD)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Path:
    """An honest file of the size of the 2025 challenge; 53 MB."""
    path = tmp_path_factory.mktemp("large") / "upload"
    values = np.random.default_rng(0).standard_normal((13_000, 1024), np.float32)
    with path.open("wb") as file:
        np.savez(file, ids=np.array(LARGE.sample_ids), embeddings=values)
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A pipe nobody writes to: reading it never ends."""
    path = tmp_path / "upload"
    os.mkfifo(path)
    return path


def children(forks: ForkServer = FORKS) -> set[int]:
    """The processes that read files now."""
    return set(map(int, Path(f"/proc/{forks.pid}/task/{forks.pid}/children").read_text().split()))


def test_the_child_finds_the_same_matrix_and_stores_it(upload):
    matrix = validate(upload)
    expected = read_embeddings(upload, SPEC)
    assert matrix.path == upload.with_name("matrix.npy")
    assert matrix.sha256 == expected.sha256
    assert matrix.facts == expected.facts
    stored = np.load(matrix.path, allow_pickle=False)
    np.testing.assert_array_equal(stored, expected.matrix)
    assert stored.dtype.str == "<f4"
    assert stored.flags.c_contiguous


def test_the_child_finds_the_same_issues(upload):
    upload.write_text("id,0,1,2\na,1,x,3\nc,1,2,3\n")
    with pytest.raises(InvalidEmbeddings) as expected:
        read_embeddings(upload, SPEC)
    refused = refusal(upload)
    assert refused.issues == expected.value.issues
    assert refused.total == expected.value.total == 3


def test_relative_paths_are_those_of_the_caller(upload, monkeypatch):
    monkeypatch.chdir(upload.parent)
    assert validate(Path("upload")).path.absolute() == upload.with_name("matrix.npy")
    assert upload.with_name("matrix.npy").exists()


def test_an_existing_output_is_never_touched(upload):
    output = upload.with_name("matrix.npy")
    output.write_text("precious")
    with pytest.raises(FileExistsError):
        validate(upload)
    assert output.read_text() == "precious"


def test_the_child_sees_nothing_of_the_server_s_environment(upload, fresh, monkeypatch, tmp_path):
    spy = tmp_path / "spy.py"
    spy.write_text("import os, sys; sys.exit(repr((dict(os.environ), sys.flags.isolated)))")
    monkeypatch.setattr(validation, "_CHILD", spy)
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/db")
    with pytest.raises(ValidationBroken) as broken:
        validate(upload, forks=fresh)
    assert "OPENBLAS_NUM_THREADS" in str(broken.value)
    assert "secret" not in str(broken.value)
    assert "PATH" not in str(broken.value)
    assert "}, 1)" in str(broken.value)


def test_large_honest_files_stay_within_the_default_limits(large):
    assert validate(large, spec=LARGE).facts.n_rows == 13_000
    large.with_name("matrix.npy").unlink()


def test_a_file_that_needs_too_much_memory_is_refused(large):
    refused = refusal(large, spec=LARGE, limits=ValidationLimits(110_000_000, cpu_s=60, wall_s=60))
    assert codes(refused) == ["too_much_memory"]
    assert "110 MB" in refused.issues[0].detail


def test_a_file_that_needs_too_much_processor_time_is_refused(tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    child.write_text(
        Path(validation_child.__file__)
        .read_text()
        .replace("result = answer(request)", "result = list(iter(int, 1))[0:0]")
        .replace("list(iter(int, 1))", "next(n for n in iter(int, 1) if n)")
        .replace("Path(__file__)", f"Path({validation_child.__file__!r})")
    )
    monkeypatch.setattr(validation, "_CHILD", child)
    (tmp_path / "upload").write_text(GOOD)
    limits = ValidationLimits(default_limits(SPEC).memory_bytes, cpu_s=1, wall_s=60)
    refused = refusal(tmp_path / "upload", limits=limits)
    assert codes(refused) == ["too_slow"]
    assert "1 s of processor" in refused.issues[0].detail


def test_a_file_that_takes_too_long_is_refused_and_no_child_is_left(endless):
    limits = ValidationLimits(default_limits(SPEC).memory_bytes, cpu_s=60, wall_s=3)
    refused = refusal(endless, limits=limits)
    assert codes(refused) == ["too_slow"]
    assert "3 s" in refused.issues[0].detail
    assert children() == set()


async def open_for_writing(pipe: Path) -> int:
    """Wait until somebody has opened a pipe for reading."""
    return await asyncio.to_thread(os.open, pipe, os.O_WRONLY)


async def wait_for_no_reader(writer: int) -> None:
    """Wait until the last reader of a pipe, the child, is gone."""
    while True:
        try:
            await asyncio.to_thread(os.write, writer, b"x")
        except BrokenPipeError:
            break
        await asyncio.sleep(0)
    os.close(writer)


def test_a_cancelled_validation_leaves_no_child_and_no_output(endless):
    async def cancel_once_it_reads() -> None:
        task = asyncio.ensure_future(validating(endless))
        writer = await open_for_writing(endless)
        assert len(children()) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        os.close(writer)

    asyncio.run(cancel_once_it_reads())
    assert children() == set()
    assert not endless.with_name("matrix.npy").exists()


def test_a_child_dies_with_its_server_and_the_server_s_parent(endless):
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from app.submissions.forking import ForkServer\n"
        "from app.submissions.validation import *\n"
        "from probeboard.embeddings import EmbeddingSpec\n"
        "spec = EmbeddingSpec(n_dims=1, sample_ids=('a',))\n"
        "upload = Path(sys.argv[1])\n"
        "asyncio.run(validate_upload(upload, spec=spec, output=upload.with_name('matrix.npy'),"
        " limits=default_limits(spec), forks=ForkServer(ENVIRONMENT)))\n"
    )

    async def kill_the_parent() -> None:
        parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(endless))
        writer = await open_for_writing(endless)
        parent.send_signal(signal.SIGKILL)
        await parent.wait()
        await wait_for_no_reader(writer)

    asyncio.run(asyncio.wait_for(kill_the_parent(), 60))


def test_a_server_that_dies_takes_its_children_along_and_is_replaced(endless, fresh, tmp_path):
    async def kill_the_server() -> None:
        task = asyncio.ensure_future(validating(endless, forks=fresh))
        writer = await open_for_writing(endless)
        os.kill(fresh.pid, signal.SIGKILL)
        with pytest.raises(ValidationBroken, match="server of the child is gone"):
            await task
        await wait_for_no_reader(writer)

    asyncio.run(asyncio.wait_for(kill_the_server(), 60))
    assert not endless.with_name("matrix.npy").exists()
    good = tmp_path / "good"
    good.write_text(GOOD)
    assert validate(good, forks=fresh).facts.n_rows == 2


def test_a_server_that_is_closed_ends_what_is_read(endless, fresh):
    async def close_it() -> None:
        task = asyncio.ensure_future(validating(endless, forks=fresh))
        writer = await open_for_writing(endless)
        await asyncio.to_thread(fresh.close)
        with pytest.raises(ValidationBroken):
            await task
        await wait_for_no_reader(writer)

    asyncio.run(asyncio.wait_for(close_it(), 60))
    assert fresh.pid is None


def test_one_process_reads_one_file(tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    child.write_text("import os, sys; sys.exit(f'I am {os.getpid()}')")
    monkeypatch.setattr(validation, "_CHILD", child)
    seen = set()
    for number in range(3):
        upload = tmp_path / str(number)
        upload.write_text(GOOD)
        with pytest.raises(ValidationBroken) as broken:
            validate(upload)
        seen.add(str(broken.value))
    assert len(seen) == 3
    assert all(f"I am {FORKS.pid}" not in one for one in seen)


def test_many_at_once_do_not_mix_and_the_server_stays_alone_in_its_process(tmp_path):
    """A process with threads could not fork without harm."""

    async def all_at_once() -> list[ValidatedMatrix]:
        return await asyncio.gather(*[validating(folder / "upload") for folder in folders])

    folders = [tmp_path / str(number) for number in range(12)]
    for number, folder in enumerate(folders):
        folder.mkdir()
        (folder / "upload").write_text(GOOD.replace("a.zip,3", f"a.zip,{number}"))
    for number, matrix in enumerate(asyncio.run(all_at_once())):
        assert np.load(matrix.path)[0, 2] == number
    status = Path(f"/proc/{FORKS.pid}/status").read_text()
    assert "Threads:\t1\n" in status
    assert children() == set()


def test_a_gzip_bomb_is_refused(upload):
    upload.write_bytes(gzip.compress(b"id,0\n") + gzip.compress(b" " * (1 << 24)) * 64)
    spec = EmbeddingSpec(n_dims=1, sample_ids=LARGE.sample_ids)
    assert codes(refusal(upload, spec=spec)) == ["too_large"]


def test_a_zip_bomb_is_refused(upload):
    with zipfile.ZipFile(upload, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in {
            "ids": np.array(["a", "b"]),
            "embeddings": np.zeros((2, 10**6)),
        }.items():
            buffer = io.BytesIO()
            np.save(buffer, array)
            archive.writestr(f"{name}.npy", buffer.getvalue())
    assert codes(refusal(upload)) == ["too_large"]


def test_a_dictionary_bomb_costs_no_memory(upload):
    ids = pa.DictionaryArray.from_arrays(np.zeros(13_000, np.int32), ["x" * 1_000_000])
    zeros = {str(dim): np.zeros(13_000, np.float32) for dim in range(8)}
    pq.write_table(pa.table({"id": ids, **zeros}), upload, compression="zstd")
    spec = EmbeddingSpec(n_dims=8, sample_ids=LARGE.sample_ids)
    assert refusal(upload, spec=spec).total == 26_000


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise SystemExit(3)", "exit 3"),
        ("raise RuntimeError('boom')", "boom"),
        ("print('hello')", "did not begin"),
        ("print('reading'); print('garbage')", "makes no sense"),
        ("print('reading'); print('[]')", "makes no sense"),
        ("print('reading'); print('{}')", "makes no sense"),
        ('print(\'reading\'); print(\'{"ok": false, "issues": [], "total": 0}\')', "no sense"),
        ("print('reading'); raise RuntimeError('boom')", "boom"),
        ("import os; print('reading', flush=True); os.kill(os.getpid(), 11)", "exit -11"),
        ("import os; print('reading', flush=True); os.abort()", "exit -6"),
        ("import os; os.close(0); os.close(1)", "did not begin"),
        (
            "import json; print('reading'); print(json.dumps({'ok': True, 'sha256': 'x', 'facts':"
            "{'format':'csv','dtype':'text','n_rows':1,'n_dims':1,'min':0,'max':0,"
            "'zero_fraction':0,'constant_columns':0,'duplicate_rows':0,'notes':[]}}))",
            "no matrix",
        ),
    ],
)
def test_a_child_that_fails_by_itself_is_our_fault(upload, tmp_path, monkeypatch, body, message):
    child = tmp_path / "child.py"
    child.write_text(body)
    monkeypatch.setattr(validation, "_CHILD", child)
    with pytest.raises(ValidationBroken, match=message):
        validate(upload)


@pytest.mark.parametrize(
    ("words", "code"),
    [("std::bad_alloc", "too_much_memory"), ("parquet::ParquetException", "corrupted")],
)
def test_an_exception_that_a_library_cannot_pass_on_is_the_file_s_fault(
    upload, tmp_path, monkeypatch, words, code
):
    child = tmp_path / "child.py"
    child.write_text(
        "import os, sys; print('reading', flush=True)\n"
        f"sys.stderr.write('terminate called after throwing an instance of {words}')\n"
        "sys.stderr.flush(); os.abort()"
    )
    monkeypatch.setattr(validation, "_CHILD", child)
    assert codes(refusal(upload)) == [code]


def test_too_little_memory_to_start_is_our_fault(upload):
    with pytest.raises(ValidationBroken, match="did not begin"):
        validate(upload, limits=ValidationLimits(20_000_000, cpu_s=10, wall_s=60))


def test_an_interpreter_that_cannot_be_started_is_our_fault(upload, fresh, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(upload))
    with pytest.raises(ValidationBroken, match="cannot be started"):
        validate(upload, forks=fresh)


def test_a_missing_upload_is_our_fault(tmp_path):
    with pytest.raises(ValidationBroken, match="FileNotFoundError"):
        validate(tmp_path / "none")


def test_limits_grow_with_the_challenge_and_fit_a_small_server():
    small, large = default_limits(SPEC), default_limits(LARGE)
    assert small.memory_bytes < large.memory_bytes < 600_000_000
    assert small.cpu_s < large.cpu_s < large.wall_s


def test_the_answer_of_the_child_is_plain_json(upload, tmp_path):
    request = {
        "upload": str(upload),
        "ids": None,
        "output": str(tmp_path / "matrix.npy"),
        "n_dims": 3,
        "sample_ids": ["a", "b"],
        "strip_suffixes": [".zip"],
        "zero_pad": False,
        "budget_bytes": None,
    }
    result = json.loads(json.dumps(validation_child.answer(request)))
    assert result["ok"] is True
    assert result["facts"]["notes"] == ["columns were reordered", "stripped '.zip' from 1 ids"]
    with pytest.raises(FileExistsError):
        validation_child.answer(request)
    upload.write_text("")
    refused = validation_child.answer(request)
    assert (refused["ok"], refused["total"]) == (False, 1)
