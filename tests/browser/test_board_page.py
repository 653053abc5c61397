"""The board's page in a real browser: what it says, to whom, and with what it does without."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NASTY, Place

DESK = (1280, 900)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A window whose every complaint fails the test."""
    yield from opened(chromium)


def opened(chromium: Browser, size: tuple[int, int] = DESK, **options: Any) -> Iterator[Page]:
    width, height = size
    context = chromium.new_context(viewport={"width": width, "height": height}, **options)
    window = context.new_page()
    complaints: list[str] = []
    window.on("console", lambda message: complaints.append(message.text))
    window.on("pageerror", lambda error: complaints.append(str(error)))
    yield window
    context.close()
    assert complaints == []


def board_of(place: Place) -> dict[str, Any]:
    answer = httpx.get(f"{place.url}/api/v1/phases/{place.contest.phase}/leaderboard")
    return dict(answer.raise_for_status().json())


def ranks(page: Page) -> dict[str, str]:
    """The first cell of each row, by the name of the method."""
    read = "row => [row.querySelector('.method').textContent, row.cells[0].innerText]"
    return dict(page.locator("table.board tbody tr").evaluate_all(f"rows => rows.map({read})"))


def test_the_page_is_the_snapshot_that_the_api_serves(page: Page, place: Place) -> None:
    page.goto(place.board)
    document = board_of(place)
    rows = page.locator("table.board tbody tr")
    expect(rows).to_have_count(len(document["entries"]))
    for row, entry in zip(rows.all(), document["entries"], strict=True):
        text = row.inner_text()
        assert (entry["team"] or "Baseline") in text
        assert entry["method_name"] in text
        assert f"{entry['mean_score']:.4f}" in text
        for cell in entry["tasks"].values():
            assert f"{cell['mean']:.4f}" in text
            assert f"±{cell['standard_error']:.4f}" in text
        first = row.locator("td").first.inner_text()
        assert first == (str(entry["rank"]) if entry["rank"] else f"({entry['would_rank']})")
    expect(page.locator(".rule")).to_contain_text(document["rule"])
    expect(page.get_by_text(f"snapshot {document['snapshot']}")).to_be_visible()


def test_tiers_are_bands_and_twins_share_one(page: Page, place: Place) -> None:
    page.goto(place.board)
    entries = [one for one in board_of(place)["entries"] if not one["is_baseline"]]
    assert entries[-1]["tier"] == entries[-2]["tier"]
    assert entries[0]["tier"] == 1 != entries[-1]["tier"]
    assert page.locator("tbody.band").count() == len({one["tier"] for one in entries})
    expect(page.get_by_role("columnheader", name="P(first)")).to_be_visible()


def test_sorting_by_mouse_or_keyboard_moves_rows_and_no_rank(page: Page, place: Place) -> None:
    page.goto(place.board)
    before = ranks(page)
    order = list(before)
    header = page.get_by_role("columnheader", name=re.compile("height"))
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    scores = page.locator("table.board tbody tr").evaluate_all(
        "(rows, column) => rows.map(row => Number(row.cells[column].dataset.value))",
        header.evaluate("cell => cell.cellIndex"),
    )
    assert scores == sorted(scores)
    assert list(ranks(page)) != order
    assert ranks(page) == before
    rank = page.get_by_role("columnheader", name="Rank", exact=True).get_by_role("button")
    rank.focus()
    page.keyboard.press("Enter")
    numbers = [int(text.strip("()")) for text in ranks(page).values()]
    assert numbers == sorted(numbers)


def test_without_javascript_the_page_says_the_same(chromium: Browser, place: Place) -> None:
    for window in opened(chromium, java_script_enabled=False):
        window.goto(place.board)
        expect(window.locator("table.board tbody tr")).to_have_count(6)
        expect(window.locator("main")).to_contain_text("open · closes")
        assert window.locator("th button").count() == 0


def test_the_clock_is_told_in_utc_and_in_the_readers_time(chromium: Browser, place: Place) -> None:
    for window in opened(chromium, timezone_id="Asia/Tokyo", locale="en-GB"):
        window.goto(place.board)
        line = window.locator("main p").first
        expect(line).to_contain_text(re.compile(r"closes 2\d{3}-\d\d-\d\d 00:00 UTC"))
        expect(line).to_contain_text("09:00 your time")
        expect(line).to_contain_text(re.compile(r"in [\d,]+ d"))


def test_what_people_write_is_text(page: Page, place: Place) -> None:
    for address in (place.board, place.challenge):
        page.goto(address)
        assert page.title() != "owned"
    expect(page.locator(".prose").first).to_contain_text(NASTY)


def test_nothing_comes_from_elsewhere_and_nothing_inline_runs(page: Page, place: Place) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(place.board)
    page.wait_for_load_state("networkidle")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert {re.sub(r"(?<=\w)/.*", "", url.split("//")[1]) for url in asked} == {
        place.url.split("//")[1]
    }
    assert len(asked) >= 4


def test_the_pictures_are_there_and_have_a_text(page: Page, place: Place) -> None:
    page.goto(place.board)
    page.locator("details.picture").evaluate_all("all => all.forEach(one => { one.open = true })")
    for image in page.locator("details.picture img").all():
        image.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete", arg=image.element_handle())
        assert image.evaluate("image => image.naturalWidth") > 300


@pytest.mark.parametrize(("path", "n_pictures"), [("", 4), ("/history", 1)])
def test_the_page_says_in_words_what_the_text_of_each_picture_says(
    page: Page, place: Place, path: str, n_pictures: int
) -> None:
    page.goto(place.board + path)
    pictures = page.locator("details.picture")
    expect(pictures).to_have_count(n_pictures)
    for picture in pictures.all():
        picture.evaluate("one => { one.open = true }")
        address = picture.get_by_role("link", name="text").get_attribute("href")
        served = httpx.get(place.url + str(address)).raise_for_status().text
        assert len(served) > 40
        image = picture.get_by_role("img")
        expect(image).to_have_accessible_name(re.compile("words below the picture say the same"))
        # Told of the picture while they are folded away, and read by whoever unfolds them.
        expect(image).to_have_accessible_description(" ".join(served.split()))
        picture.get_by_text("The same in words").click()
        words = picture.locator(f"#{image.get_attribute('aria-describedby')}")
        expect(words).to_be_visible()
        assert words.text_content() == served


def test_the_first_key_skips_to_the_content(page: Page, place: Place) -> None:
    page.goto(place.board)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


def test_the_links_lead_from_the_front_to_a_snapshot(page: Page, place: Place) -> None:
    page.goto(place.challenge)
    page.get_by_role("link", name="Dev", exact=True).click()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", name="History of the board")).to_be_visible()
    snapshot = page.locator("tbody tr").first.get_by_role("rowheader").get_by_role("link")
    cited = str(snapshot.get_attribute("href"))
    assert "?sha256=" in cited
    assert httpx.get(place.url + cited).json() == board_of(place)
    for form in ("CSV", "Markdown"):
        link = page.get_by_role("link", name=re.compile(f"as {form}")).first
        answer = httpx.get(place.url + str(link.get_attribute("href"))).raise_for_status()
        assert str(board_of(place)["entries"][0]["team"]) in answer.text
