"""Boards as they are stored and served: immutable, numbered, hashed, cached, frozen, hidden."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from markdown_it import MarkdownIt
from sqlalchemy.exc import DBAPIError

from app.clock import utc_now
from app.leaderboards.publishing import publish
from app.leaderboards.ranking import read_contenders
from app.leaderboards.schemas import BoardView
from app.models import Leaderboard, Snapshot
from app.queue import request_ranking
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase, store_publication

PLAIN = {"Accept-Encoding": "identity"}  # compressed bytes have a tag of their own
ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}
EVIL = '=HYPERLINK("http://evil.example")|**b**<script>`x`[a](b)'


@pytest.fixture(scope="module")
def ranked(server: RunningServer, parts: Parts) -> Iterator[tuple[Contest, list[Person]]]:
    """A board of two teams, one of them with an evil method name, and a baseline."""
    with Api(server.url) as api:
        contest = builders.contest(api, parts.sessions, quota=ROOMY)
        teams = [builders.contestant(api, contest.challenge) for _ in range(2)]
        score(parts, teams[0], contest, builders.truth(), method_name=EVIL)
        score(parts, teams[1], contest, builders.noise(1))
        score(parts, contest.host, contest, builders.noise(2), baseline="true")
        rank_phase(parts, UUID(contest.phase))
        yield contest, teams


def score(parts: Parts, by: Person, contest: Contest, matrix: Any, **fields: Any) -> UUID:
    made = builders.submit(by, contest.phase, matrix, **fields)
    assert made.status_code == 201, made.text
    evaluate_submission(parts, UUID(made.json()["id"]))
    return UUID(made.json()["id"])


def ask(parts: Parts, phase: str) -> None:
    with parts.sessions() as session:
        request_ranking(session, UUID(phase))
        session.commit()


def snapshots(parts: Parts, phase: str) -> list[Snapshot]:
    with parts.sessions() as session:
        found = sa.select(Snapshot).where(Snapshot.phase_id == UUID(phase))
        return list(session.scalars(found.order_by(Snapshot.number)))


def test_the_json_is_the_stored_body_and_fits_its_schema(
    api: Api, parts: Parts, ranked: tuple[Contest, list[Person]]
) -> None:
    contest, _ = ranked
    answer = api.get(f"/phases/{contest.phase}/leaderboard", headers=PLAIN)
    (snapshot,) = snapshots(parts, contest.phase)
    assert answer.content == snapshot.body
    assert hashlib.sha256(answer.content).hexdigest() == snapshot.sha256
    assert answer.headers["etag"] == f'"{snapshot.sha256}"'
    board = BoardView.model_validate_json(answer.content)
    assert board.snapshot == snapshot.number
    assert board.ranked_at == snapshot.created_at
    assert json.loads(answer.content) == json.loads(board.model_dump_json(exclude_unset=True))


def test_a_snapshot_has_an_address_that_never_shows_another(
    api: Api, ranked: tuple[Contest, list[Person]]
) -> None:
    contest, _ = ranked
    answer = api.get(f"/phases/{contest.phase}/leaderboard")
    link = answer.headers["link"].split(">")[0].removeprefix("</api/v1")
    assert api.get(link).content == answer.content
    assert api.get(link, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
def test_a_number_that_no_snapshot_can_have_is_refused(api: Api, number: int) -> None:
    assert api.get(f"/leaderboards/snapshots/{number}").status_code == 422


def test_a_number_that_no_snapshot_has_is_not_found(api: Api) -> None:
    assert api.get(f"/leaderboards/snapshots/{2**62}").status_code == 404


@pytest.mark.parametrize("suffix", ["", ".csv", ".md"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '{}, "other"', "*"])
def test_who_has_the_board_is_told_so(
    api: Api, ranked: tuple[Contest, list[Person]], suffix: str, form: str
) -> None:
    path = f"/phases/{ranked[0].phase}/leaderboard{suffix}"
    tag = api.get(path, headers=PLAIN).headers["etag"]
    again = api.get(path, headers=PLAIN | {"If-None-Match": form.format(tag)})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    other = api.get(path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize("verb", ["UPDATE leaderboard_snapshot SET number = 0", "DELETE FROM "])
def test_the_database_refuses_to_change_a_snapshot(
    parts: Parts, ranked: tuple[Contest, list[Person]], verb: str
) -> None:
    statement = verb if "SET" in verb else "DELETE FROM leaderboard_snapshot"
    with (
        parts.sessions() as session,
        pytest.raises(DBAPIError, match="rows of leaderboard_snapshot never change"),
    ):
        session.execute(sa.text(statement))


def test_the_csv_parses_and_runs_no_formula(api: Api, ranked: tuple[Contest, list[Person]]) -> None:
    contest, teams = ranked
    answer = api.get(f"/phases/{contest.phase}/leaderboard.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    board = api.ok("GET", f"/phases/{contest.phase}/leaderboard")
    first = next(row for row in rows if row["rank"] == "1")
    assert first["method_name"] == f"'{EVIL}"
    assert first["team"] == teams[0].teams[0]["name"]
    assert [row["is_baseline"] for row in rows].count("true") == 1
    assert [row["rank"] or None for row in rows] == [
        entry["rank"] and str(entry["rank"]) for entry in board["entries"]
    ]
    for row, entry in zip(rows, board["entries"], strict=True):
        assert float(row["mean_score"]) == entry["mean_score"]
        assert float(row["height:mean"]) == entry["tasks"]["height"]["mean"]


def test_the_markdown_renders_as_a_table_that_says_no_more_than_the_names(
    api: Api, ranked: tuple[Contest, list[Person]]
) -> None:
    contest, _ = ranked
    answer = api.get(f"/phases/{contest.phase}/leaderboard.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(answer.text)
    assert html.count("<tr>") == 4
    assert html.count("</td>") == 3 * html.count("</th>")
    for tag in ("<script", "<strong", "<code", "<a "):
        assert tag not in html
    shown = EVIL.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    assert shown in html


def test_nothing_new_makes_no_snapshot(parts: Parts, ranked: tuple[Contest, list[Person]]) -> None:
    contest, _ = ranked
    before = snapshots(parts, contest.phase)
    ask(parts, contest.phase)
    rank_phase(parts, UUID(contest.phase))
    assert [one.number for one in snapshots(parts, contest.phase)] == [one.number for one in before]
    with parts.sessions() as session:
        board = session.get_one(Leaderboard, UUID(contest.phase))
        assert board.ranked == board.requested


def test_a_board_nobody_is_on_is_empty_and_fits_the_schema(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    rank_phase(parts, UUID(contest.phase))
    assert snapshots(parts, contest.phase) == []
    for suffix in ("", ".csv", ".md"):
        answer = api.get(f"/phases/{contest.phase}/leaderboard{suffix}")
        assert answer.status_code == 200
        assert "link" not in answer.headers
        tag = answer.headers["etag"]
        again = api.get(
            f"/phases/{contest.phase}/leaderboard{suffix}", headers={"If-None-Match": tag}
        )
        assert again.status_code == 304
    board = BoardView.model_validate(api.ok("GET", f"/phases/{contest.phase}/leaderboard"))
    assert (board.snapshot, board.ranked_at, board.entries) == (None, None, [])


def test_a_late_ranking_never_overwrites_a_newer_one(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    phase = UUID(contest.phase)
    team = builders.contestant(api, contest.challenge)
    score(parts, team, contest, builders.noise(1))
    with parts.sessions() as session:
        old_request = session.get_one(Leaderboard, phase).requested
        old = publish(read_contenders(session, phase, now=utc_now()))
    score(parts, team, contest, builders.truth())
    rank_phase(parts, phase)
    newest = api.get(f"/phases/{contest.phase}/leaderboard").content
    with parts.sessions() as session:
        late = store_publication(session, old, requested=old_request, now=utc_now())
        session.commit()
    assert late is None
    assert api.get(f"/phases/{contest.phase}/leaderboard").content == newest


def test_many_requests_at_once_are_served_by_few_rankings(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    team = builders.contestant(api, contest.challenge)
    score(parts, team, contest, builders.truth())
    for _ in range(50):
        ask(parts, contest.phase)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: rank_phase(parts, UUID(contest.phase)), range(50)))
    assert len(snapshots(parts, contest.phase)) == 1
    with parts.sessions() as session:
        board = session.get_one(Leaderboard, UUID(contest.phase))
        assert board.ranked == board.requested >= 50


def test_a_ranking_of_a_phase_without_a_board_does_nothing(parts: Parts) -> None:
    rank_phase(replace(parts), UUID(int=7))
