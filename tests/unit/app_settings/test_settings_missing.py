"""A process without its settings ends, and says which ones it lacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NEEDED = {
    "DATABASE_URL": "postgresql://probeboard:a-secret@localhost/probeboard",
    "REDIS_URL": "redis://localhost",
    "BLOB_ROOT": "blobs",
}


def start(tmp_path: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the operator's command in a folder without a `.env`."""
    inherited = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    return subprocess.run(
        [sys.executable, "-m", "app.operate", "verify-snapshots"],
        cwd=tmp_path,
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_is_missing_is_named_without_a_traceback(tmp_path: Path) -> None:
    ended = start(tmp_path, {})
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    for name in NEEDED:
        assert f"  {name}: Field required" in ended.stderr


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"SWEEP_EVERY_S": "soon"}, "SWEEP_EVERY_S"), ({"SMTP_URL": "smtp://u:hush@h"}, "mail_from")],
)
def test_what_is_wrong_is_named_and_no_value_is_told(
    tmp_path: Path, wrong: dict[str, str], named: str
) -> None:
    ended = start(tmp_path, {**NEEDED, **wrong})
    assert ended.returncode == 1
    assert named in ended.stderr
    assert not any(secret in ended.stderr for secret in ("a-secret", "hush", "Traceback"))
