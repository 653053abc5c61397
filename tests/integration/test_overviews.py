"""The organizers' overview: counts by phase, day and team, and submissions that are too alike."""

from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import insert, update

from app.clock import utc_now
from app.models import (
    MatrixSketch,
    Participation,
    ParticipationState,
    Phase,
    Status,
    Submission,
)
from probeboard.sketch import N_NUMBERS, THRESHOLD, VERSION
from tests import builders, bulk
from tests.api import Api
from tests.builders import Contest, Person
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase
from worker.sketches import keep_sketches

ROOMY = {"per_day": 50, "total": 50, "in_flight": 50}


@pytest.fixture
def contest(api: Api, parts: Parts) -> Contest:
    return builders.contest(api, parts.sessions, quota=ROOMY)


def overview(by: Person, contest: Contest) -> dict[str, Any]:
    return dict(by.api.ok("GET", f"/challenges/{contest.challenge['slug']}/overview"))


def keep_all(parts: Parts) -> None:
    while keep_sketches(parts, now=utc_now()):
        pass


def hand_in(contest: Contest, team: Person, matrix: Any, **fields: str) -> str:
    return str(builders.submit(team, contest.phase, matrix, **fields).json()["id"])


def test_a_challenge_nobody_entered_is_told_too(contest: Contest) -> None:
    told = overview(contest.host, contest)
    [phase] = told["phases"]
    assert phase["submissions"] == phase["baselines"] == {}
    assert phase["days"] == phase["failures"] == told["teams"] == told["duplicates"] == []
    assert told["queue"] == {"queued": 0, "running": 0, "oldest_waiting_s": 0}
    assert told["near_duplicates"] == {
        "threshold": THRESHOLD, "compared": 0, "left": 0, "pairs": [],
    }  # fmt: skip
    assert told["storage"] == {"matrices": 0, "bytes": 0}
    assert told["server"]["disk"] is None


def test_submissions_are_counted_by_status_day_and_team(contest: Contest, parts: Parts) -> None:
    phase = UUID(contest.phase)
    with parts.sessions() as session:
        season = bulk.enter_teams(session, phase, 3)
        made = bulk.hand_in(session, season, np.full((4, 2, 5), 0.5), teams=[0, 0, 1, 1])
        bulk.hand_in(
            session, season, np.full((1, 2, 5), 0.5), is_baseline=True, participation_id=None
        )
        rejected = {"status": Status.REJECTED, "failure_code": "not-scorable"}
        for key, values in (
            (made[1], rejected),
            (made[2], {"status": Status.QUEUED, "finished_at": None}),
        ):
            session.execute(update(Submission).where(Submission.id == key).values(**values))
        waits = {"state": ParticipationState.PENDING}
        session.execute(
            update(Participation).where(Participation.id == season.teams[2]).values(**waits)
        )
        session.commit()
    told = overview(contest.host, contest)
    [told_phase] = told["phases"]
    by_status = {"queued": 1, "scored": 2, "rejected": 1}
    assert told_phase["submissions"] == by_status
    assert told_phase["baselines"] == {"scored": 1}
    assert told_phase["teams"] == 2
    assert [sum(one["by_status"].values()) for one in told_phase["days"]] == [4]
    [failure] = told_phase["failures"]
    assert (failure["code"], failure["status"], failure["count"]) == (
        "not-scorable", "rejected", 1,
    )  # fmt: skip
    assert told["queue"]["queued"] == told_phase["queue"]["queued"] == 1
    assert told["queue"]["oldest_waiting_s"] > 0
    assert told["participations"] == {
        "pending": 1, "approved": 2, "declined": 0, "disqualified": 0,
    }  # fmt: skip
    first, second, idle = told["teams"]
    assert second["phases"][0]["submissions"] == {"scored": 1, "rejected": 1}
    assert first["phases"][0]["submissions"] == {"queued": 1, "scored": 1}
    assert first["last_at"] > second["last_at"]
    assert (idle["state"], idle["phases"], idle["last_at"]) == ("pending", [], None)
    assert told["storage"] == {"matrices": 5, "bytes": 5 * (4 * 60 * 4 + 128)}


def test_equal_matrices_of_two_teams_are_told_and_those_of_one_are_not(
    api: Api, contest: Contest, parts: Parts
) -> None:
    one, other = (builders.contestant(api, contest.challenge) for _ in range(2))
    mine = hand_in(contest, one, builders.noise(601))
    hand_in(contest, one, builders.noise(601))
    hand_in(contest, one, builders.noise(602))
    taken = hand_in(contest, other, builders.noise(601), method_name="My own work")
    baseline = hand_in(contest, contest.host, builders.noise(602), baseline="true")
    told = overview(contest.host, contest)
    groups = [
        [(row["submission_id"], row["team"]) for row in group["submissions"]]
        for group in told["duplicates"]
    ]
    names = [person.teams[0]["name"] for person in (one, other)]
    assert [(mine, names[0]), (taken, names[1])] in groups
    assert any((baseline, None) in group for group in groups)
    assert len(groups) == 2
    keep_all(parts)
    assert overview(contest.host, contest)["near_duplicates"]["pairs"] == []


def test_a_rotated_copy_is_told_and_a_strangers_work_is_not(
    api: Api, contest: Contest, parts: Parts
) -> None:
    one, other, stranger = (builders.contestant(api, contest.challenge) for _ in range(3))
    matrix = builders.blend(0.5, seed=603)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    mine = hand_in(contest, one, matrix)
    copy = hand_in(contest, other, (3 * matrix @ turn + 1).astype(np.float32))
    hand_in(contest, stranger, builders.noise(604))
    before = overview(contest.host, contest)["near_duplicates"]
    assert (before["compared"], before["left"], before["pairs"]) == (0, 3, [])
    keep_all(parts)
    told = overview(contest.host, contest)["near_duplicates"]
    assert (told["compared"], told["left"]) == (3, 0)
    [pair] = told["pairs"]
    assert pair["similarity"] > 0.999
    assert pair["first"]["submission_id"] == mine
    assert pair["first"]["team"] == one.teams[0]["name"]
    assert pair["second"]["submission_id"] == copy


def test_it_tells_whether_a_board_shows_all_that_was_scored(
    api: Api, contest: Contest, parts: Parts
) -> None:
    def told() -> tuple[bool, bool]:
        (phase,) = overview(contest.host, contest)["phases"]
        return phase["board_is_current"], phase["ranked_at"] is not None

    assert told() == (False, False)
    rank_phase(parts, UUID(contest.phase))
    assert told() == (True, True)
    made = hand_in(contest, builders.contestant(api, contest.challenge), builders.blend(0.5, 606))
    evaluate_submission(parts, UUID(made))
    assert told() == (False, True)
    rank_phase(parts, UUID(contest.phase))
    assert told() == (True, True)


def test_thousands_of_submissions_are_compared_in_one_look(contest: Contest, parts: Parts) -> None:
    phase = UUID(contest.phase)
    rng = np.random.default_rng(0)
    sketches = rng.normal(size=(1500, N_NUMBERS)).astype("<f4")
    sketches[700] = sketches[20] + 0.1 * sketches[21]
    sketches /= np.linalg.norm(sketches, axis=1, keepdims=True)
    with parts.sessions() as session:
        season = bulk.enter_teams(session, phase, 300)
        teams = [number % 300 for number in range(1500)]
        made = bulk.hand_in(session, season, np.zeros((1500, 2, 5)), teams=teams)
        samples = session.get_one(Phase, phase).samples_digest
        rows = [
            {"matrix_sha256": key.hex, "samples_digest": samples, "version": VERSION,
             "created_at": utc_now(), "sketch": sketch.tobytes()}
            for key, sketch in zip(made, sketches, strict=True)
        ]  # fmt: skip
        session.execute(insert(MatrixSketch), rows)
        session.commit()
    told = overview(contest.host, contest)
    assert told["near_duplicates"]["compared"] == 1500
    [pair] = told["near_duplicates"]["pairs"]
    both = {pair["first"]["submission_id"], pair["second"]["submission_id"]}
    assert both == {str(made[20]), str(made[700])}
    assert len(told["teams"]) == 300
