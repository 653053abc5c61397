"""Webhooks to a real receiver on the loopback interface: signed, once, and never to the inside."""

import hashlib
import hmac
import json
import os
import signal
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
import trustme

from app.clock import utc_now
from app.local import commands
from app.local.program import Program, python_module
from app.models import Notice, Webhook
from app.notices.deliveries import DISABLED_AFTER, FAILING_FOR, LEASE, pause_after
from app.queue import DELIVER_NOTICE, JobQueue, make_celery
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.receivers import Call, Receiver
from tests.services import Services
from tests.serving import RunningServer
from worker.deliver import Outbound, deliver_notice
from worker.evaluate import evaluate_submission
from worker.parts import Parts

ROOT = Path(__file__).resolve().parents[2]
REDIS_DATABASE = 14  # no test process uses this one


@pytest.fixture(scope="module")
def local_server(settings: Settings) -> Iterator[RunningServer]:
    """A server as on a laptop, where webhooks may be plain HTTP to the machine itself."""
    with RunningServer(settings.model_copy(update={"webhooks_to_loopback": True})) as running:
        yield running


@pytest.fixture(scope="module")
def contest(local_server: RunningServer, parts: Parts) -> Iterator[Contest]:
    with Api(local_server.url) as api:
        yield builders.contest(api, parts.sessions, team_sees="aggregate")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def out(parts: Parts) -> Outbound:
    local = parts.settings.model_copy(update={"webhooks_to_loopback": True})
    return Outbound(local, parts.sessions)


def later(out: Outbound, after: timedelta) -> Outbound:
    return replace(out, clock=lambda: utc_now() + after)


class Hook:
    """A webhook of a team that is made for it."""

    def __init__(self, contest: Contest, url: str, **fields: Any) -> None:
        self.by: Person = builders.contestant(contest.host.api, contest.challenge)
        self.path = f"/teams/{self.by.teams[0]['id']}/webhooks"
        self.made = self.by.api.ok("POST", self.path, json={"url": url, **fields})
        self.path += f"/{self.made['id']}"

    def ping(self) -> UUID:
        return UUID(self.by.api.ok("POST", f"{self.path}/ping")["notice"])

    def last(self) -> Any:
        return self.by.api.ok("GET", f"{self.path}/deliveries")["items"][0]

    def seen(self) -> Any:
        (one,) = self.by.api.ok("GET", self.path.rpartition("/")[0])
        return one


def scored(parts: Parts, contest: Contest, team: Person, seed: int) -> tuple[str, UUID]:
    """Have a submission scored; return its id and that of the notice of it."""
    made = builders.submit(team, contest.phase, builders.blend(0.5, seed=4200 + seed)).json()
    evaluate_submission(parts, UUID(made["id"]))
    with parts.sessions() as session:
        told = sa.select(Notice.id).where(Notice.submission_id == UUID(made["id"]))
        return made["id"], session.scalars(told).one()


def assert_signed(call: Call, secret: str) -> None:
    """Check a request as a receiver would, from the documentation alone."""
    parts = dict(part.split("=") for part in call.headers["X-Probeboard-Signature"].split(","))
    signed = parts["t"].encode() + b"." + call.body
    assert parts["v1"] == hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert abs(int(parts["t"]) - utc_now().timestamp()) < 3600


def test_a_team_and_the_organizers_are_told_and_no_other_team_and_no_score(
    parts: Parts, contest: Contest, receiver: Receiver, out: Outbound
) -> None:
    mine, rivals = (Hook(contest, f"{receiver.url}/{name}") for name in ("mine?a=b", "rivals"))
    path = f"/challenges/{contest.challenge['slug']}/webhooks"
    host = contest.host.api.ok("POST", path, json={"url": f"{receiver.url}/host"})
    key, notice_id = scored(parts, contest, mine.by, 1)
    deliver_notice(out, notice_id)
    by_path = {call.path: call for call in receiver.calls}
    assert sorted(by_path) == ["/host", "/mine?a=b"]
    assert_signed(by_path["/mine?a=b"], mine.made["secret"])
    assert_signed(by_path["/host"], host["secret"])
    told = json.loads(by_path["/mine?a=b"].body)
    delivery = mine.last()
    assert by_path["/mine?a=b"].headers["X-Probeboard-Delivery"] == delivery["id"]
    assert (told["delivery"], told["notice"]) == (delivery["id"], str(notice_id))
    assert told["kind"] == "scored"
    assert told["submission"]["id"] == key
    assert told["submission"]["failure"] is None
    assert (delivery["status"], delivery["status_code"]) == ("delivered", 204)
    body = by_path["/mine?a=b"].body.decode()
    assert 'score"' not in body
    assert mine.made["secret"] not in body
    assert rivals.by.api.ok("GET", f"{rivals.path}/deliveries")["items"] == []
    assert "secret" not in mine.seen()
    contest.host.api.ok("DELETE", f"{path}/{host['id']}")


def test_a_receiver_that_is_down_gets_it_when_it_is_up_under_the_same_id(
    parts: Parts, contest: Contest, out: Outbound
) -> None:
    with Receiver() as first:
        port = first.port
    hook = Hook(contest, f"http://127.0.0.1:{port}/hook")
    _, notice_id = scored(parts, contest, hook.by, 2)
    deliver_notice(out, notice_id)
    waiting = hook.last()
    assert (waiting["status"], waiting["attempts"], waiting["status_code"]) == ("waiting", 1, None)
    assert waiting["error"] == "No answer: the connection was refused."
    assert waiting["next_attempt_at"] is not None
    with Receiver(port=port) as second:
        deliver_notice(out, notice_id)
        assert second.calls == []
        second.answer = lambda _: (503, {}, b"busy")
        deliver_notice(later(out, pause_after(1)), notice_id)
        assert hook.last()["error"] == "It answered 503."
        second.answer = lambda _: (200, {}, b"thanks")
        deliver_notice(later(out, pause_after(1) + pause_after(2)), notice_id)
        ids = [call.headers["X-Probeboard-Delivery"] for call in second.calls]
    assert ids == [waiting["id"]] * 2
    assert hook.last()["status"] == "delivered"
    assert hook.seen()["failures"] == 0


def test_two_notifiers_at_once_deliver_once(
    parts: Parts, contest: Contest, receiver: Receiver, out: Outbound
) -> None:
    hook = Hook(contest, receiver.url)
    together = threading.Barrier(4)
    notice_id = hook.ping()

    def deliver() -> None:
        together.wait()
        deliver_notice(out, notice_id)

    threads = [threading.Thread(target=deliver) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.calls) == 1
    assert json.loads(receiver.calls[0].body)["kind"] == "ping"


def test_a_notifier_that_is_killed_half_way_leaves_it_to_the_next_one(
    parts: Parts,
    contest: Contest,
    receiver: Receiver,
    out: Outbound,
    services: Services,
    settings: Settings,
    tmp_path: Path,
) -> None:
    redis_url = f"{services.redis.url}?db={REDIS_DATABASE}"
    environment = dict(os.environ) | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": redis_url,
        "BLOB_ROOT": str(settings.blob_root),
        "WEBHOOKS_TO_LOOPBACK": "true",
    }
    hook = Hook(contest, receiver.url)
    killed = threading.Event()

    def wait(_: Call) -> tuple[int, dict[str, str], bytes]:
        killed.wait(60)
        return 200, {}, b""

    receiver.answer = wait
    notice_id = hook.ping()
    command = python_module(*commands.NOTIFIER)
    log = tmp_path / "notifier.log"
    program = Program(command, log=log, environment=environment, folder=ROOT).start()
    queue = JobQueue(make_celery(settings.model_copy(update={"redis_url": redis_url})))
    assert queue.announce(DELIVER_NOTICE, notice_id)
    builders.wait_until(lambda: receiver.calls, at_most_s=120)
    assert program.pid is not None
    os.killpg(program.pid, signal.SIGKILL)
    program.stop()
    killed.set()
    queue.close()
    assert (hook.last()["status"], hook.last()["attempts"]) == ("waiting", 1)
    deliver_notice(out, notice_id)
    assert len(receiver.calls) == 1  # the lease holds
    deliver_notice(later(out, LEASE + timedelta(seconds=1)), notice_id)
    assert len({call.headers["X-Probeboard-Delivery"] for call in receiver.calls}) == 1
    assert len(receiver.calls) == 2
    assert hook.last()["status"] == "delivered"


def test_a_webhook_that_fails_for_long_is_disabled_with_a_reason_and_enabled_by_its_owner(
    parts: Parts, contest: Contest, receiver: Receiver, out: Outbound
) -> None:
    hook = Hook(contest, receiver.url)
    receiver.answer = lambda _: (500, {}, b"")
    deliver_notice(out, hook.ping())
    assert hook.seen()["failures"] == 1
    with parts.sessions() as session:
        row = session.get_one(Webhook, UUID(hook.made["id"]))
        row.failures = DISABLED_AFTER
        session.commit()
    deliver_notice(out, hook.ping())
    assert hook.seen()["disabled_at"] is None  # often, but not for long: it may be a restart
    with parts.sessions() as session:
        row = session.get_one(Webhook, UUID(hook.made["id"]))
        row.failing_since = utc_now() - FAILING_FOR
        session.commit()
    _, waiting = scored(parts, contest, hook.by, 3)
    deliver_notice(out, waiting)
    told = hook.seen()
    assert f"{DISABLED_AFTER + 2} attempts in a row failed" in told["disabled_reason"]
    assert "It answered 500." in told["disabled_reason"]
    calls = len(receiver.calls)
    _, later_one = scored(parts, contest, hook.by, 4)
    for notice_id in (waiting, later_one):
        deliver_notice(later(out, pause_after(1)), notice_id)
    assert len(receiver.calls) == calls
    assert hook.last()["status"] == "dropped"
    refused = hook.by.api.post(f"{hook.path}/ping")
    assert refused.json()["type"].endswith("/webhook-disabled")
    receiver.answer = lambda _: (200, {}, b"")
    enabled = hook.by.api.ok("PATCH", hook.path, json={"enabled": True})
    assert (enabled["failures"], enabled["disabled_at"]) == (0, None)
    deliver_notice(out, hook.ping())
    assert hook.last()["status"] == "delivered"
    off = hook.by.api.ok("PATCH", hook.path, json={"enabled": False, "kinds": ["failed"]})
    assert (off["disabled_reason"], off["kinds"]) == ("Disabled by its owner.", ["failed"])


ANSWERS = {
    "It answered 302; redirects are not followed.": (302, {"Location": "{url}/elsewhere"}, b""),
    "It answered 404.": (404, {}, b"x" * 300_000),
    "No answer: the connection broke (LineTooLong).": (200, {"X-Long": "x" * 70_000}, b""),
}


@pytest.mark.parametrize("error", ANSWERS)
def test_what_an_answer_can_do_to_us_is_bounded(
    contest: Contest, receiver: Receiver, out: Outbound, error: str
) -> None:
    status, headers, body = ANSWERS[error]
    filled = {name: value.format(url=receiver.url) for name, value in headers.items()}
    receiver.answer = lambda _: (status, filled, body)
    hook = Hook(contest, receiver.url)
    deliver_notice(out, hook.ping())
    assert hook.last()["error"] == error
    assert [call.path for call in receiver.calls] == ["/"]


def test_an_answer_that_does_not_come_is_not_waited_for(
    contest: Contest, receiver: Receiver, out: Outbound
) -> None:
    given_up = threading.Event()

    def wait(_: Call) -> tuple[int, dict[str, str], bytes]:
        given_up.wait(60)
        return 200, {}, b""

    receiver.answer = wait
    hook = Hook(contest, receiver.url)
    deliver_notice(out, hook.ping())
    given_up.set()
    assert hook.last()["error"] == "No answer: it took longer than 5 s."


def test_an_answer_that_is_huge_is_not_read_to_its_end(
    contest: Contest, receiver: Receiver, out: Outbound
) -> None:
    receiver.answer = lambda _: (200, {}, b"x" * 50_000_000)
    hook = Hook(contest, receiver.url)
    deliver_notice(out, hook.ping())
    assert hook.last()["status"] == "delivered"


def test_on_a_server_nothing_inside_is_called_whatever_a_name_means_by_then(
    parts: Parts, contest: Contest, receiver: Receiver
) -> None:
    production = Outbound(parts.settings, parts.sessions)
    for url in (receiver.url, f"https://localhost:{receiver.port}/", "https://127.1/"):
        hook = Hook(contest, "https://example.org/hook")
        with parts.sessions() as session:
            session.get_one(Webhook, UUID(hook.made["id"])).url = url
            session.commit()
        deliver_notice(production, hook.ping())
        assert hook.last()["error"] == "The host has no address that may be called."
    assert receiver.calls == []


def test_a_certificate_must_be_trusted_and_of_the_name_that_is_called(
    parts: Parts, contest: Contest, out: Outbound
) -> None:
    authority = trustme.CA()
    served, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(served)
    authority.configure_trust(trusting)
    with Receiver(tls=served) as receiver:
        hook = Hook(contest, f"https://localhost:{receiver.port}/hook")
        deliver_notice(out, hook.ping())
        assert "CERTIFICATE_VERIFY_FAILED" in hook.last()["error"]
        deliver_notice(replace(out, tls=trusting), hook.ping())
        assert hook.last()["status"] == "delivered"
        assert receiver.calls[0].headers["Host"] == f"localhost:{receiver.port}"
        other = Hook(contest, receiver.url.replace("localhost", "127.0.0.1"))
        deliver_notice(replace(out, tls=trusting), other.ping())
        assert "CERTIFICATE_VERIFY_FAILED" in other.last()["error"]


def test_there_are_a_few_webhooks_each_and_a_few_pings_an_hour(
    contest: Contest, receiver: Receiver
) -> None:
    hook = Hook(contest, receiver.url, kinds=["announcement"])
    path, api = hook.path.rpartition("/")[0], hook.by.api
    made = [api.post(path, json={"url": f"{receiver.url}/{n}"}) for n in range(5)]
    assert [one.status_code for one in made] == [201] * 4 + [409]
    assert made[-1].json()["type"].endswith("/too-many-webhooks")
    api.ok("DELETE", hook.path)
    assert api.get(f"{hook.path}/deliveries").status_code == 404
    assert api.post(path, json={"url": receiver.url}).is_success
    other = f"{path}/{made[0].json()['id']}/ping"
    answers = [api.post(other) for _ in range(31)]
    assert {one.status_code for one in answers[:-1]} == {202}
    assert answers[-1].json()["type"].endswith("/too-many-pings")
    for kinds in ([], ["ping"], ["nothing"]):
        assert api.post(path, json={"url": receiver.url, "kinds": kinds}).status_code == 422
