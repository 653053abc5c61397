"""What the person who types `make run` reads when the machine says no: one line, no traceback."""

import fcntl
import socket
import subprocess
import sys
from pathlib import Path

from app.local.children import LAUNCHER

ROOT = LAUNCHER.parents[2]


def _run(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "app.local", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_a_folder_that_cannot_be_written_is_named() -> None:
    code, said = _run("--data", "/proc/probeboard")
    assert code == 1
    assert said.startswith("Cannot write to the data folder /proc/probeboard: ")
    assert said.count("\n") == 1


def test_a_port_that_was_asked_for_and_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = _run("--data", str(tmp_path / ".data"), "--port", str(port))
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith(f"Port {port} of 127.0.0.1 is in use")


def test_a_folder_that_another_instance_uses_is_named(tmp_path: Path) -> None:
    data = tmp_path / ".data"
    data.mkdir()
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        code, said = _run("--data", str(data))
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith(f"Probeboard runs already on {data} (process 4711).")


def test_a_file_in_the_place_of_the_lock_folder_is_a_line_too(tmp_path: Path) -> None:
    data = tmp_path / ".data"
    (data / "lock").mkdir(parents=True)
    code, said = _run("--data", str(data))
    assert (code, said) == (1, f"Is a directory: {data / 'lock'}\n")
