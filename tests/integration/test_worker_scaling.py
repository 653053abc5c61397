"""A phase that scales per dimension, from its bundle to scores and receipt."""

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from app.models import Evaluation
from probeboard.labelsets import SplitSpec, TaskType, make_splits, read_labels
from probeboard.probing import (
    Analysis,
    ProbeTask,
    Scaling,
    TaskScores,
    analyse,
    get_scorer,
    prepare,
    score_tasks,
)
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts

SPLITS = {"kind": "shuffle", "n_splits": 5, "test_size": 0.2, "seed": 1}
# Where all but one dimension would count for nothing by one scalar.
UNITS = np.array([1, 100, 1, 1], dtype=np.float32)
X = builders.blend(0.6) * UNITS
PER_DIMENSION = {"scaling": "per-dimension", "splits": SPLITS}


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def contest_of(host: Person, **phase: Any) -> Contest:
    config = builders.bundle_config(phases=[builders.phase_config(**phase)])
    made = builders.challenge(host, builders.bundle_files(config))
    return Contest(host, made, made["phases"][0]["id"])


def evaluated(parts: Parts, contest: Contest, matrix: NDArray[np.float32]) -> dict[str, Any]:
    handed_in = builders.submit(contest.host, contest.phase, matrix, baseline="true").json()
    evaluate_submission(parts, UUID(handed_in["id"]))
    seen: dict[str, Any] = contest.host.api.ok("GET", f"/submissions/{handed_in['id']}")
    assert seen["status"] == "scored", seen
    return seen


def split_scores(seen: dict[str, Any]) -> list[list[float]]:
    return [task["split_scores"] for task in seen["scores"]["tasks"]]


def tasks_of_bundle() -> list[ProbeTask]:
    made = []
    for name, kind in (("height", TaskType.REGRESSION), ("wet", TaskType.BINARY)):
        labels = read_labels(builders.bundle_files()[f"{name}.csv"], task_type=kind)
        rows = np.array([builders.sample_ids().index(one) for one in labels.sample_ids])
        splits = make_splits(labels, SplitSpec(5, 0.2, 1))
        made.append(ProbeTask(name, kind, rows, labels.labels, splits))
    return made


def by_library(scaling: Scaling) -> list[TaskScores]:
    prepared = prepare(X, scaling=scaling)
    return list(score_tasks(prepared, tasks_of_bundle(), scorer=get_scorer("exact", 1)))


def evaluation_of(parts: Parts, seen: dict[str, Any]) -> Evaluation:
    of_it = sa.select(Evaluation).where(Evaluation.submission_id == UUID(seen["id"]))
    with parts.sessions() as session:
        return session.scalars(of_it).one()


def test_a_phase_scores_as_the_library_scales(parts: Parts, host: Person) -> None:
    contest = contest_of(host, **PER_DIMENSION, analyses=["spectrum", "rate-distortion"])
    seen = evaluated(parts, contest, X)
    scores = by_library(Scaling.PER_DIMENSION)
    assert split_scores(seen) == [one.split_scores.tolist() for one in scores]
    assert split_scores(seen) != [one.split_scores.tolist() for one in by_library(Scaling.SCALAR)]
    found = analyse(
        X,
        prepare(X, scaling=Scaling.PER_DIMENSION),
        tasks_of_bundle(),
        scores,
        scorer=get_scorer("exact", 1),
        wanted=frozenset({Analysis.SPECTRUM, Analysis.RATE_DISTORTION}),
    )
    told = host.api.ok("GET", f"/submissions/{seen['id']}/analyses")
    assert told["rate_distortion"] == found.to_dict()["rate_distortion"]
    assert told["spectrum"] == found.to_dict()["spectrum"]


def test_units_of_dimensions_move_no_score_of_such_a_phase(parts: Parts, host: Person) -> None:
    contest = contest_of(host, **PER_DIMENSION)
    plain = split_scores(evaluated(parts, contest, builders.blend(0.6)))
    np.testing.assert_allclose(split_scores(evaluated(parts, contest, X)), plain, atol=1e-5)


def test_the_receipt_and_its_digest_tell_how_embeddings_were_scaled(
    parts: Parts, host: Person
) -> None:
    scalar = evaluated(parts, contest_of(host, splits=SPLITS), X)
    each = evaluated(parts, contest_of(host, **PER_DIMENSION), X)
    for seen, scaling in ((scalar, "scalar"), (each, "per-dimension")):
        assert seen["receipt"]["evaluation"]["scaling"] == scaling
        assert evaluation_of(parts, seen).receipt["scaling"] == scaling
    digests = {evaluation_of(parts, seen).rules_digest for seen in (scalar, each)}
    assert len(digests) == 2
    assert {len(one) for one in digests} == {hashlib.sha256().digest_size * 2}
