"""The whole system as separate processes: the same parts and command lines as in production."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil

from app.blobs import BlobStore
from app.db import make_engine, make_sessions
from app.local import folder, system
from app.local.ports import HOST
from app.local.postgres import EmbeddedPostgres
from app.local.redis import EmbeddedRedis
from app.queue import JobQueue, make_celery
from app.settings import Settings
from tests.api import PLAIN, Api
from tests.audited import unwatch, watch

# Short enough that what is lost is found in seconds, long enough for a busy machine.
SHORT_TIMES = {
    "LEASE_S": "10",
    "SWEEP_EVERY_S": "0.5",
    "REANNOUNCE_AFTER_S": "2",
    "WORKER_SILENCE_LIMIT_S": "5",
    "WORKER_CONCURRENCY": "2",
    "REFUSALS_PER_HOUR": "1000",
}
OUTSIDE = {"DATABASE_URL", "REDIS_URL", "BLOB_ROOT", "PUBLIC_URL", *SHORT_TIMES}
MOMENT_S = 60.0
LOG_LINES, LOG_LINE_CHARACTERS = 40, 1000


def until(condition: Callable[[], Any], what: str, *, within_s: float = MOMENT_S) -> Any:
    """Wait until `condition` returns something true, and return it."""
    deadline = time.monotonic() + within_s
    pause = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {within_s:.0f} s in vain: {what}"
        pause.wait(0.02)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


class System:
    """PostgreSQL, Redis, server, worker and beat of one test module.

    Call its methods from the main thread: children die with the thread that started them.
    """

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data = folder.prepare(data, room_needed_bytes=0)
        logs = self.data / "logs"
        self.postgres = EmbeddedPostgres(
            self.data / "postgres", durable=False, log=logs / "postgres.log"
        )
        self.redis = EmbeddedRedis(self.data / "redis", log=logs / "redis.log")
        self.url = f"http://{HOST}:{(port := _free_port())}"
        inherited = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
        servers = system.Servers(
            {"PostgreSQL": self.postgres, "Redis": self.redis},
            self.postgres.url(system.DATABASE),
            self.redis.url,
        )
        self._servers = servers
        self.environment = system.child_environment(
            servers,
            self.data,
            port=port,
            environment=inherited | SHORT_TIMES | dict(environment or {}),
        )
        self.programs = system.programs(self.data, self.environment, port=port)
        self.settings = Settings(
            _env_file=None,
            database_url=servers.database_url,
            redis_url=servers.redis_url,
            blob_root=self.data / "blobs",
        )
        self.blobs = BlobStore(self.settings.blob_root)
        self._engine = make_engine(self.settings)
        self.sessions = make_sessions(self._engine)
        self.queue = JobQueue(make_celery(self.settings))
        self.api = Api(self.url)

    def __enter__(self) -> Self:
        try:
            self.postgres.start()
            self.redis.start()
            system.create_database(self._servers)
            system.migrate(self.environment, log=self.log("migrate"))
            watch(self.url, self._servers.database_url)
            self.make_whole()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop everything, last started first."""
        self.api.__exit__(None, None, None)
        unwatch(self.url)
        self.queue.close()
        self._engine.dispose()
        for name, program in self.programs.items():
            if program.is_running:  # all at once, then wait for each
                self.ask_to_stop(name)
        for program in self.programs.values():
            program.stop()
        self.redis.stop()
        self.postgres.stop()

    def make_whole(self) -> None:
        """Start what does not run, and wait until the system says that it is ready."""
        self.postgres.start()
        self.redis.start()
        for program in self.programs.values():
            program.start()
        until(self.is_ready, "the system is ready")

    def start(self, name: str) -> None:
        """Start one of server, worker and beat (again)."""
        self.programs[name].start()
        if name == "server":
            until(lambda: self.health("live") == httpx.codes.OK, "the server answers")

    def pid(self, name: str) -> int:
        """Return the process id of one of server, worker and beat."""
        pid = self.programs[name].pid
        assert pid is not None, f"{name} does not run"
        return pid

    def kill(self, name: str) -> None:
        """Kill a part and all its children, as a machine that loses its power does."""
        os.killpg(self.pid(name), signal.SIGKILL)
        until(lambda: not self.programs[name].is_running, f"{name} is dead")

    def ask_to_stop(self, name: str) -> None:
        """Send SIGTERM to a part's main process, as every supervisor does."""
        os.kill(self.pid(name), signal.SIGTERM)

    def has_ended(self, name: str) -> bool:
        """Tell whether a part's main process is gone."""
        return not self.programs[name].is_running

    def computing(self) -> psutil.Process:
        """Return the worker's pool child that evaluates: the one with a thread for its lease."""
        children = psutil.Process(self.pid("worker")).children()
        return max(children, key=lambda child: int(child.num_threads()))

    def health(self, kind: str) -> int | None:
        """Return the status of `/health/…`; None while nobody answers."""
        try:
            return httpx.get(f"{self.url}/health/{kind}", timeout=10.0, verify=PLAIN).status_code
        except httpx.TransportError:
            return None

    def is_ready(self) -> bool:
        """Tell whether database, Redis, server and a worker all answer."""
        return self.health("ready") == httpx.codes.OK

    def log(self, name: str) -> Path:
        """Return where a part logs."""
        return self.data / "logs" / f"{name}.log"

    def last_logs(self) -> list[tuple[str, str]]:
        """Return the end of each log, for the report of a test that failed."""
        return [
            (log.name, "\n".join(line[-LOG_LINE_CHARACTERS:] for line in _last_lines(log)))
            for log in sorted((self.data / "logs").glob("*.log"))
        ]


def _last_lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-LOG_LINES:]
