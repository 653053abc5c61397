"""The rules of a phase: kept as JSON and read back, and named by what decides numbers."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from app.phases.scoring import ScoredTask, ScoringRules
from app.phases.splits import TaskSplits
from probeboard.labelsets import SplitKind, SplitSpec


def task(number: int, **changes: Any) -> ScoredTask:
    given = ScoredTask(
        task_id=UUID(int=number),
        slug=f"task-{number}",
        task_type="binary",
        probe="linear",
        signs=False,
        splits=TaskSplits(SplitSpec(n_splits=5, test_size=0.2, seed=1)),
        label_set_id=UUID(int=100 + number),
        label_version=1,
        label_digest="d" * 64,
        weight=1.0,
        public_name=f"Task {number}",
    )
    return replace(given, **changes)


def rules(*tasks: ScoredTask, **changes: Any) -> ScoringRules:
    given = ScoringRules(
        samples_digest="s" * 64,
        private_sides=None,
        scorer="exact",
        scorer_version=1,
        scaling="scalar",
        analyses=(),
        tasks=tasks or (task(1), task(2)),
    )
    return replace(given, **changes)


PREDEFINED = TaskSplits(SplitSpec(kind=SplitKind.PREDEFINED, n_splits=2, seed=3), "m" * 64)


@pytest.mark.parametrize(
    "given",
    [
        rules(),
        rules(analyses=("metrics", "predictions"), private_sides="p" * 64),
        rules(task(1, weight=0.1, splits=PREDEFINED, probe="knn", signs=True)),
    ],
)
def test_rules_read_back_from_json_are_the_same(given: ScoringRules) -> None:
    document = json.loads(json.dumps(given.to_document()))
    assert ScoringRules.from_document(document) == given


@pytest.mark.parametrize(
    "other",
    [
        rules(scorer="neuco"),
        rules(scorer_version=2),
        rules(scaling="per-dimension"),
        rules(samples_digest="t" * 64),
        rules(private_sides="p" * 64),
        rules(task(1)),
        rules(task(1), task(2, label_version=2)),
        rules(task(1), task(2, label_digest="e" * 64)),
        rules(task(1), task(2, splits=PREDEFINED)),
        rules(task(1), task(2, probe="knn")),
        rules(task(1), task(2, probe="knn", signs=True)),
    ],
)
def test_what_decides_scores_changes_the_digest(other: ScoringRules) -> None:
    assert other.digest != rules().digest


@pytest.mark.parametrize(
    "other",
    [
        rules(task(1, weight=3.0), task(2)),
        rules(task(1, public_name="Another"), task(2)),
        rules(task(2), task(1)),
        rules(analyses=("metrics",)),
    ],
)
def test_what_decides_no_score_does_not(other: ScoringRules) -> None:
    assert other.digest == rules().digest


def test_where_samples_are_drawn_for_all_tasks_their_order_counts_and_weights_do_not() -> None:
    drawn = {"analyses": ("predictions",)}
    assert rules(task(2), task(1), **drawn).digest != rules(**drawn).digest
    assert rules(task(1, weight=2.0), task(2), **drawn).digest == rules(**drawn).digest


def test_the_receipt_names_the_private_part_only_where_there_is_one() -> None:
    assert "private_sides" not in rules().receipt
    assert rules(private_sides="p" * 64).receipt["private_sides"] == "p" * 64
