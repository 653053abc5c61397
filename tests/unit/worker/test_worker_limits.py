"""The memory a process may take, set in processes of their own: a limit cannot be taken back."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from app.settings import Settings
from worker.failures import failure_of
from worker.limits import limit_memory

ROOT = Path(__file__).resolve().parents[3]
TAKE = "bytearray({wanted}); print('taken')"


def run(code: str) -> subprocess.CompletedProcess[str]:
    code = f"import resource; from worker.limits import limit_memory; {code}"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_limit_is_set_for_this_process_and_the_hard_one_stays() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        limit_memory(1 << 50)
        assert resource.getrlimit(resource.RLIMIT_DATA) == (1 << 50, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def test_what_goes_beyond_the_limit_is_a_memory_error_and_what_does_not_is_none() -> None:
    limited = "limit_memory(512 * 1024**2);"
    assert run(limited + TAKE.format(wanted=1024**2)).stdout == "taken\n"
    refused = run(limited + TAKE.format(wanted=1024**3))
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (1, "MemoryError")


def test_a_lower_limit_from_outside_stays_and_is_told() -> None:
    lower = f"resource.setrlimit(resource.RLIMIT_DATA, ({1024**3}, {1024**3}));"
    done = run(f"{lower} limit_memory({1024**4}); print(resource.getrlimit(resource.RLIMIT_DATA))")
    assert done.stdout.splitlines()[-1] == str((1024**3, 1024**3))
    assert "memory not limited" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (SoftTimeLimitExceeded(), "time-limit", "longer than the 7 s"),
        (MemoryError(), "memory-limit", "more than the 64 MiB"),
        (ZeroDivisionError("by nothing"), "internal-error", "a reason of ours"),
    ],
    ids=str,
)
def test_a_failure_tells_the_team_what_it_may_know_and_the_operator_where(
    error: Exception, code: str, words: str, tmp_path: Path
) -> None:
    settings = Settings(
        _env_file=None,
        database_url="postgresql://nobody@localhost/nothing",
        redis_url="redis://localhost:1/0",
        blob_root=tmp_path,
        evaluation_time_limit_s=7,
        evaluation_memory_limit_bytes=64 * 1024**2,
    )
    try:
        raise error
    except Exception as raised:
        failure = failure_of(raised, settings)
    assert failure.code == code
    assert words in failure.detail
    assert "cost no quota" in failure.detail
    assert "by nothing" not in failure.detail
    assert failure.traceback is not None
    assert Path(__file__).name in failure.traceback
