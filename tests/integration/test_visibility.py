"""Who sees what: every cell of `docs/visibility.md`, held against the running API."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.clock import utc_now
from app.models import Phase
from app.phases.clock import state_of
from app.policy import sight_of
from tests import visibility
from tests.access_table import TABLE
from tests.api import Api
from tests.serving import RunningServer
from tests.visibility_fields import FIELD_RULES, LIST_RULES, WHOSE, FieldRule, How
from tests.visibility_scenes import FROZEN_AT, ROLES, SCENES, SEES_ALL, Scene, who_is
from tests.visibility_statuses import AS_ANOTHER, BOARD, ROUTES, SUBMISSION, status_of
from tests.visibility_world import TRACEBACK, Stage, Theatre, make_theatre
from worker.parts import Parts

DOCUMENT = Path(__file__).parents[2] / "docs" / "visibility.md"
BODIES = {f"PATCH {SUBMISSION}": {"public": True}}
# Lists are held to `LIST_RULES`, and what is in them to the rules of what they list.
WITH_INSTANT = {route for route in BOARD if re.search(r"leaderboard(\.\w+)*$", route)}
LISTS = {rule.route: rule for rule in LIST_RULES}
named = {scene.slug: scene for scene in SCENES}


@pytest.fixture(scope="module")
def theatre(server: RunningServer, parts: Parts) -> Iterator[Theatre]:
    with Api(server.url) as api:
        yield make_theatre(api, parts)


def ask(api: Api, theatre: Theatre, stage: Stage, route: str, role: str, query: str = "") -> Any:
    method, template = route.split(" ")
    made = stage.submissions
    own = made.get("own", made["baseline"])
    path = (template + TABLE[route].query).format(
        phase_id=stage.phase_id,
        submission_id=own,
        number=stage.snapshot,
        picture="rank-intervals",
        form="txt",
        shown=own,
    )
    body = {"json": BODIES[route]} if route in BODIES else {}
    path = path.removeprefix("/api/v1") + query
    return api.as_(theatre.tokens[role]).call(method, path, changes=None, **body)


def test_the_document_says_what_the_rules_say() -> None:
    assert DOCUMENT.read_text() == visibility.written(), "run `make visibility`, and look at it"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.slug)
def test_the_policy_says_of_the_phase_that_is_played_what_it_says_of_the_scene(
    theatre: Theatre, scene: Scene
) -> None:
    stage = theatre.stage_for(scene)
    with theatre.parts.sessions() as session:
        phase = session.get_one(Phase, UUID(stage.phase_id))
        now = utc_now()
        assert state_of(phase, now) is scene.clock
        for role in ROLES:
            sight = sight_of(who_is(role, scene.asked_for), phase, now)
            until = None if sight.board_until is None else FROZEN_AT
            assert replace(sight, board_until=until) == scene.sight(role), role


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.slug)
def test_each_status_and_field_is_as_the_document_says(
    api: Api, theatre: Theatre, scene: Scene
) -> None:
    stage = theatre.stage_for(scene)
    wrong: list[object] = []
    for route in ROUTES:
        answers = {role: ask(api, theatre, stage, route, role) for role in ROLES}
        for role, answer in answers.items():
            expected = status_of(route, role, scene)
            if answer.status_code != expected:
                wrong.append((route, role, answer.status_code, expected, answer.text[:200]))
            assert_nothing_leaks(theatre, scene, role, answer)
        if route in LISTS:
            wrong += listed(theatre, scene, route, answers)
        elif route.startswith("GET"):
            wrong += differing(api, theatre, scene, route, answers)
    assert wrong == []


def differing(
    api: Api, theatre: Theatre, scene: Scene, route: str, answers: dict[str, httpx.Response]
) -> list[object]:
    """Return each field that is not told a role as the rules say, beside what the operator gets."""
    rules = [rule for rule in FIELD_RULES if rule.route == route]
    whole, stage = answers["operator"], theatre.stages[scene.phase]
    wrong: list[object] = []
    for role, answer in answers.items():
        if answer.status_code != 200 or whole.status_code != 200:
            continue
        hows = [rule.how(role, scene) for rule in rules]
        if route.endswith("/report.md"):
            told_of_people = "Participation" in answer.text
            assert told_of_people == (How.ABSENT not in hows), (route, role, scene.slug)
        if How.EARLIER in hows:
            wrong += later_things(api, theatre, stage, route, role, answer)
        elif answer.headers["content-type"] == "application/json":
            told, everything = answer.json(), whole.json()
            expected = cut(everything, rules, role, scene, "")
            wrong += [(route, role, *one) for one in unequal(told, expected)]
            wrong += [] if tag_of(answer) == tag_of(whole) else [(route, role, "another tag")]
        elif How.ABSENT in hows:
            wrong += without_a_section(route, role, answer.text, whole.text)
        elif not route.endswith("/events") and answer.content != whole.content:
            wrong.append((route, role, "other bytes"))
    return wrong


def later_things(
    api: Api, theatre: Theatre, stage: Stage, route: str, role: str, answer: httpx.Response
) -> list[object]:
    """Of a frozen board all is the operator's of that instant, or made from that snapshot."""
    assert stage.frozen_at is not None
    instant = stage.frozen_at.isoformat().replace("+00:00", "Z")
    if route.endswith("/history"):
        now = ask(api, theatre, stage, route, "operator").json()
        told, n_points = answer.json(), len(answer.json()["points"])
        assert told["total"] == n_points < now["total"], (route, role)
        return unequal(told["points"], now["points"][:n_points])
    if route in WITH_INSTANT:
        then = ask(api, theatre, stage, route, "operator", f"?at={instant}")
        same = answer.content == then.content and tag_of(answer) == tag_of(then)
        return [] if same else [(route, role, "not as it was then")]
    then = ask(api, theatre, stage, BOARD[0], "operator", f"?at={instant}").json()
    told_of = f"{answer.headers} {answer.text}"
    same = f"/snapshots/{then['snapshot']}" in told_of
    later = f"/snapshots/{stage.snapshot}" in told_of
    return [] if same and not later else [(route, role, "made from another snapshot")]


def without_a_section(route: str, role: str, told: str, whole: str) -> list[object]:
    """A report lacks its section on who took part; what comes after has other numbers."""
    lines, known = (set(re.sub(r"(## |Table )\d+", "", one).splitlines()) for one in (told, whole))
    missing = {line for line in known - lines if line}
    less = any("Participation" in line for line in missing)
    return [] if lines <= known and less else [(route, role, sorted(lines - known), missing)]


def tag_of(answer: httpx.Response) -> str | None:
    """Return the tag; one that is weak is of the same answer, compressed."""
    tag: str | None = answer.headers.get("etag")
    return None if tag is None else tag.removeprefix("W/")


def cut(value: Any, rules: list[FieldRule], role: str, scene: Scene, path: str) -> Any:
    """Return what is left of a value for a role."""
    how = next(
        (
            how
            for rule in rules
            if re.fullmatch(rule.path, path) and (how := rule.how(role, scene)) is not How.WHOLE
        ),
        How.WHOLE,
    )
    if how in (How.NULL, How.ABSENT, How.OWN):
        return None if how is How.NULL else how
    if how is How.ROUNDED:
        return None if value is None else round(value, scene.sight(role).digits)
    if isinstance(value, dict):
        parts = {
            name: cut(one, rules, role, scene, f"{path}.{name}".removeprefix("."))
            for name, one in value.items()
        }
        return {name: one for name, one in parts.items() if one is not How.ABSENT}
    if isinstance(value, list):
        return [cut(one, rules, role, scene, f"{path}[]") for one in value]
    return value


def unequal(told: Any, expected: Any, path: str = "") -> list[object]:
    """Name where two values differ."""
    if expected is How.OWN and told is not None:
        return [] if told["extra_submissions"] == 1 else [(path, told)]
    if isinstance(told, dict) and isinstance(expected, dict):
        return [
            fault
            for name in told.keys() | expected.keys()
            for fault in unequal(
                told.get(name, How.ABSENT), expected.get(name, How.ABSENT), f"{path}.{name}"
            )
        ]
    if isinstance(told, list) and isinstance(expected, list) and len(told) == len(expected):
        pairs = zip(told, expected, strict=True)
        return [fault for one, other in pairs for fault in unequal(one, other, f"{path}[]")]
    return [] if told == expected else [(path, "told", told, "expected", expected)]


def listed(
    theatre: Theatre, scene: Scene, route: str, answers: dict[str, httpx.Response]
) -> list[object]:
    """Return where a list does not hold what its rule says, each item as the rules of its kind."""
    rule, stage = LISTS[route], theatre.stages[scene.phase]
    known = stage.submissions if rule.items == "submissions" else stage.extensions
    of_one = [one for one in FIELD_RULES if one.route == rule.item]
    everything = answers["operator"].json()
    wrong: list[object] = []
    for role, answer in answers.items():
        if answer.status_code != 200:
            continue
        told = {known[name]: name for name in rule.told(role, scene) if name in known}
        items = [
            cut(one, of_one, role, scene.asking_for(WHOSE[told[one["id"]]]), "")
            for one in everything["items"]
            if one["id"] in told
        ]
        wrong += [
            (route, role, *one) for one in unequal(answer.json(), {**everything, "items": items})
        ]
    return wrong


def assert_nothing_leaks(theatre: Theatre, scene: Scene, role: str, answer: httpx.Response) -> None:
    """No label is told anybody; what came late or is kept back, only its team and the roles."""
    told = f"{answer.headers} {answer.text}"
    where = f"{answer.request.method} {answer.request.url} as {role}"
    assert not [label for label in theatre.labels if label in told], where
    assert role == "operator" or TRACEBACK.splitlines()[0] not in told, where
    if role in SEES_ALL:
        return
    stage = theatre.stages[scene.phase]
    teams = {"own": "captain member", "kept back": "captain member", "late": "rival"}
    for name in ("kept back", "late"):
        if name in stage.submissions and role not in teams[name]:
            assert f"{scene.phase}: {name}" not in told, where
            assert stage.submissions[name] not in told, where
    if scene.aggregate:
        assert not re.search(r"\b(height|wet|Height|Wet)\b", told), where


def test_errors_of_a_hidden_board_say_what_those_of_none_say(api: Api, theatre: Theatre) -> None:
    stage = theatre.stage_for(named["open-hidden"])
    for role in sorted(set(ROLES) - SEES_ALL):
        told = {
            json.dumps({**ask(api, theatre, stage, route, role).json(), "instance": ""})
            for route in BOARD
        }
        assert len(told) == 1, role


def test_a_tag_of_a_hidden_board_is_confirmed_to_nobody(api: Api, theatre: Theatre) -> None:
    for slug in ("open-hidden", "open-frozen"):
        stage = theatre.stage_for(named[slug])
        path = f"/phases/{stage.phase_id}/leaderboard"
        tag = tag_of(api.as_(theatre.tokens["organizer"]).get(path))
        for role in ROLES:
            answer = api.as_(theatre.tokens[role]).get(path, headers={"If-None-Match": str(tag)})
            assert (answer.status_code == 304) == (role in SEES_ALL), (slug, role)
            assert (tag_of(answer) == tag) == (role in SEES_ALL), (slug, role)


@pytest.mark.parametrize("form", ["svg", "png", "txt"])
def test_pictures_of_a_hidden_board_are_drawn_for_its_roles_only(
    api: Api, theatre: Theatre, form: str
) -> None:
    stage = theatre.stage_for(named["closed-hidden"])
    for role in ("anybody", "rival", "captain", "reader"):
        path = f"/phases/{stage.phase_id}/leaderboard/task-scores.{form}"
        answer = api.as_(theatre.tokens[role]).get(path)
        assert answer.status_code == (200 if role in SEES_ALL else 404), role


def test_metrics_name_no_challenge_team_or_submission(api: Api, theatre: Theatre) -> None:
    told = api.get("/metrics").text
    stages = theatre.stages.values()
    names = [theatre.challenge["slug"], theatre.challenge["id"], theatre.team["name"]]
    names += [one for stage in stages for one in (stage.phase_id, *stage.submissions.values())]
    assert [name for name in names if name in told] == []


def test_every_route_of_a_phase_is_in_the_document_or_the_same_in_all_states() -> None:
    reads = {
        route
        for route in TABLE
        if route.startswith("GET ") and re.search(r"\{(phase_id|submission_id|number)\}", route)
    }
    assert reads <= set(ROUTES) | set(AS_ANOTHER)
