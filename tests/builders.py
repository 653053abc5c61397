"""What tests are made of: bundles, embeddings, people. Each call makes new, unique things."""

import csv
import io
import itertools
import os
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from sqlalchemy import text

from app.db import SessionFactory
from app.models import User
from tests.api import Api

_numbers = itertools.count(1)
PASSWORD = "correct horse battery"
PAST = "2020-01-01T00:00:00Z"
FUTURE = "2099-01-01T00:00:00Z"


def unique(stem: str) -> str:
    """Return a name nothing else in the run has."""
    return f"{stem}-{os.getpid()}-{next(_numbers)}"


def sample_ids(n: int = 60) -> list[str]:
    return [f"s{number:04}" for number in range(n)]


def truth(n: int = 60, dim: int = 4) -> NDArray[np.float32]:
    """Embeddings that carry the labels of `bundle_files`: a good submission."""
    return np.random.default_rng(7).normal(size=(n, dim)).astype(np.float32)


def noise(seed: int, n: int = 60, dim: int = 4) -> NDArray[np.float32]:
    """Embeddings that carry nothing."""
    return np.random.default_rng(1000 + seed).normal(size=(n, dim)).astype(np.float32)


def blend(share: float, seed: int = 0, n: int = 60, dim: int = 4) -> NDArray[np.float32]:
    """Embeddings that carry a share of the truth, the rest noise."""
    return (share * truth(n, dim) + (1 - share) * noise(seed, n, dim)).astype(np.float32)


def csv_bytes(matrix: NDArray[Any], ids: Sequence[str] | None = None) -> bytes:
    """Write embeddings as NeuCo-Bench does."""
    ids = sample_ids(len(matrix)) if ids is None else ids
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["id", *range(matrix.shape[1])])
    for sample, row in zip(ids, matrix.tolist(), strict=True):
        writer.writerow([sample, *row])
    return written.getvalue().encode()


def labels_csv(ids: Sequence[str], labels: Sequence[Any]) -> bytes:
    lines = ["id,label", *(f"{one},{label}" for one, label in zip(ids, labels, strict=True))]
    return "\n".join(lines).encode() + b"\n"


def groups_csv(n: int = 60, n_groups: int = 12) -> bytes:
    """Write marks for grouped splits: `site-0`, `site-1`, … in turn."""
    groups = [f"site-{number % n_groups}" for number in range(n)]
    return labels_csv(sample_ids(n), groups).replace(b"label", b"group", 1)


def parts_csv(n: int = 60) -> bytes:
    """Write marks for one predefined split: the last third is the test part."""
    parts = ["train" if 3 * number < 2 * n else "test" for number in range(n)]
    return labels_csv(sample_ids(n), parts).replace(b"label", b"split", 1)


def phase_config(slug: str = "dev", **changes: Any) -> dict[str, Any]:
    """A phase that is open now."""
    return {
        "slug": slug,
        "title": slug.title(),
        "opens_at": PAST,
        "closes_at": FUTURE,
        "samples": "samples.csv",
        "tasks": ["height", "wet"],
        "splits": {"n_splits": 5, "test_size": 0.2, "seed": 1},
        "quota": {"per_day": 5, "total": 50, "in_flight": 5},
        "team_sees": "tasks",
    } | changes


def bundle_config(**changes: Any) -> dict[str, Any]:
    """A small challenge: 60 samples of 4 dimensions, a regression and a binary task."""
    return {
        "slug": unique("challenge"),
        "title": "A challenge",
        "summary": "Sixty samples, four numbers each.",
        "embedding_dim": 4,
        "terms_version": "1",
        "pages": {name: f"{name}.md" for name in ("description", "evaluation", "terms")},
        "tasks": [
            {"slug": "height", "title": "Height", "type": "regression", "labels": "height.csv"},
            {"slug": "wet", "title": "Wet or dry", "type": "binary", "labels": "wet.csv"},
        ],
        "phases": [phase_config()],
    } | changes


def bundle_files(config: Mapping[str, Any] | None = None, n: int = 60) -> dict[str, bytes]:
    """The files of a bundle; the labels are linear in `truth`."""
    ids = sample_ids(n)
    X = truth(n)
    height = X @ np.array([1.0, 0.5, -0.5, 0.25])
    wet = (X[:, 0] - X[:, 1] > 0).astype(int)
    return {
        "challenge.yaml": yaml.safe_dump(dict(config or bundle_config()), sort_keys=False).encode(),
        "description.md": b"# What it is about\n",
        "evaluation.md": b"# How it is scored\n",
        "terms.md": b"# What you agree to\n",
        "samples.csv": "\n".join(["id", *ids]).encode() + b"\n",
        "height.csv": labels_csv(ids, [f"{value:.6f}" for value in height]),
        "wet.csv": labels_csv(ids, wet.tolist()),
    }


def zipped(files: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def bundle_upload(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The `files` argument of a request that uploads a bundle."""
    return {"bundle": ("bundle.zip", zipped(files), "application/zip")}


@dataclass
class Person:
    """Somebody with an account and a token for everything."""

    api: Api
    id: str
    email: str
    token: str
    teams: list[dict[str, Any]] = field(default_factory=list)


def person(api: Api) -> Person:
    """Register somebody and log in."""
    email = f"{unique('person')}@example.org"
    account = {"email": email, "name": "Somebody", "password": PASSWORD}
    made = api.ok("POST", "/accounts", json=account)
    login = api.ok("POST", "/sessions", json={"email": email, "password": PASSWORD})
    return Person(api.as_(login["token"]), made["id"], email, login["token"])


def organizer(api: Api, sessions: SessionFactory) -> Person:
    """Register somebody whom the operator lets create challenges."""
    made = person(api)
    with sessions() as session:
        row = session.query(User).filter_by(email=made.email).one()
        row.may_organize = True
        session.commit()
    return made


def challenge(by: Person, files: Mapping[str, bytes] | None = None, *, publish: bool = True) -> Any:
    """Create a challenge, published unless told otherwise; return its JSON."""
    files = bundle_files() if files is None else files
    made = by.api.ok("POST", "/challenges", files=bundle_upload(files))
    if publish:
        made = by.api.ok("POST", f"/challenges/{made['slug']}/publication")
    return made


def contestant(api: Api, in_challenge: Mapping[str, Any]) -> Person:
    """Register somebody, in a team of their own that takes part."""
    made = person(api)
    team = made.api.ok("POST", "/teams", json={"name": unique("Team")})
    made.teams.append(team)
    made.api.ok(
        "POST",
        f"/challenges/{in_challenge['slug']}/participations",
        json={"team_id": team["id"], "terms_version": in_challenge["terms_version"]},
    )
    return made


def submit(by: Person, phase_id: str, content: bytes | NDArray[Any], **fields: Any) -> Any:
    """Hand in embeddings and return the answer, whatever it is."""
    data = content if isinstance(content, bytes) else csv_bytes(content)
    headers = {"Idempotency-Key": fields.pop("key")} if "key" in fields else {}
    changes = fields.pop("changes", True)
    return by.api.post(
        f"/phases/{phase_id}/submissions",
        files={"file": (fields.pop("file_name", "embeddings.csv"), data)},
        data={"method_name": "A method"} | fields,
        headers=headers,
        changes=changes,
    )


@dataclass
class Contest:
    """A published challenge with one phase, and who runs it."""

    host: Person
    challenge: Any
    phase: str


def contest(
    api: Api,
    sessions: SessionFactory,
    *,
    files: Mapping[str, bytes] | None = None,
    **phase_changes: Any,
) -> Contest:
    """Make a challenge with one open phase, changed as told, and more files in its bundle."""
    host = organizer(api, sessions)
    config = bundle_config(phases=[phase_config(**phase_changes)])
    made = challenge(host, bundle_files(config) | dict(files or {}))
    return Contest(host, made, made["phases"][0]["id"])


def wait_until(condition: Callable[[], object], *, at_most_s: float = 30) -> None:
    """Wait for a condition that other processes or threads bring about."""
    deadline = time.monotonic() + at_most_s
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.01)


# A bundle as an organizer types it, for tests of lines; its files are those of `bundle_files`.
BUNDLE_YAML = """\
slug: tern
title: Tern
summary: Terns fly.
embedding_dim: 4
terms_version: "1"
pages: {description: description.md, evaluation: evaluation.md, terms: terms.md}
tasks:
  - slug: height
    title: Height
    type: regression
    labels: height.csv
  - slug: wet
    title: Wet
    type: binary
    labels: wet.csv
phases:
  - slug: dev
    title: Dev
    opens_at: 2026-01-01T00:00:00Z
    closes_at: 2026-02-01T00:00:00+01:00
    samples: samples.csv
    tasks: [height, wet]
    splits: {n_splits: 5, test_size: 0.2, seed: 1}
    quota: {per_day: 5, total: 50}
  - slug: test
    title: Test
    opens_at: 2026-02-01T00:00:00Z
    closes_at: 2026-03-01T00:00:00Z
    samples: samples.csv
    tasks:
      - height
      - {task: wet, weight: 2, public_name: Water}
    splits: {n_splits: 5, test_size: 0.2, seed: 1}
    quota: {per_day: 5, total: 50}
    requires: dev
"""


def waits_for_a_lock(sessions: SessionFactory) -> bool:
    """Tell whether some statement in the database of these sessions waits for another."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with sessions() as session:
        return bool(session.scalar(waiting))


def unzipped(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive, such as an exported bundle."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# A form that hands in a file, for tests that send it piece by piece: head, the file's bytes, tail.
FORM_TYPE = "multipart/form-data; boundary=line"
FORM_HEAD = (
    b'--line\r\nContent-Disposition: form-data; name="method_name"\r\n\r\nA method\r\n'
    b'--line\r\nContent-Disposition: form-data; name="file"; filename="e.csv"\r\n\r\n'
)
FORM_TAIL = b"\r\n--line--\r\n"
