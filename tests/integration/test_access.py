"""The access table: every route of the running application, for everybody who may call it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import iter_route_contexts

from app.http.dependencies import AnyViewer
from app.main import require_declared_access
from tests import builders, rescoring
from tests.access_table import DOCUMENTATION, OWNERS, PAGES, PICTURE, ROLES, TABLE, WITH_ROLE
from tests.access_world import World, make_world
from tests.api import PLAIN, Api
from tests.serving import RunningServer
from worker.parts import Parts

HIDDEN_NAMES = ("height", "wet", "Height", "Wet or dry")

UNUSED = "019a9f00-0000-7000-8000-000000000000"


@pytest.fixture(scope="module")
def world(server: RunningServer, parts: Parts) -> Iterator[World]:
    with Api(server.url) as api:
        yield make_world(api, parts)


def _call(world: World, api: Api, route: str, role: str, state: str) -> httpx.Response:
    method, template = route.split(" ")
    place = dict(world.places[state])
    if "{token_id}" in template:
        spare = {"name": "spare", "scopes": ["read"]}
        place["token_id"] = world.people["owner"].api.ok("POST", "/tokens", json=spare)["id"]
    if template.endswith("/publication") and state == "unpublished":
        files = builders.bundle_files()
        host = world.people["organizer"]
        if role in ("organizer", "operator", "organize_only"):  # they would change the world
            place["slug"] = builders.challenge(host, files, publish=False)["slug"]
    if "{announcement_id}" in template or "{webhook_id}" in template:
        place |= _notices(world, place["slug"], template)
    if "{rescoring_id}" in template:
        place["rescoring_id"] = _rescoring(world, place["slug"])
    named = place | {"team_id": world.team, "code": "not-found"} | PICTURE
    named |= _of_teams(world, template)
    path = (template + TABLE[route].query).format(**named)
    body = TABLE[route].body
    if body == "new team":
        body = {"name": builders.unique("Team")}
    elif body == "join":
        body = {"team_id": world.team, "terms_version": place["terms_version"]}
    elif body == "owner":
        body = {"user_id": world.people["owner"].id}
    path = path.removeprefix("/api/v1")
    answer = api.as_(world.tokens[role]).call(
        method, path, changes=None, **({} if body is None else {"json": body})
    )
    if method == "PUT" and path.endswith("/disqualification") and answer.is_success:
        world.people["organizer"].api.ok("DELETE", path)
    return answer


def _of_teams(world: World, template: str) -> dict[str, str]:
    """Name what a route about teams asks for, as its row in the table expects it."""
    owner, rival = world.people["owner"], world.people["rival"]
    named = {"user_id": UNUSED}
    if "{participation_id}" in template:
        slug = world.places["published"]["slug"]
        named["participation_id"] = owner.api.ok("GET", f"/challenges/{slug}/participations/mine")[
            "id"
        ]
    if "{merge_id}" in template:
        team = {"team": rival.teams[0]["name"]}
        named["merge_id"] = owner.api.ok(
            "POST", f"/teams/{world.team}/merges", json=team, changes=None
        )["id"]
    if template.endswith("/acceptance"):
        owner.api.ok("POST", f"/merges/{named['merge_id']}/refusal")
    return named


def _notices(world: World, slug: str, template: str) -> dict[str, str]:
    """Make what a call may delete; the answer tells its id."""
    host, owner = world.people["organizer"].api, world.people["owner"].api
    if "{announcement_id}" in template:
        told = {"title": "News", "body": "It begins."}
        made = host.ok("POST", f"/challenges/{slug}/announcements", json=told)
        return {"announcement_id": made["id"]}
    of_team = "{team_id}" in template
    path = f"/teams/{world.team}/webhooks" if of_team else f"/challenges/{slug}/webhooks"
    by = owner if of_team else host
    hooks = by.ok("GET", path) or [by.ok("POST", path, json={"url": "https://example.org/hook"})]
    return {"webhook_id": hooks[0]["id"]}


def _rescoring(world: World, slug: str) -> str:
    """Return an open set, of which nothing is evaluated."""
    host = world.people["organizer"]
    for one in host.api.ok("GET", f"/challenges/{slug}/rescorings")["items"]:
        if one["state"] == "preparing":
            return str(one["id"])
    return rescoring.make(host, slug, files=rescoring.other_heights()).rpartition("/")[2]


def _routes(server: RunningServer) -> set[str]:
    found = set()
    for context in iter_route_contexts(server.app.routes):
        if context.path not in DOCUMENTATION:
            found |= {f"{method} {context.path}" for method in context.methods or ()}
    return found


def test_the_table_names_every_route_of_the_running_application(server: RunningServer) -> None:
    pages = {
        path.replace("/static/0/board.css", "/static/{digest}/{name}").replace(
            "dev", "{phase_slug}"
        )
        for path in PAGES
    }
    assert _routes(server) == set(TABLE) | pages


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_everybody_what_anybody_may_see(world: World, api: Api, page: str) -> None:
    for state, expected in PAGES[page].items():
        path = page.removeprefix("GET ").format(**world.places[state])
        for role in ROLES:
            token = world.tokens[role]
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = httpx.get(api.url + path, headers=headers, verify=PLAIN, timeout=60)
            assert answer.status_code == expected, (state, role)
            _assert_nothing_leaks(world, answer, "anybody")


@pytest.mark.parametrize("route", TABLE)
def test_each_route_answers_each_role_as_the_table_says(world: World, api: Api, route: str) -> None:
    states = ["published"] if "{" not in route else ["published", "unpublished"]
    wrong = []
    for state in states:
        for role in ROLES:
            answer = _call(world, api, route, role, state)
            expected = TABLE[route].expected(role, state)
            ready = route == "GET /health/ready" and answer.status_code == 503
            if answer.status_code != expected and not ready:
                wrong.append((state, role, answer.status_code, expected, answer.text[:200]))
            _assert_nothing_leaks(world, answer, role)
    assert not wrong


def _assert_nothing_leaks(world: World, answer: httpx.Response, role: str) -> None:
    told = f"{answer.headers} {answer.text}"
    where = f"{answer.request.method} {answer.request.url} as {role}: {told[:2000]}"
    assert not [label for label in world.labels if label in told], where
    if role in WITH_ROLE:
        return
    # The identity of what is asked for is in the question; the answer must not confirm it.
    for secret in ("slug", "challenge_id", "phase_id"):
        assert world.places["unpublished"][secret] not in told, where
    for state in ("published", "unpublished"):
        if state == "unpublished" or role not in OWNERS:
            for secret in ("submission_id", "matrix", "method"):
                assert world.places[state][secret] not in told, where
    assert not [name for name in HIDDEN_NAMES if f'"{name}"' in told or f",{name}:" in told], where
    if answer.content and answer.headers["content-type"] == "application/json":
        _assert_released(answer.json(), where)


def _assert_released(value: Any, where: str) -> None:
    """Scores have the phase's two decimals, and a team is told no task's."""
    if isinstance(value, dict):
        if "mean_q" in value:
            assert value["mean_score"] == round(value["mean_score"], 2), where
            assert value["mean_q"] == round(value["mean_q"], 2), where
        if "mean_score" in value and "team" not in value:
            assert value.get("tasks") is None, where
        for one in value.values():
            _assert_released(one, where)
    elif isinstance(value, list):
        for one in value:
            _assert_released(one, where)


def test_lists_hold_what_each_role_may_see(world: World, api: Api) -> None:
    for role in ROLES[:-2]:
        client = api.as_(world.tokens[role])
        slugs = json.dumps(client.ok("GET", "/challenges?limit=200"))
        sees = role in WITH_ROLE - {"organize_only"}
        assert (world.places["unpublished"]["slug"] in slugs) == sees, role
    for role, count in {"owner": 1, "mate": 1, "rival": 1, "stranger": 0, "reader": 2}.items():
        path = f"/phases/{world.places['published']['phase_id']}/submissions"
        assert len(api.as_(world.tokens[role]).ok("GET", path)["items"]) == count, role


def test_what_may_not_be_seen_looks_like_what_is_not_there(world: World, api: Api) -> None:
    unused = UNUSED
    nothing = {
        "phase_id": unused, "submission_id": unused, "participation_id": unused,
        "slug": "there-is-none", "number": "999999", "user_id": unused,
        "shown": unused, "announcement_id": unused, "webhook_id": unused, "team_id": unused,
        "rescoring_id": unused, **PICTURE,
    }  # fmt: skip
    for route, row in TABLE.items():
        if row.expected("stranger", "unpublished") == 404 and "{" in route:
            hidden = _call(world, api, route, "stranger", "unpublished")
            method, template = route.split(" ")
            if not any(f"{{{name}}}" in template for name in nothing):
                continue
            path = (template + row.query).format(**nothing).removeprefix("/api/v1")
            same = {"json": json.loads(hidden.request.content)} if hidden.request.content else {}
            missing = api.as_(world.tokens["stranger"]).call(method, path, **same)
            told = [{**one.json(), "instance": ""} for one in (hidden, missing)]
            assert told[0] == told[1], route


def test_a_token_that_is_none_is_refused_even_where_none_is_needed(api: Api) -> None:
    for secret in ("pb_guessed", "x", "pb_" + "a" * 5000):
        assert api.as_(secret).get("/challenges").status_code == 401


def test_an_endpoint_without_declared_access_stops_the_start() -> None:
    router = APIRouter()

    @router.get("/open")
    def declared(_: AnyViewer) -> None: ...

    require_declared_access(router)

    @router.get("/forgotten")
    def forgotten() -> None: ...

    with pytest.raises(RuntimeError, match="/forgotten"):
        require_declared_access(router)


def test_an_endpoint_in_a_router_in_a_router_stops_the_start() -> None:
    inner, outer = APIRouter(), APIRouter()

    @inner.get("/hidden")
    def hidden() -> None: ...

    outer.include_router(inner, prefix="/inner")
    with pytest.raises(RuntimeError, match="does not say who may call it"):
        require_declared_access(outer)
