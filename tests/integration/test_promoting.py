"""A team's submission as a baseline: a copy, evaluated and shown as every baseline."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.models import Notice, NoticeKind, Submission
from app.notices.message import read_subject, text_of
from tests import builders, rescoring
from tests.api import Api
from tests.builders import Person
from tests.rescoring import Game
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

WHY = {"reason": "What to beat next year."}
SAME = (
    "phase_id", "method_name", "method_description", "project_url", "paper_url",
)  # fmt: skip
OF_FILE = ("file_name", "file_bytes", "file_sha256", "matrix_sha256", "facts")


@pytest.fixture
def game(api: Api, parts: Parts) -> Game:
    """Three teams and a baseline, scored and ranked."""
    return rescoring.play(api, parts)


def ask(by: Person, key: str, **options: Any) -> Any:
    """Ask for the copy, and return the answer, whatever it is."""
    return by.api.post(f"/submissions/{key}/baseline", json=WHY | options)


def promote(game: Game, key: str, **options: Any) -> Any:
    answer = ask(game.host, key, **options)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refusal(by: Person, key: str) -> tuple[int, str]:
    answer = ask(by, key)
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_a_baseline_is_what_the_team_handed_in_without_the_team(game: Game) -> None:
    first = game.teams[0].api
    said = {"method_description": "A net.", "project_url": "https://example.org/code"}
    original = first.ok("PATCH", f"/submissions/{game.submissions[0]}", json=said)
    answer = ask(game.host, original["id"])
    made = answer.json()
    assert answer.headers["location"] == f"/api/v1/submissions/{made['id']}"
    assert "idempotent-replay" not in answer.headers
    assert made["id"] != original["id"]
    assert (made["is_baseline"], made["team"], made["public"]) == (True, None, True)
    assert (made["status"], made["scores"]) == ("queued", None)
    assert (made["promoted_from"], original["promoted_from"]) == (original["id"], None)
    assert [made[name] for name in SAME] == [original[name] for name in SAME]
    assert [made["receipt"][name] for name in OF_FILE] == [
        original["receipt"][name] for name in OF_FILE
    ]
    assert made["received_at"] > original["received_at"]
    assert first.get(f"/submissions/{made['id']}").status_code == 404


def test_it_is_scored_as_the_team_s_and_stands_outside_of_the_ranking(
    api: Api, parts: Parts, game: Game
) -> None:
    before = rescoring.board_ranks(api, game.phase)
    quota = game.teams[0].api.ok("GET", f"/phases/{game.phase}/quota")
    made = promote(game, game.submissions[0], method_name="Last year's winner")
    assert made["method_name"] == "Last year's winner"
    evaluate_submission(parts, UUID(made["id"]))
    rank_phase(parts, UUID(game.phase))
    copy, original = (
        game.host.api.ok("GET", f"/submissions/{key}") for key in (made["id"], game.submissions[0])
    )
    assert copy["status"] == "scored"
    assert copy["scores"] == original["scores"]
    assert rescoring.board_ranks(api, game.phase) == before
    board = api.ok("GET", f"/phases/{game.phase}/leaderboard")
    (entry,) = (one for one in board["entries"] if one["submission_id"] == made["id"])
    assert (entry["is_baseline"], entry["rank"], entry["team"]) == (True, None, None)
    assert entry["method_name"] == "Last year's winner"
    assert game.teams[0].api.ok("GET", f"/phases/{game.phase}/quota") == quota


def test_again_answers_the_same_baseline_whatever_became_of_the_submission(
    parts: Parts, game: Game
) -> None:
    key = game.submissions[1]
    made = promote(game, key)
    again = ask(game.host, key, method_name="Another name", reason="Another reason.")
    assert again.headers["idempotent-replay"] == "true"
    assert again.json() == made
    game.host.api.ok("PATCH", f"/submissions/{key}", json={"public": False})
    assert promote(game, key)["id"] == made["id"]
    with parts.sessions() as session:
        copies = sa.select(sa.func.count()).where(Submission.promoted_from_id == UUID(key))
        assert session.scalar(copies) == 1


def test_two_at_once_make_one(game: Game) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(game.host, game.submissions[2]), range(4)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["id"] for one in answers}) == 1
    assert sum("idempotent-replay" not in one.headers for one in answers) == 1


def test_a_baseline_that_was_taken_back_makes_room_for_another(game: Game) -> None:
    made = promote(game, game.submissions[0])
    game.host.api.ok("POST", f"/submissions/{made['id']}/withdrawal")
    again = promote(game, game.submissions[0])
    assert again["id"] != made["id"]
    assert again["status"] == "queued"


def test_a_baseline_cannot_become_one_nor_its_copy(game: Game) -> None:
    baseline = game.submissions[3]
    copy = promote(game, game.submissions[0])["id"]
    for key in (baseline, copy):
        assert refusal(game.host, key) == (409, "cannot-become-baseline")


def test_what_has_no_scores_cannot_become_one(game: Game) -> None:
    made = builders.submit(game.teams[0], game.phase, builders.noise(31)).json()["id"]
    assert refusal(game.host, made) == (409, "status-forbids")
    game.teams[0].api.ok("POST", f"/submissions/{made}/withdrawal")
    assert refusal(game.host, made) == (409, "status-forbids")


def test_what_is_kept_from_the_public_has_to_be_made_public_first(game: Game) -> None:
    key = game.submissions[0]
    game.teams[0].api.ok("PATCH", f"/submissions/{key}", json={"public": False})
    assert refusal(game.host, key) == (409, "cannot-become-baseline")
    game.host.api.ok("PATCH", f"/submissions/{key}", json={"public": True})
    assert promote(game, key)["promoted_from"] == key


def test_what_is_disqualified_cannot_become_one_until_it_is_reinstated(game: Game) -> None:
    key = game.submissions[0]
    entry = game.teams[0].api.ok("GET", f"/challenges/{game.slug}/participations/mine")["id"]
    paths = (f"/submissions/{key}", f"/challenges/{game.slug}/participations/{entry}")
    for path in paths:
        game.host.api.ok("PUT", f"{path}/disqualification", json=WHY)
        assert refusal(game.host, key) == (409, "cannot-become-baseline")
        game.host.api.ok("DELETE", f"{path}/disqualification")
    assert promote(game, key)["promoted_from"] == key


def test_only_organizers_may_and_for_others_it_is_not_there(api: Api, game: Game) -> None:
    key = game.submissions[0]
    assert refusal(game.teams[0], key) == (403, "forbidden")
    assert refusal(game.teams[1], key) == (404, "not-found")
    stranger = builders.person(api)
    assert refusal(stranger, key) == (404, "not-found")
    assert game.host.api.post(f"/submissions/{key}/baseline", json={}).status_code == 422
    for wrong in ({"reason": ""}, {"method_name": ""}, {"method_name": "two\nlines"}):
        assert ask(game.host, key, **wrong).status_code == 422


def test_it_is_on_record_for_both_and_the_team_is_told_once(parts: Parts, game: Game) -> None:
    key = game.submissions[0]
    made = promote(game, key)
    ask(game.host, key)
    path = f"/challenges/{game.slug}/audit?subject="
    told = game.host.api.ok("GET", f"{path}{key}&action=submission.promoted")["items"]
    assert [(one["reason"], one["after"]["baseline_id"]) for one in told] == [
        (WHY["reason"], made["id"])
    ]
    (received,) = game.host.api.ok("GET", f"{path}{made['id']}")["items"]
    assert received["action"] == "submission.received"
    assert received["after"]["promoted_from_id"] == key
    with parts.sessions() as session:
        wanted = sa.select(Notice.id).where(
            Notice.submission_id == UUID(key), Notice.kind == NoticeKind.ORGANIZERS_DECIDED
        )
        (notice,) = session.scalars(wanted)
        said = text_of(read_subject(session, notice, public_url="https://example.org"))
    assert "your team's submission “A method” is a baseline, too" in said.subject
    assert WHY["reason"] in said.body


def test_a_copy_is_no_duplicate_of_the_team_s(game: Game) -> None:
    path = f"/challenges/{game.slug}/overview"
    before = game.host.api.ok("GET", path)
    promote(game, game.submissions[0])
    after = game.host.api.ok("GET", path)
    assert after["duplicates"] == before["duplicates"] == []
    assert after["near_duplicates"]["left"] == before["near_duplicates"]["left"]
    assert after["phases"][0]["baselines"]["queued"] == 1
