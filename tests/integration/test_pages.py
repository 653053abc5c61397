"""Pages over HTTP: what is public, and what is not."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.orm import Session

from app.models import Phase
from app.pages.rendering import STATIC_DIGEST, static_address
from tests import builders
from tests.api import Api
from tests.serving import RunningServer
from worker.parts import Parts


def get(server: RunningServer, path: str, **options: Any) -> httpx.Response:
    return httpx.get(server.url + path, **options, timeout=60)


@pytest.fixture
def session(parts: Parts) -> Any:
    with parts.sessions() as session:
        yield session


def test_a_challenge_nobody_published_has_no_page(
    server: RunningServer, api: Api, session: Session, parts: Parts
) -> None:
    host = builders.organizer(api, parts.sessions)
    made = builders.challenge(host, publish=False)
    for path in (f"/{made['slug']}", f"/{made['slug']}/dev", f"/{made['slug']}/dev/history"):
        answer = get(server, path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert made["title"] not in answer.text
    listed = get(server, "/")
    assert made["slug"] not in listed.text


def test_a_hidden_board_is_said_to_be_hidden_and_shows_nothing(
    server: RunningServer, api: Api, parts: Parts
) -> None:
    contest = builders.contest(api, parts.sessions, board={"visible": False})
    slug = contest.challenge["slug"]
    page = get(server, f"/{slug}/dev")
    assert page.status_code == 200
    assert "is not public" in page.text
    assert contest.phase not in page.text
    assert get(server, f"/{slug}/dev/history").status_code == 404


def test_an_empty_board_and_an_upcoming_phase_have_pages(
    server: RunningServer, api: Api, parts: Parts, session: Session
) -> None:
    contest = builders.contest(api, parts.sessions)
    slug = contest.challenge["slug"]
    session.query(Phase).filter_by(id=UUID(contest.phase)).update(
        {"opens_at": datetime.fromisoformat("2098-01-01T00:00:00Z")}
    )
    session.commit()
    page = get(server, f"/{slug}/dev")
    assert "Nothing has been ranked here yet" in page.text
    assert "opens <time" in page.text
    assert "No phase is open now" in get(server, f"/{slug}").text
    assert "Nothing has been ranked" in get(server, f"/{slug}/dev/history").text


@pytest.mark.parametrize("query", ["page=2", "page=10000", "page=0", "page=-1", "page=x", "page=٣"])
def test_a_page_beyond_the_last_is_not_there(
    server: RunningServer, api: Api, parts: Parts, query: str
) -> None:
    contest = builders.contest(api, parts.sessions)
    answer = get(server, f"/{contest.challenge['slug']}/dev?{query}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


def test_static_files_are_kept_for_ever_under_their_digest(server: RunningServer) -> None:
    answer = get(server, static_address("board.css"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert get(server, "/static/000000000000/board.css").status_code == 404
    assert get(server, f"/static/{STATIC_DIGEST}/secret.css").status_code == 404
    with pytest.raises(KeyError):
        static_address("secret.css")


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_an_address_that_is_none_is_a_page_to_browsers_and_a_problem_to_programs(
    server: RunningServer,
) -> None:
    seen = get(server, "/no/such/page/here", headers=BROWSER)
    assert seen.status_code == 404
    assert seen.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in seen.headers["content-security-policy"]
    for path, headers in (
        ("/no/such/page/here", {}),
        ("/api/v1/none", BROWSER),
    ):
        told = get(server, path, headers=headers)
        assert told.status_code == 404
        assert told.headers["content-type"] == "application/problem+json"
    posted = httpx.post(server.url + "/no/such/page", headers=BROWSER, timeout=60)
    assert posted.json()["status"] == 404


@pytest.mark.parametrize(
    ("path", "shorter"),
    [("/one/", "/one"), ("/one/dev/", "/one/dev"), ("//example.org/", "/example.org")],
)
def test_a_slash_at_the_end_leads_to_the_address_without_one(
    server: RunningServer, path: str, shorter: str
) -> None:
    answer = get(server, path, headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (308, shorter)
