"""Who may hand in, when, and under which terms; and what changes while a file comes in."""

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from app.clock import utc_now
from app.models import Challenge, Phase, Submission
from app.queue import JobQueue, make_celery
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.sweep import announce_waiting


def change(parts: Parts, phase_id: str, **columns: Any) -> None:
    with parts.sessions() as session:
        phase = session.get_one(Phase, UUID(phase_id))
        for name, value in columns.items():
            setattr(phase, name, value)
        session.commit()


def kind(answer: Any) -> str:
    return str(answer.json()["type"].rsplit("/", 1)[-1])


@pytest.mark.parametrize(
    ("opens_in", "closes_in"),
    [(timedelta(hours=1), timedelta(hours=2)), (timedelta(hours=-2), timedelta(hours=-1))],
    ids=["upcoming", "closed"],
)
def test_outside_its_window_a_phase_takes_nothing(
    api: Api, parts: Parts, opens_in: timedelta, closes_in: timedelta
) -> None:
    contest = builders.contest(api, parts.sessions)
    team = builders.contestant(api, contest.challenge)
    now = utc_now()
    change(parts, contest.phase, opens_at=now + opens_in, closes_at=now + closes_in)
    refused = builders.submit(team, contest.phase, builders.truth())
    assert (refused.status_code, kind(refused)) == (409, "phase-not-open")


class SlowUpload:
    """An upload of which the last byte has not come."""

    def __init__(self, team: Person, phase: str) -> None:
        part = b'--line\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
        body = part % (b"method_name", b"") + b"slow\r\n"
        body += part % (b"file", b'; filename="e.csv"') + builders.csv_bytes(builders.truth())
        self._body = body + b"\r\n--line--\r\n"
        place = urlsplit(team.api.url)
        self.line = socket.create_connection((place.hostname, place.port), timeout=30)
        self.line.sendall(
            f"POST /api/v1/phases/{phase}/submissions HTTP/1.1\r\nHost: {place.netloc}\r\n"
            f"Authorization: Bearer {team.token}\r\nContent-Length: {len(self._body)}\r\n"
            "Content-Type: multipart/form-data; boundary=line\r\nConnection: close\r\n\r\n".encode()
        )
        self.line.sendall(self._body[:-1])

    def end(self) -> str:
        """Send the last byte and return the whole answer."""
        self.line.sendall(self._body[-1:])
        answer = b""
        while data := self.line.recv(65536):
            answer += data
        return answer.decode()


@pytest.fixture
def begun(api: Api, parts: Parts, settings: Settings) -> Iterator[tuple[Any, Person, SlowUpload]]:
    contest = builders.contest(api, parts.sessions)
    team = builders.contestant(api, contest.challenge)
    incoming = settings.blob_root / "incoming"
    upload = SlowUpload(team, contest.phase)
    with closing(upload.line):
        builders.wait_until(lambda: list(incoming.iterdir()))
        yield contest, team, upload


def test_a_phase_that_closes_during_the_upload_refuses_it(
    begun: tuple[Any, Person, SlowUpload], parts: Parts
) -> None:
    contest, team, upload = begun
    change(parts, contest.phase, closes_at=utc_now())
    answer = upload.end()
    assert answer.startswith("HTTP/1.1 409")
    assert "phase-not-open" in answer
    assert team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"] == []


def test_the_last_byte_decides_and_not_the_validation_after_it(
    begun: tuple[Any, Person, SlowUpload], parts: Parts
) -> None:
    contest, team, upload = begun
    before = utc_now()
    assert upload.end().startswith("HTTP/1.1 201")
    (made,) = team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"]
    received_at = datetime.fromisoformat(made["received_at"])
    assert before - timedelta(milliseconds=1) <= received_at <= utc_now()
    with parts.sessions() as session:
        row = session.get_one(Submission, UUID(made["id"]))
        assert row.received_at >= before


@pytest.mark.parametrize("what", ["samples", "dimension"])
def test_an_organizer_who_changes_what_a_file_must_hold_sends_the_upload_back(
    begun: tuple[Any, Person, SlowUpload], parts: Parts, what: str
) -> None:
    contest, team, upload = begun
    if what == "samples":
        files = builders.bundle_files(builders.bundle_config(), n=50)
        other = builders.challenge(contest.host, files)
        with parts.sessions() as session:
            digest = session.get_one(Phase, UUID(other["phases"][0]["id"])).samples_digest
        change(parts, contest.phase, samples_digest=digest)
    else:
        with parts.sessions() as session:
            session.query(Challenge).filter_by(slug=contest.challenge["slug"]).update(
                {"embedding_dim": 8}
            )
            session.commit()
    answer = upload.end()
    assert answer.startswith("HTTP/1.1 409"), answer
    assert "/problems/conflict" in answer
    assert team.api.ok("GET", f"/phases/{contest.phase}/submissions")["items"] == []


def test_changed_terms_stop_a_team_until_its_captain_accepts_them(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    team = builders.contestant(api, contest.challenge)
    slug = contest.challenge["slug"]
    with parts.sessions() as session:
        session.query(Challenge).filter_by(slug=slug).update({"terms_version": "2"})
        session.commit()
    refused = builders.submit(team, contest.phase, builders.truth())
    assert (refused.status_code, kind(refused)) == (409, "terms-changed")
    body = {"team_id": team.teams[0]["id"], "terms_version": "2"}
    team.api.ok("POST", f"/challenges/{slug}/participations", json=body)
    assert builders.submit(team, contest.phase, builders.truth()).status_code == 201


def test_a_phase_may_require_a_scored_submission_in_another(api: Api, parts: Parts) -> None:
    host = builders.organizer(api, parts.sessions)
    phases = [builders.phase_config("dev"), builders.phase_config("test", requires="dev")]
    made = builders.challenge(host, builders.bundle_files(builders.bundle_config(phases=phases)))
    dev, test = (phase["id"] for phase in made["phases"])
    team = builders.contestant(api, made)
    first = builders.submit(team, dev, builders.truth()).json()
    refused = builders.submit(team, test, builders.truth())
    assert (refused.status_code, kind(refused)) == (403, "phase-requirement-not-met")
    evaluate_submission(parts, UUID(first["id"]))
    assert builders.submit(team, test, builders.truth()).status_code == 201


def test_who_takes_no_part_may_not_hand_in(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    stranger = builders.person(api)
    assert builders.submit(stranger, contest.phase, builders.truth()).status_code == 403


def test_a_participant_may_hand_in_no_baseline(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    team = builders.contestant(api, contest.challenge)
    refused = builders.submit(team, contest.phase, b"not even looked at", baseline="true")
    assert (refused.status_code, kind(refused)) == (403, "forbidden")


def test_an_organizer_in_no_team_may_hand_in_baselines_only(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    change(parts, contest.phase, opens_at=utc_now() + timedelta(days=1))
    refused = builders.submit(contest.host, contest.phase, b"not even looked at")
    assert (refused.status_code, kind(refused)) == (403, "forbidden")
    before_it_opens = builders.submit(
        contest.host, contest.phase, builders.truth(), baseline="true"
    )
    assert before_it_opens.status_code == 201


def test_without_redis_a_submission_is_accepted_and_announced_by_the_sweep(
    api: Api, parts: Parts, settings: Settings
) -> None:
    contest = builders.contest(api, parts.sessions)
    team = builders.contestant(api, contest.challenge)
    deaf = settings.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"})
    with RunningServer(deaf) as server, Api(server.url, team.token) as there:
        lonely = Person(there, team.id, team.email, team.token)
        made = builders.submit(lonely, contest.phase, builders.truth())
        assert made.status_code == 201, made.text
    key = UUID(made.json()["id"])
    with parts.sessions() as session:
        assert session.get_one(Submission, key).announced_at is None
    queue = JobQueue(make_celery(deaf))
    assert queue.waiting() is None
    queue.close()
    announce_waiting(parts, now=utc_now() + timedelta(seconds=5))
    with parts.sessions() as session:
        assert session.get_one(Submission, key).announced_at is not None
