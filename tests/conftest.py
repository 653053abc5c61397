"""Real parts for every test: PostgreSQL, Redis, HTTP. Unit tests ask for none of them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from sqlalchemy.orm import Session

from app.blobs import BlobStore
from app.db import make_engine, make_sessions
from app.queue import JobQueue, make_celery
from app.settings import Settings
from tests.api import Api
from tests.services import Services, migrated_database
from tests.serving import RunningServer
from worker.parts import Parts, make_parts

if TYPE_CHECKING:
    from tests.buckets import BucketServer

# Timing decides no test: a machine that stalls for a moment has found no counterexample.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

_started: list[Services] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that will start the others."""
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    paths = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    needless = (Path(__file__).parent / "unit", Path(__file__).parents[1] / "probeboard")
    if all(any(path.is_relative_to(folder) for folder in needless) for path in paths):
        return
    _started.append(Services.start())


def pytest_unconfigure() -> None:
    """Stop what this process started."""
    while _started:
        _started.pop().stop()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what a machine without a browser left untested."""
    if not any(shutil.which(name) for name in CHROMIUMS):
        terminalreporter.section("THE BROWSER TESTS DID NOT RUN", red=True, bold=True)
        terminalreporter.line("There is no Chromium on the PATH: no page was tested in a browser.")


@pytest.fixture(scope="session")
def process_name() -> str:
    """Tell the test processes apart."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def services() -> Services:
    """Find the servers."""
    return Services.found()


@pytest.fixture(scope="session")
def settings(
    services: Services, process_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of a system of this process's own: its database, its Redis database, its blobs."""
    blob_root = tmp_path_factory.mktemp("blobs")
    number = 1 + int(process_name.removeprefix("gw")) if process_name != "main" else 0
    yield Settings(
        _env_file=None,
        database_url=migrated_database(services, f"test_{process_name}"),
        redis_url=f"{services.redis.url}?db={number}",
        blob_root=blob_root,
        validations_at_once=4,
        board_cache_s=0,  # who changes a board looks at it at once; the cache has tests of its own
    )
    shutil.rmtree(blob_root, ignore_errors=True)


@pytest.fixture(scope="session")
def server(settings: Settings) -> Iterator[RunningServer]:
    """Serve the application over real HTTP on the loopback interface."""
    with RunningServer(settings) as running:
        yield running


@pytest.fixture
def api(server: RunningServer) -> Iterator[Api]:
    """Call the server; every answer is held to what the OpenAPI document declares."""
    with Api(server.url) as client:
        yield client


@pytest.fixture(scope="session")
def parts(settings: Settings) -> Iterator[Parts]:
    """What a worker process works with, to do its jobs in this process."""
    celery = make_celery(settings)
    queue = JobQueue(celery)
    made = make_parts(settings, queue)
    made.blobs.prepare()
    yield made
    made.close()
    queue.close()


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    """A session whose every write, commits included, is rolled back after the test."""
    engine = make_engine(settings)
    with engine.connect() as connection:
        transaction = connection.begin()
        made = make_sessions(engine)(bind=connection, join_transaction_mode="create_savepoint")
        yield made
        made.close()
        transaction.rollback()
    engine.dispose()


@pytest.fixture(scope="session")
def bucket_server() -> Iterator["BucketServer"]:
    """An S3-compatible store on the loopback interface; loaded by those who ask for it."""
    from tests.buckets import running_server

    yield from running_server()


@pytest.fixture(params=["folder", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BlobStore]:
    """A blob store of the test's own, of either kind."""
    store = BlobStore(tmp_path / "blobs")
    if request.param == "bucket":
        server: BucketServer = request.getfixturevalue("bucket_server")
        store = server.store(server.new_bucket(), tmp_path / "blobs")
    store.prepare()
    yield store
    store.close()
