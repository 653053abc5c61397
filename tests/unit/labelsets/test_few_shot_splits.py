"""Few-shot splits: a handful of labels per class, out of the training part alone."""

import numpy as np
import pytest

from probeboard.labelsets import (
    LabelSet,
    SplitKind,
    SplitSpec,
    TaskType,
    find_split_issues,
    make_splits,
)

SAMPLES = tuple(f"s{number}" for number in range(200))
THREE = LabelSet(TaskType.MULTICLASS, SAMPLES, np.arange(200) % 3, ("a", "b", "c"))
NUMBERS = LabelSet(TaskType.REGRESSION, SAMPLES, np.arange(200.0), ())
MANY = LabelSet(
    TaskType.MULTILABEL,
    SAMPLES,
    np.column_stack([np.arange(200) % 2, np.arange(200) % 5 == 0]).astype(np.int64),
    ("even", "fifth"),
)


@pytest.mark.parametrize("shots", [1, 5, 10])
def test_as_many_samples_of_each_class_are_drawn_and_the_test_part_stays(shots):
    whole = make_splits(THREE, SplitSpec())
    few = make_splits(THREE, SplitSpec(shots=shots))
    for split, of in zip(few, whole, strict=True):
        assert np.bincount(THREE.labels[split.train]).tolist() == [shots] * 3
        assert set(split.train) <= set(of.train)
        assert np.array_equal(split.test, of.test)


def test_of_a_regression_as_many_are_drawn_in_all():
    sizes = {split.train.size for split in make_splits(NUMBERS, SplitSpec(shots=7))}
    assert sizes == {7}


def test_a_multilabel_sample_drawn_twice_is_kept_once():
    for split in make_splits(MANY, SplitSpec(shots=4)):
        assert (MANY.labels[split.train].sum(axis=0) >= 4).all()
        assert split.train.size <= 8
        assert len(set(split.train)) == split.train.size


@pytest.mark.parametrize("label_set", [THREE, NUMBERS, MANY])
def test_fewer_shots_are_contained_in_more(label_set):
    draws = [make_splits(label_set, SplitSpec(shots=shots)) for shots in (2, 5)]
    for two, five in zip(*draws, strict=True):
        assert set(two.train) < set(five.train)


def test_shots_depend_on_seed_and_split_and_come_out_the_same_again():
    train = [
        [split.train.tolist() for split in make_splits(NUMBERS, SplitSpec(seed=seed, shots=5))]
        for seed in (1, 1, 2)
    ]
    assert train[0] == train[1] != train[2]
    one_part = dict.fromkeys(SAMPLES[:150], "train,train") | dict.fromkeys(
        SAMPLES[150:], "test,test"
    )
    spec = SplitSpec(kind=SplitKind.PREDEFINED, shots=5)
    first, second = make_splits(NUMBERS, spec, one_part)
    assert first.train.tolist() != second.train.tolist()


def test_too_few_of_a_class_are_told_once_with_the_class_and_the_worst_split():
    rare = np.zeros(200, dtype=np.int64)
    rare[:9] = 1
    label_set = LabelSet(TaskType.BINARY, SAMPLES, rare, ("no", "yes"))
    spec = SplitSpec(n_splits=3, kind=SplitKind.STRATIFIED, shots=9)
    issues = find_split_issues(label_set, spec)
    assert [(issue.code, issue.detail) for issue in issues] == [
        (
            "too_few_shots",
            "3 split(s) have fewer than 9 training samples of class 'yes' to draw from; "
            "split 0 has 8",
        )
    ]
    issues = find_split_issues(NUMBERS, SplitSpec(n_splits=2, shots=181))
    assert [issue.detail for issue in issues] == [
        "2 split(s) have fewer than 181 training samples to draw from; split 0 has 180"
    ]


def test_one_label_of_a_regression_teaches_nothing():
    codes = {issue.code for issue in find_split_issues(NUMBERS, SplitSpec(shots=1))}
    assert codes == {"train_constant"}
