"""What a phase shows of its board: nothing, a frozen state, two decimals, no task's name."""

import json
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.clock import utc_now
from app.errors import PhaseNotOpen
from app.models import Phase
from app.phases.clock import PhaseState, require_open, state_of
from tests import builders
from tests.api import Api
from tests.builders import Contest
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

FORMS = ("", ".csv", ".md")


def play(api: Api, parts: Parts, contest: Contest, seed: int) -> None:
    one = builders.contestant(api, contest.challenge)
    answer = builders.submit(one, contest.phase, builders.blend(0.5, seed=seed))
    evaluate_submission(parts, UUID(answer.json()["id"]))
    rank_phase(parts, UUID(contest.phase))


def set_phase(parts: Parts, contest: Contest, **changes: object) -> None:
    with parts.sessions() as session:
        phase = session.get_one(Phase, UUID(contest.phase))
        for name, value in changes.items():
            setattr(phase, name, value)
        session.commit()


def test_a_board_that_is_off_is_shown_to_roles_only(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, board={"visible": False})
    play(api, parts, contest, 1)
    path = f"/phases/{contest.phase}/leaderboard"
    board = contest.host.api.ok("GET", path)
    member = builders.contestant(api, contest.challenge)
    for caller in (api, member.api):
        for form in FORMS:
            assert caller.get(path + form).status_code == 404
            assert caller.get(f"{path}{form}?at=2090-01-01T00:00:00Z").status_code == 404
        assert caller.get(f"/leaderboards/snapshots/{board['snapshot']}").status_code == 404
    assert contest.host.api.get(f"/leaderboards/snapshots/{board['snapshot']}").json() == board
    assert api.get(f"/phases/{contest.phase}").json()["board_visible"] is False


def test_a_frozen_board_stands_still_for_all_but_the_roles(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    path = f"/phases/{contest.phase}/leaderboard"
    play(api, parts, contest, 1)
    old = api.ok("GET", path)
    set_phase(parts, contest, board_frozen_at=utc_now())
    play(api, parts, contest, 2)
    new = contest.host.api.ok("GET", path)
    assert (len(old["entries"]), len(new["entries"])) == (1, 2)
    assert api.ok("GET", path) == old
    assert api.ok("GET", f"{path}?at=2090-01-01T00:00:00Z") == old
    (late,) = {one["submission_id"] for one in new["entries"]} - {
        one["submission_id"] for one in old["entries"]
    }
    assert late not in api.get(f"{path}.csv").text
    assert len(api.get(f"{path}.csv").text.splitlines()) == 2
    assert contest.host.api.ok("GET", f"/leaderboards/snapshots/{new['snapshot']}") == new
    assert api.get(f"/leaderboards/snapshots/{new['snapshot']}").status_code == 404
    assert api.ok("GET", f"/leaderboards/snapshots/{old['snapshot']}") == old
    set_phase(parts, contest, board_frozen_at=utc_now() - timedelta(days=1))
    assert api.ok("GET", path)["entries"] == []
    assert api.get(f"/leaderboards/snapshots/{old['snapshot']}").status_code == 404
    set_phase(parts, contest, board_frozen_at=None)
    assert api.ok("GET", path) == new


@pytest.mark.parametrize("form", FORMS)
def test_masked_names_and_decimals_hold_in_every_form(api: Api, parts: Parts, form: str) -> None:
    board = {"task_names": "masked", "decimals": 2}
    contest = builders.contest(api, parts.sessions, board=board)
    play(api, parts, contest, 3)
    answer: httpx.Response = api.get(f"/phases/{contest.phase}/leaderboard{form}")
    assert "task-01" in answer.text
    for name in ("height", "Height", "wet", "Wet"):
        assert name not in answer.text
    if not form:
        (entry,) = answer.json()["entries"]
        figures = [entry["mean_score"], entry["mean_q"]]
        for cell in entry["tasks"].values():
            figures += [cell["mean"], cell["q"], cell["standard_error"]]
        assert figures == [round(figure, 2) for figure in figures]


def test_a_board_without_tasks_has_none_in_any_form(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, board={"tasks": False})
    play(api, parts, contest, 4)
    for form in FORMS:
        told = api.get(f"/phases/{contest.phase}/leaderboard{form}").text
        assert "height" not in told
        assert "wet" not in told
    assert api.ok("GET", f"/phases/{contest.phase}/leaderboard")["entries"][0]["tasks"] == {}


def test_a_phase_tells_its_rules(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions, team_sees="aggregate", ranking="neuco")
    told = api.ok("GET", f"/phases/{contest.phase}")
    assert told["state"] == "open"
    assert told["challenge"] == contest.challenge["slug"]
    assert (told["embedding_dim"], told["n_samples"]) == (4, 60)
    splits = {"kind": "shuffle", "n_splits": 5, "test_size": 0.2, "shots": None}
    assert [task["splits"] for task in told["tasks"]] == [splits, splits]
    assert {(task["probe"], task["signs"]) for task in told["tasks"]} == {("linear", False)}
    assert told["scaling"] == "scalar"
    assert (told["analyses"], told["budget_bytes"]) == (["metrics", "predictions"], None)
    assert [(task["name"], task["type"]) for task in told["tasks"]] == [
        ("height", "regression"),
        ("wet", "binary"),
    ]
    assert (told["ranking"], told["team_sees"], told["requires"]) == ("neuco", "aggregate", None)
    assert "label" not in json.dumps(told)


def test_a_phase_tells_its_whole_policy(api: Api, parts: Parts) -> None:
    contest = builders.contest(
        api,
        parts.sessions,
        ranking={
            "method": "neuco",
            "floor": None,
            "weights_frozen_at": "2098-01-01T00:00:00+01:00",
            "tie_break": "mean-score",
            "win_rate_against": "baselines",
        },
        selection={"rule": "selected", "limit": 3},
        board={"decimals": 2, "frozen_at": "2098-06-01T00:00:00Z"},
    )
    told = api.ok("GET", f"/phases/{contest.phase}")
    assert (told["ranking"], told["selection"]) == ("neuco", "selected")
    assert told["policy"] == {
        "method": "neuco",
        "weights": "frozen",
        "floor": None,
        "weights_frozen_at": "2097-12-31T23:00:00.000Z",
        "tie_break": "mean-score",
        "win_rate_against": "baselines",
        "selection": "selected",
        "selection_limit": 3,
        "select_by": None,
        "decimals": 2,
        "board_frozen_at": "2098-06-01T00:00:00.000Z",
        "board_visible": True,
    }
    plain = builders.contest(api, parts.sessions, selection={"rule": "best", "by": "mean-q"})
    policy = api.ok("GET", f"/phases/{plain.phase}")["policy"]
    assert (policy["select_by"], policy["floor"], policy["weights"]) == ("mean-q", 0, "announced")


def test_a_phase_is_open_from_its_first_instant_to_before_its_last(api: Api, parts: Parts) -> None:
    contest = builders.contest(api, parts.sessions)
    with parts.sessions() as session:
        phase = session.scalars(select(Phase).where(Phase.id == UUID(contest.phase))).one()
    moment = timedelta(microseconds=1)
    expected = {
        phase.opens_at - moment: PhaseState.UPCOMING,
        phase.opens_at: PhaseState.OPEN,
        phase.closes_at - moment: PhaseState.OPEN,
        phase.closes_at: PhaseState.CLOSED,
    }
    assert {instant: state_of(phase, instant) for instant in expected} == expected
    require_open(phase, phase.opens_at, closes_at=phase.closes_at)
    with pytest.raises(PhaseNotOpen, match="opens at 2020-01-01 00:00:00 UTC"):
        require_open(phase, phase.opens_at - moment, closes_at=phase.closes_at)
    with pytest.raises(PhaseNotOpen, match="closed at 2099"):
        require_open(phase, phase.closes_at, closes_at=phase.closes_at)
