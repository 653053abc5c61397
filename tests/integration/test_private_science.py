"""Scores of each part are those of the library, for every kind of splits and both scorers."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from app.models import Evaluation, Part, Task, TaskScore
from probeboard.labelsets import (
    SplitKind,
    SplitSpec,
    TaskType,
    make_splits,
    read_labels,
    read_marks,
    restrict,
)
from probeboard.probing import ProbeTask, get_scorer, prepare, score_tasks
from tests import builders, two_parts
from tests.api import Api
from tests.builders import Person
from tests.serving import RunningServer
from tests.two_parts import IDS, IS_PRIVATE, PRIVATE_IDS, N
from worker.parts import Parts

MATRIX = two_parts.embeddings(0.7, 0.5, 6)
TYPES = {"height": TaskType.REGRESSION, "wet": TaskType.BINARY}
# Whole on one side: of each four samples in a row the first two are public.
PLACES = [f"{number // 2}" for number in range(N)]
GROUPS = builders.labels_csv(IDS, PLACES).replace(b"label", b"group", 1)
# Of each part one in four tests.
EIGHTHS = ["test" if number % 8 in (1, 3) else "train" for number in range(N)]
PARTS = builders.labels_csv(IDS, EIGHTHS).replace(b"label", b"split", 1)


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def stored(parts: Parts, key: str, part: Part) -> dict[str, list[float]]:
    with parts.sessions() as session:
        rows = session.execute(
            sa.select(Task.slug, TaskScore.split_scores)
            .join(Task, Task.id == TaskScore.task_id)
            .join(Evaluation, Evaluation.id == TaskScore.evaluation_id)
            .where(Evaluation.submission_id == UUID(key), TaskScore.part == part)
        )
        return dict(rows.all())


@pytest.mark.parametrize(
    ("phase", "spec", "marks"),
    [
        ({"splits": {"kind": "stratified", "n_splits": 4, "test_size": 0.25, "seed": 3},
          "tasks": ["wet"]}, SplitSpec(4, 0.25, 3, SplitKind.STRATIFIED), None),
        ({"splits": {"kind": "grouped", "groups": "g.csv", "n_splits": 4, "test_size": 0.25}},
         SplitSpec(4, 0.25, 42, SplitKind.GROUPED), GROUPS),
        ({"splits": {"kind": "predefined", "predefined": "p.csv"}},
         SplitSpec(1, kind=SplitKind.PREDEFINED), PARTS),
        ({"scorer": "neuco"}, SplitSpec(5, 0.3, 1), None),
    ],
    ids=["stratified", "grouped", "predefined", "neuco"],
)  # fmt: skip
def test_a_part_is_scored_as_if_there_were_no_other(
    host: Person, parts: Parts, phase: dict[str, Any], spec: SplitSpec, marks: bytes | None
) -> None:
    files = two_parts.bundle(analyses=["predictions"], **phase)
    made = builders.challenge(host, files | {"g.csv": GROUPS, "p.csv": PARTS})
    entry = two_parts.hand_in(host.api, parts, made, [MATRIX])
    by_kind = None if marks is None else read_marks(marks, kind=spec.kind)
    prepared = prepare(MATRIX)
    for part, ids in ((Part.PRIVATE, PRIVATE_IDS), (Part.PUBLIC, set(IDS) - set(PRIVATE_IDS))):
        tasks = []
        for slug in phase.get("tasks", ["height", "wet"]):
            whole = read_labels(files[f"{slug}.csv"], task_type=TYPES[slug], known_ids=IDS)
            labels = restrict(whole, set(ids))
            rows = np.array([IDS.index(one) for one in labels.sample_ids])
            assert (IS_PRIVATE[rows] == (part is Part.PRIVATE)).all()
            splits = make_splits(labels, spec, by_kind)
            tasks.append(ProbeTask(slug, TYPES[slug], rows, labels.labels, splits))
        scorer = get_scorer(phase.get("scorer", "exact"))
        wanted = {one.name: one.split_scores.tolist() for one in
                  score_tasks(prepared, tasks, scorer=scorer)}  # fmt: skip
        assert stored(parts, entry.submissions[0], part) == wanted
