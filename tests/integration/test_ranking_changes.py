"""How a phase ranks is changed in public: who would move is seen first, and the change recorded."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from app.models import Leaderboard, RankingChange, Snapshot
from tests import builders
from tests.api import Api
from tests.policy_world import (
    WHY,
    Played,
    code_of,
    hand_in,
    play,
    while_a_snapshot_is_written,
)
from tests.serving import RunningServer
from worker.parts import Parts
from worker.rank import rank_phase


@pytest.fixture(scope="module")
def played(server: RunningServer, parts: Parts) -> Iterator[Played]:
    """What tests look at, and do not change."""
    with Api(server.url) as api:
        yield play(api, parts)


def written(parts: Parts, played: Played) -> list[object]:
    """All that a change would write."""
    phase = UUID(played.contest.phase)
    with parts.sessions() as session:
        board = session.get_one(Leaderboard, phase)
        counts = [
            session.scalar(select(func.count()).where(table.phase_id == phase))
            for table in (RankingChange, Snapshot)
        ]
        return [played.phase(), board.requested, board.ranked, *counts]


def test_a_preview_tells_who_would_move_and_writes_nothing(parts: Parts, played: Played) -> None:
    before = written(parts, played)
    seen = played.ask(selection="last").json()
    assert (seen["applied"], seen["change_id"], seen["changed"]) == (False, None, ["selection"])
    assert (seen["before"]["selection"], seen["after"]["selection"]) == ("best", "last")
    assert seen["before"] == played.phase()["policy"]
    one, two = (team.teams[0]["name"] for team in played.teams)
    moves = {move["team"]: move for move in seen["moves"]}
    ranks = {team: (move["before"], move["after"]) for team, move in moves.items()}
    assert ranks == {one: (1, 2), two: (2, 1), None: (2, 1)}
    assert moves[one]["submission_before"] == played.first[0]
    assert moves[one]["submission_after"] == played.first[1]
    assert moves[two]["submission_before"] == moves[two]["submission_after"] == played.second
    assert moves[None]["submission_after"] == played.baseline
    assert [move["is_baseline"] for move in seen["moves"]] == [True, False, False]
    assert played.ask(selection="last").json() == seen
    assert written(parts, played) == before


def test_an_applied_change_is_recorded_and_the_board_follows(api: Api, parts: Parts) -> None:
    mine = play(api, parts)
    made = mine.make(selection="last", decimals=2, tie_break="mean-score")
    assert made["applied"] is True
    assert made["changed"] == ["tie_break", "selection", "decimals"]
    assert mine.phase()["policy"] == made["after"]
    assert mine.phase()["selection"] == "last"
    rank_phase(parts, UUID(mine.contest.phase))
    board = api.ok("GET", f"/phases/{mine.contest.phase}/leaderboard")
    told = [(one["submission_id"], one["rank"] or one["would_rank"]) for one in board["entries"]]
    assert told == [(move["submission_after"], move["after"]) for move in made["moves"]]
    (public,) = api.ok("GET", mine.path)["items"]
    (known,) = mine.contest.host.api.ok("GET", mine.path)["items"]
    assert known == public | {"by": "Somebody"}
    assert (public["by"], public["reason"], public["id"]) == (None, WHY, made["change_id"])
    for part in ("before", "after", "changed", "moves"):
        assert public[part] == made[part]


def test_what_was_looked_at_before_another_change_is_not_applied(api: Api, parts: Parts) -> None:
    mine = play(api, parts)
    stale = mine.ask(method="mean-q").json()["expected"]
    mine.make(decimals=3)
    late = {"method": "mean-q", "apply": True, "reason": WHY}
    assert code_of(mine.ask(**late, expected=stale)) == "409 ranking-policy-moved"
    assert mine.phase()["ranking"] == "average-rank"
    fresh = mine.ask(method="mean-q").json()["expected"]
    assert mine.ask(**late, expected=fresh).status_code == 200
    # The same again finds the policy changed, by itself.
    assert code_of(mine.ask(**late, expected=fresh)) == "409 ranking-policy-moved"
    page = mine.contest.host.api.ok("GET", f"{mine.path}?limit=1")
    rest = api.ok("GET", f"{mine.path}?cursor={page['next_cursor']}")
    changed = [one["changed"] for one in page["items"] + rest["items"]]
    assert changed == [["method"], ["decimals"]]


def test_only_the_very_change_that_was_looked_at_is_applied(api: Api, parts: Parts) -> None:
    mine = play(api, parts)
    seen = mine.ask(method="mean-q").json()["expected"]
    other = mine.ask(selection="last", apply=True, reason=WHY, expected=seen)
    assert code_of(other) == "409 ranking-policy-moved"
    assert api.ok("GET", mine.path)["items"] == []


def test_of_changes_at_once_one_is_made_and_the_others_are_told(api: Api, parts: Parts) -> None:
    mine = play(api, parts)
    wanted: list[dict[str, Any]] = [
        {"selection": "last"}, {"method": "mean-q"}, {"decimals": 1}, {"tie_break": "mean-score"}
    ]  # fmt: skip
    seen = [mine.ask(**body).json()["expected"] for body in wanted]
    start = threading.Barrier(len(wanted))

    def apply(body: dict[str, Any], expected: str) -> httpx.Response:
        start.wait()
        return mine.ask(**body, apply=True, reason=WHY, expected=expected)

    with ThreadPoolExecutor(len(wanted)) as pool:
        answers = list(pool.map(apply, wanted, seen))
    codes = Counter(answer.status_code for answer in answers)
    assert codes == {200: 1, 409: len(wanted) - 1}
    (made,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert mine.phase()["policy"] == made["after"]
    assert len(api.ok("GET", mine.path)["items"]) == 1


def test_a_change_and_a_snapshot_being_written_wait_for_each_other_in_no_ring(
    api: Api, parts: Parts
) -> None:
    mine = play(api, parts)
    phase = UUID(mine.contest.phase)
    made = while_a_snapshot_is_written(parts.sessions, phase, lambda: mine.make(selection="last"))
    assert made["applied"] is True


def test_an_update_and_a_snapshot_being_written_wait_for_each_other_in_no_ring(
    api: Api, parts: Parts
) -> None:
    host = builders.organizer(api, parts.sessions)
    files = builders.bundle_files()
    made = builders.challenge(host, files)
    (phase,) = made["phases"]
    hand_in(parts, host, phase["id"], 0.5, baseline="true")
    rank_phase(parts, UUID(phase["id"]))

    def put() -> httpx.Response:
        upload = builders.bundle_upload(files)
        return host.api.put(f"/challenges/{made['slug']}", files=upload, changes=None)

    answer = while_a_snapshot_is_written(parts.sessions, UUID(phase["id"]), put)
    assert answer.status_code == 200, answer.text


def test_a_bundle_changes_no_policy_of_a_phase_with_scores(api: Api, parts: Parts) -> None:
    phase = builders.phase_config()
    config = builders.bundle_config(phases=[phase])
    host = builders.organizer(api, parts.sessions)
    made = builders.challenge(host, builders.bundle_files(config))
    (listed,) = made["phases"]

    def put(**changes: Any) -> httpx.Response:
        files = builders.bundle_files(config | {"phases": [phase | changes]})
        upload = builders.bundle_upload(files)
        return host.api.put(f"/challenges/{made['slug']}", files=upload, changes=None)

    assert put(ranking="mean-q").status_code == 200  # nothing is scored yet
    assert put().status_code == 200
    hand_in(parts, builders.contestant(api, made), listed["id"], 0.5)
    for other in (
        {"ranking": "mean-q"},
        {"ranking": {"tie_break": "mean-score"}},
        {"ranking": {"win_rate_against": "baselines"}},
        {"ranking": {"method": "neuco", "floor": None}},
        {"selection": {"rule": "selected", "limit": 2}},
        {"selection": {"rule": "best", "by": "mean-q"}},
        {"board": {"decimals": 2}},
        {"board": {"frozen_at": "2026-01-01T00:00:00Z"}},
        {"board": {"visible": False}},
    ):
        refused = put(**other)
        assert code_of(refused) == "409 policy-change-needs-record", other
        assert f"POST /api/v1/phases/{listed['id']}/ranking-changes" in refused.json()["detail"]
    assert put(title="Another", board={"tasks": False}).status_code == 200
    path = f"/phases/{listed['id']}/ranking-changes"
    body: dict[str, Any] = {"method": "neuco", "floor": None}
    expected = host.api.ok("POST", path, json=body)["expected"]
    host.api.ok("POST", path, json=body | {"apply": True, "reason": WHY, "expected": expected})
    assert code_of(put()) == "409 policy-change-needs-record"
    assert put(ranking={"method": "neuco", "floor": None}).status_code == 200


def test_a_phase_with_a_recorded_change_stays(api: Api, parts: Parts) -> None:
    host = builders.organizer(api, parts.sessions)
    phases = [builders.phase_config(slug) for slug in ("one", "two")]
    config = builders.bundle_config(phases=phases)
    made = builders.challenge(host, builders.bundle_files(config))
    path = f"/phases/{made['phases'][1]['id']}/ranking-changes"
    seen = host.api.ok("POST", path, json={"decimals": 2})
    assert seen["moves"] == []
    body = {"decimals": 2, "apply": True, "reason": WHY, "expected": seen["expected"]}
    host.api.ok("POST", path, json=body)
    files = builders.bundle_files(config | {"phases": phases[:1]})
    upload = builders.bundle_upload(files)
    refused = host.api.put(f"/challenges/{made['slug']}", files=upload)
    assert code_of(refused) == "409 change-needs-rescoring"
    assert "recorded changes" in refused.json()["detail"]


def test_changes_are_public_and_their_moves_as_far_as_the_board(api: Api, parts: Parts) -> None:
    mine = play(api, parts, board={"visible": False})
    mine.make(decimals=3)
    (known,) = mine.contest.host.api.ok("GET", mine.path)["items"]
    assert len(known["moves"]) == 3
    for caller in (api, mine.teams[0].api):
        (told,) = caller.ok("GET", mine.path)["items"]
        assert told == known | {"by": None, "moves": None}

    seen = play(api, parts)
    seen.make(decimals=3)
    frozen = seen.make(board_frozen_at=seen.contest.host.api.ok("GET", seen.path)["items"][0]["at"])
    assert frozen["changed"] == ["board_frozen_at"]
    seen.make(selection="last")
    public, known = (one.ok("GET", seen.path)["items"] for one in (api, seen.contest.host.api))
    # The instant has milliseconds, the first change microseconds: even that was after it.
    assert [one["moves"] is None for one in public][:2] == [True, True]
    assert all(len(one["moves"]) == 3 for one in known)
    assert [one["changed"] for one in public] == [one["changed"] for one in known]
    seen.make(board_frozen_at=None)
    assert all(one["moves"] for one in api.ok("GET", seen.path)["items"])
