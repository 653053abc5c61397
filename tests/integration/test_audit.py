"""The audit log: what it says, who reads it, and that nothing alters it."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app import operate
from app.clock import utc_now
from app.models import AuditEntry, ChallengeRole, Role, User
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from tests.teamwork import join
from worker import store
from worker.failures import Failure
from worker.parts import Parts

SECRET_PATH = "/hooks/very-secret-path"


@dataclass
class Season:
    """A challenge in which something of each kind has happened."""

    host: Person
    captain: Person
    mate: Person
    challenge: Any
    submission: str

    @property
    def path(self) -> str:
        return f"/challenges/{self.challenge['slug']}/audit"

    def entries(self, query: str = "", by: Person | None = None) -> list[dict[str, Any]]:
        page = (by or self.host).api.ok("GET", f"{self.path}?limit=200{query}")
        found: list[dict[str, Any]] = page["items"]
        return found

    def actions(self, query: str = "") -> list[str]:
        return [one["action"] for one in self.entries(query)]


@pytest.fixture(scope="module")
def season(server: RunningServer, parts: Parts) -> Iterator[Season]:
    with Api(server.url) as api:
        contest = builders.contest(api, parts.sessions)
        captain, mate = builders.contestant(api, contest.challenge), builders.person(api)
        join(mate, captain.teams[0])
        made = builders.submit(mate, contest.phase, builders.truth()).json()
        mate.api.ok("PATCH", f"/submissions/{made['id']}", json={"method_name": "=Another"})
        path = f"/submissions/{made['id']}/disqualification"
        contest.host.api.ok("PUT", path, json={"reason": "A copy.", "public": True})
        hook = {"url": f"https://example.org{SECRET_PATH}?key=very-secret-key"}
        slug = contest.challenge["slug"]
        contest.host.api.ok("POST", f"/challenges/{slug}/webhooks", json=hook)
        yield Season(contest.host, captain, mate, contest.challenge, made["id"])


def test_an_entry_says_by_whom_when_of_what_from_what_to_what_and_why(season: Season) -> None:
    edited = season.entries("&action=submission.edited")[0]
    assert edited["actor"] == {"kind": "person", "id": season.mate.id, "name": "Somebody"}
    assert edited["subject"] == {
        "kind": "submission",
        "id": season.submission,
        "name": "=Another",
    }
    assert (edited["before"], edited["after"]) == (
        {"method_name": "A method"},
        {"method_name": "=Another"},
    )
    out = season.entries("&action=submission.disqualified")[0]
    assert out["actor"]["id"] == season.host.id
    assert out["reason"] == "A copy."
    assert out["before"] == {"disqualified": False, "reason": None, "public": False}
    assert out["after"] == {"disqualified": True, "reason": "A copy.", "public": True}
    assert edited["at"] < out["at"]
    assert edited["at"].endswith("Z")


def test_what_an_update_changes_is_told_key_by_key_and_files_by_no_digest(season: Season) -> None:
    config = builders.bundle_config(slug=builders.unique("updated"))
    made = builders.challenge(season.host, builders.bundle_files(config))
    changed = builders.bundle_files(
        config
        | {"title": "Another title", "phases": [builders.phase_config(team_sees="aggregate")]}
    )
    changed |= {"terms.md": b"# Other terms\n"}
    path = f"/challenges/{made['slug']}"
    answer = season.host.api.put(path, files=builders.bundle_upload(changed))
    told = season.host.api.ok("GET", f"{path}/audit?action=challenge.updated")["items"][0]
    assert told["request_id"] == answer.headers["x-request-id"]
    assert told["before"] == {
        "title": "A challenge",
        "pages.terms": "a file",
        "phases.dev.team_sees": "tasks",
    }
    assert told["after"] == {
        "title": "Another title",
        "pages.terms": "another file",
        "phases.dev.team_sees": "aggregate",
    }


def test_entries_come_newest_first_and_in_pages(season: Season) -> None:
    everything = [one["id"] for one in season.entries()]
    assert everything == sorted(everything, reverse=True)
    found: list[str] = []
    cursor = ""
    while len(found) < len(everything):
        page = season.host.api.ok("GET", f"{season.path}?limit=2{cursor}")
        found += [one["id"] for one in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == everything
    assert page["next_cursor"] is None


def test_entries_are_found_by_action_person_subject_and_time(season: Season) -> None:
    assert set(season.actions("&action=submission")) == {
        "submission.received",
        "submission.edited",
        "submission.disqualified",
    }
    assert set(season.actions(f"&actor={season.mate.id}")) == {
        "team.joined",
        "submission.received",
        "submission.edited",
    }
    assert len(season.actions(f"&subject={season.submission}")) == 3
    at = season.entries("&action=submission.edited")[0]["at"]
    since, before = season.actions(f"&since={at}"), season.actions(f"&until={at}")
    assert "submission.disqualified" in since
    assert "team.joined" in before
    assert sorted(since + before) == sorted(season.actions())
    assert season.actions("&action=nothing") == []
    for wrong in ("action=X", "actor=me", "since=2026-01-01T00:00:00", "subject=%00"):
        assert season.host.api.get(f"{season.path}?{wrong}").status_code == 422, wrong


def test_organizers_and_readers_read_it_and_nobody_else(
    season: Season, parts: Parts, api: Api
) -> None:
    reader = builders.person(api)
    with parts.sessions() as session:
        role = ChallengeRole(
            challenge_id=UUID(season.challenge["id"]),
            user_id=UUID(reader.id),
            role=Role.READER,
        )
        session.add(role)
        session.commit()
    assert season.entries(by=reader) == season.entries()
    for path in (season.path, f"{season.path}.csv"):
        assert reader.api.get(path).status_code == 200
        assert season.captain.api.get(path).status_code == 403
        assert api.get(path).status_code == 401


def test_no_entry_holds_an_address_a_secret_or_a_digest(season: Season, parts: Parts) -> None:
    people = {UUID(one.id) for one in (season.host, season.captain, season.mate)}
    mine = sa.or_(
        AuditEntry.challenge_id == UUID(season.challenge["id"]), AuditEntry.actor_id.in_(people)
    )
    with parts.sessions() as session:
        rows = session.scalars(sa.select(AuditEntry).where(mine)).all()
        told = json.dumps([[str(value) for value in vars(row).values()] for row in rows])
        digests = session.scalars(sa.select(User.password_hash).where(User.id.in_(people))).all()
    assert {"account.registered", "token.made", "team.created", "webhook.created"} <= {
        row.action for row in rows
    }
    secrets = [*digests, SECRET_PATH, "very-secret-key", builders.PASSWORD, "example.org@"]
    for one in (season.host, season.captain, season.mate):
        secrets += [one.email, one.token]
    secrets += [season.captain.teams[0]["invitation_code"]]
    assert [one for one in secrets if one in told] == []
    assert "@example.org" not in told
    assert not re.search(r"[0-9a-f]{64}|pb_|pbwh_|argon2", told)


def test_what_is_of_no_challenge_is_the_operators_alone(season: Season) -> None:
    nouns = {action.split(".")[0] for action in season.actions()}
    assert nouns == {"challenge", "participation", "team", "submission", "webhook"}
    of_team = season.entries("&action=team")
    assert [one["action"] for one in of_team] == ["team.joined"]
    assert of_team[0]["after"] == {"member": "Somebody", "member_id": season.mate.id}


def test_the_export_is_a_table_that_no_spreadsheet_runs(season: Season) -> None:
    answer = season.host.api.get(f"{season.path}.csv?action=submission")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    slug = season.challenge["slug"]
    assert answer.headers["content-disposition"] == f'attachment; filename="{slug}-audit.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["action"] for row in rows] == [
        "submission.received",
        "submission.edited",
        "submission.disqualified",
    ]
    assert rows[1]["subject_name"] == "'=Another"
    assert json.loads(rows[1]["after"]) == {"method_name": "=Another"}
    assert (rows[0]["before"], rows[0]["actor_name"]) == ("", "Somebody")


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("BLOB_ROOT", str(settings.blob_root))


def test_the_operator_exports_everything(
    season: Season, environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
    slug = season.challenge["slug"]
    lines = exported(capsys)
    registered = [one for one in lines if one["action"] == "account.registered"]
    assert season.mate.id in {one["actor_id"] for one in registered}
    assert {one["challenge"] for one in registered} == {None}
    of_challenge = [one for one in lines if one["challenge"] == slug]
    assert [one["action"] for one in of_challenge] == list(reversed(season.actions()))
    assert all(one["token_id"] for one in of_challenge)
    assert exported(capsys, slug) == of_challenge
    assert operate.main(["export-audit", slug, "--format", "csv"]) == 0
    told = capsys.readouterr().out
    assert "request_id,id,challenge,token_id\n" in told
    assert told.count(f",{slug},") == len(of_challenge)
    assert operate.main(["export-audit", "there-is-none"]) == 1


def exported(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    """Return what the command writes, but for the log lines of the server in this process."""
    assert operate.main(["export-audit", *arguments]) == 0
    told = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in told if line.startswith("{")]


def test_what_the_operator_does_from_the_shell_is_noted_once(
    season: Season, environment: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert operate.main(["allow-organizer", season.captain.email]) == 0
    of_captain = [one for one in exported(capsys) if one["subject_id"] == season.captain.id]
    told = [one for one in of_captain if one["action"] == "account.right-given"]
    assert [(one["actor_kind"], one["actor_id"], one["after"]) for one in told] == [
        ("operator", None, {"may_organize": True})
    ]


def test_what_a_rule_of_the_server_does_is_the_systems(
    season: Season, parts: Parts, api: Api
) -> None:
    team = builders.contestant(api, season.challenge)
    phase = season.challenge["phases"][0]["id"]
    for verb, end in (("failed", store.release), ("rejected", None)):
        made = builders.submit(team, phase, builders.noise(1)).json()
        with parts.sessions() as session:
            now = utc_now()
            work = store.claim(session, UUID(made["id"]), now=now, lease=timedelta(seconds=30))
            assert work is not None
            failure = Failure("no-room", "There was no room.", "a traceback for the operator")
            if end is None:
                assert store.reject(session, work, failure, now=now)
            else:
                session.execute(
                    sa.text("UPDATE submission SET attempts_allowed = 1 WHERE id = :id"),
                    {"id": made["id"]},
                )
                end(session, work.submission_id, work.attempt, failure, now=now)
            session.commit()
        told = season.entries(f"&action=submission.{verb}")[0]
        assert told["actor"] == {"kind": "system", "id": None, "name": None}
        assert (told["request_id"], told["reason"]) == (None, "There was no room.")
        assert told["after"] == {"status": verb, "code": "no-room"}


def test_a_change_that_is_refused_leaves_no_entry(season: Season) -> None:
    before = season.actions()
    path = f"/submissions/{season.submission}"
    assert season.captain.api.post(f"{path}/retry").status_code == 403
    assert season.captain.api.put(f"{path}/selection").status_code == 409
    assert season.actions() == before
