"""The EARTHVISION 2025 season, played by twelve teams and two organizers over the API alone."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from app.leaderboards.verifying import verify_snapshots
from probeboard.ranking import neuco
from tests.e2e.rehearsal import Rehearsal
from tests.e2e.rehearsed import COPIED, play
from tests.e2e.system import System


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The season, played to its end."""
    folder = tmp_path_factory.mktemp("season")
    clock = folder / "clock"
    clock.write_text("0")
    ahead = {"CLOCK_FILE": str(clock), "SESSION_LIFETIME_S": str(90 * 86_400)}
    with System(folder / "system", ahead) as system:
        (folder / "bundle").mkdir()
        played = Rehearsal(system, clock, folder / "bundle")
        play(played)
        yield played


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit("/", 1)[1]


def test_doors_open_and_close_by_the_clock(season: Rehearsal) -> None:
    seen = season.seen
    assert seen["plan"]["changes"] == []
    for when in ("too early", "after the extension", "too late"):
        assert code_of(seen[when]) == (409, "phase-not-open"), when
    assert code_of(seen["without dev"]) == (403, "phase-requirement-not-met")
    in_time = season.ada.api.ok("GET", f"/submissions/{seen['in time']}")
    assert in_time["status"] == "scored"
    assert in_time["received_at"] < "2025-04-06T00:00:00"
    assert in_time["finished_at"] > "2025-04-06T00:00:00"
    assert in_time["standing"] == "counts"


def test_quotas_hold_over_the_days_and_exceptions_are_on_record(season: Rehearsal) -> None:
    seen = season.seen
    assert code_of(seen["over quota"]) == (429, "quota-exceeded")
    assert seen["over quota"].json()["resets_at"].startswith("2025-03-11T00:0")
    assert seen["a day later"].status_code == 201
    assert code_of(seen["fourth"]) == (429, "quota-exceeded")
    path = f"/phases/{season.phases['test']}/extensions"
    told = season.teams[2].api.ok("GET", path)["items"]
    assert [one["extra_submissions"] for one in told] == [1]
    assert season.teams[5].api.ok("GET", path)["items"] == []
    public = season.system.api.ok("GET", f"/phases/{season.phases['dev']}/extensions")["items"]
    assert [one["closes_at"] for one in public] == ["2025-04-02T00:00:00.000Z"]


def test_two_teams_became_one(season: Rehearsal) -> None:
    names = {one["team"] for one in season.board(season.phases["dev"])["entries"]}
    assert season.teams[3].teams[0]["name"] in names
    assert season.teams[4].teams[0]["name"] not in names
    assert season.rank_of(4, "test") is None


def test_the_label_bug_is_mended_for_all_at_once_and_in_public(season: Rehearsal) -> None:
    rescoring = season.seen["rescoring"]
    public = season.system.api.ok("GET", f"/challenges/{season.slug}/rescorings")["items"]
    (told,) = public
    assert told["id"] == rescoring["id"]
    assert told["reason"].startswith("The labels of forest")
    assert [one["slug"] for one in told["phases"]] == ["dev", "test"]
    for phase in rescoring["preview"]["phases"]:
        slug = phase["slug"]
        before, after = (season.seen[f"boards {when}"][slug] for when in ("before", "after"))
        assert phase["summary"]["rescored"] == len(after["entries"])
        for move in phase["moves"]:
            for board, which in ((before, "before"), (after, "after")):
                (line,) = [one for one in board["entries"] if one["team"] == move["team"]]
                assert move[which] == line["rank"]
                assert move[f"score_{which}"] == line["mean_score"]
    mended = [one["score_after"] - one["score_before"] for one in phase["moves"]]
    assert np.mean(mended) > 0.0  # the true labels can be told from embeddings


def test_the_copy_was_found_and_is_out(season: Rehearsal) -> None:
    names = [season.teams[team].teams[0]["name"] for team in (1, 8)]
    pairs = [
        {pair["first"]["team"], pair["second"]["team"]} for pair in season.seen["alike"]["pairs"]
    ]
    assert pairs == [set(names)]
    assert season.rank_of(8, "test") is None
    assert season.rank_of(1, "test") is not None
    public = season.system.api.ok("GET", f"/challenges/{season.slug}/disqualifications")["items"]
    assert [(one["team"], one["disqualification"]["reason"]) for one in public] == [
        (names[1], COPIED)
    ]


@pytest.mark.parametrize("phase", ["dev", "test"])
def test_the_board_is_neuco_benchs_of_the_exported_scores(season: Rehearsal, phase: str) -> None:
    answer = season.grace.api.get(f"/challenges/{season.slug}/exports/scores.csv?phase={phase}")
    rows = [
        one
        for one in csv.DictReader(io.StringIO(answer.text))
        if one["counts"].lower() == "true" and one["official"].lower() == "true"
    ]
    teams = sorted({one["team"] for one in rows})
    tasks = sorted({one["task"] for one in rows})
    q = {(one["team"], one["task"]): float(one["q"]) for one in rows}
    table = np.array([[q[team, task] for task in tasks] for team in teams])
    expected = dict(zip(teams, neuco(table).ranks.tolist(), strict=True))
    board = season.board(season.phases[phase])
    assert {one["team"]: one["rank"] for one in board["entries"]} == expected
    assert len(expected) == {"dev": 9, "test": 9}[phase]


def test_better_encoders_stand_higher(season: Rehearsal) -> None:
    ranks = [season.rank_of(team, "test") for team in (0, 1, 2, 9, 10)]
    assert max(ranks[:3]) < min(ranks[3:])


def test_the_report_tells_all_that_was_decided(season: Rehearsal) -> None:
    for form in ("html", "md"):
        answer = season.system.api.get(f"/phases/{season.phases['test']}/report.{form}")
        assert answer.status_code == 200
        for said in ("labels of forest", season.teams[0].teams[0]["name"], "turned and scaled"):
            assert said in answer.text, (form, said)
    dev = season.system.api.get(f"/phases/{season.phases['dev']}/report.md").text
    assert "The server was down for three hours" in dev


def test_the_audit_log_has_every_decision_in_its_order(season: Rehearsal) -> None:
    path = f"/challenges/{season.slug}/audit?limit=200"
    entries: list[Any] = season.grace.api.ok("GET", path)["items"]
    acts = [one["action"] for one in reversed(entries)]
    decisions = (
        "challenge.created", "role.given", "challenge.published", "merge.accepted",
        "phase.extended", "phase.exception-made", "rescoring.created", "rescoring.applied",
        "participation.disqualified",
    )  # fmt: skip
    assert [act for act in acts if act in decisions] == list(decisions)
    instants = [one["at"] for one in reversed(entries)]
    assert instants == sorted(instants)
    assert all(instant.startswith("2025-0") for instant in instants)


def test_every_board_of_the_season_is_derived_again(season: Rehearsal) -> None:
    with season.system.sessions() as session:
        verdicts = list(verify_snapshots(session))
    assert len(verdicts) > 20
    assert [one for one in verdicts if not one.holds] == []


def test_the_system_is_sound_in_the_end(season: Rehearsal) -> None:
    told = season.ada.api.ok("GET", f"/challenges/{season.slug}/overview")
    for phase in told["phases"]:
        assert set(phase["submissions"]) == {"scored"}
        assert phase["failures"] == []
