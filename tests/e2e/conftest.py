"""A whole system for each module: its start costs seconds, so its tests share it."""

import shutil
from collections.abc import Generator, Iterator

import pytest

from tests.e2e.system import System


@pytest.fixture(scope="module")
def running_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Start a system, and stop it after the module's last test."""
    data = tmp_path_factory.mktemp("system")
    with System(data) as running:
        yield running
    shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def system(running_system: System) -> System:
    """Lend the system, whole again whatever the test before did to it."""
    running_system.make_whole()
    return running_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the processes' logs below a failure."""
    report = yield
    running = getattr(item, "funcargs", {}).get("running_system")
    if report.failed and isinstance(running, System):
        report.sections.extend(running.last_logs())
    return report
