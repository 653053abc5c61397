"""Nobody hands in who may know private scores: an exception puts their reveal off."""

from datetime import datetime
from uuid import UUID

from app.models import Phase
from tests import builders
from tests.api import Api
from tests.builders import Contest
from tests.teamwork import code_of, mine
from worker.parts import Parts

PRIVATE = {"share": 0.5, "seed": 1}
LATER, LATEST = "2098-01-01T00:00:00+00:00", "2098-06-01T00:00:00+00:00"


def hidden_until(parts: Parts, contest: Contest) -> datetime | None:
    with parts.sessions() as session:
        return session.get_one(Phase, UUID(contest.phase)).hidden_until


def test_an_exception_puts_the_reveal_off_for_all(api: Api, parts: Parts) -> None:
    contest = builders.contest(
        api, parts.sessions, closes_at="2097-01-01T00:00:00Z", private=PRIVATE
    )
    team = builders.contestant(api, contest.challenge)
    own = {"participation_id": mine(team, contest.challenge).json()["id"], "reason": "Ill."}
    path = f"/phases/{contest.phase}/extensions"
    contest.host.api.ok("POST", path, json=own | {"extra_submissions": 1})
    assert hidden_until(parts, contest) is None
    contest.host.api.ok("POST", path, json=own | {"closes_at": LATEST})
    assert hidden_until(parts, contest) == datetime.fromisoformat(LATEST)
    other = builders.contestant(api, contest.challenge)
    earlier = {"participation_id": mine(other, contest.challenge).json()["id"], "reason": "Ill."}
    contest.host.api.ok("POST", path, json=earlier | {"closes_at": LATER})
    assert hidden_until(parts, contest) == datetime.fromisoformat(LATEST)


def test_after_the_reveal_a_phase_opens_for_nobody_again(api: Api, parts: Parts) -> None:
    contest = builders.contest(
        api, parts.sessions, closes_at="2021-01-01T00:00:00Z", private=PRIVATE
    )
    team = builders.contestant(api, contest.challenge)
    own = {"participation_id": mine(team, contest.challenge).json()["id"]}
    path = f"/phases/{contest.phase}/extensions"
    for whose in ({}, own):
        body = {"closes_at": LATER, "reason": "Too late."} | whose
        assert code_of(contest.host.api.post(path, json=body)) == "private-scores-revealed"
