"""Challenges over HTTP: from a bundle, changed as far as scores allow, published, entered."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import yaml

from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Person, bundle_config, bundle_files, bundle_upload, phase_config
from tests.serving import RunningServer
from worker.parts import Parts


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts):
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


@pytest.fixture(scope="module")
def stranger(server: RunningServer):
    with Api(server.url) as api:
        yield builders.person(api)


def put(host: Person, slug: str, files: Mapping[str, bytes]) -> httpx.Response:
    return host.api.put(f"/challenges/{slug}", files=bundle_upload(files), changes=None)


def code_of(answer: httpx.Response) -> str:
    return answer.json()["type"].rpartition("/")[2]


def codes(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {place["code"] for place in answer.json()["errors"]}


def with_config(files: Mapping[str, bytes], **changes: Any) -> dict[str, bytes]:
    config = yaml.safe_load(files["challenge.yaml"]) | changes
    return dict(files) | {"challenge.yaml": yaml.safe_dump(config).encode()}


def with_phase(files: Mapping[str, bytes], **changes: Any) -> dict[str, bytes]:
    (phase,) = yaml.safe_load(files["challenge.yaml"])["phases"]
    return with_config(files, phases=[phase | changes])


SHUFFLED = {"n_splits": 5, "test_size": 0.2, "seed": 1}
GROUPED = SHUFFLED | {"kind": "grouped", "groups": "groups.csv"}


def with_probe(files: Mapping[str, bytes], **changes: Any) -> dict[str, bytes]:
    height, wet = yaml.safe_load(files["challenge.yaml"])["tasks"]
    return with_config(files, tasks=[height, wet | changes])


@pytest.fixture(scope="module")
def played(host: Person, server: RunningServer) -> dict[str, bytes]:
    """The files of a published challenge that has a submission and a team."""
    files = bundle_files() | {"groups.csv": builders.groups_csv()}
    with Api(server.url) as api:
        made = builders.challenge(host, files)
        one = builders.contestant(api, made)
        answer = builders.submit(one, made["phases"][0]["id"], builders.truth())
        assert answer.status_code == 201
    return files


def slug_of(files: Mapping[str, bytes]) -> str:
    return yaml.safe_load(files["challenge.yaml"])["slug"]


def test_a_bundle_is_the_same_as_a_zip_in_a_folder_and_file_by_file(host: Person) -> None:
    seen = []
    for form in ("zip", "folder", "files"):
        files = bundle_files()
        if form == "files":
            upload: Any = [("files", (name, data)) for name, data in files.items()]
        else:
            top = "tern/" if form == "folder" else ""
            upload = bundle_upload({f"{top}{name}": data for name, data in files.items()})
        made = host.api.post("/challenges", files=upload)
        assert made.status_code == 201, made.text
        view = made.json()
        assert view["published_at"] is None
        assert [phase["state"] for phase in view["phases"]] == ["open"]
        phase = host.api.ok("GET", f"/phases/{view['phases'][0]['id']}")
        assert [task["name"] for task in phase["tasks"]] == ["height", "wet"]
        samples = host.api.get(f"/phases/{phase['id']}/samples.csv")
        assert samples.content == files["samples.csv"]
        seen.append((view["pages"], view["embedding_dim"], phase["quota"], phase["n_samples"]))
    assert seen[0] == seen[1] == seen[2]


def test_sample_ids_are_not_sent_twice_nor_kept_by_shared_caches(host: Person) -> None:
    made = builders.challenge(host, publish=False)
    path = f"/phases/{made['phases'][0]['id']}/samples.csv"
    first = host.api.get(path)
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["vary"] == "Authorization"
    again = host.api.get(path, headers={"If-None-Match": f'W/{first.headers["etag"]}, "x"'})
    assert (again.status_code, again.content) == (304, b"")


def test_a_form_that_is_no_bundle_is_refused(host: Person) -> None:
    files = bundle_files()
    archive = builders.zipped(files)
    parts: list[Any] = [("files", (name, data)) for name, data in files.items()]
    for upload in (
        [("bundle", ("a.zip", archive)), ("bundle", ("b.zip", archive))],
        [("bundle", ("a.zip", archive)), *parts],
        [("zip", ("a.zip", archive))],
    ):
        assert host.api.post("/challenges", files=upload).status_code == 400
    assert host.api.post("/challenges", json={}).status_code == 400
    refused = host.api.post("/challenges", files={"bundle": ("a.zip", b"PK\x03\x04 not")})
    assert codes(refused) == {"not_a_zip"}
    assert codes(host.api.post("/challenges", files=[*parts, parts[0]])) == {"duplicate_file"}
    outside = [*parts, ("files", ("../x", b""))]
    assert codes(host.api.post("/challenges", files=outside)) == {"bad_name"}


def test_faults_come_with_file_and_line_and_leave_nothing_behind(host: Person, api: Api) -> None:
    config = bundle_config(phases=[phase_config(opens_at="2026-01-01T00:00:00", sumary="x")])
    answer = host.api.post("/challenges", files=bundle_upload(bundle_files(config)))
    assert codes(answer) == {"unknown_key", "timezone_aware"}
    problem = answer.json()
    assert problem["total"] == 2
    lines = bundle_files(config)["challenge.yaml"].decode().splitlines()
    for place in problem["errors"]:
        assert place["file"] == "challenge.yaml"
        key = "sumary" if place["code"] == "unknown_key" else "opens_at"
        assert key in lines[place["line"] - 1]
    assert host.api.get(f"/challenges/{config['slug']}").status_code == 404
    right = bundle_files(config | {"phases": [phase_config()]})
    assert host.api.post("/challenges", files=bundle_upload(right)).status_code == 201


def test_a_bundle_larger_than_the_limit_is_refused(settings: Settings, parts: Parts) -> None:
    small = settings.model_copy(update={"bundle_limit_bytes": 1000})
    with RunningServer(small) as server, Api(server.url) as api:
        host = builders.organizer(api, parts.sessions)
        answer = host.api.post("/challenges", files={"bundle": ("a.zip", b"x" * 1001)})
        assert answer.status_code == 413
        assert answer.json()["limit_bytes"] == 1000
        bomb = builders.zipped({"challenge.yaml": b" " * 100_000})
        assert len(bomb) < 1000
        assert codes(host.api.post("/challenges", files={"bundle": ("a.zip", bomb)})) == {
            "too_large"
        }


def test_a_slug_is_taken_once_and_never_changes(host: Person) -> None:
    files = bundle_files()
    slug = slug_of(files)
    builders.challenge(host, files, publish=False)
    again = host.api.post("/challenges", files=bundle_upload(files))
    assert (again.status_code, code_of(again)) == (409, "slug-taken")
    other = put(host, slug, with_config(files, slug=builders.unique("other")))
    assert codes(other) == {"slug"}
    assert host.api.get(f"/challenges/{slug}").status_code == 200


def test_publishing_shows_a_challenge_to_everybody_and_again_changes_nothing(
    host: Person, api: Api
) -> None:
    made = builders.challenge(host, publish=False)
    path = f"/challenges/{made['slug']}"
    assert api.get(path).status_code == 404
    first = host.api.ok("POST", f"{path}/publication")
    second = host.api.ok("POST", f"{path}/publication", changes=False)
    assert first["published_at"] == second["published_at"] is not None
    assert api.get(path).json()["published_at"] == first["published_at"]


def test_challenges_are_listed_in_pages_newest_first(host: Person, api: Api) -> None:
    made = [builders.challenge(host)["slug"] for _ in range(3)]
    first = api.ok("GET", "/challenges?limit=2")
    second = api.ok("GET", f"/challenges?limit=1&cursor={first['next_cursor']}")
    assert [one["slug"] for one in first["items"] + second["items"]] == made[::-1]


@pytest.mark.parametrize(
    "change",
    [
        lambda files: with_config(files, embedding_dim=5),
        lambda files: with_config(files, zero_pad=True),
        lambda files: with_config(files, strip_suffixes=[".zip"]),
        lambda files: dict(files) | {"terms.md": b"# Other terms\n"},
        lambda files: with_phase(files, splits={"n_splits": 6, "test_size": 0.2, "seed": 1}),
        lambda files: with_phase(files, splits={"n_splits": 5, "test_size": 0.3, "seed": 1}),
        lambda files: with_phase(files, splits={"n_splits": 5, "test_size": 0.2, "seed": 2}),
        lambda files: with_phase(files, splits=SHUFFLED | {"kind": "stratified"}, tasks=["wet"]),
        lambda files: with_phase(files, splits=SHUFFLED | {"shots": 20}),
        lambda files: with_phase(files, splits=GROUPED),
        lambda files: with_phase(files, tasks=["height", {"task": "wet", "splits": GROUPED}]),
        lambda files: with_phase(files, scorer="neuco"),
        lambda files: with_phase(files, budget_bytes=16),
        lambda files: with_phase(files, scaling="per-dimension"),
        lambda files: with_probe(files, probe="knn"),
        lambda files: with_phase(files, tasks=["height"]),
        lambda files: with_phase(files, tasks=["wet", "height"]),
        lambda files: with_phase(files, tasks=["height", {"task": "wet", "weight": 2}]),
        lambda files: with_phase(files, slug="renamed"),
        lambda files: dict(files) | {"height.csv": files["wet.csv"]},
        lambda files: dict(files) | {"samples.csv": files["samples.csv"] + b"s0060\n"},
        lambda files: with_config(
            files, tasks=[{"slug": "height", "title": "H", "type": "regression",
                           "labels": "height.csv"},
                          {"slug": "wet", "title": "W", "type": "regression",
                           "labels": "wet.csv"}]),
    ],
)  # fmt: skip
def test_what_would_change_scores_or_accepted_terms_is_refused(
    host: Person, played: dict[str, bytes], change: Any
) -> None:
    slug = slug_of(played)
    before = host.api.ok("GET", f"/challenges/{slug}")
    answer = put(host, slug, change(played))
    assert (answer.status_code, code_of(answer)) == (409, "change-needs-rescoring"), answer.text
    assert host.api.ok("GET", f"/challenges/{slug}") == before


def test_what_changes_no_score_passes(host: Person, played: dict[str, bytes]) -> None:
    slug = slug_of(played)
    changed = with_phase(
        with_config(played, title="Another title", summary="Another."),
        title="Another phase title",
        closes_at="2098-01-01T00:00:00Z",
        quota={"per_day": 7, "total": 60, "in_flight": 2},
        ranking="neuco",
        selection="last",
        team_sees="aggregate",
        board={"decimals": 2, "task_names": "masked", "tasks": False},
    ) | {"description.md": b"# More\n"}
    view = put(host, slug, changed)
    assert view.status_code == 200, view.text
    assert view.json()["title"] == "Another title"
    assert view.json()["pages"]["description"] == "# More\n"
    phase = host.api.ok("GET", f"/phases/{view.json()['phases'][0]['id']}")
    assert phase["quota"] == {"per_day": 7, "total": 60, "in_flight": 2}
    assert (phase["ranking"], phase["selection"]) == ("neuco", "last")
    assert [task["name"] for task in phase["tasks"]] == ["task-01", "task-02"]
    assert [task["title"] for task in phase["tasks"]] == [None, None]
    assert put(host, slug, played).status_code == 200


def test_phases_and_tasks_nobody_used_can_be_added_changed_and_removed(host: Person) -> None:
    one, two, three = (phase_config(slug) for slug in ("one", "two", "three"))
    files = bundle_files(
        bundle_config(phases=[one, two | {"requires": "one"}, three | {"requires": "two"}])
    )
    slug = builders.challenge(host, files)["slug"]
    later = with_config(files, phases=[three | {"tasks": ["height"]}], embedding_dim=9)
    config = yaml.safe_load(later["challenge.yaml"])
    later = with_config(later, tasks=config["tasks"][:1])
    view = put(host, slug, later)
    assert view.status_code == 200, view.text
    assert [phase["slug"] for phase in view.json()["phases"]] == ["three"]
    assert view.json()["embedding_dim"] == 9
    assert put(host, slug, with_config(files, phases=[one])).status_code == 200
    relabelled = dict(files) | {"height.csv": files["height.csv"].replace(b"0.", b"1.")}
    assert put(host, slug, relabelled).status_code == 200
    assert put(host, slug, files).status_code == 200


def test_new_terms_need_a_new_version_and_then_a_new_acceptance(host: Person, api: Api) -> None:
    files = bundle_files()
    made = builders.challenge(host, files)
    team = builders.contestant(api, made)
    phase = made["phases"][0]["id"]
    newer = with_config(files, terms_version="2") | {"terms.md": b"# New terms\n"}
    assert put(host, made["slug"], newer).status_code == 200
    refused = builders.submit(team, phase, builders.truth())
    assert (refused.status_code, code_of(refused)) == (409, "terms-changed")
    path = f"/challenges/{made['slug']}/participations"
    body = {"team_id": team.teams[0]["id"], "terms_version": "1"}
    assert code_of(team.api.post(path, json=body)) == "terms-changed"
    accepted = team.api.ok("POST", path, json=body | {"terms_version": "2"})
    assert accepted["terms_version"] == "2"
    assert builders.submit(team, phase, builders.truth()).status_code == 201


@pytest.mark.parametrize("slug", ["none", "%00", "a%2Fb", "x" * 5000, "%ff", "-", "..%2F"])
def test_an_address_that_is_no_slug_is_not_found_or_not_understood(
    stranger: Person, slug: str
) -> None:
    assert stranger.api.get(f"/challenges/{slug}").status_code in (404, 422)
