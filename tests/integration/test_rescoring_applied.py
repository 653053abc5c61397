"""A re-scoring from the bundle to the board: prepared beside the live scores, then applied."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from tests import builders, rescoring
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

QUOTA = {"per_day": 100, "total": 100, "in_flight": 100}


@dataclass
class Game:
    """A contest of three teams and a baseline, scored and ranked."""

    contest: Contest
    teams: list[Person]
    submissions: list[str]

    @property
    def host(self) -> Person:
        return self.contest.host

    @property
    def slug(self) -> str:
        return str(self.contest.challenge["slug"])


def play(api: Api, parts: Parts, **phase: Any) -> Game:
    contest = builders.contest(api, parts.sessions, **{"quota": QUOTA, **phase})
    teams = [builders.contestant(api, contest.challenge) for _ in range(3)]
    made = [
        builders.submit(team, contest.phase, builders.blend(share, seed=number)).json()["id"]
        for number, (team, share) in enumerate(zip(teams, (0.9, 0.7, 0.4), strict=True))
    ]
    baseline = builders.submit(contest.host, contest.phase, builders.noise(1), baseline="true")
    made.append(baseline.json()["id"])
    for one in made:
        evaluate_submission(parts, UUID(one))
    rank_phase(parts, UUID(contest.phase))
    return Game(contest, teams, made)


@pytest.fixture
def game(server: RunningServer, parts: Parts) -> Iterator[Game]:
    with Api(server.url) as api:
        yield play(api, parts)


def test_new_labels_are_previewed_and_applied_as_a_whole(game: Game, parts: Parts) -> None:
    host, phase = game.host, game.contest.phase
    before = host.api.ok("GET", f"/phases/{phase}/leaderboard")
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    made = host.api.ok("GET", address)
    assert made["state"] == "preparing"
    assert made["inside"]["progress"]["total"] == 4
    assert made["phases"][0]["changes"] == [
        {"what": "labels", "task": "height", "before": "version 1", "after": "version 2"}
    ]
    assert rescoring.work(parts, address) == 4
    ready = host.api.ok("GET", address)
    assert ready["state"] == "ready"
    preview = host.api.ok("GET", f"{address}/preview")
    assert preview["is_complete"]
    assert host.api.ok("GET", f"/phases/{phase}/leaderboard") == before

    applied = rescoring.apply(host, address, parts)

    assert applied["state"] == "applied"
    after = host.api.ok("GET", f"/phases/{phase}/leaderboard")
    assert after["snapshot"] > before["snapshot"]
    (moves,) = (one["moves"] for one in preview["phases"])
    assert applied["phases"][0]["moves"] == moves
    shown = [(one["team"], one["rank"], one["mean_score"]) for one in after["entries"]]
    assert shown == [
        (one["team"], None if one["is_baseline"] else one["after"], one["score_after"])
        for one in moves
    ]
