"""The submission's life: `move`, the columns a status implies, and what races cannot break."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.errors import StatusForbids
from app.models import Evaluation, Status, Submission
from app.policy import Viewer
from app.submissions import changing
from app.submissions.lifecycle import COUNTS_FOR_QUOTA, IN_FLIGHT, SOURCES, TERMINAL, move
from probeboard.probing import TaskScores
from tests import builders
from tests.api import Api
from tests.builders import Contest
from tests.serving import RunningServer
from worker import store
from worker.failures import Failure
from worker.parts import Parts
from worker.work import Outcome, Work

START = datetime(2030, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=30)
BROKEN = Failure("internal-error", "words for the team", "words for the operator")


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions)


@pytest.fixture(scope="module")
def submission_id(contest: Contest) -> UUID:
    team = builders.contestant(contest.host.api, contest.challenge)
    return UUID(builders.submit(team, contest.phase, builders.truth()).json()["id"])


def columns_of(status: Status) -> dict[str, Any]:
    """Columns as a submission of this status has them."""
    failed = status in (Status.REJECTED, Status.FAILED)
    return {
        "status": status,
        "lease_expires_at": START if status is Status.RUNNING else None,
        "finished_at": START if status in TERMINAL else None,
        "failure_code": "test" if failed else None,
    }


def put(session: Session, submission_id: UUID, **columns: Any) -> None:
    session.query(Submission).filter_by(id=submission_id).update(columns)
    session.expire_all()


ALLOWED = {
    ("queued", "running"), ("running", "scored"), ("running", "rejected"), ("running", "failed"),
    ("queued", "withdrawn"), ("running", "queued"), ("failed", "queued"),
    ("scored", "queued"),  # reinstated, and left out of a re-scoring while it was disqualified
}  # fmt: skip


def test_the_table_of_transitions_is_the_specifications() -> None:
    assert {(str(one), str(to)) for to, sources in SOURCES.items() for one in sources} == ALLOWED
    assert set(SOURCES) == set(Status)
    assert frozenset(Status) - TERMINAL == IN_FLIGHT
    assert IN_FLIGHT | {Status.SCORED} == COUNTS_FOR_QUOTA


@pytest.mark.parametrize(("source", "to"), list(product(Status, Status)))
def test_only_the_allowed_transitions_move(
    session: Session, submission_id: UUID, source: Status, to: Status
) -> None:
    put(session, submission_id, **columns_of(source))
    given = ("lease_expires_at", "failure_code")
    values = {name: value for name, value in columns_of(to).items() if name in given and value}
    moved = move(session, submission_id, to, now=START, values=values)
    assert moved == ((source, to) in ALLOWED)
    row = session.get_one(Submission, submission_id)
    assert row.status == (to if moved else source)


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "lost"},
        {"status": "running"},
        {"lease_expires_at": START},
        {"status": "scored"},
        {"finished_at": START},
        {"status": "failed", "finished_at": START},
        {"failure_code": "test"},
        {"is_baseline": True},
    ],
    ids=str,
)
def test_the_database_refuses_columns_that_contradict_the_status(
    session: Session, submission_id: UUID, columns: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match="violates check constraint"), session.begin_nested():
        put(session, submission_id, **columns)


def test_the_database_refuses_a_second_official_evaluation(
    session: Session, submission_id: UUID
) -> None:
    def evaluation(digest: str) -> Evaluation:
        return Evaluation(
            submission_id=submission_id, scorer="exact", scorer_version=1, rules_digest=digest,
            is_official=True, attempt=1, created_at=START, seconds=1.0, receipt={},
        )  # fmt: skip

    session.add(evaluation("a"))
    session.flush()
    session.add(evaluation("b"))
    with pytest.raises(IntegrityError, match="uq_evaluation_official"):
        session.flush()


def test_task_scores_never_change(session: Session, parts: Parts, submission_id: UUID) -> None:
    work = store.claim(session, submission_id, now=START, lease=LEASE)
    assert work is not None
    assert store.finish(session, work, scores_for(work), now=START)
    for statement in ("UPDATE task_score SET mean = 1", "DELETE FROM task_score"):
        with pytest.raises(DBAPIError, match="rows of task_score never change"):
            in_savepoint(session, statement)


def in_savepoint(session: Session, statement: str) -> None:
    with session.begin_nested():
        session.execute(text(statement))


def scores_for(work: Work) -> Outcome:
    scores = [
        TaskScores(
            name=task.name,
            metric="r2",
            mean=0.5,
            std=0.1,
            q=1.0,
            standard_error=0.1,
            test_to_train=0.25,
            split_scores=np.full(5, 0.5),
            penalties=np.ones(5),
        )
        for task in work.tasks
    ]
    return Outcome(scores)


STEPS = ("claim", "renew", "finish", "reject", "release", "withdraw", "retry", "sweep", "tick")


@dataclass
class Life:
    """A submission, the workers that hold or held it, and a model of what is true."""

    session: Session
    submission_id: UUID
    viewer: Viewer
    now: datetime = START
    works: list[Work] = field(default_factory=list)

    @property
    def row(self) -> Submission:
        self.session.expire_all()
        return self.session.get_one(Submission, self.submission_id)

    def step(self, name: str, who: int) -> None:
        before = (self.row.status, self.row.attempt)
        work = self.works[who % len(self.works)] if self.works else None
        if name in ("renew", "finish", "reject", "release"):
            if work is not None:
                wrote = self._write(name, work)
                assert wrote == (before == (Status.RUNNING, work.attempt))
            return
        getattr(self, f"_{name}")(before[0])

    def _write(self, name: str, work: Work) -> bool:
        session, now = self.session, self.now
        if name == "renew":
            return store.renew(session, work, now=now, lease=LEASE, tasks_done=1)
        if name == "finish":
            return store.finish(session, work, scores_for(work), now=now)
        if name == "reject":
            return store.reject(session, work, BROKEN, now=now)
        went = store.release(session, work.submission_id, work.attempt, BROKEN, now=now)
        return went is not None

    def _claim(self, status: str) -> None:
        work = store.claim(self.session, self.submission_id, now=self.now, lease=LEASE)
        assert (work is not None) == (status == Status.QUEUED)
        if work is not None:
            assert all(work.attempt > other.attempt for other in self.works)
            self.works.append(work)

    def _withdraw(self, status: str) -> None:
        moved = move(self.session, self.submission_id, Status.WITHDRAWN, now=self.now)
        assert moved == (status == Status.QUEUED)

    def _retry(self, status: str) -> None:
        try:
            changing.retry(self.session, self.viewer, self.submission_id, now=self.now, more=2)
            retried = True
        except StatusForbids:
            retried = False
        assert retried == (status == Status.FAILED)

    def _sweep(self, status: str) -> None:
        row = self.row
        expired = status == Status.RUNNING and row.lease_expires_at < self.now
        if expired:
            went = store.release(
                self.session, self.submission_id, row.attempt, BROKEN, now=self.now
            )
            assert went in (Status.QUEUED, Status.FAILED)

    def _tick(self, _: str) -> None:
        self.now += timedelta(seconds=20)

    def check(self) -> None:
        row = self.row
        n_official = self.session.scalar(
            select(func.count())
            .select_from(Evaluation)
            .where(Evaluation.submission_id == self.submission_id, Evaluation.is_official)
        )
        assert n_official == (row.status == Status.SCORED)
        assert row.attempt == len(self.works)
        assert (row.status == Status.FAILED) <= (row.attempt >= row.attempts_allowed)
        if row.status == Status.QUEUED:
            assert row.attempt < row.attempts_allowed
            assert (row.announced_at is None) >= (row.attempt > 0)
            assert row.tasks_done == 0
        if row.status == Status.FAILED:
            assert row.failure_traceback == "words for the operator"


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 5)), max_size=25))
def test_no_order_of_events_breaks_a_submission(
    session: Session, contest: Contest, submission_id: UUID, steps: list[tuple[str, int]]
) -> None:
    organizer = Viewer(user_id=UUID(contest.host.id))
    with session.begin_nested() as everything:
        life = Life(session, submission_id, organizer)
        for name, who in steps:
            life.step(name, who)
            life.check()
        everything.rollback()
