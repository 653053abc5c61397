"""Disqualified teams and submissions are in no ranks, and come back as they were."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.clock import utc_now
from app.models import Phase
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from tests.teamwork import at_once, board, code_of, hand_in, mine
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}


@pytest.fixture(scope="module")
def server_api(server: RunningServer) -> Iterator[Api]:
    with Api(server.url) as api:
        yield api


@pytest.fixture
def contest(server_api: Api, parts: Parts) -> Contest:
    return builders.contest(server_api, parts.sessions, quota=ROOMY)


def team_path(contest: Contest, person: Person) -> str:
    entry = mine(person, contest.challenge).json()["id"]
    return f"/challenges/{contest.challenge['slug']}/participations/{entry}/disqualification"


def put(host: Person, path: str, reason: str = "Two accounts.", **more: Any) -> httpx.Response:
    return host.api.put(path, json={"reason": reason} | more)


def name(person: Person) -> str:
    return str(person.teams[0]["name"])


def listed(person: Api, contest: Contest, query: str = "") -> Any:
    return person.ok("GET", f"/challenges/{contest.challenge['slug']}/disqualifications{query}")


def test_a_team_is_taken_out_and_put_back(server_api: Api, contest: Contest, parts: Parts) -> None:
    good, weak = (builders.contestant(server_api, contest.challenge) for _ in range(2))
    best = hand_in(parts, good, contest.phase, 0.9)
    hand_in(parts, weak, contest.phase, 0.3)
    before = board(parts, weak, contest.phase)
    assert before == [(name(good), 1, 1), (name(weak), 2, 1)]
    path = team_path(contest, good)
    assert put(good, path).status_code == 403
    assert put(contest.host, path, reason="").status_code == 422
    out = put(contest.host, path)
    assert out.json()["disqualification"]["public"] is False
    assert board(parts, weak, contest.phase) == [(name(weak), 1, 1)]
    told = good.api.ok("GET", f"/submissions/{best}")
    assert told["standing"] == "disqualified"
    assert told["disqualification"]["reason"] == "Two accounts."
    assert mine(good, contest.challenge).json()["disqualification"] == told["disqualification"]
    refused = builders.submit(good, contest.phase, builders.noise(1))
    assert code_of(refused) == "team-disqualified"
    assert "Two accounts." in refused.json()["detail"]
    again = put(contest.host, path, reason="Three accounts.").json()["disqualification"]
    assert again["at"] == out.json()["disqualification"]["at"]
    for changes in (True, False):
        back = contest.host.api.ok("DELETE", path, changes=changes)
        assert back["disqualification"] is None
    assert board(parts, weak, contest.phase) == before
    assert good.api.ok("GET", f"/submissions/{best}")["standing"] == "counts"
    assert builders.submit(good, contest.phase, builders.noise(1)).status_code == 201


def test_of_a_team_whose_best_is_out_the_next_counts(
    server_api: Api, contest: Contest, parts: Parts
) -> None:
    team = builders.contestant(server_api, contest.challenge)
    best, second = (hand_in(parts, team, contest.phase, share) for share in (0.9, 0.4))
    path = f"/submissions/{best}/disqualification"
    assert put(team, path).status_code == 403
    assert put(contest.host, path).json()["standing"] == "disqualified"
    assert board(parts, team, contest.phase) == [(name(team), 1, 1)]
    standing = {
        one: team.api.ok("GET", f"/submissions/{one}")["standing"] for one in (best, second)
    }
    assert standing == {best: "disqualified", second: "counts"}
    put(contest.host, f"/submissions/{second}/disqualification")
    assert board(parts, team, contest.phase) == []
    assert contest.host.api.ok("DELETE", path)["standing"] == "counts"
    assert contest.host.api.ok("DELETE", path, changes=False)["disqualification"] is None
    assert board(parts, team, contest.phase) == [(name(team), 1, 1)]


def test_a_baseline_is_taken_out_too(contest: Contest, parts: Parts) -> None:
    key = hand_in(parts, contest.host, contest.phase, 0.5, baseline="true")
    assert len(board(parts, contest.host, contest.phase)) == 1
    told = put(contest.host, f"/submissions/{key}/disqualification").json()
    assert told["standing"] == "disqualified"
    assert board(parts, contest.host, contest.phase) == []


def test_everybody_reads_public_reasons_and_only_those(
    server_api: Api, contest: Contest, parts: Parts
) -> None:
    one, two = (builders.contestant(server_api, contest.challenge) for _ in range(2))
    shown = hand_in(parts, one, contest.phase, 0.9)
    kept = hand_in(parts, one, contest.phase, 0.5, public="false")
    put(contest.host, team_path(contest, two), "A public reason.", public=True)
    put(contest.host, team_path(contest, one), "A private reason.")
    for key in (shown, kept):
        put(contest.host, f"/submissions/{key}/disqualification", "Of one.", public=True)
    everything = listed(contest.host.api, contest)["items"]
    assert len(everything) == 4
    public = listed(server_api.as_(None), contest)["items"]
    assert {one["id"] for one in public} == {
        shown, mine(two, contest.challenge).json()["id"]
    }  # fmt: skip
    assert {one["submission_id"] for one in public} == {shown, None}
    assert "A private reason." not in str(public)
    first = listed(contest.host.api, contest, "?limit=3")
    rest = listed(contest.host.api, contest, f"?limit=3&cursor={first['next_cursor']}")
    assert first["items"] + rest["items"] == everything
    contest.host.api.ok("DELETE", team_path(contest, two))
    assert len(listed(server_api.as_(None), contest)["items"]) == 1


def test_what_came_since_a_board_is_frozen_is_told_its_roles_only(
    server_api: Api, contest: Contest, parts: Parts
) -> None:
    team = builders.contestant(server_api, contest.challenge)
    early = hand_in(parts, team, contest.phase, 0.5)
    with parts.sessions() as session:
        session.get_one(Phase, UUID(contest.phase)).board_frozen_at = utc_now()
        session.commit()
    late = hand_in(parts, team, contest.phase, 0.9)
    for key in (early, late):
        put(contest.host, f"/submissions/{key}/disqualification", "A copy.", public=True)
    rank_phase(parts, UUID(contest.phase))
    for api, n_told in ((server_api.as_(None), 1), (contest.host.api, 2)):
        report = api.get(f"/phases/{contest.phase}/report.md").text
        assert report.count("A copy.") == n_told
    seen = {
        role: {one["submission_id"] for one in listed(api, contest)["items"]}
        for role, api in (("anybody", server_api.as_(None)), ("organizer", contest.host.api))
    }
    assert seen == {"anybody": {early}, "organizer": {early, late}}


def test_what_is_disqualified_opens_no_later_phase(server_api: Api, parts: Parts) -> None:
    host = builders.organizer(server_api, parts.sessions)
    phases = [builders.phase_config(), builders.phase_config("test", requires="dev")]
    made = builders.challenge(host, builders.bundle_files(builders.bundle_config(phases=phases)))
    dev, test = (phase["id"] for phase in made["phases"])
    team = builders.contestant(server_api, made)
    key = hand_in(parts, team, dev, 0.5)
    put(host, f"/submissions/{key}/disqualification")
    refused = builders.submit(team, test, builders.truth())
    assert code_of(refused) == "phase-requirement-not-met"
    host.api.ok("DELETE", f"/submissions/{key}/disqualification")
    assert builders.submit(team, test, builders.truth()).status_code == 201


def test_a_selected_one_that_is_out_takes_no_place(server_api: Api, parts: Parts) -> None:
    rule = {"rule": "selected", "limit": 1}
    contest = builders.contest(server_api, parts.sessions, selection=rule, quota=ROOMY)
    team = builders.contestant(server_api, contest.challenge)
    one, two, three = (hand_in(parts, team, contest.phase, share) for share in (0.3, 0.5, 0.9))
    team.api.ok("PUT", f"/submissions/{one}/selection")
    put(contest.host, f"/submissions/{one}/disqualification")
    assert code_of(team.api.put(f"/submissions/{one}/selection")) == "status-forbids"
    assert team.api.ok("GET", f"/submissions/{three}")["standing"] == "counts"
    assert team.api.ok("PUT", f"/submissions/{two}/selection")["standing"] == "counts"
    # Back in, it was chosen before the other, and there is one place.
    contest.host.api.ok("DELETE", f"/submissions/{one}/disqualification")
    assert team.api.ok("GET", f"/submissions/{two}")["standing"] == "counts"


@pytest.mark.parametrize("attempt", range(3))
def test_an_upload_beside_a_disqualification_is_in_before_or_not_at_all(
    server_api: Api, contest: Contest, parts: Parts, attempt: int
) -> None:
    team = builders.contestant(server_api, contest.challenge)
    hand_in(parts, team, contest.phase, 0.3)
    path = team_path(contest, team)
    out, uploaded = at_once(
        lambda: put(contest.host, path),
        lambda: builders.submit(team, contest.phase, builders.noise(attempt)),
    )
    assert out.status_code == 200
    assert uploaded.status_code in (201, 403)
    if uploaded.status_code == 201:  # a board waits a while for what is under way
        evaluate_submission(parts, UUID(uploaded.json()["id"]))
    assert code_of(builders.submit(team, contest.phase, builders.truth())) == "team-disqualified"
    assert board(parts, contest.host, contest.phase) == []
