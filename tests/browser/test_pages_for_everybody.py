"""Every kind of page on a phone and a desk, light and dark: axe finds nothing, nothing is wider."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from app.leaderboards.document import to_bytes
from app.models import Snapshot
from tests import builders
from tests.api import Api
from tests.board_documents import baseline, document, entry
from tests.browser.conftest import NASTY, Place
from tests.serving import RunningServer
from worker.parts import Parts

PHONE, DESK = (390, 844), (1280, 900)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
FROZEN_AT = "2026-01-01T00:00:00Z"
IS_WITHIN = "document.documentElement.scrollWidth <= innerWidth"
OPEN_ALL = "all => all.forEach(one => { one.open = true })"


def keep(parts: Parts, phase_id: str, number: int, content: Mapping[str, Any]) -> None:
    """Write a board as a ranking of long ago would have."""
    body = to_bytes({**content, "snapshot": number})
    digest = hashlib.sha256(body).hexdigest()
    with parts.sessions() as session:
        session.add(
            Snapshot(
                number=number, phase_id=UUID(phase_id), body=body, csv=b"", markdown=b"",
                created_at=datetime(2025, 12, 1, tzinfo=UTC), sha256=digest, content_sha256=digest,
            )
        )  # fmt: skip
        session.commit()


def paged() -> dict[str, Any]:
    """A board of two pages and eleven tasks with long names, and all there is to show."""
    content = document(54)
    names = [task["name"] for task in content["tasks"]]
    samples = {"shown": True, "unit": "group", "reason": None}
    last = entry(55, names, team="W" * 60, method_name=f"{NASTY} {'long ' * 12}", tie_broken=True)
    methods = {"names": content["methods"], "tau": [[0.5] * 7] * 7}
    agreement = {"methods": methods, "further_tau": [0.5] * 4, "tasks": None}
    return content | {
        "uncertainty": content["uncertainty"] | {"samples": samples},
        "entries": [*content["entries"][:3], baseline(4, names), *content["entries"][3:], last],
        "agreement": agreement,
    }


@pytest.fixture(scope="module")
def sights(place: Place, server: RunningServer, parts: Parts) -> Iterator[dict[str, str]]:
    """Where there is something to see, by what it is."""
    with Api(server.url) as api:

        def made(**board: Any) -> tuple[str, str]:
            contest = builders.contest(api, parts.sessions, **board)
            return f"{server.url}/{contest.challenge['slug']}/dev", contest.phase

        frozen, frozen_phase = made(board={"frozen_at": FROZEN_AT})
        many, phase = made()
        by_q, phase_by_q = made()
        keep(parts, frozen_phase, 900_001, document(3, 2))
        keep(parts, phase, 900_002, paged())
        keep(parts, phase_by_q, 900_003, document(4, method="neuco"))
        yield {
            "front": server.url + "/",
            "challenge": place.challenge,
            "board": place.board,
            "history": place.board + "/history",
            "nothing": place.challenge + "/nothing",
            "frozen board": frozen,
            "hidden board": made(board={"visible": False})[0],
            "empty board": made()[0],
            "board of many": many,
            "its last page": many + "?page=2",
            "board by Q": by_q,
        }


TELLS = {
    "front": "Challenges",
    "challenge": "Take part",
    "board": "Team and method",
    "history": "History of the board",
    "nothing": "There is nothing here",
    "frozen board": "This board stands still since",
    "hidden board": "The leaderboard of this phase is not public",
    "empty board": "Nothing has been ranked here yet",
    "board of many": "page 1 of 2",
    "its last page": "page 2 of 2",
    "board by Q": "Q of macro-F1, weight 9.1 %",
}


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def looks(sight: str) -> list[tuple[tuple[int, int], tuple[Scheme, ...]]]:
    """Each size in both schemes; of the largest page, whose cells take axe long, each once."""
    if sight == "board of many":
        return [(PHONE, SCHEMES[:1]), (DESK, SCHEMES[1:])]
    return [(PHONE, SCHEMES), (DESK, SCHEMES)]


@pytest.mark.parametrize("sight", list(TELLS))
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    window: Page, sights: dict[str, str], sight: str
) -> None:
    for (width, height), schemes in looks(sight):
        window.set_viewport_size({"width": width, "height": height})
        window.goto(sights[sight])
        assert TELLS[sight] in window.locator("main").inner_text()
        assert window.evaluate(IS_WITHIN)
        # What is folded away is judged only once it is open.
        window.locator("details").evaluate_all(OPEN_ALL)
        assert window.evaluate(IS_WITHIN)
        for scheme in schemes:
            window.emulate_media(color_scheme=scheme)
            found = Axe().run(window)
            assert found.violations_count == 0, found.generate_report()


def test_on_a_phone_the_team_stays_in_sight_and_leaves_room_for_figures(
    window: Page, sights: dict[str, str]
) -> None:
    width, height = PHONE
    window.set_viewport_size({"width": width, "height": height})
    window.goto(sights["board of many"])
    region = window.locator("div.scroll").first
    who = region.locator("tbody th.who").first
    figure = region.locator("tbody tr").first.locator("th.who + td")
    at_first = figure.bounding_box()
    assert at_first is not None
    assert at_first["x"] < width - 40
    region.evaluate("region => { region.scrollLeft = region.scrollWidth }")
    stays = who.bounding_box()
    assert stays is not None
    assert stays["x"] >= 0
    assert stays["width"] < width / 2
    received = region.locator("tbody td.when").first.bounding_box()
    assert received is not None
    assert stays["x"] + stays["width"] < received["x"]
