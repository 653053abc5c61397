"""What broke for a reason of ours: a code for its team, the traceback for the operator alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app import operate
from app.clock import to_json_instant, utc_now
from app.models import ChallengeRole, RescoringItem, Role, Submission, User
from app.settings import Settings
from tests import builders, rescoring
from tests.api import Api
from tests.builders import Person
from tests.rescoring import Game
from worker import rescore, store
from worker.failures import Failure
from worker.parts import Parts

BROKEN = Failure(
    "internal-error", "It broke.", "Traceback (most recent call last):\n  File …\nKeyError: 'wet'\n"
)
LOST = Failure("worker-lost", "The worker was lost.")
LEASE = timedelta(seconds=30)
ORIGIN = "Traceback (most recent call last)"


@dataclass
class Season:
    """A contest in which a team's submission failed, a baseline, and an item of a re-scoring."""

    game: Game
    team: Person
    submission: str
    baseline: str
    rescoring: str
    item: RescoringItem


@pytest.fixture
def season(api: Api, parts: Parts) -> Season:
    game = rescoring.play(api, parts)
    team = builders.contestant(api, game.contest.challenge)
    made = builders.submit(team, game.phase, builders.noise(7)).json()["id"]
    own = builders.submit(game.host, game.phase, builders.noise(8), baseline="true").json()["id"]
    now = utc_now()
    fail(parts, made, BROKEN, now=now - timedelta(hours=2))
    fail(parts, own, LOST, now=now - timedelta(hours=1))
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    item = rescoring.items_of(parts, address)[0]
    fail_item(parts, item.id, BROKEN, now=now)
    return Season(game, team, made, own, address.rpartition("/")[2], item)


def fail(parts: Parts, key: str, failure: Failure, *, now: datetime) -> None:
    with parts.sessions() as session:
        session.get_one(Submission, UUID(key)).attempts_allowed = 1
        session.flush()
        work = store.claim(session, UUID(key), now=now, lease=LEASE)
        assert work is not None
        store.release(session, UUID(key), work.attempt, failure, now=now)
        session.commit()


def fail_item(parts: Parts, key: UUID, failure: Failure, *, now: datetime) -> None:
    with parts.sessions() as session:
        session.get_one(RescoringItem, key).attempts_allowed = 1
        session.flush()
        work = rescore.claim(session, key, now=now, lease=LEASE)
        assert work is not None
        rescore.release(session, key, work.attempt, failure, now=now)
        session.commit()


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("database_url", "redis_url", "blob_root"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))


def person_with(api: Api, parts: Parts, season: Season, role: str) -> Person:
    made = builders.person(api)
    with parts.sessions() as session:
        if role == "operator":
            session.get_one(User, UUID(made.id)).is_operator = True
        else:
            challenge_id = UUID(season.game.contest.challenge["id"])
            session.add(ChallengeRole(challenge_id=challenge_id, user_id=UUID(made.id), role=role))
        session.commit()
    return made


def test_only_the_operator_reads_the_traceback(api: Api, parts: Parts, season: Season) -> None:
    operator, reader = (person_with(api, parts, season, one) for one in ("operator", Role.READER))
    paths = (f"/submissions/{season.submission}", f"/phases/{season.game.phase}/submissions")
    for path in paths:
        assert failure_in(operator.api.ok("GET", path), season.submission) == {
            "code": BROKEN.code,
            "detail": BROKEN.detail,
            "traceback": BROKEN.traceback,
        }
        for person in (season.team, season.game.host, reader):
            answer = person.api.get(path)
            assert failure_in(answer.json(), season.submission)["traceback"] is None
            assert ORIGIN not in answer.text


def failure_in(told: Any, key: str) -> Any:
    items = told.get("items", [told])
    return next(one["failure"] for one in items if one["id"] == key)


def test_a_failure_without_a_traceback_and_no_failure_are_null(
    api: Api, parts: Parts, season: Season
) -> None:
    operator = person_with(api, parts, season, "operator")
    told = operator.api.ok("GET", f"/submissions/{season.baseline}")["failure"]
    assert (told["code"], told["traceback"]) == (LOST.code, None)
    scored = operator.api.ok("GET", f"/submissions/{season.game.submissions[0]}")
    assert scored["failure"] is None


def test_the_command_lists_what_failed_last_with_its_traceback(
    season: Season, environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
    told = listed(capsys, "--challenge", season.game.slug)
    item, baseline, submission = told.strip().split("\n\n")
    place = f"{season.game.slug}/dev"
    of_item = season.item.submission_id
    first = season.game.teams[0].teams[0]["name"]
    assert f" {place} “{first}”: internal-error after 1 attempt, " in item
    assert f"submission {of_item} in re-scoring {season.rescoring}\n" in item
    assert f" {place} a baseline: worker-lost after 1 attempt, " in baseline
    assert baseline.endswith(f"{season.baseline}\n    no traceback: the worker wrote none")
    assert f" {place} “{season.team.teams[0]['name']}”: internal-error" in submission
    assert submission.endswith("\n    Traceback (most recent call last):\n      File …\n"
                               "    KeyError: 'wet'")  # fmt: skip
    instants = [one.split(" ")[0] for one in (item, baseline, submission)]
    assert instants == sorted(instants, reverse=True)


def test_the_command_lists_as_many_as_asked_for_of_all_challenges(
    parts: Parts, season: Season, environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
    later = utc_now() + timedelta(days=3650)  # later than what other tests leave
    with parts.sessions() as session:
        session.get_one(RescoringItem, season.item.id).finished_at = later
        session.get_one(Submission, UUID(season.submission)).finished_at = later
        session.commit()
    told = listed(capsys, "--limit", "2")
    assert told.count(f"{to_json_instant(later)} {season.game.slug}/dev ") == 2
    assert told.count(ORIGIN) == 2


def test_the_command_says_that_nothing_failed_or_that_there_is_no_such_challenge(
    api: Api, parts: Parts, environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
    contest = builders.contest(api, parts.sessions)
    assert listed(capsys, "--challenge", contest.challenge["slug"]) == "Nothing has failed.\n"
    assert operate.main(["failures", "--challenge", "there-is-none"]) == 1
    assert "There is no challenge there-is-none." in capsys.readouterr().err
    for number in ("0", "-1", "many"):
        with pytest.raises(SystemExit):
            operate.main(["failures", "--limit", number])


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what the command writes, but for the log lines of the server in this process."""
    capsys.readouterr()
    assert operate.main(["failures", *arguments]) == 0
    told = capsys.readouterr().out.splitlines(keepends=True)
    return "".join(line for line in told if "[info " not in line)
