"""Every kind of splits: scikit-learn's, index for index, and refused where it cannot be made."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from probeboard.labelsets import (
    InvalidSplits,
    LabelSet,
    SplitKind,
    SplitSpec,
    TaskType,
    check_splits,
    find_split_issues,
    make_splits,
    shuffle_splits,
)

SPECS = [(40, 0.1, 42), (10, 0.25, 7), (25, 0.333, 0), (3, 0.5, 2**32 - 1)]


def ids(n: int) -> tuple[str, ...]:
    return tuple(f"s{number}" for number in range(n))


def classes(labels: np.ndarray) -> LabelSet:
    names = tuple(f"class {number}" for number in range(int(labels.max()) + 1))
    task_type = TaskType.BINARY if len(names) == 2 else TaskType.MULTICLASS
    return LabelSet(task_type, ids(len(labels)), labels, names)


def values(labels: np.ndarray) -> LabelSet:
    names = () if labels.ndim == 1 else tuple(f"target {n}" for n in range(labels.shape[1]))
    return LabelSet(TaskType.REGRESSION, ids(len(labels)), labels, names)


def flags(labels: np.ndarray) -> LabelSet:
    names = tuple(f"class {number}" for number in range(labels.shape[1]))
    return LabelSet(TaskType.MULTILABEL, ids(len(labels)), labels.astype(np.int64), names)


def codes(label_set: LabelSet, spec: SplitSpec, marks=None) -> list[str]:
    return [issue.code for issue in find_split_issues(label_set, spec, marks)]


def assert_same(ours, theirs):
    theirs = list(theirs)
    assert len(ours) == len(theirs)
    for split, (train, test) in zip(ours, theirs, strict=True):
        assert np.array_equal(split.train, train)
        assert np.array_equal(split.test, test)
        assert split.train.dtype == split.test.dtype == np.intp


@pytest.mark.parametrize(("n_splits", "test_size", "seed"), SPECS)
@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.97, 0.03), (0.4, 0.3, 0.2, 0.1), (0.2,) * 5])
@pytest.mark.parametrize("n", [100, 101, 2313])
def test_stratified_splits_equal_scikit_learns_index_for_index(
    n, shares, n_splits, test_size, seed
):
    labels = np.repeat(np.arange(len(shares)), np.ceil(n * np.array(shares)).astype(int))[:n]
    labels = np.random.default_rng(seed).permutation(labels)
    theirs = StratifiedShuffleSplit(n_splits, test_size=test_size, random_state=seed)
    spec = SplitSpec(n_splits, test_size, seed, SplitKind.STRATIFIED)
    ours = make_splits(classes(labels), spec)
    assert_same(ours, theirs.split(np.zeros((n, 1)), labels))


@given(st.lists(st.integers(2, 9), min_size=2, max_size=6), st.integers(0, 2**32 - 1))
@settings(derandomize=True, max_examples=40, deadline=None)
def test_stratified_splits_break_ties_as_scikit_learn_does(counts, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    test_size = 0.4
    theirs = StratifiedShuffleSplit(4, test_size=test_size, random_state=seed)
    spec = SplitSpec(4, test_size, seed, SplitKind.STRATIFIED)
    try:
        expected = list(theirs.split(np.zeros((len(labels), 1)), labels))
    except ValueError:
        assert codes(classes(labels), spec) == ["too_few_samples"]
    else:
        assert_same(make_splits(classes(labels), spec), expected)


@pytest.mark.parametrize(("n_splits", "test_size", "seed"), SPECS)
@pytest.mark.parametrize("named", ["{}", "site-{}"])
def test_grouped_splits_equal_scikit_learns_index_for_index(n_splits, test_size, seed, named):
    n = 500
    site = np.random.default_rng(seed).integers(0, 120, n)
    groups = site if named == "{}" else np.array([named.format(one) for one in site])
    theirs = GroupShuffleSplit(n_splits, test_size=test_size, random_state=seed)
    spec = SplitSpec(n_splits, test_size, seed, SplitKind.GROUPED)
    marks = {sample: named.format(one) for sample, one in zip(ids(n), site, strict=True)}
    ours = make_splits(values(np.arange(n, dtype=float)), spec, marks | {"unlabelled": "9999"})
    assert_same(ours, theirs.split(np.zeros((n, 1)), groups=groups))


def test_groups_may_have_more_digits_than_python_reads_as_a_number():
    spec = SplitSpec(n_splits=5, test_size=0.3, kind=SplitKind.GROUPED)
    label_set, longest = values(np.arange(60.0)), "9" * 5000
    marks = {sample: str(number % 12) for number, sample in enumerate(ids(60))}
    long = {sample: mark.replace("11", longest) for sample, mark in marks.items()}
    pairs = zip(
        make_splits(label_set, spec, marks), make_splits(label_set, spec, long), strict=True
    )
    assert all(np.array_equal(one.test, same.test) for one, same in pairs)


def test_no_group_is_on_both_sides_of_a_split():
    site = np.arange(200) % 23
    marks = {sample: str(one) for sample, one in zip(ids(200), site, strict=True)}
    spec = SplitSpec(kind=SplitKind.GROUPED)
    for split in make_splits(values(np.arange(200.0)), spec, marks):
        assert not set(site[split.train]) & set(site[split.test])
        assert split.train.size + split.test.size == 200


def test_shuffled_splits_are_those_of_the_number_of_samples():
    splits = make_splits(values(np.arange(50.0)), SplitSpec())
    for split, drawn in zip(splits, shuffle_splits(50, SplitSpec()), strict=True):
        assert np.array_equal(split.train, drawn.train)
        assert np.array_equal(split.test, drawn.test)


def test_predefined_splits_are_the_organizers():
    marks = {"s0": "train,test", "s1": "train,", "s2": "test,train", "s3": ",train", "x": "test"}
    first, second = make_splits(values(np.arange(4.0)), SplitSpec(kind=SplitKind.PREDEFINED), marks)
    assert (first.train.tolist(), first.test.tolist()) == ([0, 1], [2])
    assert (second.train.tolist(), second.test.tolist()) == ([2, 3], [0])


def test_one_predefined_split_is_enough():
    marks = {sample: "train" if n < 30 else "test" for n, sample in enumerate(ids(40))}
    spec = SplitSpec(n_splits=1, kind=SplitKind.PREDEFINED)
    assert codes(values(np.arange(40.0)), spec, marks) == []
    assert len(make_splits(values(np.arange(40.0)), spec, marks)) == 1


@pytest.mark.parametrize(
    "figures", [{"n_splits": 0, "kind": SplitKind.PREDEFINED}, {"shots": 0}, {"n_splits": 1}]
)
def test_a_specification_that_makes_no_sense_is_refused(figures):
    with pytest.raises(ValueError, match="at least"):
        SplitSpec(**figures)


GROUPED = SplitSpec(kind=SplitKind.GROUPED)
PREDEFINED = SplitSpec(kind=SplitKind.PREDEFINED)
STRATIFIED = SplitSpec(kind=SplitKind.STRATIFIED)
TWENTY = values(np.arange(20.0))


@pytest.mark.parametrize(
    ("label_set", "spec", "marks", "expected"),
    [
        (TWENTY, GROUPED, None, ["marks_missing"]),
        (TWENTY, PREDEFINED, None, ["marks_missing"]),
        (TWENTY, GROUPED, dict.fromkeys(ids(18), "1"), ["group_missing"] * 2),
        (TWENTY, PREDEFINED, dict.fromkeys(ids(19), "train"), ["part_missing"]),
        (TWENTY, GROUPED, dict.fromkeys(ids(20), "1"), ["too_few_groups"]),
        (TWENTY, PREDEFINED, dict.fromkeys(ids(20), "train"), ["empty_part"]),
        (TWENTY, PREDEFINED, dict.fromkeys(ids(20), "test,"), ["empty_part"] * 3),
        (
            TWENTY,
            PREDEFINED,
            dict.fromkeys(ids(20), "train") | {"s7": "test,test"},
            ["unequal_marks"],
        ),
        (TWENTY, STRATIFIED, None, ["not_stratifiable"]),
        (flags(np.eye(20)[:, :2]), STRATIFIED, None, ["not_stratifiable"]),
        (classes(np.array([0] * 39 + [1])), STRATIFIED, None, ["rare_class"]),
        (classes(np.repeat(np.arange(4), 5)), STRATIFIED, None, ["too_few_samples"]),
        (values(np.arange(1.0)), SplitSpec(), None, ["too_few_samples"]),
    ],
)
def test_splits_that_cannot_be_made_are_refused_by_name(label_set, spec, marks, expected):
    assert codes(label_set, spec, marks) == expected
    if expected[0] != "empty_part":
        with pytest.raises(InvalidSplits, match="cannot be split"):
            make_splits(label_set, spec, marks)


def test_a_hundred_of_many_missing_groups_are_listed():
    with pytest.raises(InvalidSplits) as refused:
        make_splits(values(np.arange(150.0)), GROUPED, {})
    assert (len(refused.value.issues), refused.value.total) == (100, 150)


def test_a_target_that_is_constant_in_a_part_is_named():
    labels = np.column_stack([np.arange(40.0), np.zeros(40)])
    splits = shuffle_splits(40, SplitSpec(n_splits=2))
    labels[splits[0].test[0], 1] = 1.0
    found = [(issue.code, issue.detail) for issue in check_splits(values(labels), splits)]
    assert found[0] == ("train_constant", "split 0: all 36 train labels of 'target 1' equal 0")
    assert "test_constant" in [code for code, _ in found]
    assert all("'target 1'" in detail for _, detail in found)


def test_a_multilabel_class_that_a_training_part_cannot_teach_is_named():
    labels = np.zeros((40, 3), dtype=np.int64)
    labels[:, 0] = np.arange(40) % 2
    splits = shuffle_splits(40, SplitSpec(n_splits=2))
    labels[splits[0].test, 1] = 1
    labels[splits[0].train, 2] = 1
    found = {
        (issue.code, issue.detail)
        for issue in check_splits(flags(labels), splits)
        if issue.detail.startswith("split 0")
    }
    assert found == {
        ("train_lacks_class", "split 0: no training sample has class 'class 1'"),
        ("train_lacks_others", "split 0: every training sample has class 'class 2'"),
    }


def test_a_multilabel_test_part_without_any_class_is_named():
    labels = np.zeros((40, 2), dtype=np.int64)
    split = shuffle_splits(40, SplitSpec(n_splits=2))[0]
    labels[split.train[:10], 0] = 1
    labels[split.train[5:15], 1] = 1
    assert [issue.code for issue in check_splits(flags(labels), (split,))] == [
        "test_lacks_positives"
    ]
