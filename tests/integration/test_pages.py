"""Pages over HTTP: what is public, what is not, and how large they get."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy.orm import Session

from app.models import Phase
from app.pages.board_view import PER_PAGE, page_of_board
from app.pages.rendering import STATIC_DIGEST, from_markdown, render, static_address
from app.pages.times import Moment, PhaseClock
from tests import builders
from tests.api import Api
from tests.serving import RunningServer
from worker.parts import Parts

LIMIT_BYTES = 200_000
NOW = datetime.fromisoformat("2026-06-01T00:00:00Z")


def get(server: RunningServer, path: str, **options: Any) -> httpx.Response:
    return httpx.get(server.url + path, **options, timeout=60)


def entry(number: int, tasks: list[str], **changes: Any) -> dict[str, Any]:
    cell = {"mean": 0.51234, "standard_error": 0.01234, "q": 30.5, "rank": float(number)}
    return {
        "rank": number, "would_rank": None, "is_baseline": False, "team": f"Team number {number}",
        "method_name": "An encoder with quite a long name, second try", "aggregate": number + 0.5,
        "mean_score": 0.5, "mean_q": 30.0, "mean_score_error": 0.01, "win_rate": 0.5,
        "n_submissions": 12, "submission_id": "01a1fccb-9cc3-72da-bbec-e486421a4a03",
        "received_at": "2026-05-01T12:00:00.000Z", "project_url": "https://example.org/code/one",
        "paper_url": "https://example.org/paper/one", "rank_interval": [number, number + 3],
        "rank_interval_samples": [number, number + 1], "rank_set": [1, 9],
        "tier": 1 + number // 7, "p_first": 0.0, "p_top3": 0.1,
        "tie_broken": False, "tasks": dict.fromkeys(tasks, cell),
    } | changes  # fmt: skip


def document(n: int, n_tasks: int = 11, **changes: Any) -> dict[str, Any]:
    names = [f"a task of the challenge, {number}" for number in range(n_tasks)]
    return {
        "snapshot": 7, "ranked_at": "2026-05-02T00:00:00.000Z", "rule": "Ranked somehow",
        "method": "average-rank", "decimals": 4,
        "uncertainty": {"shown": True, "reason": None, "draws": 1000, "level": 0.95},
        "tasks": [{"name": name, "metric": "macro_f1", "weight": 1.0} for name in names],
        "entries": [entry(number, names) for number in range(1, n + 1)],
    } | changes  # fmt: skip


def rendered(content: dict[str, Any], number: int = 1) -> bytes:
    phase = Phase(
        slug="dev", title="Dev", opens_at=NOW, closes_at=NOW, analyses=[], board_frozen_at=None
    )
    return render(
        "board.html", challenge={"slug": "one", "title": "One"}, phase=phase,
        clock=PhaseClock.of(phase, NOW), board=page_of_board(content, number), tag="0" * 64,
        frozen=Moment.of(NOW), api="/api/v1/phases/x/leaderboard",
    )  # fmt: skip


@pytest.fixture
def session(parts: Parts) -> Any:
    with parts.sessions() as session:
        yield session


def test_a_page_of_a_thousand_entries_is_small_and_the_pages_hold_them_all() -> None:
    content = document(1000)
    assert len(rendered(content)) < LIMIT_BYTES
    shown = [page_of_board(content, number) for number in range(1, 1 + -(-1000 // PER_PAGE))]
    rows = [row.rank for page in shown if page for band in page.bands for row in band.rows]
    assert rows == list(range(1, 1001))
    assert page_of_board(content, 0) is None
    assert page_of_board(content, 21) is None


def test_a_baseline_takes_the_band_it_stands_in() -> None:
    names = ["one"]
    entries = [
        entry(1, names, tier=1),
        entry(2, names, rank=None, would_rank=2, is_baseline=True, tier=None, aggregate=None),
        entry(2, names, tier=1),
        entry(3, names, tier=2),
    ]
    page = page_of_board(document(0, 1) | {"entries": entries, "tasks": [
        {"name": "one", "metric": "r2", "weight": 1.0}
    ]}, 1)  # fmt: skip
    assert page is not None
    assert [(band.tier, len(band.rows)) for band in page.bands] == [(1, 3), (2, 1)]


@pytest.mark.parametrize(("method", "shown"), [("average-rank", "2.750"), ("mean-score", "3")])
def test_decimals_of_scores_do_not_cut_an_average_of_ranks(method: str, shown: str) -> None:
    content = document(0, 0, method=method, decimals=0) | {
        "entries": [entry(1, [], aggregate=2.75)]
    }
    page = page_of_board(content, 1)
    assert page is not None
    assert page.bands[0].rows[0].aggregate == shown


def test_the_snapshot_to_cite_is_linked_with_its_hash() -> None:
    assert (
        f'href="/api/v1/leaderboards/snapshots/7?sha256={"0" * 64}"'
        in rendered(document(2)).decode()
    )


def test_probabilities_are_no_surer_than_the_draws() -> None:
    entries = [entry(1, [], p_first=p) for p in (0.0, 0.0005, 0.25, 1.0, None)]
    page = page_of_board(document(0, 0) | {"entries": entries}, 1)
    assert page is not None
    shown = [row.p_first for band in page.bands for row in band.rows]
    assert shown == ["< 0.1 %", "< 0.1 %", "25.0 %", "> 99.9 %", None]


def test_a_frozen_board_and_one_without_intervals_say_so() -> None:
    unsure = {"shown": False, "reason": "fewer than 3 entries", "draws": 1000, "level": 0.95}
    page = rendered(document(2) | {"uncertainty": unsure}).decode()
    assert "fewer than 3 entries" in page
    assert "P(first)" not in page
    assert "This board stands still since" in page


def test_a_board_of_before_there_were_intervals_has_a_page() -> None:
    new = {"decimals", "uncertainty", "rank_interval", "rank_interval_samples", "tier", "p_first",
           "mean_score_error", "tie_broken"}  # fmt: skip
    old = {key: value for key, value in document(2).items() if key not in new}
    old["entries"] = [
        {key: value for key, value in one.items() if key not in new} for one in old["entries"]
    ]
    page = rendered(old).decode()
    assert "Team number 2" in page
    assert "P(first)" not in page


def test_intervals_by_samples_stand_below_those_by_splits() -> None:
    for unit, told in (("group", "groups"), ("mixed", "samples or groups")):
        samples = {"shown": True, "unit": unit, "reason": None}
        sure = document(2)["uncertainty"] | {"samples": samples}
        page = rendered(document(2) | {"uncertainty": sure}).decode()
        assert "<small>1–2</small>" in page  # noqa: RUF001  # a range has an en dash
        assert f"had other {told} been labelled" in page


def test_markdown_brings_no_html_no_script_and_no_heading_above_ours() -> None:
    text = "# Top\n\n<b onclick=x>bold</b> [go](javascript:alert(1)) ![i](http://e.org/i.png)"
    made = str(from_markdown(text))
    assert "<h3>Top</h3>" in made
    assert "<b" not in made
    assert "href" not in made


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
