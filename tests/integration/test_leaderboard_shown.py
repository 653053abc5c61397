"""What of a board is shown, to whom, and as of when: `?at=`, frozen, invisible, masked, rounded."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.models import Phase, Snapshot
from app.queue import request_ranking
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}


def score(parts: Parts, by: Person, contest: Contest, matrix: Any, **fields: Any) -> UUID:
    made = builders.submit(by, contest.phase, matrix, **fields)
    assert made.status_code == 201, made.text
    evaluate_submission(parts, UUID(made.json()["id"]))
    return UUID(made.json()["id"])


def change(parts: Parts, phase: str, **columns: Any) -> None:
    with parts.sessions() as session:
        session.query(Phase).filter_by(id=UUID(phase)).update(columns)
        session.commit()


def ask(parts: Parts, phase: str) -> None:
    with parts.sessions() as session:
        request_ranking(session, UUID(phase))
        session.commit()


def snapshots(parts: Parts, phase: str) -> list[Snapshot]:
    with parts.sessions() as session:
        found = sa.select(Snapshot).where(Snapshot.phase_id == UUID(phase))
        return list(session.scalars(found.order_by(Snapshot.number)))


def test_the_board_is_shown_as_it_was_at_an_instant(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    path = f"/phases/{contest.phase}/leaderboard"
    start = utc_now()
    boards = []
    for _ in range(2):
        team = builders.contestant(api, contest.challenge)
        score(parts, team, contest, builders.truth())
        rank_phase(parts, UUID(contest.phase))
        boards.append(api.ok("GET", path))
    for board in boards:
        assert api.ok("GET", path, params={"at": board["ranked_at"]}) == board
    later = (utc_now() + timedelta(days=1)).isoformat()
    assert api.ok("GET", path, params={"at": later}) == boards[1]
    assert api.ok("GET", path, params={"at": start.isoformat()})["entries"] == []
    assert len(boards[0]["entries"]) == 1


@pytest.mark.parametrize(
    "at",
    ["2026-03-31T00:00:00", "yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:00-14:00"],
)
def test_an_instant_that_is_none_is_refused(api: Api, parts: Parts, at: str) -> None:
    path = f"/phases/{builders.contest(api, parts.sessions).phase}/leaderboard"
    assert api.get(path, params={"at": at}).status_code == 422


def test_a_frozen_board_stands_still_for_the_public_alone(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    path = f"/phases/{contest.phase}/leaderboard"
    first = builders.contestant(api, contest.challenge)
    score(parts, first, contest, builders.noise(1))
    rank_phase(parts, UUID(contest.phase))
    frozen = api.get(path)
    ranked_at = datetime.fromisoformat(frozen.json()["ranked_at"])
    change(parts, contest.phase, board_frozen_at=ranked_at + timedelta(microseconds=1))
    second = builders.contestant(api, contest.challenge)
    score(parts, second, contest, builders.truth())
    rank_phase(parts, UUID(contest.phase))
    newest = snapshots(parts, contest.phase)[-1]
    for viewer in (api, first.api, second.api):
        assert viewer.get(path).content == frozen.content
        later = {"at": (utc_now() + timedelta(hours=1)).isoformat()}
        assert viewer.get(path, params=later).content == frozen.content
        assert viewer.get(f"/leaderboards/snapshots/{newest.number}").status_code == 404
    assert contest.host.api.get(path).content == newest.body
    seen = contest.host.api.get(f"/leaderboards/snapshots/{newest.number}")
    assert seen.content == newest.body
    change(parts, contest.phase, board_frozen_at=utc_now() + timedelta(hours=1))
    assert api.get(path).content == newest.body


def test_an_invisible_board_exists_for_those_with_a_role_alone(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, board={"visible": False})
    team = builders.contestant(api, contest.challenge)
    score(parts, team, contest, builders.truth())
    rank_phase(parts, UUID(contest.phase))
    (snapshot,) = snapshots(parts, contest.phase)
    paths = [f"/phases/{contest.phase}/leaderboard{end}" for end in ("", ".csv", ".md")]
    for path in (*paths, f"/leaderboards/snapshots/{snapshot.number}"):
        assert api.get(path).status_code == 404
        assert team.api.get(path).status_code == 404
        assert contest.host.api.get(path).status_code == 200


def test_decimals_tasks_and_names_are_released_as_the_phase_says(api: Api, parts: Parts) -> None:
    masked = {"task_names": "masked", "decimals": 2}
    contest = builders.contest(api, parts.sessions, board=masked, quota=ROOMY)
    team = builders.contestant(api, contest.challenge)
    score(parts, team, contest, builders.blend(0.6))
    rank_phase(parts, UUID(contest.phase))
    path = f"/phases/{contest.phase}/leaderboard"
    board = api.ok("GET", path)
    assert [task["name"] for task in board["tasks"]] == ["task-01", "task-02"]
    (entry,) = board["entries"]
    assert set(entry["tasks"]) == {"task-01", "task-02"}
    for figure in (entry["mean_score"], entry["mean_q"], entry["tasks"]["task-01"]["q"]):
        assert round(figure, 2) == figure
    for end in ("", ".csv", ".md"):
        assert "height" not in api.get(path + end).text
    change(parts, contest.phase, board_tasks=False)
    ask(parts, contest.phase)
    rank_phase(parts, UUID(contest.phase))
    closed = api.ok("GET", path)
    assert (closed["tasks"], closed["entries"][0]["tasks"]) == ([], {})
    assert "task-01" not in api.get(f"{path}.csv").text
