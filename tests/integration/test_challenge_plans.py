"""Plans: what an update would change, told before it is made, and held to when it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import yaml

from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Person, bundle_config, bundle_files, bundle_upload, phase_config
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts):
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


@pytest.fixture(scope="module")
def played(host: Person, server: RunningServer, parts: Parts) -> dict[str, bytes]:
    """The files of a published challenge whose first phase has a scored submission."""
    files = bundle_files(bundle_config(phases=[phase_config(), phase_config("later")]))
    made = builders.challenge(host, files)
    with Api(server.url) as api:
        one = builders.contestant(api, made)
        answer = builders.submit(one, made["phases"][0]["id"], builders.truth())
        evaluate_submission(parts, UUID(answer.json()["id"]))
    return files


def config_of(files: Mapping[str, bytes]) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(files["challenge.yaml"])
    return config


def with_config(files: Mapping[str, bytes], **changes: Any) -> dict[str, bytes]:
    config = config_of(files) | changes
    return dict(files) | {"challenge.yaml": yaml.safe_dump(config).encode()}


def with_dev(files: Mapping[str, bytes], **changes: Any) -> dict[str, bytes]:
    dev, *others = config_of(files)["phases"]
    return with_config(files, phases=[dev | changes, *others])


def slug_of(files: Mapping[str, bytes]) -> str:
    return str(config_of(files)["slug"])


def plan(host: Person, files: Mapping[str, bytes]) -> Any:
    return host.api.ok("POST", f"/challenges/{slug_of(files)}/plan", files=bundle_upload(files))


def put(host: Person, files: Mapping[str, bytes], digest: str | None = None) -> httpx.Response:
    params = {} if digest is None else {"plan": digest}
    path = f"/challenges/{slug_of(files)}"
    return host.api.put(path, params=params, files=bundle_upload(files), changes=None)


def code_of(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.json()['type'].rpartition('/')[2]}"


def blobs_of(settings: Settings) -> set[Path]:
    return {path for path in settings.blob_root.rglob("*") if path.is_file()}


def test_the_same_bundle_changes_nothing(host: Person, played: dict[str, bytes]) -> None:
    told = plan(host, played)
    assert told["is_allowed"] is True
    nothing = ("changes", "added", "removed", "label_sets", "refused")
    assert [told[key] for key in nothing] == [[]] * 5


def test_each_key_is_told_with_what_it_was_and_what_it_would_be(
    host: Person, played: dict[str, bytes]
) -> None:
    files = with_dev(
        with_config(played, title="Another"), quota={"per_day": 7, "total": 50, "in_flight": 5}
    )
    told = plan(host, files)
    assert told["is_allowed"] is True
    assert told["changes"] == [
        {"path": "title", "from": "A challenge", "to": "Another"},
        {"path": "phases.dev.quota.per_day", "from": 5, "to": 7},
    ]


def test_phases_tasks_and_their_order_are_told_by_their_slugs(host: Person) -> None:
    one, two, three = (phase_config(slug) for slug in ("one", "two", "three"))
    files = bundle_files(bundle_config(phases=[one, two]))
    builders.challenge(host, files)
    other = with_config(files, phases=[three, two | {"tasks": ["wet"]}])
    told = plan(host, other)
    assert told["added"] == ["phases.three"]
    assert told["removed"] == ["phases.two.tasks.height", "phases.one"]
    turned = plan(host, with_config(files, phases=[two, one | {"tasks": ["wet", "height"]}]))
    assert turned["changes"] == [
        {"path": "phases", "from": ["one", "two"], "to": ["two", "one"]},
        {"path": "phases.one.tasks", "from": ["height", "wet"], "to": ["wet", "height"]},
    ]
    assert turned["refused"] == []


def test_new_labels_are_counted_and_not_shown(host: Person, settings: Settings, api: Api) -> None:
    files = bundle_files()
    builders.challenge(host, files)
    stored = blobs_of(settings)
    fewer = files["height.csv"].replace(b"0.", b"1.").splitlines(keepends=True)[:-5]
    changed = dict(files) | {"height.csv": b"".join(fewer)}
    told = plan(host, changed)
    assert told["label_sets"] == [
        {"task": "height", "version": 2, "n_labels": 55, "n_labels_before": 60}
    ]
    assert [change["path"] for change in told["changes"]] == ["phases.dev.tasks.height.labels"]
    assert blobs_of(settings) == stored
    assert plan(host, files)["changes"] == []
    assert put(host, changed, told["digest"]).status_code == 200
    assert plan(host, changed)["label_sets"] == []


def test_what_is_refused_is_told_with_its_reason_and_all_at_once(
    host: Person, played: dict[str, bytes]
) -> None:
    later = config_of(played)["phases"][1]
    files = with_config(
        dict(played) | {"terms.md": b"# Other\n"},
        embedding_dim=5,
        phases=[phase_config(ranking="mean-score", scorer="neuco"), later | {"scorer": "neuco"}],
    )
    told = plan(host, files)
    assert told["is_allowed"] is False
    refused = [(one["code"], one["phase"], one["paths"]) for one in told["refused"]]
    assert refused == [
        ("change-needs-rescoring", None, ["embedding_dim"]),
        ("change-needs-rescoring", None, ["pages.terms"]),
        ("change-needs-rescoring", "dev", ["phases.dev.scorer"]),
        ("policy-change-needs-record", "dev", ["phases.dev.ranking.method"]),
    ]
    assert code_of(put(host, files)) == "409 change-needs-rescoring"
    assert "dev" in put(host, files).json()["detail"]


def test_removing_what_has_scores_is_refused(host: Person, played: dict[str, bytes]) -> None:
    config = config_of(played)
    files = with_config(
        played, tasks=config["tasks"][1:], phases=[config["phases"][1] | {"tasks": ["wet"]}]
    )
    told = plan(host, files)
    assert {tuple(one["paths"]) for one in told["refused"]} == {("tasks.height",), ("phases.dev",)}
    assert put(host, files).status_code == 409


def test_a_name_on_the_board_is_no_matter_of_scores(host: Person, played: dict[str, bytes]) -> None:
    named = with_dev(played, tasks=["height", {"task": "wet", "public_name": "Water"}])
    told = plan(host, named)
    assert told["is_allowed"] is True
    assert [one["path"] for one in told["changes"]] == ["phases.dev.tasks.wet.public_name"]


def test_an_update_is_made_only_as_it_was_planned(host: Person) -> None:
    files = bundle_files()
    builders.challenge(host, files)
    renamed = with_config(files, title="Renamed")
    digest = plan(host, renamed)["digest"]
    assert code_of(put(host, with_config(files, title="Other"), digest)) == "409 plan-outdated"
    assert put(host, with_config(files, summary="Meanwhile."), None).status_code == 200
    assert code_of(put(host, renamed, digest)) == "409 plan-outdated"
    again = plan(host, renamed)
    assert put(host, renamed, again["digest"]).status_code == 200
    assert plan(host, renamed)["changes"] == []


def test_a_plan_tells_faults_as_an_update_does(host: Person, played: dict[str, bytes]) -> None:
    path = f"/challenges/{slug_of(played)}"
    for files in (
        with_config(played, sumary="x"),
        with_config(played, slug=builders.unique("other")),
        {name: data for name, data in played.items() if name != "wet.csv"},
    ):
        upload = bundle_upload(files)
        planned = host.api.post(f"{path}/plan", files=upload)
        updated = host.api.put(path, files=upload, changes=None)
        assert planned.status_code == updated.status_code == 422
        assert planned.json()["errors"] == updated.json()["errors"]
