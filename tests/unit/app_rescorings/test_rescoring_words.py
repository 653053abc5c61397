"""What a re-scoring says it changes: in words, under the names that the viewer may know."""

from uuid import UUID

import pytest

from app.phases.scoring import ScoredTask, ScoringRules
from app.phases.splits import TaskSplits
from app.rescorings.rules import PhaseChange, SetRules, TaskChange
from app.rescorings.words import Said, changes_of
from probeboard.labelsets import SplitSpec

SPEC = SplitSpec(n_splits=5, test_size=0.2, seed=1)


def task(name: str, **changes: object) -> ScoredTask:
    given = {
        "task_id": UUID(int=sum(name.encode())),
        "slug": name,
        "task_type": "binary",
        "probe": "linear",
        "signs": False,
        "splits": TaskSplits(SPEC),
        "label_set_id": UUID(int=1),
        "label_version": 1,
        "label_digest": "d" * 64,
        "weight": 1.0,
        "public_name": name.title(),
    }
    return ScoredTask(**given | changes)  # type: ignore[arg-type]  # a table of plain values


def said(
    before: list[ScoredTask], after: list[ScoredTask], *, masked: bool = False, **rules: str
) -> list[Said]:
    old = ScoringRules("s" * 64, None, "exact", 1, "scalar", (), tuple(before))
    new = {"scorer": "exact", "scaling": "scalar"} | rules
    changed = ScoringRules("s" * 64, None, new["scorer"], 1, new["scaling"], (), tuple(after))
    return changes_of(PhaseChange(UUID(int=9), old, changed), masked=masked)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (task("wet", weight=2.5), Said("weight", "Wet", "1", "2.5")),
        (
            task("wet", label_set_id=UUID(int=2), label_version=2),
            Said("labels", "Wet", "version 1", "version 2"),
        ),
        (task("wet", task_type="multiclass"), Said("type", "Wet", "binary", "multiclass")),
        (task("wet", probe="knn", signs=True), Said("probe", "Wet", "linear", "knn by signs")),
        (
            task("wet", splits=TaskSplits(SplitSpec(n_splits=9, test_size=0.5, seed=7, shots=4))),
            Said("splits", "Wet", "5 shuffle, test 0.2", "9 shuffle, test 0.5, 4 shots"),
        ),
    ],
)
def test_each_change_of_a_task_is_said(after: ScoredTask, expected: Said) -> None:
    assert said([task("wet")], [after]) == [expected]


def test_another_seed_is_a_change_that_tells_no_seed() -> None:
    other = TaskSplits(SplitSpec(n_splits=5, test_size=0.2, seed=987654))
    (one,) = said([task("wet")], [task("wet", splits=other)])
    assert one.what == "splits"
    assert "987654" not in f"{one}"


def test_what_is_of_the_whole_phase_comes_first_and_what_goes_last() -> None:
    a, b, c, d = (task(name) for name in ("aa", "bb", "cc", "dd"))
    found = said([a, b, c], [c, d, a], scorer="neuco", scaling="per-dimension")
    assert [(one.what, one.task) for one in found] == [
        ("scorer", None), ("scaling", None), ("order", None), ("task-added", "Dd"),
        ("task-removed", "Bb"),
    ]  # fmt: skip


def test_masked_tasks_are_numbered_as_their_boards_number_them() -> None:
    a, b, c = (task(name) for name in ("aa", "bb", "cc"))
    found = said([a, b], [b, c], masked=True)
    assert [(one.what, one.task) for one in found] == [
        ("task-added", "task-02"), ("task-removed", "task-01"),
    ]  # fmt: skip


def test_a_set_reads_back_what_its_row_holds() -> None:
    rules = ScoringRules("s" * 64, "p" * 64, "exact", 1, "scalar", ("metrics",), (task("wet"),))
    given = SetRules(
        phases=(PhaseChange(UUID(int=9), rules, rules),),
        tasks=(TaskChange(UUID(int=3), "Wet", "binary", "knn", signs=True),),
        unlisted=(UUID(int=4),),
    )
    assert SetRules.from_document(given.to_document()) == given
    assert given.phase_ids == (UUID(int=9),)
