"""Submissions that come, run or fail while a re-scoring is prepared and applied."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.models import Evaluation, ItemState, Status, Submission
from probeboard.probing import TaskScores
from tests import builders, rescoring
from tests.api import Api
from tests.rescoring import Game
from worker import store
from worker.evaluate import InvalidSubmission, evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase
from worker.rescore import rescore_submission
from worker.rescoring_sweep import sweep_rescorings

LEASE = timedelta(seconds=30)


@pytest.fixture
def game(api: Api, parts: Parts) -> Game:
    return rescoring.play(api, parts)


def row(parts: Parts, key: UUID | str) -> Submission:
    with parts.sessions() as session:
        return session.get_one(Submission, UUID(str(key)))


def versions(parts: Parts, key: UUID | str) -> list[int]:
    """Return the version of the labels of each official evaluation: there is one, or none."""
    with parts.sessions() as session:
        receipts = session.scalars(
            sa.select(Evaluation.receipt).where(
                Evaluation.submission_id == UUID(str(key)), Evaluation.is_official
            )
        )
        return [receipt["label_sets"]["height"]["version"] for receipt in receipts]


def hand_in(game: Game, seed: int) -> UUID:
    answer = builders.submit(game.teams[0], game.phase, builders.noise(500 + seed))
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


def test_what_is_scored_meanwhile_has_to_be_evaluated_before(game: Game, parts: Parts) -> None:
    host = game.host
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    key = hand_in(game, 1)
    assert host.api.ok("GET", address)["state"] == "ready"  # it is not scored yet
    evaluate_submission(parts, key)
    refused = host.api.post(f"{address}/application")
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"].endswith("rescoring-not-ready")
    assert (problem["total"], problem["waiting"]) == (5, 1)
    assert host.api.ok("GET", address)["state"] == "preparing"
    assert rescoring.work(parts, address) == 1
    rescoring.apply(host, address, parts)
    assert versions(parts, key) == [2]


def test_what_is_queued_while_it_is_applied_is_scored_by_the_new_rules(
    game: Game, parts: Parts
) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    key = hand_in(game, 2)
    rescoring.apply(game.host, address, parts)
    evaluate_submission(parts, key)
    assert versions(parts, key) == [2]


def test_what_is_running_goes_back_at_no_cost_and_old_scores_are_never_stored(
    game: Game, parts: Parts
) -> None:
    host = game.host
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    key = hand_in(game, 3)

    def apply_meanwhile(scores: TaskScores) -> TaskScores:
        if row(parts, key).attempts_allowed == allowed:
            host.api.ok("POST", f"{address}/application")
        return scores

    allowed = row(parts, key).attempts_allowed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.evaluate.require_finite", apply_meanwhile)
        evaluate_submission(parts, key)
    back = row(parts, key)
    assert (back.status, back.attempt, back.attempts_allowed) == (Status.QUEUED, 1, allowed + 1)
    assert versions(parts, key) == []
    evaluate_submission(parts, key)
    assert versions(parts, key) == [2]


@pytest.mark.parametrize("ends", ["scored", "rejected"])
def test_a_claim_that_read_the_old_rules_writes_nothing_by_them(
    game: Game, parts: Parts, ends: str
) -> None:
    host = game.host
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    key = hand_in(game, 4)
    allowed = row(parts, key).attempts_allowed
    applied: list[object] = []

    def apply_before_the_claim_is_seen(scores: TaskScores) -> TaskScores:
        # As if the claim had been committed after the set was applied: the set did not see it run.
        if not applied:
            move(Status.QUEUED, None)
            applied.append(host.api.ok("POST", f"{address}/application"))
            move(Status.RUNNING, utc_now() + LEASE)
        if ends == "rejected":
            raise InvalidSubmission("The embeddings give no finite score in every task.")
        return scores

    def move(status: Status, lease: Any) -> None:
        with parts.sessions() as session:
            submission = session.get_one(Submission, key)
            submission.status, submission.lease_expires_at = status, lease
            session.commit()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.evaluate.require_finite", apply_before_the_claim_is_seen)
        evaluate_submission(parts, key)
    back = row(parts, key)
    assert (back.status, back.attempts_allowed) == (Status.QUEUED, allowed + 1)
    assert versions(parts, key) == []
    evaluate_submission(parts, key)
    assert versions(parts, key) == [2]


def test_a_rejected_one_blocks_until_it_is_disqualified_and_is_scored_when_reinstated(
    game: Game, parts: Parts
) -> None:
    host, bad = game.host, game.submissions[1]
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    items = {str(one.submission_id): one for one in rescoring.items_of(parts, address)}
    refuse_item(parts, items[bad].id)
    rescoring.work(parts, address)
    refused = host.api.post(f"{address}/application").json()
    assert refused["type"].endswith("rescoring-blocked")
    assert refused["total"] == 1
    assert refused["blocked"][0] == {
        "submission_id": bad, "team": game.teams[1].teams[0]["name"], "method_name": "A method",
        "phase": "dev", "code": "not-scorable",
    }  # fmt: skip
    assert host.api.ok("GET", address)["inside"]["blocked"] == refused["blocked"]
    (listed,) = host.api.ok("GET", f"{address}/items?state=rejected")["items"]
    assert (listed["submission_id"], listed["is_disqualified"]) == (bad, False)
    moves = host.api.ok("GET", f"{address}/preview")["phases"][0]["moves"]
    assert moves[-1]["team"] == game.teams[1].teams[0]["name"]
    assert (moves[-1]["after"], moves[-1]["score_after"]) == (None, None)

    disqualification = f"/submissions/{bad}/disqualification"
    host.api.ok("PUT", disqualification, json={"reason": "No score."})
    ready = host.api.ok("GET", address)
    assert (ready["state"], ready["inside"]["progress"]["set_aside"]) == ("ready", 1)
    rescoring.apply(host, address, parts)
    assert versions(parts, bad) == []
    seen = game.teams[1].api.ok("GET", f"/submissions/{bad}")
    assert (seen["status"], seen["scores"]) == ("scored", None)
    assert seen["evaluations"][-1]["mean_score"] is None
    sweep_rescorings(parts, now=utc_now())
    assert row(parts, bad).status == Status.SCORED  # as long as it is disqualified

    host.api.ok("DELETE", disqualification)
    sweep_rescorings(parts, now=utc_now())
    assert row(parts, bad).status == Status.QUEUED
    evaluate_submission(parts, UUID(bad))
    rank_phase(parts, UUID(game.phase))
    assert versions(parts, bad) == [2]
    assert len(rescoring.board_ranks(host.api, game.phase)) == 3
    assert seen_official(game, bad) == [False, False, True]


def refuse_item(parts: Parts, item_id: UUID) -> None:
    def refuse(_: TaskScores) -> TaskScores:
        raise InvalidSubmission("The embeddings give no finite score in every task.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.evaluate.require_finite", refuse)
        rescore_submission(parts, item_id)


def seen_official(game: Game, submission: str) -> list[bool]:
    view = game.teams[1].api.ok("GET", f"/submissions/{submission}")
    return [one["is_official"] for one in view["evaluations"]]


def test_a_team_that_is_reinstated_is_scored_too(game: Game, parts: Parts) -> None:
    host, bad = game.host, game.submissions[2]
    entry = game.teams[2].api.ok("GET", f"/challenges/{game.slug}/participations/mine")["id"]
    path = f"/challenges/{game.slug}/participations/{entry}/disqualification"
    host.api.ok("PUT", path, json={"reason": "Under review."})
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    items = {str(one.submission_id): one for one in rescoring.items_of(parts, address)}
    assert items[bad].state == ItemState.QUEUED  # it is evaluated too, if that comes in time
    refuse_item(parts, items[bad].id)
    rescoring.work(parts, address)
    rescoring.apply(host, address, parts)
    host.api.ok("DELETE", path)
    sweep_rescorings(parts, now=utc_now())
    evaluate_submission(parts, UUID(bad))
    assert versions(parts, bad) == [2]


def test_a_lease_that_was_lost_with_the_rules_is_noticed(game: Game, parts: Parts) -> None:
    key = hand_in(game, 5)
    with parts.sessions() as session:
        work = store.claim(session, key, now=utc_now(), lease=LEASE)
        session.commit()
    assert work is not None
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    game.host.api.ok("POST", f"{address}/application")
    with parts.sessions() as session:
        assert not store.renew(session, work, now=utc_now(), lease=LEASE)
