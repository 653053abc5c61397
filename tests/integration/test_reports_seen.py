"""Reports of phases: for whom the board is, with as much as is public of what was decided."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from app.clock import utc_now
from app.models import (
    Challenge,
    Phase,
    Rescoring,
    RescoringState,
    Status,
    Submission,
)
from app.phases.scoring import read_rules
from app.rescorings.rules import PhaseChange, SetRules
from tests import builders
from tests.api import Api
from tests.reported import board_of, play, set_phase, text_of
from worker.parts import Parts
from worker.rank import rank_phase


def test_a_hidden_board_has_a_report_for_its_organizers_only(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    public = api.get(f"{played.path}.html")
    member = builders.contestant(api, played.contest.challenge)
    set_phase(parts, played.contest.phase, board_visible=False)
    for form in ("html", "md"):
        assert api.get(f"{played.path}.{form}").status_code == 404
        assert member.api.get(f"{played.path}.{form}").status_code == 404
        assert played.contest.host.api.get(f"{played.path}.{form}").is_success
    # Nor to who had it before.
    known = {"If-None-Match": public.headers["etag"]}
    assert api.get(f"{played.path}.html", headers=known).status_code == 404


def test_a_frozen_board_tells_nothing_of_later(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    first = datetime.fromisoformat(
        played.contest.host.api.ok("GET", f"/leaderboards/snapshots/{played.first_snapshot}")[
            "ranked_at"
        ]
    )
    frozen = {"board_frozen_at": first + timedelta(milliseconds=1), "closes_at": utc_now()}
    set_phase(parts, played.contest.phase, **frozen)
    told = text_of(api.get(f"{played.path}.html").text)
    assert f"snapshot {played.first_snapshot}," in told
    assert "Participation" not in told
    assert "This board stands still since" in told
    assert "Final report" not in told
    assert played.teams[3] not in told
    assert "Participation" in text_of(played.contest.host.api.get(f"{played.path}.html").text)
    last = board_of(played.contest)["snapshot"]
    assert api.get(f"{played.path}.html?snapshot={last}").status_code == 404


def test_who_took_part_is_told_to_all_once_the_phase_is_over(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    host, path = played.contest.host.api, f"{played.path}.md"
    with parts.sessions() as session:
        waiting = session.get_one(Submission, UUID(played.submissions[3]))
        waiting.status, waiting.finished_at = Status.QUEUED, None
        session.commit()
    open_now = api.get(path).text
    assert "Participation" not in open_now
    assert "has not come to its end yet" in open_now
    assert "4 teams with 0 members took part" in host.get(path).text
    set_phase(parts, played.contest.phase, closes_at=utc_now())
    told = api.get(path).text
    assert "*Report*" in told  # one still waits
    assert "4 teams with 0 members took part" in told
    with parts.sessions() as session:
        first = session.get_one(Submission, UUID(played.submissions[0]))
        day = f"{first.received_at:%Y-%m-%d}"
    assert f"| {day} | 4 | 3 | 1 |" in told
    assert "| All | 4 | 3 | 1 |" in told
    with parts.sessions() as session:
        scored = {"status": Status.SCORED, "finished_at": utc_now()}
        waiting = Submission.id == UUID(played.submissions[3])
        session.execute(update(Submission).where(waiting).values(**scored))
        session.commit()
    assert "*Final report*" in api.get(path).text


def test_what_was_decided_is_told_as_far_as_its_reasons_are_public(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    host, phase = played.contest.host.api, played.contest.phase
    assert "nobody was disqualified" in api.get(f"{played.path}.md").text
    later = {"closes_at": "2100-01-01T00:00:00Z", "reason": "The server was down | for a day."}
    host.ok("POST", f"/phases/{phase}/extensions", json=later)
    for number, public in enumerate((True, False)):
        reason = {"reason": f"Reason {number}", "public": public}
        host.ok("PUT", f"/submissions/{played.submissions[number]}/disqualification", json=reason)
    change = {"method": "mean-score"}
    seen = host.ok("POST", f"/phases/{phase}/ranking-changes", json=change)
    apply = change | {"apply": True, "reason": "Means are clearer.", "expected": seen["expected"]}
    host.ok("POST", f"/phases/{phase}/ranking-changes", json=apply)
    rank_phase(parts, UUID(phase))
    for client in (api, host):
        told = client.get(f"{played.path}.md").text
        assert "Close put off from 2099-01-01 00:00 UTC to 2100-01-01 00:00 UTC." in told
        assert "The server was down \\| for a day." in told
        assert "Reason 0" in told
        assert "Reason 1" not in told
        assert "method from average-rank to mean-score | Means are clearer. |" in told


def test_a_rescoring_that_was_applied_to_the_phase_is_told(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    contest = played.contest
    now = utc_now()
    by = UUID(contest.host.id)
    with parts.sessions() as session:
        phase = session.get_one(Phase, UUID(contest.phase))
        before = read_rules(session, phase)
        height, wet = before.tasks
        after = replace(
            before,
            scorer_version=2,
            tasks=(
                replace(height, label_set_id=wet.label_set_id, label_version=2),
                replace(wet, task_id=by, public_name="rain"),
            ),
        )
        for key, reason in ((phase.id, "A row was shifted."), (by, "Elsewhere.")):
            rules = SetRules((PhaseChange(key, before, after),), (), ())
            session.add(
                Rescoring(
                    challenge_id=phase.challenge_id, state=RescoringState.APPLIED, reason=reason,
                    by_id=by, created_at=now, decided_at=now, decided_by_id=by,
                    rules=rules.to_document(), record={},
                )
            )  # fmt: skip
        session.commit()
    told = api.get(f"{played.path}.md").text
    assert (
        "| All submissions scored anew: scorer from exact@1 to exact@2; labels of height from "
        "version 1 to version 2; task rain added; task wet removed | A row was shifted. |"
    ) in told
    assert "Elsewhere" not in told


def test_an_unpublished_challenge_has_a_report_for_its_roles(api: Api, parts: Parts) -> None:
    played = play(api, parts)
    with parts.sessions() as session:
        session.execute(
            update(Challenge)
            .where(Challenge.id == UUID(played.contest.challenge["id"]))
            .values(published_at=None)
        )
        session.commit()
    assert api.get(f"{played.path}.html").status_code == 404
    assert played.contest.host.api.get(f"{played.path}.html").is_success


def test_masked_tasks_stay_masked(api: Api, parts: Parts) -> None:
    board = {"task_names": "masked", "decimals": 2}
    played = play(api, parts, board=board)
    told = text_of(api.get(f"{played.path}.html").text) + api.get(f"{played.path}.md").text
    assert "task-01" in told
    assert not re.search("height|wet", told, re.IGNORECASE)


def test_a_board_without_tasks_has_a_report_without_them(api: Api, parts: Parts) -> None:
    played = play(api, parts, board={"tasks": False}, ranking="mean-score", scorer="neuco")
    told = text_of(api.get(f"{played.path}.html").text)
    assert "The phase shows no scores of single tasks." in told
    assert "NeuCo-Bench [2]" in told
    assert "height" not in told
