"""The main job, each step over HTTP, the worker's jobs done in this process."""

from uuid import UUID

from tests import builders
from tests.api import Api
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase


def test_a_submission_is_validated_scored_and_ranked(api: Api, parts: Parts) -> None:
    host = builders.organizer(api, parts.sessions)
    challenge = builders.challenge(host)
    phase = challenge["phases"][0]["id"]
    good = builders.contestant(api, challenge)
    poor = builders.contestant(api, challenge)

    first = builders.submit(good, phase, builders.truth())
    assert first.status_code == 201, first.text
    assert first.json()["status"] == "queued"
    second = builders.submit(poor, phase, builders.noise(1)).json()
    for one in (first.json(), second):
        evaluate_submission(parts, UUID(one["id"]))
    rank_phase(parts, UUID(phase))

    seen = good.api.ok("GET", f"/submissions/{first.json()['id']}")
    assert seen["status"] == "scored"
    assert seen["standing"] == "counts"
    assert seen["scores"]["mean_score"] > 0.8
    board = api.ok("GET", f"/phases/{phase}/leaderboard")
    assert [entry["rank"] for entry in board["entries"]] == [1, 2]
    assert board["entries"][0]["team"] == good.teams[0]["name"]
    assert board["entries"][0]["tasks"]["height"]["mean"] > 0.99
