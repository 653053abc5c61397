"""A real Chromium for the tests of pages, and boards for it to look at."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import builders
from tests.api import Api
from tests.builders import Contest
from tests.conftest import CHROMIUMS
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

CHROMIUM = next(filter(None, map(shutil.which, CHROMIUMS)), None)
# tests/conftest.py says so, loudly, at the end of the run.
collect_ignore_glob = [] if CHROMIUM else ["test_*.py"]

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}
NASTY = '<script>document.title = "owned"</script>'


@dataclass(frozen=True)
class Place:
    """A contest with a board of five teams and a baseline, and where its pages are."""

    contest: Contest
    url: str

    @property
    def challenge(self) -> str:
        """The address of the challenge's page."""
        return f"{self.url}/{self.contest.challenge['slug']}"

    @property
    def board(self) -> str:
        """The address of the board's page."""
        return f"{self.challenge}/dev"


# Not for the session: Playwright's loop runs as long, and tests after these run loops of their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start one browser for a module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def place(server: RunningServer, parts: Parts) -> Iterator[Place]:
    """Play a contest: four teams by how much they know, a twin of the last, a baseline."""
    with Api(server.url) as api:
        files = {
            "description.md": f"# About\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n{NASTY}".encode()
        }
        contest = builders.contest(
            api, parts.sessions, files=files, quota=ROOMY, splits={"n_splits": 20, "seed": 1}
        )
        for number, share in enumerate((1.0, 0.9, 0.6, 0.3, 0.3)):
            team = builders.contestant(api, contest.challenge)
            matrix = builders.blend(share, seed=min(number, 3))
            made = builders.submit(
                team, contest.phase, matrix, method_name=f"{NASTY} {number}",
                project_url="https://example.org/code",
            )  # fmt: skip
            evaluate_submission(parts, UUID(made.json()["id"]))
        made = builders.submit(contest.host, contest.phase, builders.noise(9), baseline="true")
        evaluate_submission(parts, UUID(made.json()["id"]))
        rank_phase(parts, UUID(contest.phase))
        yield Place(contest, server.url)
