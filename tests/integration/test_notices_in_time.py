"""What time alone brings about is told once; what was lost on its way to the queue is found."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
import sqlalchemy as sa

from app.clock import utc_now
from app.models import Delivery, Notice, NoticeKind, Phase, Submission
from app.notices.calendar import note_free_slots, note_phase_dates
from app.notices.deliveries import take
from app.notices.recipients import fan_out
from app.queue import NOTICE_QUEUE
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Person
from worker.parts import Parts
from worker.sweep import announce_notices

HOUR, DAY = timedelta(hours=1), timedelta(hours=24)


def noted(parts: Parts, phase: str, kind: NoticeKind) -> list[dict[str, Any]]:
    with parts.sessions() as session:
        rows = session.scalars(
            sa.select(Notice)
            .where(Notice.phase_id == UUID(phase), Notice.kind == kind)
            .order_by(Notice.id)
        )
        return [row.facts for row in rows]


def pass_time(parts: Parts, *instants: datetime) -> None:
    for now in instants:
        with parts.sessions() as session:
            note_phase_dates(session, now=now)
            note_free_slots(session, now=now)
            session.commit()


@pytest.mark.parametrize(
    ("kind", "column"),
    [(NoticeKind.PHASE_OPENS, "opens_at"), (NoticeKind.PHASE_CLOSES, "closes_at")],
)
def test_a_date_is_told_a_day_and_an_hour_before_once_each_and_again_when_it_is_put_off(
    api: Api, parts: Parts, kind: NoticeKind, column: str
) -> None:
    instant = datetime.fromisoformat("2091-03-10T12:00:00+00:00")
    dates = {"opens_at": "2091-03-10T12:00:00Z", "closes_at": "2092-03-10T12:00:00Z"}
    if column == "closes_at":
        dates = {"opens_at": "2090-03-10T12:00:00Z", "closes_at": "2091-03-10T12:00:00Z"}
    phase = builders.contest(api, parts.sessions, **dates).phase
    pass_time(parts, instant - DAY - HOUR)
    assert noted(parts, phase, kind) == []
    pass_time(parts, instant - DAY, instant - 23 * HOUR, instant - 2 * HOUR)
    assert [one["hours"] for one in noted(parts, phase, kind)] == [24]
    pass_time(parts, instant - HOUR, instant - HOUR / 2, instant, instant + HOUR)
    assert [one["hours"] for one in noted(parts, phase, kind)] == [24, 1]
    with parts.sessions() as session:
        setattr(session.get_one(Phase, UUID(phase)), column, instant + DAY)
        session.commit()
    pass_time(parts, instant + DAY - HOUR)  # the day before was slept through
    assert [one["hours"] for one in noted(parts, phase, kind)] == [24, 1, 1]


def test_dates_of_a_challenge_that_is_not_published_are_told_nobody(api: Api, parts: Parts) -> None:
    host = builders.organizer(api, parts.sessions)
    config = builders.bundle_config(phases=[builders.phase_config(opens_at="2093-03-10T12:00:00Z")])
    made = builders.challenge(host, builders.bundle_files(config), publish=False)
    pass_time(parts, datetime.fromisoformat("2093-03-10T11:30:00+00:00"))
    assert noted(parts, made["phases"][0]["id"], NoticeKind.PHASE_OPENS) == []


def handed_in(parts: Parts, phase: str, team: Person, *ages: timedelta) -> None:
    """Hand in a submission for each of the ages."""
    for number, age in enumerate(ages):
        made = builders.submit(team, phase, builders.noise(4300 + number)).json()
        with parts.sessions() as session:
            row = session.get_one(Submission, UUID(made["id"]))
            row.received_at = utc_now() - age
            session.commit()


def test_a_team_that_was_at_its_limit_is_told_once_when_it_may_submit_again(
    api: Api, parts: Parts
) -> None:
    quota = {"per_day": 2, "total": 50, "in_flight": 5}
    contest = builders.contest(api, parts.sessions, quota=quota)
    full, idle = (builders.contestant(api, contest.challenge) for _ in range(2))
    handed_in(parts, contest.phase, full, DAY - 2 * HOUR, HOUR)
    handed_in(parts, contest.phase, idle, DAY - 2 * HOUR)
    now = utc_now()
    pass_time(parts, now)
    assert noted(parts, contest.phase, NoticeKind.QUOTA_FREE) == []
    pass_time(parts, now + 2 * HOUR, now + 2 * HOUR + HOUR / 60, now + 3 * HOUR)
    with parts.sessions() as session:
        told = session.scalars(
            sa.select(Notice).where(Notice.phase_id == UUID(contest.phase))
        ).one()
        whom = api.as_(full.token).ok(
            "GET", f"/challenges/{contest.challenge['slug']}/participations/mine"
        )
    assert str(told.participation_id) == whom["id"]


def test_a_slot_that_is_used_again_before_anybody_looked_is_not_told(
    api: Api, parts: Parts
) -> None:
    quota = {"per_day": 2, "total": 50, "in_flight": 5}
    contest = builders.contest(api, parts.sessions, quota=quota)
    team = builders.contestant(api, contest.challenge)
    handed_in(parts, contest.phase, team, DAY + HOUR, 2 * HOUR, HOUR / 2)
    pass_time(parts, utc_now())
    assert noted(parts, contest.phase, NoticeKind.QUOTA_FREE) == []


@pytest.fixture
def broker(settings: Settings) -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.redis_url)
    client.delete(NOTICE_QUEUE)
    yield client
    client.close()


def announced(broker: redis.Redis, key: UUID) -> int:
    waiting = (json.loads(one)["body"] for one in broker.lrange(NOTICE_QUEUE, 0, -1))
    return sum(str(key).encode() in base64.b64decode(body) for body in waiting)


def _leave_alone(parts: Parts, key: UUID) -> None:
    """Let no notice and no delivery of other tests be due; they could fill a batch."""
    later = utc_now() + 3 * HOUR
    with parts.sessions() as session:
        notices = sa.update(Notice).where(Notice.id != key)
        session.execute(notices.values(fanned_out_at=later, announced_at=later))
        session.execute(sa.update(Delivery).where(Delivery.notice_id != key).values(due_at=later))
        session.commit()


def test_a_notice_nobody_was_told_of_is_announced_and_one_that_was_lost_again(
    api: Api, parts: Parts, broker: redis.Redis
) -> None:
    contest = builders.contest(api, parts.sessions)
    builders.contestant(api, contest.challenge)
    path = f"/challenges/{contest.challenge['slug']}/announcements"
    made = contest.host.api.ok("POST", path, json={"title": "News", "body": "It begins."})
    with parts.sessions() as session:
        of = Notice.announcement_id == UUID(made["id"])
        key = session.scalars(sa.select(Notice.id).where(of)).one()
    _leave_alone(parts, key)
    assert announced(broker, key) == 1  # at once, beside the sweep
    broker.delete(NOTICE_QUEUE)
    now = utc_now()
    announce_notices(parts, now=now)
    announce_notices(parts, now=now)
    assert announced(broker, key) == 1
    announce_notices(parts, now=now + HOUR)
    assert announced(broker, key) == 1  # messages wait: nobody takes them, nothing is lost
    broker.delete(NOTICE_QUEUE)
    announce_notices(parts, now=now + HOUR)
    assert announced(broker, key) == 1
    broker.delete(NOTICE_QUEUE)
    broker.rpush(NOTICE_QUEUE, b'{"body": ""}')
    with parts.sessions() as session:
        fan_out(session, key, mail=True, now=now + HOUR)
        assert take(session, key, now=now + HOUR) is not None
        session.commit()
    announce_notices(parts, now=now + HOUR)
    assert announced(broker, key) == 0  # whoever took it has it under a lease
    announce_notices(parts, now=now + 2 * HOUR)
    announce_notices(parts, now=now + 2 * HOUR)
    assert announced(broker, key) == 1  # the lease ran out
