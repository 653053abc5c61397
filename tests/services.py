"""PostgreSQL and Redis for the tests: one of each for the whole run, a database per process."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config

from app.local.postgres import EmbeddedPostgres
from app.local.redis import EmbeddedRedis

ROOT = Path(__file__).resolve().parents[1]
_ADDRESS = "PROBEBOARD_TEST_SERVICES"


@dataclass
class Services:
    """The servers, owned by the process that started them."""

    folder: Path
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis

    @classmethod
    def start(cls) -> "Services":
        """Start both, and tell the test processes that follow where they are."""
        folder = Path(tempfile.mkdtemp(prefix="pb-tests-"))
        folder.chmod(0o755)
        postgres = EmbeddedPostgres(folder / "postgres", durable=False).start()
        redis = EmbeddedRedis(folder / "redis").start()
        os.environ[_ADDRESS] = str(folder)
        return cls(folder, postgres, redis)

    @classmethod
    def found(cls) -> "Services":
        """Return the running servers."""
        folder = Path(os.environ[_ADDRESS])
        postgres = EmbeddedPostgres(folder / "postgres", durable=False)
        return cls(folder, postgres, EmbeddedRedis(folder / "redis"))

    def stop(self) -> None:
        """Stop both and remove what they wrote."""
        self.postgres.stop()
        self.redis.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def alembic_config(database_url: str) -> Config:
    """Point the project's own Alembic configuration at a database."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = database_url
    return config


def migrated_database(services: Services, name: str) -> str:
    """Create a database, bring its schema up by the migrations, and return its URL."""
    services.postgres.drop_database(name)
    services.postgres.create_database(name)
    url = services.postgres.url(name)
    command.upgrade(alembic_config(url), "head")
    return url
