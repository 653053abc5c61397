"""A challenge from its creation to its board, as organizers, teams and the public live it."""

import csv
import io
import json
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.blobs import BlobKind
from app.local.system import allow_organizer
from app.models import LabelSet, PhaseTask, Status
from app.submissions.quota import use_of
from tests import builders
from tests.api import PREFIX
from tests.e2e import contests
from tests.e2e.contests import Contest
from tests.e2e.streams import Stream
from tests.e2e.system import System, until

FAREWELL = {"", "worker: Warm shutdown (MainProcess)"}  # Celery's own, past every logger


def test_a_challenge_is_made_entered_scored_and_ranked_over_http(system: System) -> None:
    host = builders.person(system.api)
    allow_organizer(host.email, system.environment)
    settings = {"board": {"decimals": 9}}
    config = builders.bundle_config(phases=[builders.phase_config(**settings)])
    contest = Contest(system, host, builders.challenge(host, builders.bundle_files(config)))
    good, fair, poor = (contest.contestant() for _ in range(3))
    submissions = contest.submit_together(
        [good, fair, poor],
        [contests.short_embeddings(1, share) for share in (1.0, 0.8, 0.0)],
    )

    with Stream(good, submissions[0]) as stream:
        polled = [
            until(lambda by=by, one=one: _scored(by, one), "polling tells of the score")
            for by, one in zip((good, fair, poor), submissions, strict=True)
        ]
        stream.wait_for_the_end()
    board = contests.require_all_well(contest, submissions)

    order = [Status.QUEUED, Status.RUNNING, Status.SCORED]
    told = [order.index(Status(status)) for status in stream.statuses]
    assert told == sorted(told)
    assert stream.events[-1]["status"] == Status.SCORED
    assert stream.events[-1]["tasks_done"] == stream.events[-1]["tasks_total"] == 2
    assert [one["standing"] for one in polled] == ["counts"] * 3
    teams = [by.teams[0]["name"] for by in (good, fair, poor)]
    assert [entry["team"] for entry in board["entries"]] == teams
    shown = [cell["mean"] for cell in board["entries"][0]["tasks"].values()]
    assert sorted(shown) == pytest.approx(contests.means_of(system, submissions[0]), abs=1e-9)
    _require_every_form_to_tell_the_same(contest, board)


def _scored(by: builders.Person, submission_id: str) -> object:
    seen = by.api.ok("GET", f"/submissions/{submission_id}")
    return seen if seen["status"] == Status.SCORED and seen["scores"] else None


def _require_every_form_to_tell_the_same(contest: Contest, board: dict[str, object]) -> None:
    path = f"/phases/{contest.phase}/leaderboard"
    api = contest.system.api
    whole = api.get(path)
    assert whole.json() == board
    unchanged = api.get(path, headers={"If-None-Match": whole.headers["etag"]})
    assert unchanged.status_code == httpx.codes.NOT_MODIFIED
    assert api.get(f"/leaderboards/snapshots/{board['snapshot']}").content == whole.content
    entries = whole.json()["entries"]
    rows = list(csv.DictReader(io.StringIO(api.get(f"{path}.csv").text)))
    assert [row["team"] for row in rows] == [entry["team"] for entry in entries]
    assert [int(row["rank"]) for row in rows] == [entry["rank"] for entry in entries]
    markdown = api.get(f"{path}.md").text
    places = [markdown.index(f"| {entry['rank']} | {entry['team']} |") for entry in entries]
    assert places == sorted(places)


def test_the_request_id_of_an_upload_is_in_the_log_lines_of_its_evaluation(
    system: System,
) -> None:
    contest = contests.short_contest(system)
    by = contest.contestant()
    given = "0196f4a0-1111-7222-8333-444455556666"
    answer = by.api.post(
        f"/phases/{contest.phase}/submissions",
        files={"file": ("embeddings.csv", contests.short_embeddings(2))},
        data={"method_name": "A method"},
        headers={"X-Request-ID": given},
    )
    assert answer.headers["x-request-id"] == given
    contests.require_all_well(contest, [answer.json()["id"]])
    assert {"evaluation started", "evaluation finished"} <= _events_of(system, "worker", given)
    assert "request" in _events_of(system, "server", given)


def _events_of(system: System, part: str, request_id: str) -> set[str]:
    lines = system.log(part).read_text().splitlines()
    logged = [json.loads(line) for line in lines if line not in FAREWELL]
    return {one["event"] for one in logged if one.get("request_id") == request_id}


def test_every_log_line_is_json_and_none_gives_away_tokens_labels_or_files(
    system: System,
) -> None:
    contest = contests.short_contest(system)
    by = contest.contestant()
    content = contests.short_embeddings(3)
    submission = contest.submit(by, content)
    refused = builders.submit(by, contest.phase, content.replace(b"s0003", b"unknown"))
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    nobody = httpx.get(
        f"{system.url}{PREFIX}/tokens", headers={"Authorization": "Bearer pb_no_such_token"}
    )
    assert nobody.status_code == httpx.codes.UNAUTHORIZED
    contests.require_all_well(contest, [submission])
    labels = builders.bundle_files()["height.csv"].decode().split("\n")
    secrets = {
        "pb_",
        builders.PASSWORD,
        by.token,
        labels[1],
        labels[1].split(",")[1],
        content.decode().split("\n")[1].split(",")[1],
    }
    for part in ("server", "worker", "beat"):
        text = system.log(part).read_text()
        lines = [line for line in text.splitlines() if line not in FAREWELL]
        assert lines or part == "beat"  # which has nothing to say while all is well
        assert all(isinstance(json.loads(line), dict) for line in lines)
        assert not [secret for secret in secrets if secret in text]


def test_what_fails_for_reasons_of_ours_costs_nothing_and_is_scored_when_retried(
    system: System,
) -> None:
    contest = contests.short_contest(system, n_samples=50)  # labels that no worker has read
    by = contest.contestant()
    labels = _label_blob_of(contest)
    aside = labels.rename(labels.with_suffix(".aside"))
    submission = contest.submit(by, contests.short_embeddings(4, n_samples=50))
    contests.wait_until_ended(system, [submission])
    seen = by.api.ok("GET", f"/submissions/{submission}")
    assert seen["status"] == Status.FAILED
    assert seen["failure"]["code"] == "internal-error"
    assert "Traceback" not in json.dumps(seen)
    failed = contests.row(system, submission)
    assert failed.attempt == failed.attempts_allowed == system.settings.max_attempts
    assert "BlobMissing" in str(failed.failure_traceback)
    with system.sessions() as session:
        assert failed.participation_id is not None
        use = use_of(session, failed.phase_id, failed.participation_id, now=failed.received_at)
    assert (use.total, use.today, use.in_flight) == (0, (), 0)

    aside.rename(labels)
    assert by.api.post(f"/submissions/{submission}/retry").status_code == httpx.codes.FORBIDDEN
    again = contest.host.api.ok("POST", f"/submissions/{submission}/retry")
    assert again["status"] != Status.FAILED
    contests.require_all_well(contest, [submission])


def _label_blob_of(contest: Contest) -> Path:
    with contest.system.sessions() as session:
        digest = session.scalars(
            select(LabelSet.digest)
            .join(PhaseTask, PhaseTask.label_set_id == LabelSet.id)
            .where(PhaseTask.phase_id == UUID(contest.phase))
            .order_by(PhaseTask.position)
        ).first()
    return contest.system.blobs.existing_path(BlobKind.LABELS, str(digest))


def test_readiness_turns_red_without_a_worker_and_green_with_one(system: System) -> None:
    system.ask_to_stop("worker")
    until(lambda: system.has_ended("worker"), "the worker has ended")
    until(lambda: not system.is_ready(), "readiness turns red")
    answer = system.api.get("/health/ready")
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    failing = [check["name"] for check in answer.json()["checks"] if not check["ok"]]
    assert failing == ["workers"]
    assert system.health("live") == httpx.codes.OK
    system.start("worker")
    until(system.is_ready, "readiness turns green")
