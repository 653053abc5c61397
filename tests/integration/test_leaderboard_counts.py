"""Which submission stands on the board, by every method, and what follows a change."""

from typing import Any
from uuid import UUID

import pytest

from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}


def score(parts: Parts, by: Person, contest: Contest, matrix: Any, **fields: Any) -> str:
    made = builders.submit(by, contest.phase, matrix, **fields)
    assert made.status_code == 201, made.text
    evaluate_submission(parts, UUID(made.json()["id"]))
    return str(made.json()["id"])


def board(api: Api, parts: Parts, contest: Contest) -> list[dict[str, Any]]:
    rank_phase(parts, UUID(contest.phase))
    return list(api.ok("GET", f"/phases/{contest.phase}/leaderboard")["entries"])


def standing(by: Person, submission_id: str) -> str:
    return str(by.api.ok("GET", f"/submissions/{submission_id}")["standing"])


@pytest.mark.parametrize("ranking", ["average-rank", "neuco", "mean-score", "mean-q"])
def test_every_method_puts_the_better_embeddings_first(
    api: Api, parts: Parts, ranking: str
) -> None:
    contest = builders.contest(api, parts.sessions, ranking=ranking, quota=ROOMY)
    names = []
    for share in (0.8, 1.0, 0.9):
        team = builders.contestant(api, contest.challenge)
        score(parts, team, contest, builders.blend(share, seed=3))
        names.append(team.teams[0]["name"])
    host = contest.host
    score(parts, host, contest, builders.truth(), baseline="true", method_name="upper bound")
    score(parts, host, contest, builders.noise(9), baseline="true", method_name="noise")
    entries = board(api, parts, contest)
    assert [(one["rank"], one["would_rank"]) for one in entries] == [
        (None, 1), (1, None), (2, None), (3, None), (None, 4),
    ]  # fmt: skip
    assert [one["team"] for one in entries] == [None, names[1], names[2], names[0], None]
    assert [one["is_baseline"] for one in entries] == [True, False, False, False, True]
    body = api.ok("GET", f"/phases/{contest.phase}/leaderboard")
    assert body["method"] == ranking
    assert body["rule"].startswith("Ranked ")


def test_a_baseline_moves_nobody(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, ranking="neuco", quota=ROOMY)
    for seed in (1, 2, 3):
        score(parts, builders.contestant(api, contest.challenge), contest, builders.noise(seed))
    before = board(api, parts, contest)
    score(parts, contest.host, contest, builders.truth(), baseline="true")
    after = [one for one in board(api, parts, contest) if not one["is_baseline"]]
    assert after == before


@pytest.mark.parametrize(
    ("selection", "counts", "other"),
    [("best", "first", "another-is-better"), ("last", "second", "another-is-later")],
)
def test_the_rule_decides_which_of_two_submissions_counts(
    api: Api, parts: Parts, selection: str, counts: str, other: str
) -> None:
    contest = builders.contest(api, parts.sessions, selection=selection, quota=ROOMY)
    team = builders.contestant(api, contest.challenge)
    made = {
        "first": score(parts, team, contest, builders.truth()),
        "second": score(parts, team, contest, builders.noise(1)),
    }
    (entry,) = board(api, parts, contest)
    assert entry["submission_id"] == made.pop(counts)
    assert entry["n_submissions"] == 2
    assert standing(team, entry["submission_id"]) == "counts"
    assert standing(team, *made.values()) == other


def test_equal_embeddings_share_a_rank_and_the_next_is_skipped(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    for matrix in (builders.truth(), builders.truth(), builders.noise(1)):
        score(parts, builders.contestant(api, contest.challenge), contest, matrix)
    entries = board(api, parts, contest)
    assert [one["rank"] for one in entries] == [1, 1, 3]
    assert entries[0]["received_at"] <= entries[1]["received_at"]
    assert entries[0]["aggregate"] == entries[1]["aggregate"]


def test_a_private_submission_stands_on_no_board_and_is_counted_nowhere(
    api: Api, parts: Parts
) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    team = builders.contestant(api, contest.challenge)
    shown = score(parts, team, contest, builders.noise(1))
    before = board(api, parts, contest)
    hidden = score(parts, team, contest, builders.truth(), public="false")
    assert board(api, parts, contest) == before
    assert before[0]["submission_id"] == shown
    assert standing(team, hidden) == "not-public"
    secret = score(parts, contest.host, contest, builders.truth(), public="false", baseline="true")
    assert board(api, parts, contest) == before
    assert standing(contest.host, secret) == "baseline"


def test_a_submission_made_private_leaves_the_board_with_the_next_ranking(
    api: Api, parts: Parts
) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    team = builders.contestant(api, contest.challenge)
    worse = score(parts, team, contest, builders.noise(1))
    better = score(parts, team, contest, builders.truth())
    assert [one["submission_id"] for one in board(api, parts, contest)] == [better]
    edited = team.api.ok("PATCH", f"/submissions/{better}", json={"public": False})
    assert (edited["public"], edited["standing"]) == (False, "not-public")
    assert [one["submission_id"] for one in board(api, parts, contest)] == [worse]
    team.api.ok("PATCH", f"/submissions/{worse}", json={"public": False})
    assert board(api, parts, contest) == []
    assert api.ok("GET", f"/phases/{contest.phase}/leaderboard")["snapshot"] is not None


def test_what_is_said_of_the_method_changes_on_the_board_too(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    team = builders.contestant(api, contest.challenge)
    key = score(parts, team, contest, builders.truth(), project_url="https://example.org/code")
    changes = {"method_name": "Better name", "project_url": None, "paper_url": "http://a.example"}
    team.api.ok("PATCH", f"/submissions/{key}", json=changes)
    (entry,) = board(api, parts, contest)
    assert entry["method_name"] == "Better name"
    assert entry["project_url"] is None
    assert entry["paper_url"] == "http://a.example/"


def test_what_is_queued_or_withdrawn_stands_on_no_board(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, quota=ROOMY)
    team = builders.contestant(api, contest.challenge)
    made = builders.submit(team, contest.phase, builders.truth()).json()
    assert made["standing"] == "not-scored-yet"
    assert board(api, parts, contest) == []
    gone = team.api.ok("POST", f"/submissions/{made['id']}/withdrawal")
    assert (gone["status"], gone["standing"]) == ("withdrawn", "not-scored")
    evaluate_submission(parts, UUID(made["id"]))
    assert board(api, parts, contest) == []
