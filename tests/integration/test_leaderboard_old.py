"""Boards of before: snapshots that do not tell what they were made from; and who asks by token."""

import hashlib
import json
from collections.abc import Iterator
from uuid import UUID

import pytest

from app.clock import utc_now
from app.models import SNAPSHOT_NUMBERS, Snapshot
from tests import builders
from tests.api import Api
from tests.builders import Contest
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase


@pytest.fixture(scope="module")
def old(server: RunningServer, parts: Parts) -> Iterator[tuple[Contest, str]]:
    """A phase whose one snapshot is of before inputs, places and other methods were kept."""
    with Api(server.url) as api:
        model = builders.contest(api, parts.sessions)
        team = builders.contestant(api, model.challenge)
        made = builders.submit(team, model.phase, builders.truth()).json()
        evaluate_submission(parts, UUID(made["id"]))
        rank_phase(parts, UUID(model.phase))
        board = api.ok("GET", f"/phases/{model.phase}/leaderboard")
        contest = builders.contest(api, parts.sessions)
        del board["methods"], board["uncertainty"]
        for entry in board["entries"]:
            del entry["ranks"], entry["rank_interval"], entry["tier"]
        with parts.sessions() as session:
            number = session.scalar(SNAPSHOT_NUMBERS.next_value())
            body = json.dumps(board | {"snapshot": number}).encode()
            session.add(
                Snapshot(
                    number=number,
                    phase_id=UUID(contest.phase),
                    created_at=utc_now(),
                    sha256=hashlib.sha256(body).hexdigest(),
                    content_sha256="",
                    body=body,
                    csv=b"rank\n",
                    markdown=b"| Rank |\n",
                )
            )
            session.commit()
        yield contest, made["id"]


def test_an_old_board_is_shown_and_says_what_it_does_not_know(
    api: Api, old: tuple[Contest, str]
) -> None:
    contest, submission = old
    path = f"/phases/{contest.phase}/leaderboard"
    assert api.ok("GET", path)["entries"][0]["submission_id"] == submission
    told = api.ok("GET", f"{path}/history")
    assert ([point["n_entries"] for point in told["points"]], told["teams"]) == ([0], [])
    for address in (f"/comparison?a={submission}&b={submission}", "?method=mean-q"):
        refused = api.get(path + address)
        assert refused.status_code == 404
        assert refused.json()["type"].endswith("/problems/not-on-board")
    assert api.ok("GET", f"{path}.results.json")[0]["task"] == "All tasks"
    for picture in ("rank-intervals", "rank-history", "method-robustness", "task-scores"):
        assert api.get(f"{path}/{picture}.svg").status_code == 200


def test_who_asks_by_token_is_told_that_they_have_it_too(
    api: Api, old: tuple[Contest, str]
) -> None:
    contest, _ = old
    host = api.as_(contest.host.token)
    for end in ("", ".csv", ".md", ".results.json", "/history", "/rank-intervals.txt"):
        path = f"/phases/{contest.phase}/leaderboard{end}"
        answer = host.get(path)
        assert answer.headers["vary"] == "Authorization, Accept-Encoding"
        again = host.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
