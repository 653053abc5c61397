"""Splits, probes, analyses and budgets of a challenge, over HTTP and down to the numbers."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.blobs import BlobKind
from app.models import Evaluation, PhaseTask, TaskScore
from app.phases.splits import TaskSplits
from probeboard.labelsets import SplitKind, marks_from_bytes
from tests import builders
from tests.api import Api
from tests.builders import Person, bundle_config, bundle_files, bundle_upload, phase_config
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts

GROUPED = {"kind": "grouped", "groups": "groups.csv", "n_splits": 4, "test_size": 0.25, "seed": 7}
PREDEFINED = {"kind": "predefined", "predefined": "parts.csv"}
MARKS = {"groups.csv": builders.groups_csv(), "parts.csv": builders.parts_csv()}


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def rows(parts: Parts, phase_id: str) -> list[TaskSplits]:
    statement = select(PhaseTask).where(PhaseTask.phase_id == UUID(phase_id))
    with parts.sessions() as session:
        tasks = session.scalars(statement.order_by(PhaseTask.position)).all()
    return [TaskSplits.from_document(task.splits) for task in tasks]


def codes(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {place["code"] for place in answer.json()["errors"]}


def test_a_phase_tells_how_each_task_is_split_and_never_who_is_where(
    host: Person, api: Api, parts: Parts
) -> None:
    phase = phase_config(
        tasks=["height", {"task": "wet", "splits": PREDEFINED | {"shots": 5}}],
        splits=GROUPED,
        scaling="per-dimension",
        analyses=["spectrum"],
        budget_bytes=16,
    )
    config = bundle_config(phases=[phase])
    config["tasks"][1] |= {"probe": "knn", "signs": True}
    made = builders.challenge(host, bundle_files(config) | MARKS)
    told = api.ok("GET", f"/phases/{made['phases'][0]['id']}")
    assert [task["splits"] for task in told["tasks"]] == [
        {"kind": "grouped", "n_splits": 4, "test_size": 0.25, "shots": None},
        {"kind": "predefined", "n_splits": 1, "test_size": None, "shots": 5},
    ]
    probes = [(task["probe"], task["signs"]) for task in told["tasks"]]
    assert probes == [("linear", False), ("knn", True)]
    assert told["scaling"] == "per-dimension"
    assert (told["analyses"], told["budget_bytes"]) == (["spectrum"], 16)
    height, wet = rows(parts, told["id"])
    assert (height.spec.seed, wet.spec.seed) == (7, 42)
    for splits in (height, wet):
        assert splits.marks is not None
        marks = marks_from_bytes(parts.blobs.read(BlobKind.MARKS, splits.marks))
        assert len(marks) == 60
        for path in ("", "/samples.csv", "/leaderboard"):
            assert splits.marks not in host.api.get(f"/phases/{told['id']}{path}").text
    for path in (f"/phases/{told['id']}", f"/challenges/{made['slug']}"):
        assert "site-" not in host.api.get(path).text


def test_the_same_marks_are_kept_once_and_others_need_rescoring(host: Person, parts: Parts) -> None:
    files = bundle_files(bundle_config(phases=[phase_config(splits=GROUPED)])) | MARKS
    made = builders.challenge(host, files)
    phase = made["phases"][0]["id"]
    team = builders.contestant(host.api, made)
    before = rows(parts, phase)
    again = dict(files) | {
        "groups.csv": b"id,group\n" + b"\n".join(files["groups.csv"].splitlines()[:0:-1])
    }
    path = f"/challenges/{made['slug']}"
    assert builders.submit(team, phase, builders.truth()).status_code == 201
    assert host.api.put(path, files=bundle_upload(again), changes=False).status_code == 200
    assert rows(parts, phase) == before
    moved = files["groups.csv"].replace(b"s0000,site-0", b"s0000,site-1")
    refused = host.api.put(path, files=bundle_upload(dict(files) | {"groups.csv": moved}))
    assert refused.status_code == 409
    assert "splits" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        ({"splits": GROUPED | {"groups": "sites.csv"}}, "file_missing"),
        ({"splits": {"kind": "grouped"}}, "marks_missing"),
        ({"splits": PREDEFINED, "ranking": "mean-q"}, "q_of_one_split"),
        ({"splits": GROUPED, "scorer": "neuco"}, "neuco_splits"),
        ({"scaling": "per-dimension", "scorer": "neuco"}, "neuco_scaling"),
        ({"splits": {"kind": "stratified"}}, "not_stratifiable"),
        ({"splits": {"shots": 55}}, "too_few_shots"),
        ({"analyses": ["magic"]}, "enum"),
    ],
)
def test_what_nobody_could_score_is_refused_at_the_upload(
    host: Person, phase: dict[str, Any], code: str
) -> None:
    config = bundle_config(phases=[phase_config(**phase)])
    answer = host.api.post("/challenges", files=bundle_upload(bundle_files(config) | MARKS))
    assert codes(answer) == {code}
    assert host.api.get(f"/challenges/{config['slug']}").status_code == 404


@pytest.mark.parametrize("splits", [GROUPED, PREDEFINED, GROUPED | {"shots": 15}])
def test_a_submission_is_scored_on_the_splits_the_bundle_asks_for(
    host: Person, parts: Parts, splits: dict[str, Any]
) -> None:
    files = bundle_files(bundle_config(phases=[phase_config(splits=splits)])) | MARKS
    made = builders.challenge(host, files)
    phase = made["phases"][0]["id"]
    team = builders.contestant(host.api, made)
    key = UUID(builders.submit(team, phase, builders.truth()).json()["id"])
    evaluate_submission(parts, key)
    with parts.sessions() as session:
        evaluation = session.scalars(
            select(Evaluation).where(Evaluation.submission_id == key)
        ).one()
        scores = session.scalars(
            select(TaskScore).where(TaskScore.evaluation_id == evaluation.id)
        ).all()
    height, _ = rows(parts, phase)
    assert height.spec.kind is SplitKind(splits["kind"])
    assert {len(score.split_scores) for score in scores} == {height.spec.n_splits}
    assert {score.standard_error is None for score in scores} == {height.spec.n_splits == 1}
    # The labels are linear in the embeddings.
    assert all(score.mean > 0.6 for score in scores)


def test_a_budget_takes_shorter_embeddings_and_no_longer_ones(host: Person) -> None:
    config = bundle_config(phases=[phase_config(budget_bytes=8)])
    made = builders.challenge(host, bundle_files(config))
    team = builders.contestant(host.api, made)
    phase = made["phases"][0]["id"]
    assert builders.submit(team, phase, builders.truth(dim=2)).status_code == 201
    refused = builders.submit(team, phase, builders.truth(dim=4))
    assert codes(refused) == {"over_budget"}
