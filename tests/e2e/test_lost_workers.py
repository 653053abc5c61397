"""Workers killed, stopped and told twice: each submission is scored exactly once."""

import os
import signal

from app.models import Status
from app.queue import EVALUATE_SUBMISSION
from tests.e2e import contests
from tests.e2e.system import System, until


def test_a_killed_worker_is_replaced_and_the_new_one_finishes(system: System) -> None:
    contest = contests.long_contest(system)
    submission = contest.submit(contest.contestant(), contests.long_embeddings(1))
    contests.wait_until_computing(system, submission)
    system.kill("worker")
    assert contests.row(system, submission).status == Status.RUNNING
    system.start("worker")
    contests.require_all_well(contest, [submission])
    assert contests.row(system, submission).attempt == 2


def test_a_killed_pool_child_is_replaced_and_the_submission_finished(system: System) -> None:
    contest = contests.long_contest(system)
    submission = contest.submit(contest.contestant(), contests.long_embeddings(2))
    contests.wait_until_computing(system, submission)
    worker = system.pid("worker")
    os.kill(system.computing().pid, signal.SIGKILL)
    contests.require_all_well(contest, [submission])
    assert contests.row(system, submission).attempt == 2
    assert system.pid("worker") == worker


def test_a_message_that_comes_forty_times_is_one_evaluation(system: System) -> None:
    contest = contests.short_contest(system)
    submission = contest.submit(contest.contestant(), contests.short_embeddings(1))
    wanted = contests.row(system, submission).id
    for _ in range(20):
        assert system.queue.announce(EVALUATE_SUBMISSION, wanted)
    before = contests.require_all_well(contest, [submission])
    for _ in range(20):
        assert system.queue.announce(EVALUATE_SUBMISSION, wanted)
    refused = f'"submission_id": "{submission}", "event": "nothing to claim"'
    until(lambda: system.log("worker").read_text().count(refused) >= 40, "all were looked at")
    after = contests.require_all_well(contest, [submission])
    assert contests.row(system, submission).attempt == 1
    assert after == before


def test_a_worker_told_to_stop_finishes_what_it_computes_and_takes_nothing_more(
    system: System,
) -> None:
    contest = contests.long_contest(system)
    # Copies: the first evaluation could end while other files are still uploaded.
    first = contest.submit(contest.contestant(), contests.long_embeddings(3))
    started = [first, *map(str, contest.queue_copies([first], 1))]
    contests.wait_until_computing(system, *started)
    (waiting,) = map(str, contest.queue_copies([first], 1))
    system.ask_to_stop("worker")
    until(lambda: system.has_ended("worker"), "the worker has ended")
    assert [contests.row(system, one).status for one in started] == [Status.SCORED] * 2
    assert contests.row(system, waiting).status == Status.QUEUED
    system.start("worker")
    contests.require_all_well(contest, [*started, waiting])
    assert {contests.row(system, one).attempt for one in (*started, waiting)} == {1}
