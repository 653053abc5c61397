"""Reports of phases: of one snapshot, for whom the board is, in HTML and in Markdown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from markdown_it import MarkdownIt
from sqlalchemy import select, update

from app.clock import utc_now
from app.models import (
    Challenge,
    Participation,
    Phase,
    Rescoring,
    RescoringState,
    Status,
    Submission,
    Team,
)
from tests import builders, bulk
from tests.api import Api
from tests.builders import Contest
from tests.serving import RunningServer
from worker.parts import Parts
from worker.rank import rank_phase

NASTY = '<script>alert("a|b")</script> *x*'


@dataclass(frozen=True)
class Played:
    """A contest of four teams and a baseline, ranked after the first and after the last."""

    contest: Contest
    teams: list[str]
    submissions: list[str]
    first_snapshot: int

    @property
    def path(self) -> str:
        return f"/phases/{self.contest.phase}/report"


def play(api: Api, parts: Parts, **changes: Any) -> Played:
    """Write scores as rows: what a report tells of them does not hang on how they came about."""
    contest = builders.contest(api, parts.sessions, **changes)
    phase = UUID(contest.phase)
    rng = np.random.default_rng(5)
    means = np.array([0.9, 0.7, 0.5, 0.2])[:, None, None] * [[[1.0], [0.8]]]
    scores = means + 0.03 * rng.normal(size=(4, 2, 20))
    words = {"project_url": "https://example.org/a|b", "method_name": NASTY}
    with parts.sessions() as session:
        season = bulk.enter_teams(session, phase, 4)
        made = bulk.hand_in(session, season, scores[:1], **words)
        session.commit()
    rank_phase(parts, phase)
    first = board_of(contest)["snapshot"]
    with parts.sessions() as session:
        made += bulk.hand_in(session, season, scores[1:], teams=[1, 2, 3], **words)
        aside = {"is_baseline": True, "participation_id": None}
        bulk.hand_in(session, season, scores[2:3] - 0.1, **aside)
        names = session.scalars(
            select(Team.name)
            .join(Participation, Participation.team_id == Team.id)
            .where(Participation.id.in_(season.teams))
            .order_by(Participation.id)
        ).all()
        session.commit()
    rank_phase(parts, phase)
    return Played(contest, list(names), [str(one) for one in made], first)


def board_of(contest: Contest) -> dict[str, Any]:
    return dict(contest.host.api.ok("GET", f"/phases/{contest.phase}/leaderboard"))


@pytest.fixture(scope="module")
def played(server: RunningServer, parts: Parts) -> Iterator[Played]:
    with Api(server.url) as api:
        yield play(api, parts)


def text_of(html: str) -> str:
    words: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            if self.lasttag != "style":
                words.append(data)

    Reader().feed(html)
    return " ".join(" ".join(words).split())


def set_phase(parts: Parts, phase: str, **values: object) -> None:
    with parts.sessions() as session:
        session.execute(update(Phase).where(Phase.id == UUID(phase)).values(**values))
        session.commit()


def test_the_report_tells_the_board_as_the_snapshot_does(played: Played, api: Api) -> None:
    board = board_of(played.contest)
    answer = api.get(f"{played.path}.html")
    told = text_of(answer.text)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    name = f"{board['challenge']}-dev-report-{board['snapshot']}.html"
    assert answer.headers["content-disposition"] == f'inline; filename="{name}"'
    for entry in board["entries"]:
        assert (entry["team"] or "Baseline") in told
        assert f"{entry['mean_score']:.4f} ± {entry['mean_score_error']:.4f}" in told
        for cell in entry["tasks"].values():
            assert f"{cell['mean']:.4f} ± {cell['standard_error']:.4f}" in told
    assert board["rule"] in told
    digest = re.findall("SHA-256 ([0-9a-f]{64})", told)
    assert len(digest) == 2
    link = answer.headers["link"]
    assert f"snapshots/{board['snapshot']}?sha256={digest[0]}" in link
    assert f"snapshot {board['snapshot']}" in told
    best = board["entries"][0]
    assert f"First is {best['team']} with “{best['method_name']}”" in told


def test_nothing_in_it_comes_from_elsewhere_and_nothing_runs(played: Played, api: Api) -> None:
    answer = api.get(f"{played.path}.html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert 'http-equiv="Content-Security-Policy"' in answer.text
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    sources = re.findall(r'(?:src|srcset)="([^"]*)"', answer.text)
    assert len(sources) >= 6
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not re.search(r"<link|@import|url\(", answer.text)
    ids = re.findall(r' id="([^"]+)"', answer.text)
    assert len(ids) == len(set(ids))


def test_the_markdown_says_the_same_in_tables(played: Played, api: Api) -> None:
    board = board_of(played.contest)
    answer = api.get(f"{played.path}.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    parsed = MarkdownIt("commonmark", {"html": True}).enable("table").parse(answer.text)
    kinds = [token.type for token in parsed]
    assert "html_block" not in kinds
    inline = [child for token in parsed for child in token.children or ()]
    assert not [one for one in inline if one.type == "html_inline"]
    pictures = [str(one.attrs["src"]) for one in inline if one.type == "image"]
    assert len(pictures) >= 3
    for picture in pictures:
        place = picture.partition("/api/v1")[2]
        assert f"snapshots/{board['snapshot']}/" in place
        assert api.get(place).headers["content-type"] == "image/svg+xml"
    said = {one.content for one in inline if one.type == "text"}
    for entry in board["entries"]:
        assert any(entry["method_name"] in text for text in said)
    told = text_of(api.get(f"{played.path}.html").text)
    titles = [
        parsed[place + 1].content for place, kind in enumerate(kinds) if kind == "heading_open"
    ]
    assert all(title in told for title in titles)
    assert kinds.count("table_open") == told.count("Table ") - told.count("Tables ")


def test_an_earlier_snapshot_is_told_as_it_was(played: Played, api: Api, parts: Parts) -> None:
    told = text_of(api.get(f"{played.path}.html?snapshot={played.first_snapshot}").text)
    assert f"snapshot {played.first_snapshot}" in told
    assert "There are later snapshots" in told
    assert "No intervals" in told
    other = builders.contest(api, parts.sessions)
    missing = f"/phases/{other.phase}/report.html?snapshot={played.first_snapshot}"
    assert api.get(missing).status_code == 404
    assert api.get(f"{played.path}.html?snapshot=99999999").status_code == 404


def test_who_has_it_is_told_so(played: Played, api: Api) -> None:
    for form in ("html", "md"):
        first = api.get(f"{played.path}.{form}")
        again = api.get(f"{played.path}.{form}", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert api.get(f"{played.path}.{form}").content == first.content


def test_what_was_not_ranked_yet_has_no_report(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    assert api.get(f"/phases/{contest.phase}/report.html").status_code == 404


def test_a_hidden_board_has_a_report_for_its_organizers_only(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    public = api.get(f"{played.path}.html")
    member = builders.contestant(api, played.contest.challenge)
    set_phase(parts, played.contest.phase, board_visible=False)
    for form in ("html", "md"):
        assert api.get(f"{played.path}.{form}").status_code == 404
        assert member.api.get(f"{played.path}.{form}").status_code == 404
        assert played.contest.host.api.get(f"{played.path}.{form}").is_success
    # Nor to who had it before.
    known = {"If-None-Match": public.headers["etag"]}
    assert api.get(f"{played.path}.html", headers=known).status_code == 404


def test_a_frozen_board_tells_nothing_of_later(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    first = datetime.fromisoformat(
        played.contest.host.api.ok("GET", f"/leaderboards/snapshots/{played.first_snapshot}")[
            "ranked_at"
        ]
    )
    frozen = {"board_frozen_at": first + timedelta(milliseconds=1), "closes_at": utc_now()}
    set_phase(parts, played.contest.phase, **frozen)
    told = text_of(api.get(f"{played.path}.html").text)
    assert f"snapshot {played.first_snapshot}," in told
    assert "Participation" not in told
    assert "This board stands still since" in told
    assert "Final report" not in told
    assert played.teams[3] not in told
    assert "Participation" in text_of(played.contest.host.api.get(f"{played.path}.html").text)
    last = board_of(played.contest)["snapshot"]
    assert api.get(f"{played.path}.html?snapshot={last}").status_code == 404


def test_who_took_part_is_told_to_all_once_the_phase_is_over(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    host, path = played.contest.host.api, f"{played.path}.md"
    with parts.sessions() as session:
        waiting = session.get_one(Submission, UUID(played.submissions[3]))
        waiting.status, waiting.finished_at = Status.QUEUED, None
        session.commit()
    open_now = api.get(path).text
    assert "Participation" not in open_now
    assert "has not come to its end yet" in open_now
    assert "4 teams with 0 members took part" in host.get(path).text
    set_phase(parts, played.contest.phase, closes_at=utc_now())
    told = api.get(path).text
    assert "*Report*" in told  # one still waits
    assert "4 teams with 0 members took part" in told
    day = f"{utc_now():%Y-%m-%d}"
    assert f"| {day} | 4 | 3 | 1 |" in told
    assert "| All | 4 | 3 | 1 |" in told
    with parts.sessions() as session:
        scored = {"status": Status.SCORED, "finished_at": utc_now()}
        waiting = Submission.id == UUID(played.submissions[3])
        session.execute(update(Submission).where(waiting).values(**scored))
        session.commit()
    assert "*Final report*" in api.get(path).text


def test_what_was_decided_is_told_as_far_as_its_reasons_are_public(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    host, phase = played.contest.host.api, played.contest.phase
    assert "nobody was disqualified" in api.get(f"{played.path}.md").text
    later = {"closes_at": "2100-01-01T00:00:00Z", "reason": "The server was down | for a day."}
    host.ok("POST", f"/phases/{phase}/extensions", json=later)
    for number, public in enumerate((True, False)):
        reason = {"reason": f"Reason {number}", "public": public}
        host.ok("PUT", f"/submissions/{played.submissions[number]}/disqualification", json=reason)
    change = {"method": "mean-score"}
    seen = host.ok("POST", f"/phases/{phase}/ranking-changes", json=change)
    apply = change | {"apply": True, "reason": "Means are clearer.", "expected": seen["expected"]}
    host.ok("POST", f"/phases/{phase}/ranking-changes", json=apply)
    rank_phase(parts, UUID(phase))
    for client in (api, host):
        told = client.get(f"{played.path}.md").text
        assert "Close put off from 2099-01-01 00:00 UTC to 2100-01-01 00:00 UTC." in told
        assert "The server was down \\| for a day." in told
        assert "Reason 0" in told
        assert "Reason 1" not in told
        assert "method from average-rank to mean-score | Means are clearer. |" in told


def test_a_rescoring_that_was_applied_to_the_phase_is_told(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    contest = played.contest
    now = utc_now()
    by = UUID(contest.host.id)
    with parts.sessions() as session:
        for phase, reason in ((contest.phase, "A row was shifted."), (str(by), "Elsewhere.")):
            session.add(
                Rescoring(
                    challenge_id=UUID(contest.challenge["id"]), state=RescoringState.APPLIED,
                    reason=reason, by_id=by, created_at=now, decided_at=now, decided_by_id=by,
                    rules={"phases": [{"phase_id": phase}]}, record={},
                )
            )  # fmt: skip
        session.commit()
    told = api.get(f"{played.path}.md").text
    assert "| All submissions scored anew | A row was shifted. |" in told
    assert "Elsewhere" not in told


def test_an_unpublished_challenge_has_a_report_for_its_roles(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    with parts.sessions() as session:
        session.execute(
            update(Challenge)
            .where(Challenge.id == UUID(played.contest.challenge["id"]))
            .values(published_at=None)
        )
        session.commit()
    assert api.get(f"{played.path}.html").status_code == 404
    assert played.contest.host.api.get(f"{played.path}.html").is_success


def test_masked_tasks_stay_masked(api: Api, parts: Parts) -> None:
    board = {"task_names": "masked", "decimals": 2}
    played = play(api, parts, board=board)
    told = text_of(api.get(f"{played.path}.html").text) + api.get(f"{played.path}.md").text
    assert "task-01" in told
    assert not re.search("height|wet", told, re.IGNORECASE)


def test_a_board_without_tasks_has_a_report_without_them(api: Api, parts: Parts) -> None:
    played = play(api, parts, board={"tasks": False}, ranking="mean-score", scorer="neuco")
    told = text_of(api.get(f"{played.path}.html").text)
    assert "The phase shows no scores of single tasks." in told
    assert "NeuCo-Bench [2]" in told
    assert "height" not in told
