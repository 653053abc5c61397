"""Redis emptied, the database restarted, the server killed: nothing is lost, nothing is doubled."""

import concurrent.futures
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
from sqlalchemy import select

from app.blobs import BlobKind
from app.models import Status, Submission
from tests import builders
from tests.api import PREFIX
from tests.builders import Person
from tests.e2e import contests
from tests.e2e.contests import Contest
from tests.e2e.streams import Stream
from tests.e2e.system import System, until


def test_a_redis_that_comes_back_empty_costs_nothing_but_time(system: System) -> None:
    contest = contests.long_contest(system)
    person = contest.contestant()

    def statuses() -> list[str]:
        return [contests.row(system, one).status for one in submissions]

    first = contest.submit(person, contests.long_embeddings(0))
    submissions = [first, *map(str, contest.queue_copies([first], 4))]
    until(lambda: Status.RUNNING in statuses(), "one is running")
    assert statuses().count(Status.QUEUED) >= 2
    before = [system.pid(name) for name in system.programs]
    system.redis.restart_empty()
    contests.require_all_well(contest, submissions)
    assert [system.pid(name) for name in system.programs] == before
    until(system.is_ready, "the worker reports to the new Redis")
    late = contest.submit(person, contests.long_embeddings(20))
    contests.wait_until_ended(system, [late])
    assert contests.row(system, late).attempt == 1


def test_a_stream_open_while_redis_is_lost_ends_or_tells_the_end(system: System) -> None:
    contest = contests.long_contest(system)
    person = contest.contestant()
    submission = contest.submit(person, contests.long_embeddings(30))
    contests.wait_until_computing(system, submission)
    with Stream(person, submission) as stream:
        stream.wait_for_an_event()
        system.redis.stop()
        contests.wait_until_ended(system, [submission])
        system.redis.start()
        stream.wait_for_the_end()
    with Stream(person, submission) as again:
        again.wait_for_the_end()
    assert again.statuses == [Status.SCORED]
    contests.require_all_well(contest, [submission])


def test_uploads_are_taken_while_redis_is_away_and_announced_when_it_is_back(
    system: System,
) -> None:
    contest = contests.short_contest(system)
    person = contest.contestant()
    system.redis.stop()
    submission = contest.submit(person, contests.short_embeddings(31))
    assert contests.row(system, submission).announced_at is None
    system.redis.start()
    contests.require_all_well(contest, [submission])


class Uploader(threading.Thread):
    """A team that hands in one file after another, and again what met a database that was away."""

    def __init__(self, contest: Contest, person: Person, number: int) -> None:
        super().__init__()
        self._contest = contest
        self._person = person
        self._number = number
        self._enough = threading.Event()
        self.accepted: list[str] = []
        self.refused = 0

    def run(self) -> None:
        round_number = 0
        while not self._enough.is_set():
            round_number += 1
            self._hand_in(f"{self._number}-{round_number}", 100 * self._number + round_number)

    def _hand_in(self, key: str, seed: int) -> None:
        content = contests.short_embeddings(seed)
        while True:
            # Nobody asks the database that is away whether the audit log has it.
            answer = builders.submit(
                self._person, self._contest.phase, content, key=key, changes=None
            )
            if answer.status_code == httpx.codes.CREATED:
                self.accepted.append(answer.json()["id"])
                return
            assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
            assert answer.headers["retry-after"]
            self.refused += 1

    def stop(self) -> None:
        self._enough.set()
        self.join()


def test_a_database_restart_stores_uploads_whole_or_not_at_all(system: System) -> None:
    long = contests.long_contest(system)
    quota = {"per_day": 500, "total": 500, "in_flight": 500}
    contest = contests.short_contest(system, quota=quota, selection="last")
    uploaders = [Uploader(contest, contest.contestant(), number) for number in range(3)]
    contestants = [long.contestant() for _ in range(3)]
    files = [contests.long_embeddings(40 + number) for number in range(3)]
    running = long.submit_together(contestants, files)
    for one in uploaders:
        one.start()
    try:
        until(lambda: all(one.accepted for one in uploaders), "uploads come in")
        system.postgres.restart()
        seen = [len(one.accepted) for one in uploaders]
        until(
            lambda: all(len(one.accepted) > n for one, n in zip(uploaders, seen, strict=True)),
            "uploads come in again",
        )
    finally:
        for one in uploaders:
            one.stop()
    accepted = [submission for one in uploaders for submission in one.accepted]
    contests.wait_until_ended(system, accepted)
    assert _rows_of(system, contest.phase) == sorted(accepted)
    for submission in accepted:
        seen_row = contests.row(system, submission)
        assert seen_row.status == Status.SCORED
        assert system.blobs.path(BlobKind.MATRICES, seen_row.matrix_sha256).exists()
    assert not list((system.blobs.root / "incoming").iterdir())
    contests.require_all_well(long, running)


def test_a_server_killed_during_an_upload_leaves_nothing_and_a_retry_is_one_submission(
    system: System,
) -> None:
    contest = contests.short_contest(system)
    person = contest.contestant()
    content = contests.short_embeddings(50)
    with _half_an_upload(person, contest, content):
        system.kill("server")
    assert _rows_of(system, contest.phase) == []
    system.start("server")
    first, again = (
        builders.submit(person, contest.phase, content, key="the key") for _ in range(2)
    )
    assert first.status_code == again.status_code == httpx.codes.CREATED
    assert again.headers["idempotent-replay"] == "true"
    assert first.json()["id"] == again.json()["id"]
    contests.require_all_well(contest, [first.json()["id"]])


def test_a_server_killed_before_it_answers_has_taken_the_submission_once(system: System) -> None:
    contest = contests.short_contest(system)
    person = contest.contestant()
    content = contests.short_embeddings(51)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pool.submit(builders.submit, person, contest.phase, content, key="the key")
        until(lambda: _rows_of(system, contest.phase), "the row is committed")
        system.kill("server")
    system.start("server")
    answer = builders.submit(person, contest.phase, content, key="the key")
    assert answer.status_code == httpx.codes.CREATED
    assert _rows_of(system, contest.phase) == [answer.json()["id"]]
    contests.require_all_well(contest, [answer.json()["id"]])


def test_a_server_told_to_stop_answers_whom_it_serves_and_ends_its_streams(
    system: System,
) -> None:
    contest, other = contests.long_contest(system), contests.short_contest(system)
    person, hasty = contest.contestant(), other.contestant()
    submission = contest.submit(person, contests.long_embeddings(52))
    incoming = system.blobs.root / "incoming"
    left = set(incoming.iterdir())  # of servers that were killed
    with (
        concurrent.futures.ThreadPoolExecutor() as pool,
        Stream(person, submission) as stream,
    ):
        stream.wait_for_an_event()
        late = pool.submit(builders.submit, hasty, other.phase, contests.short_embeddings(53))
        until(lambda: late.done() or set(incoming.iterdir()) - left, "the upload has begun")
        system.ask_to_stop("server")
        stream.wait_for_the_end()
        answer = late.result()
    assert answer.status_code == httpx.codes.CREATED
    until(lambda: system.has_ended("server"), "the server has ended")
    assert "timeout graceful shutdown exceeded" not in system.log("server").read_text()
    system.start("server")
    contests.require_all_well(contest, [submission])
    contests.require_all_well(other, [answer.json()["id"]])


def _rows_of(system: System, phase: str) -> list[str]:
    with system.sessions() as session:
        found = session.scalars(select(Submission.id).where(Submission.phase_id == phase))
        return sorted(str(one) for one in found)


@contextmanager
def _half_an_upload(person: Person, contest: Contest, content: bytes) -> Iterator[None]:
    """Send the first half of an upload, and hold the line."""
    address = urlsplit(person.api.url)
    form = httpx.Request(
        "POST",
        f"{person.api.url}{PREFIX}/phases/{contest.phase}/submissions",
        headers={"Authorization": f"Bearer {person.token}", "Idempotency-Key": "the key"},
        data={"method_name": "A method"},
        files={"file": ("embeddings.csv", content)},
    )
    body = form.read()
    head = [f"POST {form.url.path} HTTP/1.1"]
    head += [f"{name}: {value}" for name, value in form.headers.items()]
    incoming = contest.system.blobs.root / "incoming"
    left = set(incoming.iterdir())
    with socket.create_connection((str(address.hostname), int(address.port or 0))) as line:
        line.sendall("\r\n".join([*head, "", ""]).encode() + body[: len(body) // 2])
        until(lambda: set(incoming.iterdir()) - left, "the server receives")
        yield
