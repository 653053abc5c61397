"""A team chooses which of its submissions count: as many as it may, until the phase closes."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.clock import utc_now
from app.models import Phase, Selection, Status
from app.submissions.lifecycle import move
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

TWO = {"rule": "selected", "limit": 2}
ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    """Each team may select two submissions. Tests that change the phase make their own."""
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions, selection=TWO, quota=ROOMY)


@pytest.fixture
def team(api: Api, contest: Contest) -> Person:
    return builders.contestant(api, contest.challenge)


def own(api: Api, parts: Parts) -> tuple[Contest, Person]:
    """A contest that the test may change, and a team in it."""
    made = builders.contest(api, parts.sessions, selection=TWO, quota=ROOMY)
    return made, builders.contestant(api, made.challenge)


def hand_in(team: Person, contest: Contest, share: float, **fields: Any) -> str:
    answer = builders.submit(team, contest.phase, builders.blend(share, seed=9), **fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def score(parts: Parts, *submissions: str) -> None:
    for one in submissions:
        evaluate_submission(parts, UUID(one))


def select(team: Person, submission: str, *, changes: bool = True) -> httpx.Response:
    return team.api.put(f"/submissions/{submission}/selection", changes=changes)


def unselect(team: Person, submission: str, *, changes: bool = True) -> httpx.Response:
    return team.api.delete(f"/submissions/{submission}/selection", changes=changes)


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code >= 400, answer.text
    return f"{answer.status_code} {answer.json()['type'].rpartition('/')[2]}"


def standings(team: Person, contest: Contest) -> dict[str, str]:
    listed = team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"]
    return {one["id"]: one["standing"] for one in listed}


def on_board(team: Person, parts: Parts, contest: Contest) -> list[str]:
    rank_phase(parts, UUID(contest.phase))
    board = team.api.ok("GET", f"/phases/{contest.phase}/leaderboard")
    mine = {one["name"] for one in team.teams}
    return [entry["submission_id"] for entry in board["entries"] if entry["team"] in mine]


def change(parts: Parts, contest: Contest, **columns: Any) -> None:
    with parts.sessions() as session:
        phase = session.get_one(Phase, UUID(contest.phase))
        for name, value in columns.items():
            setattr(phase, name, value)
        session.commit()


def test_the_best_of_those_selected_counts_and_without_any_the_best_of_all(
    parts: Parts, contest: Contest, team: Person
) -> None:
    best, good, fair = (hand_in(team, contest, share) for share in (0.9, 0.6, 0.3))
    score(parts, best, good, fair)
    assert standings(team, contest) == {
        best: "counts", good: "another-is-better", fair: "another-is-better"
    }  # fmt: skip
    first = select(team, fair)
    assert first.status_code == 200
    assert first.json()["standing"] == "counts"
    assert first.json()["selected_at"] is not None
    assert on_board(team, parts, contest) == [fair]
    assert select(team, good).json()["standing"] == "counts"
    assert standings(team, contest) == {
        best: "not-selected", good: "counts", fair: "another-is-better"
    }  # fmt: skip
    assert on_board(team, parts, contest) == [good]
    for one in (good, fair):
        assert unselect(team, one).json()["selected_at"] is None
    assert on_board(team, parts, contest) == [best]


def test_selecting_twice_and_unselecting_twice_change_nothing(
    contest: Contest, team: Person
) -> None:
    one = hand_in(team, contest, 0.5)
    first, again = select(team, one).json(), select(team, one, changes=False).json()
    assert first["selected_at"] == again["selected_at"] is not None
    assert unselect(team, one).status_code == 200
    assert unselect(team, one, changes=False).status_code == 200


def test_what_is_queued_can_be_selected_and_counts_once_it_is_scored(
    parts: Parts, contest: Contest, team: Person
) -> None:
    scored, queued = hand_in(team, contest, 0.9), hand_in(team, contest, 0.2)
    score(parts, scored)
    assert select(team, queued).json()["standing"] == "not-scored-yet"
    assert standings(team, contest)[scored] == "counts"
    score(parts, queued)
    assert standings(team, contest) == {scored: "not-selected", queued: "counts"}


def test_no_more_are_selected_than_the_phase_says(
    parts: Parts, contest: Contest, team: Person
) -> None:
    ones = [hand_in(team, contest, 0.1 * number) for number in range(1, 4)]
    for one in ones[:2]:
        assert select(team, one).status_code == 200
    refused = select(team, ones[2])
    assert code_of(refused) == "409 too-many-selected"
    assert (refused.json()["limit"], refused.json()["used"]) == (2, 2)
    assert select(team, ones[0], changes=False).status_code == 200  # it is among them already
    assert unselect(team, ones[0]).status_code == 200
    assert select(team, ones[2]).status_code == 200
    # One that is withdrawn leaves its place.
    team.api.ok("POST", f"/submissions/{ones[1]}/withdrawal")
    assert select(team, ones[0]).status_code == 200
    assert standings(team, contest)[ones[1]] == "not-scored"


def test_of_ten_selections_at_once_two_fit_two_places(contest: Contest, team: Person) -> None:
    ones = [hand_in(team, contest, 0.05 * number) for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda one: select(team, one), ones))
    assert Counter(answer.status_code for answer in answers) == {200: 2, 409: 8}
    listed = team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"]
    assert sum(one["selected_at"] is not None for one in listed) == 2


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.FAILED, Status.REJECTED])
def test_what_cannot_come_to_count_is_not_selected(
    parts: Parts, contest: Contest, team: Person, status: Status
) -> None:
    one = hand_in(team, contest, 0.5)
    now, key = utc_now(), UUID(one)
    with parts.sessions() as session:
        if status is Status.WITHDRAWN:
            assert move(session, key, status, now=now)
        else:
            lease = {"attempt": 1, "lease_expires_at": now + timedelta(minutes=1)}
            assert move(session, key, Status.RUNNING, now=now, values=lease)
            failure = {"failure_code": "test", "failure_detail": "made by a test"}
            assert move(session, key, status, now=now, values=failure)
        session.commit()
    assert code_of(select(team, one)) == "409 status-forbids"
    assert unselect(team, one, changes=False).status_code == 200


def test_after_the_close_nothing_is_selected_any_more(api: Api, parts: Parts) -> None:
    contest, team = own(api, parts)
    best, chosen = hand_in(team, contest, 0.9), hand_in(team, contest, 0.3)
    score(parts, best, chosen)
    assert select(team, chosen).status_code == 200
    change(parts, contest, closes_at=utc_now() - timedelta(milliseconds=1))
    for answer in (select(team, best), select(team, chosen), unselect(team, chosen)):
        assert code_of(answer) == "409 phase-not-open"
    assert on_board(team, parts, contest) == [chosen]


@pytest.mark.parametrize("rule", [Selection.BEST, Selection.LAST])
def test_where_a_rule_chooses_a_team_does_not(api: Api, parts: Parts, rule: Selection) -> None:
    contest, team = own(api, parts)
    best, last = hand_in(team, contest, 0.9), hand_in(team, contest, 0.3)
    score(parts, best, last)
    other = last if rule is Selection.BEST else best
    assert select(team, other).status_code == 200
    change(parts, contest, selection=rule, selection_limit=None)
    for answer in (select(team, other), unselect(team, other)):
        assert code_of(answer) == "409 selection-not-offered"
        assert f"each team's {rule} submission" in answer.json()["detail"]
    # What was selected before says nothing now.
    assert on_board(team, parts, contest) == [best if rule is Selection.BEST else last]


def test_a_team_selects_its_own_only(api: Api, contest: Contest, team: Person) -> None:
    one = hand_in(team, contest, 0.5)
    rival = builders.contestant(api, contest.challenge)
    for caller, expected in ((rival, "404 not-found"), (contest.host, "403 forbidden")):
        assert code_of(select(caller, one)) == expected
        assert code_of(unselect(caller, one)) == expected
    baseline = builders.submit(contest.host, contest.phase, builders.noise(1), baseline="true")
    assert code_of(select(contest.host, baseline.json()["id"])) == "403 forbidden"
    assert code_of(select(team, "019a9f00-0000-7000-8000-000000000000")) == "404 not-found"
    assert team.api.ok("GET", f"/submissions/{one}")["selected_at"] is None


def test_a_mate_selects_as_the_captain_does(api: Api, contest: Contest, team: Person) -> None:
    one = hand_in(team, contest, 0.5)
    mate = builders.person(api)
    code = {"invitation_code": team.teams[0]["invitation_code"]}
    mate.api.ok("POST", "/teams/join", json=code)
    assert select(mate, one).status_code == 200
    assert team.api.ok("GET", f"/submissions/{one}")["selected_at"] is not None


def test_one_that_is_kept_to_the_team_may_be_selected_and_does_not_count(
    parts: Parts, contest: Contest, team: Person
) -> None:
    shown, kept = hand_in(team, contest, 0.4), hand_in(team, contest, 0.9, public="false")
    score(parts, shown, kept)
    assert select(team, kept).json()["standing"] == "not-public"
    assert standings(team, contest)[shown] == "counts"
    team.api.ok("PATCH", f"/submissions/{kept}", json={"public": True})
    assert standings(team, contest) == {shown: "not-selected", kept: "counts"}


def test_a_selection_waits_for_a_change_of_the_policy_and_then_heeds_it(
    api: Api, parts: Parts
) -> None:
    contest, team = own(api, parts)
    ones = [hand_in(team, contest, share) for share in (0.2, 0.4)]
    assert select(team, ones[0]).status_code == 200
    with ThreadPoolExecutor(1) as pool, parts.sessions() as session:
        phase = session.get_one(Phase, UUID(contest.phase), with_for_update={"key_share": True})
        phase.selection_limit = 1
        session.flush()
        answer = pool.submit(select, team, ones[1])
        builders.wait_until(lambda: builders.waits_for_a_lock(parts.sessions))
        session.commit()
    assert code_of(answer.result()) == "409 too-many-selected"
