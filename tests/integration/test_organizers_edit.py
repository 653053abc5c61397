"""What organizers change of submissions: what is said of them, on request; and baselines."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.models import Phase
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase


@pytest.fixture
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions)


def entries(parts: Parts, contest: Contest) -> list[Any]:
    rank_phase(parts, UUID(contest.phase))
    board = contest.host.api.ok("GET", f"/phases/{contest.phase}/leaderboard")
    return list(board["entries"])


def test_organizers_hide_and_show_their_baselines(parts: Parts, contest: Contest) -> None:
    answer = builders.submit(contest.host, contest.phase, builders.truth(), baseline="true")
    path = f"/submissions/{answer.json()['id']}"
    evaluate_submission(parts, UUID(answer.json()["id"]))
    assert [one["is_baseline"] for one in entries(parts, contest)] == [True]
    contest.host.api.ok("PATCH", path, json={"public": False})
    assert entries(parts, contest) == []
    contest.host.api.ok("PATCH", path, json={"public": True, "method_name": "Ground truth"})
    assert [one["method_name"] for one in entries(parts, contest)] == ["Ground truth"]


def test_a_baseline_is_taken_back_while_it_waits(contest: Contest) -> None:
    answer = builders.submit(contest.host, contest.phase, builders.noise(1), baseline="true")
    path = f"/submissions/{answer.json()['id']}/withdrawal"
    team = builders.contestant(contest.host.api, contest.challenge)
    assert team.api.post(path).status_code == 404
    assert contest.host.api.ok("POST", path)["status"] == "withdrawn"
    own = builders.submit(team, contest.phase, builders.noise(2)).json()["id"]
    assert contest.host.api.post(f"/submissions/{own}/withdrawal").status_code == 403


def test_after_the_close_a_team_asks_the_organizers(parts: Parts, contest: Contest) -> None:
    team = builders.contestant(contest.host.api, contest.challenge)
    key = builders.submit(team, contest.phase, builders.noise(3)).json()["id"]
    change = {"json": {"paper_url": "https://example.org/paper"}}
    with parts.sessions() as session:
        closed = utc_now() - timedelta(seconds=1)
        phase = sa.update(Phase).where(Phase.id == UUID(contest.phase))
        session.execute(phase.values(closes_at=closed))
        session.commit()
    assert team.api.call("PATCH", f"/submissions/{key}", **change).status_code == 409
    edited = contest.host.api.ok("PATCH", f"/submissions/{key}", **change)
    assert edited["paper_url"] == "https://example.org/paper"


def test_an_organizers_token_without_that_scope_edits_nobodys(
    parts: Parts, contest: Contest
) -> None:
    team = builders.contestant(contest.host.api, contest.challenge)
    key = builders.submit(team, contest.phase, builders.noise(4)).json()["id"]
    asked = {"name": "narrow", "scopes": ["read", "submit"]}
    narrow: Person = contest.host
    token = narrow.api.ok("POST", "/tokens", json=asked)["token"]
    answer = narrow.api.as_(token).call("PATCH", f"/submissions/{key}", json={"public": False})
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (403, "scope-missing")
