"""The boards in memory over real HTTP: how often the database is asked, and how soon all is hidden.

The server keeps answers for an hour, or for a moment, so that no test depends on how fast it runs.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from app.clock import utc_now
from app.models import Phase
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Contest
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}
ENDS = (
    "", ".csv", ".md", ".results.json", "/history", "/comparison?a={id}&b={id}",
    "/rank-intervals.svg", "/rank-history.txt", "?method=mean-score", "?at=2999-01-01T00:00:00Z",
)  # fmt: skip
OF_SNAPSHOT = ("", ".csv", ".md", "/rank-intervals.svg", "/rank-history.txt")


@dataclass
class Board:
    """A ranked phase, and all addresses that tell of it."""

    contest: Contest
    submission: str
    number: int
    server: RunningServer

    @property
    def path(self) -> str:
        return f"/phases/{self.contest.phase}/leaderboard"

    @property
    def addresses(self) -> list[str]:
        snapshot = f"/leaderboards/snapshots/{self.number}"
        of_phase = [self.path + end.format(id=self.submission) for end in ENDS]
        return of_phase + [snapshot + end for end in OF_SNAPSHOT]

    @contextmanager
    def queries(self) -> Iterator[list[str]]:
        """Count what the server asks the database."""
        asked: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            asked.append(statement)

        engine = self.server.app.state.engine
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            yield asked
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)


def make_board(server: RunningServer, parts: Parts) -> Board:
    with Api(server.url) as api:
        contest = builders.contest(api, parts.sessions, quota=ROOMY)
        team = builders.contestant(api, contest.challenge)
        made = builders.submit(team, contest.phase, builders.truth()).json()
        evaluate_submission(parts, UUID(made["id"]))
        rank_phase(parts, UUID(contest.phase))
        number = team.api.ok("GET", f"/phases/{contest.phase}/leaderboard")["snapshot"]
    return Board(contest, made["id"], number, server)


@pytest.fixture(scope="module")
def keeping(settings: Settings) -> Iterator[RunningServer]:
    """A server that keeps what it read for an hour."""
    with RunningServer(settings.model_copy(update={"board_cache_s": 3600.0})) as running:
        yield running


@pytest.fixture(scope="module")
def board(keeping: RunningServer, parts: Parts) -> Board:
    return make_board(keeping, parts)


@pytest.fixture
def public(keeping: RunningServer) -> Iterator[Api]:
    with Api(keeping.url) as client:
        yield client


def change(parts: Parts, phase: str, **columns: Any) -> None:
    with parts.sessions() as session:
        session.query(Phase).filter_by(id=UUID(phase)).update(columns)
        session.commit()


def test_fifty_readers_at_once_ask_the_database_once(board: Board) -> None:
    url = f"{board.server.url}/api/v1{board.path}.md"
    with board.queries() as asked, ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: httpx.get(url, timeout=60), range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["x-request-id"] for answer in answers}) == 50
    assert len([one for one in asked if ".markdown" in one]) == 1


def test_who_has_the_board_is_told_so_without_the_database(board: Board, public: Api) -> None:
    tag = public.get(board.path).headers["etag"]
    with board.queries() as asked:
        for _ in range(3):
            again = public.get(board.path, headers={"If-None-Match": tag})
            assert (again.status_code, again.content) == (304, b"")
    assert asked == []


def counted(ending: str) -> float:
    """Return how many requests were counted of routes that end so."""
    return sum(
        sample.value
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "probeboard_http_requests_total"
        and sample.labels["route"].endswith(ending)
    )


def test_an_answer_from_memory_is_measured_as_any_other(board: Board, public: Api) -> None:
    before = counted("/leaderboard.csv")
    public.get(f"{board.path}.csv")
    with board.queries() as asked:
        public.get(f"{board.path}.csv")
    assert asked == []
    builders.wait_until(lambda: counted("/leaderboard.csv") == before + 2)


def test_the_public_board_is_kept_apart_from_what_a_role_sees(
    board: Board, public: Api, parts: Parts
) -> None:
    other = make_board(board.server, parts)
    organizer = public.as_(other.contest.host.token)
    change(parts, other.contest.phase, board_visible=False)
    assert organizer.get(other.path).status_code == 200
    assert public.get(other.path).status_code == 404
    change(parts, other.contest.phase, board_visible=True)
    assert public.get(other.path).status_code == 200
    change(parts, other.contest.phase, board_visible=False)
    with board.queries() as asked:
        assert organizer.get(other.path).status_code == 200
    assert asked != []
    assert public.get(other.path).status_code == 200  # for this hour, as the settings say


def test_reading_the_head_of_a_board_sends_no_body(board: Board) -> None:
    url = f"{board.server.url}/api/v1{board.path}"
    got, head = httpx.get(url, timeout=60), httpx.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-length", "content-type", "link", "cache-control"):
        assert head.headers.get(name) == got.headers.get(name)
    token = {"Authorization": f"Bearer {board.contest.host.token}"}
    assert httpx.head(url, headers=token).status_code == 200


def test_whatever_tells_of_a_hidden_board_is_hidden_with_it(
    settings: Settings, parts: Parts
) -> None:
    with RunningServer(settings.model_copy(update={"board_cache_s": 0.05})) as server:
        board = make_board(server, parts)
        with Api(server.url) as api:
            tags = {one: api.get(one).headers["etag"] for one in board.addresses}
            change(parts, board.contest.phase, board_visible=False)
            for address, tag in tags.items():
                builders.wait_until(lambda address=address: api.get(address).status_code == 404)
                known = {"If-None-Match": tag}
                assert api.get(address, headers=known).status_code == 404
                hidden = api.get(address).json()
                assert str(board.number) not in hidden["detail"]
            change(parts, board.contest.phase, board_visible=True)
            builders.wait_until(lambda: api.get(board.path).status_code == 200)


def test_a_frozen_board_freezes_all_that_tells_of_it(
    server: RunningServer, api: Api, parts: Parts
) -> None:
    board = make_board(server, parts)
    ranked_at = api.ok("GET", board.path)["ranked_at"]
    of_phase = [one for one in board.addresses if one.startswith("/phases/")]
    before = {one: api.get(one).content for one in of_phase}
    with parts.sessions() as session:
        phase = session.get_one(Phase, UUID(board.contest.phase))
        assert ranked_at is not None
        phase.board_frozen_at = utc_now()
        session.commit()
    late = builders.contestant(api, board.contest.challenge)
    made = builders.submit(late, board.contest.phase, builders.noise(3)).json()
    evaluate_submission(parts, UUID(made["id"]))
    rank_phase(parts, UUID(board.contest.phase))
    host = board.contest.host
    with Api(server.url) as mine:
        hosts = mine.as_(host.token)
        newest = hosts.ok("GET", board.path)
        assert newest["snapshot"] > board.number
        assert {one: api.get(one).content for one in of_phase} == before
        for end in OF_SNAPSHOT:
            assert api.get(f"/leaderboards/snapshots/{newest['snapshot']}{end}").status_code == 404
        pair = f"{board.path}/comparison?a={board.submission}&b={made['id']}"
        assert (api.get(pair).status_code, hosts.get(pair).status_code) == (404, 200)
        assert (
            api.ok("GET", f"{board.path}/history")["total"],
            hosts.ok("GET", f"{board.path}/history")["total"],
        ) == (1, 2)
    change(parts, board.contest.phase, board_frozen_at=utc_now() + timedelta(hours=1))
    assert api.ok("GET", board.path)["snapshot"] == newest["snapshot"]


def test_without_public_tasks_nothing_tells_of_them(
    server: RunningServer, api: Api, parts: Parts
) -> None:
    contest = builders.contest(api, parts.sessions, board={"tasks": False}, quota=ROOMY)
    team = builders.contestant(api, contest.challenge)
    made = builders.submit(team, contest.phase, builders.truth()).json()
    evaluate_submission(parts, UUID(made["id"]))
    rank_phase(parts, UUID(contest.phase))
    path = f"/phases/{contest.phase}/leaderboard"
    for end in (*ENDS, "/task-scores.svg", "/task-scores.txt"):
        answer = api.get(path + end.format(id=made["id"]))
        assert answer.status_code == 200
        for name in ("height", "wet"):
            assert name not in answer.text.lower().replace("line-height", "").replace(
                'height="', ""
            ), end
    assert api.ok("GET", f"{path}/comparison?a={made['id']}&b={made['id']}")["tasks"] == []
    assert [one["task"] for one in api.ok("GET", f"{path}.results.json")] == ["All tasks"]
