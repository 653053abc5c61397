"""The parts of the local system and how they are wired: the same processes as in production."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.local import commands
from app.local.children import last_lines, spawn
from app.local.errors import LocalError
from app.local.ports import HOST
from app.local.postgres import EmbeddedPostgres
from app.local.program import Program, python_module
from app.local.redis import EmbeddedRedis
from app.local.supervisor import Service

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "probeboard"


@dataclass(frozen=True)
class Servers:
    """PostgreSQL and Redis: embedded ones to start, or URLs of running ones."""

    embedded: Mapping[str, Service]
    database_url: str
    redis_url: str


def servers(data: Path, environment: Mapping[str, str]) -> Servers:
    """Choose: a URL in the environment wins, else an embedded server is the default."""
    embedded: dict[str, Service] = {}
    database_url, redis_url = environment.get("DATABASE_URL"), environment.get("REDIS_URL")
    if not database_url:
        postgres = EmbeddedPostgres(data / "postgres", log=data / "logs" / "postgres.log")
        embedded["PostgreSQL"], database_url = postgres, postgres.url(DATABASE)
    if not redis_url:
        redis = EmbeddedRedis(data / "redis", log=data / "logs" / "redis.log")
        embedded["Redis"], redis_url = redis, redis.url
    return Servers(embedded, database_url, redis_url)


def child_environment(
    chosen: Servers, data: Path, *, port: int, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return what the children read their Settings from; what the caller has set stays."""
    defaults = {
        "BLOB_ROOT": str(data / "blobs"),
        "PUBLIC_URL": f"http://{HOST}:{port}",
        "MAIL_FOLDER": str(data / "mail"),  # unless there is an SMTP_URL
        "WEBHOOKS_TO_LOOPBACK": "true",
        "OPENBLAS_NUM_THREADS": "1",  # one BLAS thread per process; parallel by process
        "OMP_NUM_THREADS": "1",
    }
    urls = {"DATABASE_URL": chosen.database_url, "REDIS_URL": chosen.redis_url}
    return {**defaults, **environment, **urls}


def create_database(chosen: Servers) -> None:
    """Create our database in the embedded server, if it is a fresh one."""
    postgres = chosen.embedded.get("PostgreSQL")
    if isinstance(postgres, EmbeddedPostgres) and not postgres.has_database(DATABASE):
        postgres.create_database(DATABASE)


def migrate(environment: Mapping[str, str], *, log: Path) -> None:
    """Bring the schema up to date.

    Raises LocalError with the end of the log when a migration fails.
    """
    command = python_module(*commands.MIGRATE)
    if spawn(command, log=log, environment=environment, folder=ROOT).wait() != 0:
        raise LocalError(f"The database could not be migrated: {last_lines(log)} (see {log})")


def programs(data: Path, environment: Mapping[str, str], *, port: int) -> dict[str, Program]:
    """Return server, worker, beat and notifier, in the order in which they start."""
    server_options = ("--host", HOST, "--port", str(port), "--timeout-graceful-shutdown", "3")
    schedule = ("--schedule", str(data / "beat" / "schedule"), "--pidfile=")
    lines = {
        "server": (*commands.SERVER, *server_options),
        "worker": commands.WORKER,
        "beat": (*commands.BEAT, *schedule),
        "notifier": commands.NOTIFIER,
    }
    return {
        name: Program(
            python_module(*line),
            log=data / "logs" / f"{name}.log",
            environment=environment,
            folder=ROOT,
        )
        for name, line in lines.items()
    }


def allow_organizer(email: str, environment: Mapping[str, str]) -> None:
    """Do what an operator does once per organizer.

    Raises LocalError when the operator's command fails.
    """
    command = python_module("app.operate", "allow-organizer", email)
    done = subprocess.run(  # noqa: S603  our own command
        command, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or ["(silence)"]
        raise LocalError(f"Could not make {email} an organizer: {said[-1]}")
