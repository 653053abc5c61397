"""A phase's samples in two parts: drawn or named, and groups of them whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probeboard.labelsets import (
    InvalidLabels,
    InvalidSplits,
    LabelSet,
    SplitKind,
    SplitSpec,
    TaskType,
    draw_private,
    make_splits,
    read_private,
    restrict,
)

IDS = [f"s{number:02}" for number in range(40)]
SITES = {sample: f"site-{number % 8}" for number, sample in enumerate(IDS)}
YEARS = {sample: str(2000 + number // 20) for number, sample in enumerate(IDS)}


def faults(data: bytes, groupings: tuple[dict[str, str], ...] = ()) -> list[tuple[str, int | None]]:
    with pytest.raises(InvalidLabels) as refused:
        read_private(data, known_ids=IDS, groupings=groupings)
    return [(issue.code, issue.line) for issue in refused.value.issues]


def lines(*samples: str) -> bytes:
    return "\n".join(["id", *samples, ""]).encode()


@given(
    n=st.integers(2, 200),
    share=st.floats(0.001, 0.999),
    seed=st.integers(0, 2**53 - 1),
)
def test_a_share_of_the_samples_is_drawn_and_none_of_the_sides_is_empty(
    n: int, share: float, seed: int
) -> None:
    ids = [str(number) for number in range(n)]
    drawn = draw_private(ids, share=share, seed=seed)
    assert 0 < len(drawn) < n
    assert abs(len(drawn) - share * n) <= 1
    assert drawn == draw_private(ids, share=share, seed=seed)
    assert drawn < set(ids)


def test_another_seed_draws_another_part_be_it_in_its_upper_bits() -> None:
    drawn = {draw_private(IDS, share=0.5, seed=seed) for seed in (0, 1, 2**32, 2**52)}
    assert len(drawn) == 4


@given(seed=st.integers(0, 1000), share=st.floats(0.1, 0.9))
def test_groups_are_drawn_whole(seed: int, share: float) -> None:
    private = draw_private(IDS, share=share, seed=seed, groupings=[SITES])
    assert {SITES[one] for one in private}.isdisjoint(SITES[one] for one in set(IDS) - private)


def test_groups_that_share_a_sample_stay_together() -> None:
    # Pairs of neighbours by one task, and of every other pair by another: fours.
    pairs = {sample: str(number // 2) for number, sample in enumerate(IDS)}
    fours = {sample: str(number // 4) for number, sample in enumerate(IDS) if number % 2}
    private = draw_private(IDS, share=0.5, seed=3, groupings=[pairs, fours])
    numbers = {IDS.index(one) // 4 for one in private}
    assert private == {one for place, one in enumerate(IDS) if place // 4 in numbers}
    assert len(numbers) == 5


def test_samples_without_a_group_are_drawn_one_by_one() -> None:
    few = dict.fromkeys(IDS[:4], "one")
    sides = {draw_private(IDS, share=0.5, seed=seed, groupings=[few]) for seed in range(20)}
    assert all(len(side & set(IDS[:4])) in (0, 4) for side in sides)
    assert {len(side & set(IDS[4:])) for side in sides} > {18}


@pytest.mark.parametrize(
    ("ids", "groupings"),
    [(["a"], []), (IDS, [dict.fromkeys(IDS, "one")]), (IDS, [YEARS, {"s00": "x", "s39": "x"}])],
)
def test_what_hangs_together_cannot_be_drawn(
    ids: list[str], groupings: list[dict[str, str]]
) -> None:
    with pytest.raises(InvalidSplits) as refused:
        draw_private(ids, share=0.5, seed=1, groupings=groupings)
    assert [issue.code for issue in refused.value.issues] == ["private_undrawable"]


def test_a_file_names_the_private_samples() -> None:
    assert read_private(lines("s03", "s01"), known_ids=IDS) == {"s01", "s03"}
    sites = [one for one in IDS if SITES[one] in ("site-1", "site-5")]
    assert read_private(lines(*sites), known_ids=IDS, groupings=[SITES]) == set(sites)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"\xff", [("not_utf8", 1)]),
        (b"", [("empty", None)]),
        (b"sample\ns01\n", [("header", 1)]),
        (b"id,side\ns01,private\n", [("header", 1)]),
        (b"id\n", [("empty", None)]),
        (lines("s01", "s1", "", "s01"), [("unknown_id", 3), ("columns", 4), ("duplicate_id", 5)]),
        (lines(*IDS), [("no_public_sample", None)]),
        (b'id\n"s01', [("not_csv", 2), ("empty", None)]),
    ],
)
def test_a_file_that_names_no_part_is_refused_with_its_lines(
    data: bytes, found: list[tuple[str, int | None]]
) -> None:
    assert faults(data) == found


def test_a_group_on_both_sides_is_refused_at_its_first_line() -> None:
    whole = [one for one in IDS if SITES[one] == "site-3"]
    named = lines("s01", *whole, "s02", "s09")
    assert faults(named, (SITES,)) == [("group_on_both_sides", 2), ("group_on_both_sides", 8)]
    assert faults(named, (SITES, YEARS))[:2] == [("group_on_both_sides", 2)] * 2


def test_a_part_of_labels_keeps_order_and_classes_and_splits_as_if_there_were_no_other() -> None:
    labels = np.arange(40) % 3
    whole = LabelSet(TaskType.MULTICLASS, tuple(IDS), labels, ("a", "b", "c"))
    private = draw_private(IDS, share=0.5, seed=7)
    part = restrict(whole, private)
    assert part.sample_ids == tuple(one for one in IDS if one in private)
    assert part.classes == ("a", "b", "c")
    assert [labels[IDS.index(one)] for one in part.sample_ids] == part.labels.tolist()
    changed = np.where([one in private for one in IDS], labels, 0)
    spec = SplitSpec(5, 0.2, 1, SplitKind.STRATIFIED)
    other = restrict(LabelSet(whole.task_type, whole.sample_ids, changed, whole.classes), private)
    for one, same in zip(make_splits(part, spec), make_splits(other, spec), strict=True):
        assert one.test.tolist() == same.test.tolist()
        assert set(one.test) | set(one.train) == set(range(20))


def test_a_part_without_labels_is_an_empty_label_set() -> None:
    flags = LabelSet(TaskType.MULTILABEL, ("a", "b"), np.eye(2, dtype=np.int64), ("x", "y"))
    part = restrict(flags, ["c"])
    assert (part.sample_ids, part.labels.shape) == ((), (0, 2))
