"""The report in a real browser: on paper, on a phone, from a disk, and for who does not see it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from app.leaderboards.board import build_board
from app.leaderboards.document import content_of
from app.reports.blocks import Report, Section
from app.reports.board_tables import board_table, methods_table, task_table
from app.reports.figures import as_of_now
from app.reports.html import to_html
from tests import boards
from tests.browser.conftest import Place

PHONE, DESK = (390, 844), (1280, 900)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def report(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report as somebody keeps it: a file."""
    answer = httpx.get(f"{place.url}/api/v1/phases/{place.contest.phase}/report.html", timeout=60)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(answer.raise_for_status().content)
    return path


def opened(
    chromium: Browser, report: Path, size: tuple[int, int] = DESK, **options: Any
) -> Iterator[Page]:
    """Open it without a network: whoever asks for anything else fails the test."""
    width, height = size
    context = chromium.new_context(viewport={"width": width, "height": height}, **options)
    window = context.new_page()
    complaints: list[str] = []

    def refuse(route: Route) -> None:
        complaints.append(route.request.url)
        route.abort()

    window.route("http*://**", refuse)
    window.on("console", lambda message: complaints.append(message.text))
    window.goto(report.as_uri())
    yield window
    context.close()
    assert complaints == []


@pytest.fixture
def page(chromium: Browser, report: Path) -> Iterator[Page]:
    yield from opened(chromium, report)


def test_a_file_on_a_disk_shows_words_tables_and_pictures(page: Page) -> None:
    expect(page.locator("h1")).to_contain_text("A challenge: Dev")
    expect(page.locator("table")).to_have_count(page.locator(".caption").count())
    shown = page.locator("figure img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert len(shown) >= 3
    assert set(shown) == {800}
    assert page.title().startswith("Report: A challenge")


@pytest.mark.parametrize("size", [PHONE, DESK])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_it_can_be_read_by_everybody(
    chromium: Browser, report: Path, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    for window in opened(chromium, report, size, color_scheme=scheme):
        window.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        found = Axe().run(window)
        assert found.violations_count == 0, found.generate_report()
        wide = window.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0]


def test_pictures_are_those_of_the_ground(chromium: Browser, report: Path) -> None:
    used = {}
    for scheme in SCHEMES:
        for window in opened(chromium, report, color_scheme=scheme):
            used[scheme] = window.locator("figure img").first.evaluate("one => one.currentSrc")
            if scheme == "dark":
                window.emulate_media(media="print", color_scheme="dark")
                printed = window.locator("figure img").first.evaluate("one => one.currentSrc")
    assert used["light"] != used["dark"]
    assert printed == used["light"]


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of twelve teams with long names in eleven tasks, without its pictures."""
    rng = np.random.default_rng(1)
    names = [f"nitrogen dioxide {number}" for number in range(11)]
    pool = [
        boards.contender(
            number, row, n_splits=10, spread=0.02, team=f"Team of a rather long name {number}",
            method_name="Compressed masked autoencoder, 1024 dimensions",
        )
        for number, row in enumerate(rng.uniform(0.2, 0.8, size=(12, 11)).tolist(), start=1)
    ]  # fmt: skip
    board = build_board(boards.rules(weights=[1.0] * 11, names=names), pool, [])
    document = as_of_now({**content_of(board), "snapshot": 1})
    tables = (board_table(document), task_table(document), methods_table(document))
    assert None not in tables
    path = tmp_path_factory.mktemp("wide") / "report.html"
    section = Section("results", "Results", tuple(filter(None, tables)))
    path.write_bytes(to_html(Report("Wide", "Report", "Lead.", (), (section,)), {}))
    return path


def test_a_wide_board_fits_on_paper_and_scrolls_on_a_phone(chromium: Browser, wide: Path) -> None:
    for window in opened(chromium, wide, (688, 1000)):
        window.emulate_media(media="print")
        assert window.evaluate("document.documentElement.scrollWidth") <= 688
    for window in opened(chromium, wide, PHONE):
        assert window.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
        assert Axe().run(window).violations_count == 0


def test_on_paper_no_table_is_cut_off(page: Page) -> None:
    # The text of an A4 page is 182 mm wide: 688 pixels.
    page.set_viewport_size({"width": 688, "height": 1000})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    expect(page.locator("nav")).to_be_hidden()
