"""The evaluation job with a real database, queue and clock: fencing, leases, faults of ours."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from app.blobs import BlobKind
from app.clock import utc_now
from app.models import Evaluation, Status, Submission, TaskScore
from app.settings import Settings
from probeboard.probing import TaskScores
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker import store
from worker.evaluate import InvalidSubmission, evaluate_submission, require_finite
from worker.failures import Failure
from worker.lease import Lease, LeaseLost
from worker.parts import Parts, make_parts
from worker.sweep import return_expired_leases
from worker.work import Outcome

LEASE = timedelta(seconds=30)


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    quota = {"per_day": 100, "total": 100, "in_flight": 100}
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions, quota=quota)


@pytest.fixture(scope="module")
def team(contest: Contest) -> Person:
    return builders.contestant(contest.host.api, contest.challenge)


def hand_in(team: Person, contest: Contest, seed: int) -> UUID:
    answer = builders.submit(team, contest.phase, builders.noise(seed))
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


def row(parts: Parts, key: UUID) -> Submission:
    with parts.sessions() as session:
        return session.get_one(Submission, key)


def official(parts: Parts, key: UUID) -> list[Evaluation]:
    with parts.sessions() as session:
        return list(session.scalars(sa.select(Evaluation).where(Evaluation.submission_id == key)))


def claim(parts: Parts, key: UUID, lease: timedelta = LEASE) -> Any:
    with parts.sessions() as session:
        work = store.claim(session, key, now=utc_now(), lease=lease)
        session.commit()
    return work


def hide_matrix(parts: Parts, key: UUID) -> Path:
    """Take a submission's blob away, so that its evaluation breaks for a reason of ours."""
    path = parts.blobs.path(BlobKind.MATRICES, row(parts, key).matrix_sha256)
    return path.rename(path.with_suffix(".hidden"))


def test_a_duplicate_message_changes_nothing(parts: Parts, team: Person, contest: Contest) -> None:
    key = hand_in(team, contest, 1)
    evaluate_submission(parts, key)
    first = row(parts, key)
    evaluate_submission(parts, key)
    assert len(official(parts, key)) == 1
    assert row(parts, key).finished_at == first.finished_at


def test_workers_that_get_the_same_message_at_once_make_one_evaluation(
    settings: Settings, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 2)
    others = [make_parts(settings, parts.queue) for _ in range(4)]
    threads = [threading.Thread(target=evaluate_submission, args=(one, key)) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert row(parts, key).attempt == 1
    assert len(official(parts, key)) == 1


def test_a_worker_that_lost_its_lease_writes_nothing(
    settings: Settings, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 3)
    slow = claim(parts, key)
    return_expired_leases(parts, now=utc_now() + 2 * LEASE)
    assert row(parts, key).status == Status.QUEUED
    fast_parts = make_parts(settings, parts.queue)
    fast = claim(fast_parts, key)
    assert fast.attempt == slow.attempt + 1
    lost = Lease(parts, partial(store.renew, work=slow))
    with pytest.raises(LeaseLost):
        lost.note_progress(2)
    failure = Failure("internal-error", "late", "late")
    with parts.sessions() as session:
        assert not store.finish(session, slow, Outcome([]), now=utc_now())
        assert not store.reject(session, slow, failure, now=utc_now())
        assert store.release(session, key, slow.attempt, failure, now=utc_now()) is None
        session.commit()
    assert (row(parts, key).status, row(parts, key).tasks_done) == (Status.RUNNING, 0)
    Lease(fast_parts, partial(store.renew, work=fast)).note_progress(1)
    assert row(parts, key).tasks_done == 1
    fast_parts.close()
    assert official(parts, key) == []


def test_a_lease_is_renewed_while_the_worker_lives(
    settings: Settings, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 4)
    brisk = replace(parts, settings=settings.model_copy(update={"lease_s": 0.3}))
    work = claim(parts, key, timedelta(seconds=0.3))
    first = row(parts, key).lease_expires_at
    assert first is not None
    with Lease(brisk, partial(store.renew, work=work)).kept():
        later = first + timedelta(seconds=0.5)
        builders.wait_until(lambda: (row(parts, key).lease_expires_at or first) > later)
        # By then the first lease had run out; and the one just seen had not.
        return_expired_leases(parts, now=first + timedelta(seconds=0.4))
        assert row(parts, key).status == Status.RUNNING


def test_a_worker_learns_from_its_own_thread_that_the_lease_is_lost(
    settings: Settings, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 5)
    brisk = replace(parts, settings=settings.model_copy(update={"lease_s": 0.1}))
    work = claim(parts, key)
    lease = Lease(brisk, partial(store.renew, work=work))
    with lease.kept():
        return_expired_leases(parts, now=utc_now() + 2 * LEASE)
        builders.wait_until(lease._lost.is_set)
    with pytest.raises(LeaseLost):
        lease.note_progress(1)
    assert row(parts, key).status == Status.QUEUED


def test_a_database_that_is_away_for_a_moment_costs_no_attempt(
    settings: Settings, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 6)
    work = claim(parts, key)
    nowhere = settings.model_copy(
        update={"database_url": "postgresql+psycopg://nobody@/none?host=/nowhere"}
    )
    cut_off = make_parts(nowhere, parts.queue)
    Lease(cut_off, partial(store.renew, work=work)).note_progress(1)
    cut_off.close()
    assert row(parts, key).status == Status.RUNNING


def test_a_lease_that_is_lost_half_way_ends_the_evaluation_in_silence(
    settings: Settings, parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 7)

    class Snatched(Lease):
        """A lease that the sweep takes back as soon as the first task is done."""

        def note_progress(self, tasks_done: int) -> None:
            return_expired_leases(parts, now=utc_now() + 2 * LEASE)
            super().note_progress(tasks_done)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.evaluate.Lease", Snatched)
        evaluate_submission(parts, key)
    assert (row(parts, key).status, row(parts, key).attempt) == (Status.QUEUED, 1)
    assert official(parts, key) == []
    evaluate_submission(parts, key)
    assert row(parts, key).status == Status.SCORED


def test_an_error_of_ours_is_tried_three_times_then_told_and_refunded(
    parts: Parts, contest: Contest
) -> None:
    team = builders.contestant(contest.host.api, contest.challenge)
    key = hand_in(team, contest, 8)
    hidden = hide_matrix(parts, key)
    for attempt in (1, 2):
        evaluate_submission(parts, key)
        assert (row(parts, key).status, row(parts, key).attempt) == (Status.QUEUED, attempt)
        assert row(parts, key).failure_code is None
    evaluate_submission(parts, key)
    failed = row(parts, key)
    assert failed.status == Status.FAILED
    assert failed.failure_traceback is not None
    assert "BlobMissing" in failed.failure_traceback
    seen = team.api.ok("GET", f"/submissions/{key}")
    assert seen["failure"]["code"] == "internal-error"
    assert "BlobMissing" not in str(seen)

    refused = team.api.post(f"/submissions/{key}/retry")
    assert refused.status_code == 403
    hidden.rename(hidden.with_suffix(""))
    queued = contest.host.api.ok("POST", f"/submissions/{key}/retry")
    assert (queued["status"], queued["failure"]) == ("queued", None)
    assert row(parts, key).attempts_allowed == 6
    evaluate_submission(parts, key)
    assert row(parts, key).status == Status.SCORED
    assert contest.host.api.post(f"/submissions/{key}/retry").status_code == 409


def test_an_error_while_storing_is_an_error_of_ours_with_its_traceback(
    parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 9)
    with parts.sessions() as session:
        session.query(Submission).filter_by(id=key).update({"attempts_allowed": 1})
        session.add(
            Evaluation(
                submission_id=key, scorer="exact", scorer_version=1, rules_digest="other",
                is_official=True, attempt=0, created_at=utc_now(), seconds=1.0, receipt={},
            )
        )  # fmt: skip
        session.commit()
    evaluate_submission(parts, key)
    failed = row(parts, key)
    assert (failed.status, failed.failure_code) == (Status.FAILED, "internal-error")
    assert "uq_evaluation_official" in (failed.failure_traceback or "")


def test_embeddings_without_a_finite_score_are_rejected_and_cost_nothing(
    parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 10)
    halves = np.array([0.5, np.nan])
    scores = TaskScores("height", "r2", halves, np.ones(2), 0.5, 0.1, 1.0, 0.1, 0.25)
    with pytest.raises(InvalidSubmission, match="no finite score"):
        require_finite(scores)

    def refuse(_: TaskScores) -> TaskScores:
        return require_finite(scores)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.evaluate.require_finite", refuse)
        evaluate_submission(parts, key)
    seen = team.api.ok("GET", f"/submissions/{key}")
    assert (seen["status"], seen["failure"]["code"]) == ("rejected", "not-scorable")
    assert "height" not in seen["failure"]["detail"]  # the name may be masked
    assert seen["standing"] == "not-scored"
    assert official(parts, key) == []


def test_a_rejection_that_comes_too_late_is_not_stored(
    parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 11)

    def refuse_late(_: TaskScores) -> TaskScores:
        return_expired_leases(parts, now=utc_now() + 2 * LEASE)
        raise InvalidSubmission("too late")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.evaluate.require_finite", refuse_late)
        evaluate_submission(parts, key)
    assert (row(parts, key).status, row(parts, key).failure_code) == (Status.QUEUED, None)


def test_the_receipt_names_all_that_made_the_numbers(
    parts: Parts, team: Person, contest: Contest
) -> None:
    key = hand_in(team, contest, 12)
    evaluate_submission(parts, key)
    (evaluation,) = official(parts, key)
    assert evaluation.receipt["scorer"] == "exact@1"
    assert evaluation.receipt["scaling"] == "scalar"
    splits = {
        "kind": "shuffle", "n_splits": 5, "test_size": 0.2, "seed": 1, "shots": None, "marks": None,
    }  # fmt: skip
    assert evaluation.receipt["splits"] == {"height": splits, "wet": splits}
    assert evaluation.receipt["probes"]["wet"] == {"kind": "linear", "signs": False}
    assert set(evaluation.receipt["label_sets"]) == {"height", "wet"}
    assert evaluation.receipt["matrix_sha256"] == row(parts, key).matrix_sha256
    assert "numpy" in evaluation.receipt["packages"]
    with parts.sessions() as session:
        scores = session.scalars(
            sa.select(TaskScore).where(TaskScore.evaluation_id == evaluation.id)
        ).all()
    assert [len(score.split_scores) for score in scores] == [5, 5]
