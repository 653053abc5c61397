"""The reveal of private scores: nobody hands anything in, and the board changes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.models import AuditEntry, Leaderboard, Phase
from app.policy import reveal_of
from tests import builders, two_parts
from tests.api import Api
from tests.builders import Contest
from tests.serving import RunningServer
from tests.two_parts import Entry
from worker.parts import Parts
from worker.rank import rank_phase
from worker.sweep import request_reveals

AFTER = timedelta(seconds=1)


@pytest.fixture
def found(server: RunningServer, parts: Parts) -> Iterator[tuple[Contest, Entry]]:
    """A phase in which one team has a score, by public samples so far."""
    with Api(server.url) as api:
        host = builders.organizer(api, parts.sessions)
        made = builders.challenge(host, two_parts.bundle(analyses=[]))
        phase = made["phases"][0]["id"]
        entry = two_parts.hand_in(api, parts, made, [two_parts.STEADY])
        rank_phase(parts, UUID(phase))
        yield Contest(host, made, phase), entry


def board(parts: Parts, phase: str) -> tuple[int, int, str | None]:
    with parts.sessions() as session:
        row = session.get_one(Leaderboard, UUID(phase))
        return row.requested, row.ranked, row.part


def is_current(contest: Contest) -> bool:
    told = contest.host.api.ok("GET", f"/challenges/{contest.challenge['slug']}/overview")
    return bool(told["phases"][0]["board_is_current"])


def reveal(parts: Parts, phase: str, now: datetime) -> None:
    request_reveals(parts, now=now)
    rank_phase(parts, UUID(phase))


def test_it_is_asked_for_at_its_instant_once_and_noted_once(
    found: tuple[Contest, Entry], parts: Parts
) -> None:
    contest = found[0]
    phase = contest.phase
    requested, _, part = board(parts, phase)
    assert (part, is_current(contest)) == ("public", True)
    closes_at = two_parts.close(parts, phase)
    assert not is_current(contest)
    request_reveals(parts, now=closes_at - timedelta(microseconds=1))
    assert board(parts, phase)[0] == requested
    for _ in range(2):  # the second finds that it has been asked for
        request_reveals(parts, now=closes_at)
        assert board(parts, phase)[0] == requested + 1
    rank_phase(parts, UUID(phase))
    assert board(parts, phase) == (requested + 1, requested + 1, "private")
    assert is_current(contest)
    request_reveals(parts, now=utc_now() + AFTER)
    assert board(parts, phase)[0] == requested + 1
    with parts.sessions() as session:
        noted = sa.select(AuditEntry).filter_by(action="phase.revealed", subject_id=phase)
        (entry,) = session.scalars(noted)
    assert entry.actor_kind == "system"
    assert (entry.before, entry.after) == ({"part": "public"}, {"part": "private"})


def test_it_is_asked_for_again_where_a_slow_clock_ranked_too_early(
    found: tuple[Contest, Entry], parts: Parts
) -> None:
    phase = found[0].phase
    late = utc_now() + timedelta(hours=1)
    two_parts.close(parts, phase, at=late)
    requested, *_ = board(parts, phase)
    reveal(parts, phase, late)
    assert board(parts, phase) == (requested + 1, requested + 1, "public")
    request_reveals(parts, now=late + AFTER)
    assert board(parts, phase)[0] == requested + 2


def test_it_waits_for_a_team_that_was_given_more_time_and_does_not_say_so(
    found: tuple[Contest, Entry], parts: Parts
) -> None:
    (contest, entry), api = found, found[0].host.api
    phase = contest.phase
    two_parts.close(parts, phase, at=utc_now() + timedelta(minutes=10))
    late = two_parts.hand_in(api, parts, contest.challenge, [two_parts.MIDDLING])
    listed = api.ok("GET", f"/challenges/{contest.challenge['slug']}/participations")["items"]
    (mine,) = [one["id"] for one in listed if one["team_name"] == late.name]
    until = utc_now() + timedelta(hours=2)
    more = {"closes_at": until.isoformat(), "reason": "Their power was cut."}
    api.ok("POST", f"/phases/{phase}/extensions", json=more | {"participation_id": mine})
    rank_phase(parts, UUID(phase))
    closes_at = two_parts.close(parts, phase)
    requested, *_ = board(parts, phase)
    request_reveals(parts, now=until - AFTER)
    assert board(parts, phase)[0] == requested
    told = api.as_(None).ok("GET", f"/phases/{phase}")["private"]
    assert told["reveals_at"][:19] == closes_at.isoformat()[:19]
    assert told["is_revealed"] is False
    mine = entry.team.api.ok("GET", f"/submissions/{entry.submissions[0]}")
    assert mine["private_scores"] is None
    # And no longer, if it is over.
    request_reveals(parts, now=until)
    assert board(parts, phase)[0] == requested + 1


def test_it_waits_for_a_team_that_had_more_time_before_there_were_private_samples(
    server: RunningServer, parts: Parts
) -> None:
    until = utc_now() + timedelta(days=40_000)
    with Api(server.url) as api:
        host = builders.organizer(api, parts.sessions)
        made = builders.challenge(host, two_parts.bundle(private=None, analyses=[]))
        builders.contestant(api, made)
        (entry,) = host.api.ok("GET", f"/challenges/{made['slug']}/participations")["items"]
        phase = made["phases"][0]["id"]
        more = {"closes_at": until.isoformat(), "reason": "Their power was cut."}
        given = more | {"participation_id": entry["id"]}
        host.api.ok("POST", f"/phases/{phase}/extensions", json=given)
        parted = two_parts.renamed(two_parts.bundle(analyses=[]), made["slug"])
        host.api.ok("PUT", f"/challenges/{made['slug']}", files=builders.bundle_upload(parted))
    with parts.sessions() as session:
        assert reveal_of(session.get_one(Phase, UUID(phase))) == until


def test_nobody_is_given_more_time_once_private_scores_are_out(
    found: tuple[Contest, Entry], parts: Parts
) -> None:
    contest, _ = found
    api, phase = contest.host.api, contest.phase
    closed_at = two_parts.close(parts, phase)
    later = {"closes_at": (utc_now() + timedelta(days=1)).isoformat(), "reason": "Why not."}
    answer = api.post(f"/phases/{phase}/extensions", json=later)
    assert answer.status_code == 409, answer.text
    assert answer.json()["type"].endswith("/private-scores-revealed")
    # Nor by the bundle, whichever of the two instants it moves; the rest of it may change.
    slug = contest.challenge["slug"]
    for changes in (
        {"closes_at": builders.FUTURE},
        {"private": {"samples": "private.csv", "revealed_at": builders.FUTURE}},
    ):
        told = {"closes_at": closed_at.isoformat(), "analyses": []} | changes
        files = two_parts.renamed(two_parts.bundle(**told), slug)
        answer = api.put(f"/challenges/{slug}", files=builders.bundle_upload(files))
        assert answer.status_code == 409, answer.text
        assert answer.json()["type"].endswith("/private-scores-revealed")
    told = {"closes_at": closed_at.isoformat(), "analyses": [], "title": "Development"}
    files = two_parts.renamed(two_parts.bundle(**told), slug)
    answer = api.put(f"/challenges/{slug}", files=builders.bundle_upload(files))
    assert answer.status_code == 200, answer.text


def test_other_private_samples_need_a_re_scoring(found: tuple[Contest, Entry]) -> None:
    contest, _ = found
    api, slug = contest.host.api, contest.challenge["slug"]
    fewer = "\n".join(["id", *two_parts.PRIVATE_IDS[:40], ""]).encode()
    for files, paths in (
        (two_parts.bundle(analyses=[]) | {"private.csv": fewer}, ["phases.dev.private.sides"]),
        (two_parts.bundle(analyses=[], private=None), ["phases.dev.private"]),
    ):
        renamed = builders.bundle_upload(two_parts.renamed(files, slug))
        plan = api.ok("POST", f"/challenges/{slug}/plan", files=renamed)
        assert [one["paths"] for one in plan["refused"]] == [paths]
        answer = api.put(f"/challenges/{slug}", files=renamed)
        assert answer.status_code == 409, answer.text
        assert answer.json()["type"].endswith("/change-needs-rescoring")
    # When they are revealed is no matter of scores.
    late = {"samples": "private.csv", "revealed_at": "2099-02-01T00:00:00Z"}
    files = two_parts.renamed(two_parts.bundle(analyses=[], private=late), slug)
    api.ok("PUT", f"/challenges/{slug}", files=builders.bundle_upload(files))
    told = api.as_(None).ok("GET", f"/challenges/{slug}")["phases"][0]["private"]
    assert told == {"share": 0.5, "reveals_at": "2099-02-01T00:00:00.000Z", "is_revealed": False}
