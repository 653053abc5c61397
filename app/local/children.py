"""Start and stop one child process; it cannot outlive its parent (on Linux, whatever happens)."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: str | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` (an absolute path and its arguments), output appended to `log`.

    The child gets a session of its own: Ctrl-C in the terminal reaches the parent alone, which
    then stops its children in order. Call it from the main thread (see `launch`).
    """
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
    identity = [str(os.getpid()), str(int(death_signal)), user or "-"]
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  our own command, no shell
            [*launcher, *identity, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(os.environ if environment is None else environment),
            cwd=folder,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], *, with_signal: signal.Signals, within_s: float) -> int:
    """Ask `process` to stop, insist after `within_s` seconds, and return its exit status.

    Whatever it leaves behind in its session (the pool of a killed Celery worker) goes with it.
    """
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.kill()
    status = process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return status


def last_lines(log: Path, count: int = 3) -> str:
    """Return the end of a log in one line, for a message to a person."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return " | ".join(line.strip() for line in lines[-count:] if line.strip()) or "(empty log)"
