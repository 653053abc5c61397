"""Evaluations that end together are ranked together, and none is left out, whoever is killed."""

from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa

from app.leaderboards.derive import rederive
from app.models import Evaluation, Leaderboard, Snapshot, Status, Submission
from tests.e2e import contests
from tests.e2e.contests import Contest
from tests.e2e.system import System, until

ROOMY = {"per_day": 100, "total": 100, "in_flight": 100}


def is_ranked(contest: Contest) -> bool:
    with contest.system.sessions() as session:
        board = session.get_one(Leaderboard, UUID(contest.phase))
        return board.ranked == board.requested


def scored(contest: Contest, keys: list[UUID]) -> int:
    with contest.system.sessions() as session:
        count = sa.select(sa.func.count()).where(
            Submission.id.in_(keys), Submission.status == Status.SCORED
        )
        return session.scalar(count) or 0


def upload(contest: Contest, n: int) -> list[str]:
    """Hand in files over HTTP, and wait for their board."""
    people = [contest.contestant() for _ in range(n)]
    files = [contests.short_embeddings(number, 0.2 + 0.2 * number) for number in range(n)]
    made = contest.submit_together(people, files)
    contests.require_all_well(contest, made)
    until(lambda: is_ranked(contest), "the board is ranked")
    return made


def require_every_board_to_be_derivable(contest: Contest) -> None:
    with contest.system.sessions() as session:
        found = sa.select(Snapshot).where(Snapshot.phase_id == UUID(contest.phase))
        for one in session.scalars(found):
            assert sha256(rederive(session, one)).hexdigest() == one.sha256


def test_fifty_evaluations_that_end_together_are_ranked_once_or_twice(system: System) -> None:
    contest = contests.short_contest(system, quota=ROOMY)
    uploaded = upload(contest, 3)
    before = contests.snapshots(contest)

    queued = contest.queue_copies(uploaded, 50)
    contests.wait_until_ended(system, [str(one) for one in queued])
    until(lambda: is_ranked(contest), "the board is ranked")

    with system.sessions() as session:
        ends = session.scalars(
            sa.select(Evaluation.created_at).where(Evaluation.submission_id.in_(queued))
        ).all()
    assert len(ends) == 50
    # One at the start of the burst, one at its end, and where the machine makes it longer than a
    # pause, one for each pause.
    burst_s = (max(ends) - min(ends)).total_seconds()
    allowed = 2 + int(burst_s / system.settings.ranking_pause_s)
    assert 1 <= contests.snapshots(contest) - before <= allowed
    assert len(contest.board()["entries"]) == 53
    require_every_board_to_be_derivable(contest)


def test_nothing_is_left_unranked_by_a_worker_that_is_killed_in_a_burst(system: System) -> None:
    contest = contests.short_contest(system, quota=ROOMY)
    uploaded = upload(contest, 2)
    queued = contest.queue_copies(uploaded, 20)
    until(lambda: scored(contest, queued) >= 3, "some of the burst is scored")
    system.kill("worker")
    system.start("worker")
    contests.wait_until_ended(system, [str(one) for one in queued])
    until(lambda: is_ranked(contest), "the board is ranked")
    assert scored(contest, queued) == 20
    assert len(contest.board()["entries"]) == 22
    require_every_board_to_be_derivable(contest)
