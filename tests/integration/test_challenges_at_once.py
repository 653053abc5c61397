"""Updates and submissions that come at once end as if one had come after the other."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest
import yaml

from tests import builders
from tests.api import Api
from tests.builders import Person, bundle_files, bundle_upload, phase_config
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts):
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def put(host: Person, slug: str, files: Mapping[str, bytes]) -> httpx.Response:
    return host.api.put(f"/challenges/{slug}", files=bundle_upload(files), changes=None)


def with_config(files: Mapping[str, bytes], **changes: Any) -> dict[str, bytes]:
    config = yaml.safe_load(files["challenge.yaml"]) | changes
    return dict(files) | {"challenge.yaml": yaml.safe_dump(config).encode()}


@pytest.mark.parametrize("attempt", range(3))
def test_an_update_and_a_submission_at_once_never_contradict_each_other(
    host: Person, api: Api, attempt: int
) -> None:
    files = bundle_files()
    made = builders.challenge(host, files)
    team = builders.contestant(api, made)
    phase = made["phases"][0]["id"]
    wider = with_config(files, embedding_dim=5)
    start = threading.Barrier(2)

    def update() -> httpx.Response:
        start.wait()
        return put(host, made["slug"], wider)

    def submit() -> httpx.Response:
        start.wait()
        return builders.submit(team, phase, builders.truth())

    with ThreadPoolExecutor(2) as pool:
        updated, submitted = pool.submit(update), pool.submit(submit)
    dim = api.ok("GET", f"/challenges/{made['slug']}")["embedding_dim"]
    taken = submitted.result().status_code == 201
    assert (updated.result().status_code == 200) != taken
    assert dim == (4 if taken else 5)
    right = builders.submit(team, phase, np.zeros((60, dim), np.float32))
    assert right.status_code == 201


def test_two_updates_at_once_end_as_one_of_them(host: Person) -> None:
    files = bundle_files()
    slug = builders.challenge(host, files)["slug"]
    bundles = [
        with_config(files, title=name, phases=[phase_config(name.lower())])
        for name in ("One", "Two", "Three", "Four")
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda bundle: put(host, slug, bundle), bundles))
    assert {one.status_code for one in answers} == {200}
    view = host.api.ok("GET", f"/challenges/{slug}")
    assert [phase["slug"] for phase in view["phases"]] == [view["title"].lower()]
