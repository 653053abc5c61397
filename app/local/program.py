"""One of our own processes (server, worker, beat) as a service to supervise."""

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from app.local.children import spawn, stop


def python_module(*command: str) -> list[str]:
    """Spell a command of `app.local.commands` for this interpreter, whatever the PATH says."""
    return [sys.executable, "-m", *command]


class Program:
    """A child that is told to stop by SIGTERM."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stop_within_s: float = 10.0,
    ) -> None:
        self.command = list(command)
        self.log = log
        self.environment = environment
        self.folder = folder
        self.stop_within_s = stop_within_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id, None while it does not run."""
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        """Tell whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the process, do nothing when it runs already."""
        if not self.is_running:
            self.stop()  # what a killed one left in its session
            self._process = spawn(
                self.command, log=self.log, environment=self.environment, folder=self.folder
            )
        return self

    def stop(self) -> None:
        """Stop the process, do nothing when it does not run."""
        if self._process is not None:
            stop(self._process, with_signal=signal.SIGTERM, within_s=self.stop_within_s)
            self._process = None
