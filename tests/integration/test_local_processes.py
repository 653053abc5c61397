"""Real children under the supervisor: killed, restarted, stopped, and never orphaned."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.local import ports
from app.local.children import LAUNCHER, last_lines, spawn, stop
from app.local.errors import LocalError
from app.local.postgres import unprivileged_user
from app.local.program import Program
from app.local.supervisor import Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(1000)"]
# A process with a child of its own in the same session, as a Celery worker has.
POOL = [
    sys.executable,
    "-c",
    "import subprocess, sys, time; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(1000)']); "
    "print(child.pid, flush=True); time.sleep(1000)",
]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('deaf', flush=True); time.sleep(1000)",
]


def _first_line(log: Path) -> str:
    """Wait until the child has written a line."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if log.exists() and "\n" in (text := log.read_text()):
            return text.splitlines()[0]
    raise AssertionError(f"{log} stayed empty")


def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    program = Program(SLEEPER, log=tmp_path / "log")
    supervisor = Supervisor({"sleeper": program}, clock=time.monotonic, say=said.append)
    supervisor.start()
    first = program.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while program.pid in {first, None} and time.monotonic() < deadline:
        supervisor.check()
    assert program.pid not in {first, None}
    assert said == ["sleeper died, starting it again in 0.5 s. Its last words: (empty log)"]
    second = psutil.Process(program.pid)
    supervisor.stop()
    assert not second.is_running()


def test_what_a_killed_child_leaves_in_its_session_goes_before_the_restart(tmp_path: Path) -> None:
    program = Program(POOL, log=tmp_path / "log").start()
    grandchild = psutil.Process(int(_first_line(tmp_path / "log")))
    assert program.pid is not None
    os.kill(program.pid, signal.SIGKILL)
    while program.is_running:
        pass
    program.start()
    psutil.wait_procs([grandchild], timeout=10)
    assert not grandchild.is_running()
    program.stop()


def test_a_child_deaf_to_sigterm_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    process = spawn(STUBBORN, log=tmp_path / "log")
    assert _first_line(tmp_path / "log") == "deaf"
    status = stop(process, with_signal=signal.SIGTERM, within_s=0.1)
    assert status == -signal.SIGKILL


def test_starting_a_running_program_keeps_it_and_stopping_a_stopped_one_is_nothing(
    tmp_path: Path,
) -> None:
    program = Program(SLEEPER, log=tmp_path / "log")
    program.stop()
    assert program.start().pid == program.start().pid
    program.stop()
    assert program.pid is None


def test_children_die_when_their_supervisor_gets_sigkill(tmp_path: Path) -> None:
    script = (
        "import sys, time, pathlib\n"
        "from app.local.program import Program\n"
        "log = pathlib.Path(sys.argv[1])\n"
        "programs = [Program(['/bin/sleep', '1000'], log=log).start() for _ in range(3)]\n"
        "print(*(program.pid for program in programs), flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        children = [psutil.Process(int(pid)) for pid in supervisor.stdout.readline().split()]
        supervisor.kill()
        _, alive = psutil.wait_procs(children, timeout=30)
    assert len(children) == 3
    assert alive == []


def test_a_child_whose_parent_is_gone_before_it_starts_does_not_start(tmp_path: Path) -> None:
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
    nobody = str(os.getppid())
    done = subprocess.run([*launcher, nobody, "15", "-", "/bin/echo", "up"], capture_output=True)
    assert (done.returncode, done.stdout) == (1, b"")


def test_who_runs_postgresql_may_read_below_a_folder_closed_to_all_but_write_nothing_there(
    tmp_path: Path,
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").write_text("seen\n")
    (closed / "file").chmod(0o444)
    # `test -r` asks access(2), as PostgreSQL does, which treats capabilities in a way of its own.
    script = f"test -r {closed}/file && cat {closed}/file; echo x 2>&1 >> {closed}/file; id -u"
    program = ["/bin/sh", "-c", script]
    spawn(program, log=tmp_path / "log", user=unprivileged_user(), folder=Path("/")).wait()
    said = (tmp_path / "log").read_text().splitlines()
    assert said[0] == "seen"
    assert "denied" in said[1]
    assert said[-1] != "0"


def test_the_last_lines_of_a_log_make_one_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\n\n three\n")
    assert last_lines(log, 3) == "two | three"


def test_a_free_port_is_taken_and_the_next_one_when_it_is_not() -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < ports.choose(None, default=port) < port + ports.PORTS_TO_TRY
        with pytest.raises(LocalError, match=f"Port {port} of 127.0.0.1 is in use"):
            ports.choose(port)
    assert ports.choose(port) == port


def test_when_all_ports_are_taken_their_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "PORTS_TO_TRY", 1)
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"Ports {port} to {port} are all in use"):
            ports.choose(None, default=port)
