"""What workers compute is what the library computes: every scorer, probe and kind of split."""

import io
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from app.blobs import BlobKind
from app.models import Evaluation, Task, TaskScore
from probeboard.labelsets import (
    SplitKind,
    SplitSpec,
    TaskType,
    make_splits,
    read_labels,
    read_marks,
)
from probeboard.probing import (
    Probe,
    ProbeKind,
    ProbeTask,
    TaskScores,
    get_scorer,
    prepare,
    score_tasks,
    unpack_predictions,
)
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts

N = 60
IDS = builders.sample_ids(N)
X = builders.blend(0.6)
TRUTH = builders.truth().astype(np.float64)
SPEC = SplitSpec(5, 0.2, 1)
SHUFFLED = {"kind": "shuffle", "n_splits": 5, "test_size": 0.2, "seed": 1}

COVER = [("bog", "heath", "wood")[number % 3] for number in np.argsort(np.argsort(TRUTH[:, 2]))]
FILES = {
    "cover.csv": builders.labels_csv(IDS, COVER),
    "traits.csv": b"id,mass,length\n"
    + b"".join(
        f"{one},{row[0] * 1000:.3f},{row[1] + 5:.6f}\n".encode()
        for one, row in zip(IDS, TRUTH, strict=True)
    ),
    "species.csv": b"id,ant,bee,cod\n"
    + b"".join(
        f"{one},{row[0] > 0:d},{row[1] > 0.3:d},{row[3] > -0.4:d}\n".encode()
        for one, row in zip(IDS, TRUTH, strict=True)
    ),
    "sites.csv": b"id,group\n"
    + b"".join(f"{one},{i % 12}\n".encode() for i, one in enumerate(IDS)),
    "parts.csv": b"id,split\n"
    + b"".join(
        f"{one},{part}\n".encode()
        for one, part in zip(IDS, ["train", "test", ""] * 20, strict=True)
    ),
}
TASKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "height": ("regression", "height.csv", {}),
    "wet": ("binary", "wet.csv", {}),
    "cover": ("multiclass", "cover.csv", {}),
    "traits": ("regression", "traits.csv", {}),
    "species": ("multilabel", "species.csv", {}),
    "near": ("binary", "wet.csv", {"probe": "knn"}),
    "signs": ("multiclass", "cover.csv", {"probe": "knn", "signs": True}),
    "found": ("multilabel", "species.csv", {"probe": "retrieval"}),
}


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def challenge_of(host: Person, *phases: dict[str, Any]) -> dict[str, Any]:
    """A challenge with the tasks that its phases name."""
    named = [
        task if isinstance(task, str) else task["task"] for one in phases for task in one["tasks"]
    ]
    tasks = [
        {"slug": slug, "title": slug.title(), "type": kind, "labels": file, **probe}
        for slug, (kind, file, probe) in TASKS.items()
        if slug in named
    ]
    config = builders.bundle_config(tasks=tasks, phases=list(phases))
    wanted = {task["labels"] for task in tasks}
    for one in phases:
        for splits in (one["splits"], *(t["splits"] for t in one["tasks"] if "splits" in t)):
            wanted |= {splits[name] for name in ("groups", "predefined") if name in splits}
    files = builders.bundle_files(config) | FILES
    unused = {"height.csv", "wet.csv", *FILES} - wanted
    made: dict[str, Any] = builders.challenge(
        host, {name: content for name, content in files.items() if name not in unused}
    )
    return made


def score(parts: Parts, host: Person, phase_id: str) -> dict[str, Any]:
    """Hand in X as a baseline and evaluate it; return the submission as its organizer sees it."""
    handed_in = builders.submit(host, phase_id, X, baseline="true")
    assert handed_in.status_code == 201, handed_in.text
    evaluate_submission(parts, UUID(handed_in.json()["id"]))
    seen: dict[str, Any] = host.api.ok("GET", f"/submissions/{handed_in.json()['id']}")
    assert seen["status"] == "scored", seen
    return seen


def probe_task(slug: str, spec: SplitSpec = SPEC, marks: Any = None) -> ProbeTask:
    """A task of FILES as the library takes it."""
    kind, file, probe = TASKS[slug]
    files = builders.bundle_files() | FILES
    labels = read_labels(files[file], task_type=TaskType(kind))
    return ProbeTask(
        slug,
        labels.task_type,
        np.array([IDS.index(one) for one in labels.sample_ids]),
        labels.labels,
        make_splits(labels, spec, marks),
        Probe(ProbeKind(probe.get("probe", "linear")), signs=probe.get("signs", False)),
    )


def by_library(tasks: Sequence[ProbeTask], scorer: str = "exact") -> list[TaskScores]:
    return list(score_tasks(prepare(X), tasks, scorer=get_scorer(scorer, 1)))


def assert_same(seen: dict[str, Any], expected: Sequence[TaskScores]) -> None:
    told = seen["scores"]["tasks"]
    assert [one["metric"] for one in told] == [one.metric for one in expected]
    for one, wanted in zip(told, expected, strict=True):
        assert one["split_scores"] == wanted.split_scores.tolist(), wanted.name
        figures = (wanted.mean, wanted.std, wanted.q, wanted.standard_error)
        assert (one["mean"], one["std"], one["q"], one["standard_error"]) == figures


def penalties(parts: Parts, submission_id: str) -> dict[str, NDArray[np.float64]]:
    with parts.sessions() as session:
        rows = session.execute(
            sa.select(Task.slug, TaskScore.penalties)
            .join(Task, Task.id == TaskScore.task_id)
            .join(Evaluation, Evaluation.id == TaskScore.evaluation_id)
            .where(Evaluation.submission_id == UUID(submission_id))
        )
        return {slug: np.array(values) for slug, values in rows}


def test_every_probe_and_type_of_task_scores_as_in_the_library(parts: Parts, host: Person) -> None:
    phase = builders.phase_config(tasks=list(TASKS), splits=SHUFFLED)
    made = challenge_of(host, phase)
    seen = score(parts, host, made["phases"][0]["id"])
    expected = by_library([probe_task(slug) for slug in TASKS])
    assert_same(seen, expected)
    stored = penalties(parts, seen["id"])
    for one in expected:
        assert stored[one.name].tolist() == one.penalties.tolist()
    assert stored["traits"].shape == (5, 2)
    assert stored["species"].shape == (5, 3)
    assert stored["found"].shape == (0,)


def test_neuco_scores_all_tasks_in_one_stream_as_in_the_library(parts: Parts, host: Person) -> None:
    # "wet" stands first, and yet "height" draws first.
    phase = builders.phase_config(scorer="neuco", tasks=["wet", "height"], splits=SHUFFLED)
    made = challenge_of(host, phase)
    seen = score(parts, host, made["phases"][0]["id"])
    assert seen["receipt"]["evaluation"]["scorer"] == "neuco@1"
    assert_same(seen, by_library([probe_task("wet"), probe_task("height")], "neuco"))
    alone = by_library([probe_task("wet")], "neuco")[0]
    assert seen["scores"]["tasks"][0]["split_scores"] != alone.split_scores.tolist()


@pytest.mark.parametrize(
    "splits",
    [
        {"kind": "stratified", "n_splits": 4, "test_size": 0.25, "seed": 3},
        {"kind": "grouped", "n_splits": 4, "test_size": 0.25, "seed": 3, "groups": "sites.csv"},
        {"kind": "shuffle", "n_splits": 4, "test_size": 0.25, "seed": 3, "shots": 5},
        {"kind": "predefined", "predefined": "parts.csv"},
    ],
    ids=lambda splits: str(splits.get("shots", splits["kind"])),
)
def test_every_kind_of_split_scores_as_in_the_library(
    parts: Parts, host: Person, splits: dict[str, Any]
) -> None:
    made = challenge_of(host, builders.phase_config(tasks=["wet", "cover"], splits=splits))
    seen = score(parts, host, made["phases"][0]["id"])
    kind = SplitKind(splits["kind"])
    figures = {
        name: splits[name] for name in ("n_splits", "test_size", "seed", "shots") if name in splits
    }
    file = splits.get("groups", splits.get("predefined"))
    marks = read_marks(FILES[file], kind=kind) if file else None
    spec = SplitSpec(kind=kind, **figures)
    expected = by_library([probe_task(slug, spec, marks) for slug in ("wet", "cover")])
    assert_same(seen, expected)
    n_splits = 1 if kind is SplitKind.PREDEFINED else 4
    assert {len(one.split_scores) for one in expected} == {n_splits}


def test_a_tasks_own_splits_win_and_the_receipt_tells_each_tasks(
    parts: Parts, host: Person
) -> None:
    own = {"kind": "grouped", "n_splits": 3, "test_size": 0.25, "seed": 3, "groups": "sites.csv"}
    phase = builders.phase_config(tasks=["wet", {"task": "height", "splits": own}], splits=SHUFFLED)
    seen = score(parts, host, challenge_of(host, phase)["phases"][0]["id"])
    marks = read_marks(FILES["sites.csv"], kind=SplitKind.GROUPED)
    spec = SplitSpec(3, 0.25, 3, kind=SplitKind.GROUPED)
    assert_same(seen, by_library([probe_task("wet"), probe_task("height", spec, marks)]))
    with parts.sessions() as session:
        (receipt,) = session.scalars(
            sa.select(Evaluation.receipt).where(Evaluation.submission_id == UUID(seen["id"]))
        )
    assert {task: one["kind"] for task, one in receipt["splits"].items()} == {
        "wet": "shuffle",
        "height": "grouped",
    }
    assert parts.blobs.existing_path(BlobKind.MARKS, receipt["splits"]["height"]["marks"])
    settings = parts.settings
    assert receipt["limits"] == {
        "seconds": settings.evaluation_time_limit_s,
        "memory_bytes": settings.evaluation_memory_limit_bytes,
        "blas_threads": settings.blas_threads,
    }
    assert receipt["packages"]["blas_kernel"]
    assert receipt["analyses"] == ["metrics", "predictions"]


def test_the_predictions_are_stored_bit_by_bit_and_for_organizers(
    parts: Parts, host: Person
) -> None:
    phase = builders.phase_config(tasks=["traits", "wet", "found"], splits=SHUFFLED)
    seen = score(parts, host, challenge_of(host, phase)["phases"][0]["id"])
    answer = host.api.get(f"/submissions/{seen['id']}/predictions.npz")
    assert answer.headers["content-type"] == "application/zip"
    stored = unpack_predictions(answer.content)
    expected = by_library([probe_task(slug) for slug in ("traits", "wet", "found")])
    assert list(stored) == [one.name for one in expected]
    for one in expected:
        for kept, wanted in zip(stored[one.name], one.predictions, strict=True):
            assert kept.dtype == np.float32
            assert kept.tobytes() == wanted.tobytes()
    with np.load(io.BytesIO(answer.content), allow_pickle=False) as archive:
        assert archive["traits/0"].shape == (12, 2)
