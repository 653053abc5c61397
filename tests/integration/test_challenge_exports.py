"""Export and import: the same challenge again, and labels that never come out over HTTP."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.blobs import BlobStore
from app.challenges.bundle import read_bundle
from app.challenges.config import ChallengeConfig, spelled_out
from app.challenges.exporting import export_challenge
from app.challenges.outline import outline_of_bundle, outline_of_rows
from app.challenges.yaml_lines import read_yaml
from app.challenges.yaml_writing import write_yaml
from app.models import Challenge, LabelSet, PhaseTask, Task
from app.settings import Settings
from tests import builders
from tests.api import Api
from tests.builders import Person, bundle_config, bundle_files, bundle_upload, phase_config
from tests.serving import RunningServer
from worker.parts import Parts

MULTI = [[f"s{n:04}", n % 2, (n + 1) % 2] for n in range(60)]


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts):
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def everything() -> dict[str, bytes]:
    """A bundle in which every key says something else than its default."""
    tasks = [
        {"slug": "height", "title": "Height", "type": "regression", "labels": "height.csv"},
        {"slug": "wet", "title": "no", "type": "binary", "labels": "wet.csv",
         "probe": "knn", "signs": True},
        {"slug": "kinds", "title": "1e5", "type": "multilabel", "labels": "kinds.csv"},
        {"slug": "spare", "title": "Spare", "type": "regression", "labels": "spare.csv"},
    ]  # fmt: skip
    grouped = {
        "kind": "grouped", "groups": "g.csv", "n_splits": 6, "test_size": 0.25, "seed": 7,
        "shots": 10,
    }  # fmt: skip
    dev = phase_config(
        closes_at="2097-05-06T07:08:09.123456+05:30",
        samples="few.csv",
        tasks=["height", {"task": "wet", "weight": 2.5, "public_name": "Wét: 1", "splits": grouped},
               {"task": "kinds", "splits": {"kind": "predefined", "predefined": "p.csv"}}],
        scaling="per-dimension",
        analyses=["spectrum", "metrics"],
        budget_bytes=16,
        ranking={"method": "neuco", "floor": None, "weights_frozen_at": "2098-01-01T00:00:00Z",
                 "tie_break": "mean-score", "win_rate_against": "baselines"},
        selection={"rule": "best", "by": "mean-score"},
        board={"visible": False, "tasks": False, "task_names": "masked", "decimals": 2,
               "frozen_at": "2090-01-01T00:00:00+02:00"},
    )  # fmt: skip
    dev["tasks"][2]["splits"] = {"kind": "stratified", "n_splits": 4}
    dev["tasks"].pop()
    final = phase_config(
        "final",
        scorer="neuco",
        tasks=["height"],
        requires="dev",
        selection={"rule": "selected", "limit": 2},
        private={"samples": "hidden.csv", "revealed_at": "2099-02-01T00:00:00Z"},
    )
    third = phase_config(
        "third", tasks=["kinds"], splits={"kind": "predefined", "predefined": "p.csv"}
    )
    config = bundle_config(
        title="Über: alles #1",
        zero_pad=True,
        strip_suffixes=[".zip", ".zarr"],
        participation={"approval": "required", "email_domains": ["uni.example.edu"]},
        teams_locked_at="2026-03-20T00:00:00+01:00",
        terms_version="1.0",
        tasks=tasks,
        phases=[dev, final, third],
    )
    files = bundle_files(config)
    height = files["height.csv"].splitlines(keepends=True)
    rows = ['id,land,"sea, deep"', *(",".join(map(str, row)) for row in MULTI)]
    return files | {
        "challenge.yaml": write_yaml(config).encode(),
        "few.csv": b"".join(files["samples.csv"].splitlines(keepends=True)),
        "samples.csv": files["samples.csv"] + b'"s,9999"\n',
        "height.csv": b"".join([height[0], *reversed(height[1:])]),
        "wet.csv": files["wet.csv"].replace(b",1", b",yes").replace(b",0", b",no"),
        "kinds.csv": "\n".join(rows).encode(),
        "spare.csv": b"never read",
        "g.csv": builders.groups_csv(),
        "p.csv": builders.parts_csv(),
        "hidden.csv": b"".join(files["samples.csv"].splitlines(keepends=True)[:31]),
        "terms.md": "# Térms\r\n".encode(),
    }


def exported(host: Person, slug: str) -> dict[str, bytes]:
    answer = host.api.get(f"/challenges/{slug}/bundle")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def slug_of(files: Mapping[str, bytes]) -> str:
    return str(yaml.safe_load(files["challenge.yaml"])["slug"])


def operator_export(
    settings: Settings, slug: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DATABASE_URL": str(settings.database_url),
        "REDIS_URL": str(settings.redis_url),
        "BLOB_ROOT": str(settings.blob_root),
    }
    command = [sys.executable, "-m", "app.operate", "export-challenge", slug, str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def folder_files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_rows_and_bundle_have_one_outline(host: Person, parts: Parts) -> None:
    files = everything()
    builders.challenge(host, files, publish=False)
    with parts.sessions() as session:
        row = session.query(Challenge).filter_by(slug=slug_of(files)).one()
        assert outline_of_rows(session, row) == outline_of_bundle(read_bundle(files))


def test_ones_own_export_changes_nothing(host: Person) -> None:
    files = everything()
    slug = slug_of(files)
    builders.challenge(host, files)
    bundle = exported(host, slug)
    told = host.api.ok("POST", f"/challenges/{slug}/plan", files=bundle_upload(bundle))
    assert told["is_allowed"] is True
    nothing = ("changes", "added", "removed", "label_sets", "refused")
    assert [told[key] for key in nothing] == [[]] * 5
    updated = host.api.put(f"/challenges/{slug}", files=bundle_upload(bundle), changes=False)
    assert updated.status_code == 200, updated.text
    assert exported(host, slug) == bundle


def test_no_label_and_no_mark_comes_out(host: Person) -> None:
    files = everything()
    builders.challenge(host, files)
    bundle = exported(host, slug_of(files))
    withheld = json.loads(bundle["withheld.json"])["files"]
    assert set(withheld) == {
        "labels/height.csv", "labels/wet.csv", "labels/kinds.csv", "splits/dev/wet.csv",
        "splits/third.csv", "private/final.csv",
    }  # fmt: skip
    assert not withheld.keys() & bundle.keys()
    told = b"".join(bundle.values())
    secrets = [line.split(b",")[1] for line in files["height.csv"].splitlines()[1:]]
    assert not [secret for secret in secrets if secret in told]
    assert b"site-3" not in told


def test_the_operators_export_makes_the_same_challenge_on_a_fresh_server(
    host: Person, parts: Parts, settings: Settings, tmp_path: Path
) -> None:
    files = everything()
    slug = slug_of(files)
    builders.challenge(host, files)
    done = operator_export(settings, slug, tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, ""), done
    whole = folder_files(tmp_path / "out")
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0
    assert "withheld.json" not in whole
    original = outline_of_bundle(read_bundle(files))
    assert outline_of_bundle(read_bundle(whole)) == original
    # A fresh server would know nothing of it: neither does this one, under another slug.
    other = builders.unique("copy")
    copy = whole | {
        "challenge.yaml": whole["challenge.yaml"].replace(slug.encode(), other.encode())
    }
    builders.challenge(host, copy)
    with parts.sessions() as session:
        rows = {one: session.query(Challenge).filter_by(slug=one).one() for one in (slug, other)}
        outlines = [outline_of_rows(session, row) | {"slug": ""} for row in rows.values()]
        assert outlines[0] == outlines[1] == original | {"slug": ""}
        blobs = BlobStore(settings.blob_root)
        twins = [export_challenge(session, row, blobs).whole(blobs) for row in rows.values()]
    assert twins[1] == copy
    assert twins[0] == whole


def test_the_operators_export_refuses_what_it_cannot_do(
    host: Person, settings: Settings, tmp_path: Path
) -> None:
    made = builders.challenge(host)
    for slug in ("there-is-none", made["slug"]):
        refused = operator_export(settings, slug, tmp_path)
        assert refused.returncode == 1
        assert (slug if slug == "there-is-none" else str(tmp_path)) in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_digest_stands_for_a_file_in_its_own_challenge_only(host: Person) -> None:
    files = bundle_files()
    builders.challenge(host, files)
    bundle = exported(host, slug_of(files))
    other = bundle_files()
    other["height.csv"] = other["height.csv"].replace(b",0.", b",1.")
    other["wet.csv"] = other["wet.csv"].replace(b",1", b",2")
    builders.challenge(host, other)
    named = [
        dict(bundle)
        | {"challenge.yaml": bundle["challenge.yaml"].replace(slug_of(files).encode(), slug)}
        for slug in (slug_of(other).encode(), b"new-one")
    ]
    answers = [
        host.api.put(f"/challenges/{slug_of(other)}", files=bundle_upload(named[0])),
        host.api.post("/challenges", files=bundle_upload(named[1])),
    ]
    for answer in answers:
        assert answer.status_code == 422
        found = {(one["code"], one["file"]) for one in answer.json()["errors"]}
        assert found == {
            ("file_withheld", "labels/height.csv"),
            ("file_withheld", "labels/wet.csv"),
        }


def test_faults_of_withheld_files_tell_no_label(host: Person) -> None:
    files = bundle_files()
    builders.challenge(host, files)
    bundle = exported(host, slug_of(files))
    config = yaml.safe_load(bundle["challenge.yaml"])
    config["tasks"][0]["type"] = "binary"
    config["phases"][0]["splits"] = {"n_splits": 5, "test_size": 0.01, "seed": 1}
    bundle["challenge.yaml"] = yaml.safe_dump(config).encode()
    answer = host.api.post(f"/challenges/{slug_of(files)}/plan", files=bundle_upload(bundle))
    assert answer.status_code == 422
    found = answer.json()["errors"]
    assert "binary_classes" in {one["code"] for one in found}
    assert {(one["detail"], one.get("line")) for one in found} == {
        ("a fault of a withheld file: add the file for its detail", None)
    }


@pytest.mark.parametrize(
    "manifest",
    [b"{", b"{}", b'{"format": "probeboard.withheld/2", "files": {}}',
     b'{"files": {"a.csv": {"kind": "labels", "sha256": "x"}}}'],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(host: Person, manifest: bytes) -> None:
    files = bundle_files() | {"withheld.json": manifest}
    answer = host.api.post("/challenges", files=bundle_upload(files))
    assert answer.status_code == 422
    assert {(one["code"], one["file"]) for one in answer.json()["errors"]} == {
        ("manifest", "withheld.json")
    }


def test_labels_that_differ_between_phases_are_no_bundle(host: Person, parts: Parts) -> None:
    files = bundle_files(bundle_config(phases=[phase_config("one"), phase_config("two")]))
    made = builders.challenge(host, files)
    with parts.sessions() as session:
        # As a re-scoring of one phase leaves it behind.
        row = session.query(LabelSet).join(Task).filter(
            Task.slug == "wet", Task.challenge_id == made["id"]
        ).one()  # fmt: skip
        data = parts.blobs.read("labels", row.digest).replace(b"[1,", b"[0,").replace(b"1]", b"0]")
        digest = parts.blobs.put("labels", data)
        newer = LabelSet(
            task_id=row.task_id, version=2, digest=digest, n_labels=60, created_at=row.created_at
        )
        session.add(newer)
        session.flush()
        session.query(PhaseTask).filter_by(
            phase_id=made["phases"][1]["id"], task_id=row.task_id
        ).update({"label_set_id": newer.id})
        session.commit()
    answer = host.api.get(f"/challenges/{made['slug']}/bundle")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/labels-differ")


def test_every_key_there_is_was_tried() -> None:
    def untouched(model: Any, path: str = "") -> set[str]:
        found = set()
        for name, field in type(model).model_fields.items():
            value = getattr(model, name)
            if not field.is_required() and value == field.get_default():
                found.add(f"{path}{name}")
        return found

    text = everything()["challenge.yaml"].decode()
    values = spelled_out(read_yaml(text, file="challenge.yaml").values)
    config = ChallengeConfig.model_validate_json(json.dumps(values))
    dev, final, _ = config.phases
    assert untouched(config) == set()
    assert untouched(dev) & untouched(final) - {"splits"} == set()
    assert untouched(dev.ranking) == untouched(dev.board) == set()
    assert untouched(dev.selection) & untouched(final.selection) == set()
