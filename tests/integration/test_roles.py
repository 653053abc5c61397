"""Who runs a challenge beside whoever made it, and who may look."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture(scope="module")
def api(server: RunningServer) -> Iterator[Api]:
    with Api(server.url) as made:
        yield made


@pytest.fixture
def host(api: Api, parts: Parts) -> Person:
    return builders.organizer(api, parts.sessions)


def give(by: Person, slug: str, to: Person, role: str, **options: Any) -> Any:
    body = {"email": to.email, "role": role}
    return by.api.call("POST", f"/challenges/{slug}/roles", json=body, **options)


def test_an_organizer_shares_the_work_and_takes_it_back(api: Api, host: Person) -> None:
    slug = builders.challenge(host, publish=False)["slug"]
    grace, roles = builders.person(api), f"/challenges/{slug}/roles"
    assert grace.api.get(f"/challenges/{slug}").status_code == 404
    assert give(host, slug, grace, "reader").json()["role"] == "reader"
    assert grace.api.get(f"/challenges/{slug}").status_code == 200
    assert grace.api.post(f"/challenges/{slug}/publication").status_code == 403
    assert give(host, slug, grace, "organizer").json()["id"] == str(grace.id)
    grace.api.ok("POST", f"/challenges/{slug}/publication")
    told = {one["id"]: one["role"] for one in grace.api.ok("GET", roles)["items"]}
    assert told == {str(grace.id): "organizer", str(host.id): "organizer"}
    grace.api.ok("DELETE", f"{roles}/{host.id}")
    assert host.api.get(roles).status_code == 403
    actions = [one["action"] for one in grace.api.ok("GET", f"/challenges/{slug}/audit")["items"]]
    assert actions.count("role.given") == 2
    assert actions.count("role.taken") == 1


def test_a_challenge_keeps_an_organizer(api: Api, host: Person) -> None:
    slug = builders.challenge(host)["slug"]
    for answer in (
        host.api.delete(f"/challenges/{slug}/roles/{host.id}"),
        give(host, slug, host, "reader"),
    ):
        assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (
            409,
            "last-organizer",
        )


def test_two_organizers_who_take_each_others_role_leave_one(api: Api, host: Person) -> None:
    slug, grace = builders.challenge(host)["slug"], builders.person(api)
    give(host, slug, grace, "organizer")
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda pair: pair[0].api.delete(f"/challenges/{slug}/roles/{pair[1].id}"),
                [(host, grace), (grace, host)],
            )
        )
    assert sorted(one.status_code for one in answers) in ([204, 403], [204, 409])


def test_only_people_who_registered_have_roles(api: Api, host: Person) -> None:
    slug = builders.challenge(host)["slug"]
    body = {"email": "nobody-at-all@example.org", "role": "reader"}
    answer = host.api.post(f"/challenges/{slug}/roles", json=body)
    assert answer.status_code == 422
    (place,) = answer.json()["errors"]
    assert (place["code"], place["pointer"]) == ("unknown_account", "/body/email")
    stranger = builders.person(api)
    assert host.api.delete(f"/challenges/{slug}/roles/{stranger.id}").status_code == 404
    assert give(stranger, slug, stranger, "organizer").status_code == 403


def test_giving_a_role_twice_changes_nothing(api: Api, host: Person) -> None:
    slug, grace = builders.challenge(host)["slug"], builders.person(api)
    give(host, slug, grace, "reader")
    again = give(host, slug, grace, "reader", changes=False)
    assert (again.status_code, again.json()["role"]) == (200, "reader")
