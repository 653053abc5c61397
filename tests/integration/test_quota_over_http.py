"""Quotas: counted under a lock, refused with the instant of relief, spent on valid files only."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from app.clock import utc_now
from app.models import Status, Submission
from app.submissions.lifecycle import move
from tests import builders
from tests.api import Api
from worker.parts import Parts

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}


def test_of_twenty_uploads_at_once_exactly_five_fit_five_slots(api: Api, parts: Parts) -> None:
    quota = {"per_day": 5, "total": 50, "in_flight": 50}
    contest = builders.contest(api, parts.sessions, quota=quota)
    team = builders.contestant(api, contest.challenge)
    files = [builders.csv_bytes(builders.noise(seed)) for seed in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda data: builders.submit(team, contest.phase, data), files))
    assert Counter(answer.status_code for answer in answers) == {201: 5, 429: 15}
    accepted = [one.json() for one in answers if one.status_code == 201]
    first = min(datetime.fromisoformat(one["received_at"]) for one in accepted)
    for refused in (one for one in answers if one.status_code == 429):
        problem = refused.json()
        assert problem["type"].endswith("/problems/quota-exceeded")
        assert (problem["limit"], problem["used"], problem["window"]) == (5, 5, "24 h")
        resets_at = datetime.fromisoformat(problem["resets_at"])
        assert resets_at == first + timedelta(hours=24)
        assert 23 * 3600 < int(refused.headers["retry-after"]) <= 24 * 3600 + 1
    listed = team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"]
    assert len(listed) == 5


@pytest.mark.parametrize(
    ("limit", "window"), [("total", "phase"), ("in_flight", "in flight"), ("per_day", "24 h")]
)
def test_each_limit_refuses_in_its_own_name(
    api: Api, parts: Parts, limit: str, window: str
) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY | {limit: 1})
    team = builders.contestant(api, contest.challenge)
    assert builders.submit(team, contest.phase, builders.truth()).status_code == 201
    refused = builders.submit(team, contest.phase, builders.truth())
    assert refused.status_code == 429
    assert refused.json()["window"] == window
    assert (refused.json()["resets_at"] is None) is (limit != "per_day")
    assert ("retry-after" in refused.headers) is (limit == "per_day")


def end_as(parts: Parts, submission_id: str, status: Status) -> None:
    failure = {"failure_code": "test", "failure_detail": "made by a test"}
    key = UUID(submission_id)
    lease = {"attempt": 1, "lease_expires_at": utc_now() + timedelta(minutes=1)}
    with parts.sessions() as session:
        if status is not Status.WITHDRAWN:
            assert move(session, key, Status.RUNNING, now=utc_now(), values=lease)
        values = failure if status in (Status.REJECTED, Status.FAILED) else {}
        assert move(session, key, status, now=utc_now(), values=values)
        session.commit()


@pytest.mark.parametrize(
    ("status", "is_free"),
    [
        (Status.REJECTED, True),
        (Status.FAILED, True),
        (Status.WITHDRAWN, True),
        (Status.SCORED, False),
    ],
)
def test_what_did_not_come_to_a_score_costs_nothing(
    api: Api, parts: Parts, status: Status, is_free: bool
) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY | {"per_day": 1, "total": 1})
    team = builders.contestant(api, contest.challenge)
    first = builders.submit(team, contest.phase, builders.truth()).json()
    end_as(parts, first["id"], status)
    second = builders.submit(team, contest.phase, builders.truth())
    assert second.status_code == (201 if is_free else 429)


def test_a_slot_is_free_again_after_twenty_four_hours(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY | {"per_day": 1})
    team = builders.contestant(api, contest.challenge)
    first = builders.submit(team, contest.phase, builders.truth()).json()
    with parts.sessions() as session:
        row = session.get_one(Submission, UUID(first["id"]))
        row.received_at -= timedelta(hours=24)
        session.commit()
    assert builders.submit(team, contest.phase, builders.truth()).status_code == 201


def test_a_quota_is_a_phases_and_a_teams_own(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY | {"total": 1})
    for _ in range(2):
        team = builders.contestant(api, contest.challenge)
        assert builders.submit(team, contest.phase, builders.truth()).status_code == 201


def test_organizers_baselines_know_no_quota(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY | {"total": 1})
    for seed in range(2):
        made = builders.submit(contest.host, contest.phase, builders.noise(seed), baseline="true")
        assert made.status_code == 201
        assert made.json()["standing"] == "baseline"
        assert made.json()["team"] is None
