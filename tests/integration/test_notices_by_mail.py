"""Mails to a real SMTP server: who gets which, once, and what becomes of those that it refuses."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
import trustme
from pydantic import SecretStr

from app.clock import utc_now
from app.models import Delivery, DeliveryStatus, Notice, NoticeKind, Status, Submission, User
from app.notices.deliveries import ATTEMPTS, LEASE, pause_after, take
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.receivers import MailRoom
from tests.serving import RunningServer
from worker import store
from worker.deliver import Outbound, deliver_notice
from worker.evaluate import evaluate_submission
from worker.failures import Failure
from worker.parts import Parts

METHOD = "Tern 3"


@pytest.fixture(scope="module")
def contest(server: RunningServer, parts: Parts) -> Iterator[Contest]:
    quota = {"per_day": 100, "total": 100, "in_flight": 100}
    with Api(server.url) as api:
        yield builders.contest(api, parts.sessions, quota=quota, team_sees="aggregate")


@pytest.fixture(scope="module")
def team(contest: Contest) -> Person:
    return builders.contestant(contest.host.api, contest.challenge)


@pytest.fixture(scope="module")
def mate(contest: Contest, team: Person) -> Person:
    made = builders.person(contest.host.api)
    code = {"invitation_code": team.teams[0]["invitation_code"]}
    made.api.ok("POST", "/teams/join", json=code)
    return made


@pytest.fixture
def room() -> Iterator[MailRoom]:
    with MailRoom() as running:
        yield running


def outbound(parts: Parts, url: str, **settings: object) -> Outbound:
    told = {"smtp_url": SecretStr(url), "mail_from": "Board <board@example.org>"} | settings
    return Outbound(parts.settings.model_copy(update=told), parts.sessions)


def later(out: Outbound, after: timedelta) -> Outbound:
    return replace(out, clock=lambda: utc_now() + after)


def scored(parts: Parts, contest: Contest, team: Person, seed: int) -> UUID:
    """Have a submission scored, and return the notice of it."""
    matrix = builders.blend(0.5, seed=4000 + seed)
    made = builders.submit(team, contest.phase, matrix, method_name=METHOD).json()
    evaluate_submission(parts, UUID(made["id"]))
    return notice_of(parts, UUID(made["id"]))


def notice_of(parts: Parts, submission_id: UUID) -> UUID:
    with parts.sessions() as session:
        return session.scalars(
            sa.select(Notice.id).where(Notice.submission_id == submission_id)
        ).one()


def deliveries(parts: Parts, notice_id: UUID) -> dict[str, Delivery]:
    with parts.sessions() as session:
        rows = session.execute(
            sa.select(User.email, Delivery)
            .join(User, User.id == Delivery.user_id)
            .where(Delivery.notice_id == notice_id)
        )
        return {row.email: row.Delivery for row in rows}


def test_a_team_and_nobody_else_is_told_that_its_submission_was_scored_and_no_score(
    parts: Parts, contest: Contest, team: Person, mate: Person, room: MailRoom
) -> None:
    rival = builders.contestant(contest.host.api, contest.challenge)
    notice_id = scored(parts, contest, team, 1)
    deliver_notice(outbound(parts, room.url), notice_id)
    assert sorted(room.recipients) == sorted([team.email, mate.email])
    assert rival.email not in room.recipients
    rows = deliveries(parts, notice_id)
    assert {one.status for one in rows.values()} == {DeliveryStatus.DELIVERED}
    with parts.sessions() as session:
        submission = session.get_one(Submission, session.get_one(Notice, notice_id).submission_id)
    scores = team.api.ok("GET", f"/submissions/{submission.id}")["scores"]
    for mail in room.mails:
        assert mail["Subject"] == f"[{contest.challenge['title']}] “{METHOD}” was scored"
        assert mail["From"] == "Board <board@example.org>"
        assert mail["Message-ID"] == f"<{mail['X-Probeboard-Delivery']}@127.0.0.1>"
        assert mail["X-Probeboard-Delivery"] == str(rows[mail["To"]].id)
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        text = mail.get_content()
        assert f"/api/v1/submissions/{submission.id}" in text
        assert f"/{contest.challenge['slug']}/dev" in text
        for figure in (scores["mean_score"], scores["mean_q"]):
            assert f"{figure:.2f}" not in text
        assert team.token not in mail.as_string()


def test_a_message_that_comes_twice_is_delivered_once(
    parts: Parts, contest: Contest, team: Person, mate: Person, room: MailRoom
) -> None:
    notice_id = scored(parts, contest, team, 2)
    for _ in range(3):
        deliver_notice(outbound(parts, room.url), notice_id)
    assert len(room.mails) == 2


@pytest.mark.parametrize("verdict", [Status.REJECTED, Status.FAILED])
def test_why_there_is_no_score_is_told_and_still_when_a_retry_has_begun(
    parts: Parts,
    contest: Contest,
    team: Person,
    mate: Person,
    room: MailRoom,
    verdict: Status,
) -> None:
    seed = 4100 + len(verdict)
    made = builders.submit(team, contest.phase, builders.noise(seed)).json()
    key, now = UUID(made["id"]), utc_now()
    failure = Failure("not-scorable", "No finite score.\nReally.", "Traceback: a secret path")
    with parts.sessions() as session:
        session.execute(
            sa.update(Submission).where(Submission.id == key).values(attempts_allowed=1)
        )
        work = store.claim(session, key, now=now, lease=LEASE)
        assert work is not None
        if verdict is Status.REJECTED:
            assert store.reject(session, work, failure, now=now)
            assert not store.reject(session, work, failure, now=now)
        else:
            assert store.release(session, key, 1, failure, now=now) is Status.FAILED
        session.commit()
    if verdict is Status.FAILED:
        contest.host.api.ok("POST", f"/submissions/{key}/retry")
    deliver_notice(outbound(parts, room.url), notice_of(parts, key))
    (text, _) = [mail.get_content() for mail in room.mails]
    assert "(not-scorable)" in text
    assert "No finite score." in text
    assert "Traceback" not in text


def test_what_a_person_does_not_want_is_not_sent_and_a_link_in_each_mail_ends_it(
    parts: Parts, contest: Contest, team: Person, mate: Person, room: MailRoom, api: Api
) -> None:
    out = outbound(parts, room.url)
    deliver_notice(out, scored(parts, contest, team, 3))
    (mine,) = [mail for mail in room.mails if mail["To"] == mate.email]
    link = str(mine["List-Unsubscribe"]).strip("<>")
    path = link.partition("/api/v1")[2]
    page = api.get(path)
    assert "<button>" in page.text
    assert _wants(mate, "scored")
    form = {"List-Unsubscribe": "One-Click"}
    assert api.post(path, data=form).is_success
    assert not _wants(mate, "scored")
    assert _wants(mate, "failed")
    assert api.get(path[:-1] + ("0" if path[-1] != "0" else "1")).status_code == 404
    room.recipients.clear()
    deliver_notice(out, scored(parts, contest, team, 4))
    assert room.recipients == [team.email]
    assert api.post(f"{path}&everything=true").is_success
    assert not _wants(mate, "failed")
    every = {kind["kind"]: True for kind in mate.api.ok("GET", "/notices/preferences")["kinds"]}
    mate.api.ok("PUT", "/notices/preferences", json={"by_mail": every})
    assert _wants(mate, "quota-free")


def _wants(person: Person, kind: str) -> bool:
    kinds = person.api.ok("GET", "/notices/preferences")["kinds"]
    return {one["kind"]: one["by_mail"] for one in kinds}[kind] is True


def test_what_was_refused_for_now_is_tried_again_and_what_was_refused_for_good_is_not(
    parts: Parts, contest: Contest, team: Person, mate: Person, room: MailRoom
) -> None:
    notice_id = scored(parts, contest, team, 5)
    room.say = lambda who: "451 Later" if who == team.email else "550 Nobody here"
    out = outbound(parts, room.url)
    deliver_notice(out, notice_id)
    rows = deliveries(parts, notice_id)
    assert rows[mate.email].status == DeliveryStatus.FAILED
    assert rows[mate.email].error == "The mail server refuses the address (550)."
    assert rows[team.email].status == DeliveryStatus.WAITING
    room.say = lambda _: "250 OK"
    deliver_notice(out, notice_id)
    assert room.mails == []  # it is not due yet
    deliver_notice(later(out, pause_after(1)), notice_id)
    assert room.recipients == [team.email]


def test_a_server_that_is_down_is_tried_with_growing_pauses_until_the_last_attempt(
    parts: Parts, contest: Contest, team: Person, mate: Person, room: MailRoom
) -> None:
    notice_id = scored(parts, contest, team, 6)
    out, passed = outbound(parts, "smtp://127.0.0.1:9"), timedelta()
    for attempt in range(1, ATTEMPTS + 1):
        deliver_notice(later(out, passed), notice_id)
        assert {one.attempt for one in deliveries(parts, notice_id).values()} == {attempt}
        passed += pause_after(attempt) + timedelta(seconds=1)
    rows = deliveries(parts, notice_id).values()
    assert {one.status for one in rows} == {DeliveryStatus.FAILED}
    assert all("ConnectionRefusedError" in (one.error or "") for one in rows)
    deliver_notice(later(outbound(parts, room.url), passed), notice_id)
    assert room.mails == []


def test_who_dies_at_an_attempt_leaves_it_to_the_next_and_the_last_one_is_not_repeated(
    parts: Parts, contest: Contest, team: Person, mate: Person, room: MailRoom
) -> None:
    notice_id = scored(parts, contest, team, 7)
    nowhere = outbound(parts, "smtp://127.0.0.1:9")
    deliver_notice(nowhere, notice_id)
    now = utc_now() + pause_after(1) + timedelta(seconds=1)
    with parts.sessions() as session:  # taken, and then nothing is heard of them
        first, second = take(session, notice_id, now=now), take(session, notice_id, now=now)
        assert first is not None
        assert second is not None
        assert take(session, notice_id, now=now) is None
        last = sa.update(Delivery).where(Delivery.id == second.delivery_id)
        session.execute(last.values(attempt=ATTEMPTS))
        session.commit()
    out = replace(outbound(parts, room.url), clock=lambda: now + LEASE)
    deliver_notice(out, notice_id)
    assert len(room.mails) == 1
    assert room.mails[0]["X-Probeboard-Delivery"] == str(first.delivery_id)
    rows = {one.id: one for one in deliveries(parts, notice_id).values()}
    assert rows[second.delivery_id].status == DeliveryStatus.FAILED
    assert "was lost" in (rows[second.delivery_id].error or "")


def test_a_password_goes_over_tls_only_to_a_server_whose_certificate_is_trusted(
    parts: Parts, contest: Contest, team: Person, mate: Person
) -> None:
    authority = trustme.CA()
    served, trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(served)
    authority.configure_trust(trusting)
    notice_id = scored(parts, contest, team, 8)
    with MailRoom(tls=served, password="a b/c") as room:
        url = room.url.replace("//", "//board:a%20b%2Fc@")
        deliver_notice(outbound(parts, url), notice_id)
        assert room.mails == []
        out = replace(outbound(parts, url), tls=trusting)
        wrong = replace(outbound(parts, url.replace("a%20b", "x")), tls=trusting)
        deliver_notice(later(wrong, pause_after(1)), notice_id)
        assert {one.error for one in deliveries(parts, notice_id).values()} == {
            "The mail server does not take our password."
        }
        deliver_notice(later(out, timedelta(minutes=5)), notice_id)
        assert room.over_tls == [True, True]
    with MailRoom() as room:
        notice_id = scored(parts, contest, team, 9)
        deliver_notice(outbound(parts, room.url.replace("//", "//board:x@")), notice_id)
        assert room.mails == []
    errors = {one.error or "" for one in deliveries(parts, notice_id).values()}
    assert all("not sent in clear" in error for error in errors)


def test_without_a_server_mails_are_files_in_a_folder_and_without_either_there_are_none(
    parts: Parts, contest: Contest, team: Person, mate: Person, tmp_path: Path
) -> None:
    notice_id = scored(parts, contest, team, 10)
    folder = tmp_path / "mail"
    local = parts.settings.model_copy(update={"mail_folder": folder})
    deliver_notice(Outbound(local, parts.sessions), notice_id)
    rows = deliveries(parts, notice_id).values()
    assert {path.name for path in folder.iterdir()} == {f"{one.id}.eml" for one in rows}
    silent = scored(parts, contest, team, 11)
    deliver_notice(Outbound(parts.settings, parts.sessions), silent)
    assert deliveries(parts, silent) == {}
    unwritable = parts.settings.model_copy(update={"mail_folder": Path("/dev/null/mail")})
    third = scored(parts, contest, team, 12)
    deliver_notice(Outbound(unwritable, parts.sessions), third)
    assert {one.status for one in deliveries(parts, third).values()} == {DeliveryStatus.WAITING}
    out = later(Outbound(parts.settings, parts.sessions), pause_after(1))
    deliver_notice(out, third)
    assert {one.error for one in deliveries(parts, third).values()} == {
        "This server sends no mail."
    }


def test_everybody_who_takes_part_gets_an_announcement_unless_it_is_withdrawn_before(
    parts: Parts, contest: Contest, team: Person, mate: Person, room: MailRoom
) -> None:
    path = f"/challenges/{contest.challenge['slug']}/announcements"
    host = contest.host.api
    told = {"title": "The test phase", "body": "It opens *soon*."}
    kept, gone = host.ok("POST", path, json=told), host.ok("POST", path, json=told)
    host.ok("DELETE", f"{path}/{gone['id']}")
    host.ok("PATCH", f"{path}/{kept['id']}", json={"body": "It opens **now**."})
    out = outbound(parts, room.url)
    with parts.sessions() as session:
        for one in (kept, gone):
            of = Notice.announcement_id == UUID(one["id"])
            deliver_notice(out, session.scalars(sa.select(Notice.id).where(of)).one())
    assert {team.email, mate.email} <= set(room.recipients)
    assert len(room.recipients) == len(set(room.recipients))
    assert contest.host.email not in room.recipients
    assert {"It opens **now**." in mail.get_content() for mail in room.mails} == {True}


def test_who_has_left_or_came_too_late_is_told_nothing(
    parts: Parts, contest: Contest, team: Person, mate: Person, room: MailRoom
) -> None:
    expired = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    notice_id = scored(parts, contest, team, 13)
    with parts.sessions() as session:
        session.get_one(Notice, notice_id).expires_at = expired
        session.commit()
    deliver_notice(outbound(parts, room.url), notice_id)
    rows = deliveries(parts, notice_id).values()
    assert {(one.status, one.error) for one in rows} == {("dropped", "It came too late.")}
    second = scored(parts, contest, team, 14)
    deliver_notice(outbound(parts, "smtp://127.0.0.1:9"), second)
    mate.api.ok("PUT", "/notices/preferences", json={"by_mail": {NoticeKind.SCORED: False}})
    deliver_notice(later(outbound(parts, room.url), pause_after(1)), second)
    mate.api.ok("PUT", "/notices/preferences", json={"by_mail": {NoticeKind.SCORED: True}})
    assert room.recipients == [team.email]
