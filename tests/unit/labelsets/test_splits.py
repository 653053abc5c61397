"""Splits: scikit-learn's, index for index, and checked before anything is scored on them."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.model_selection import ShuffleSplit

from probeboard.labelsets import LabelSet, SplitSpec, TaskType, check_splits, shuffle_splits


@pytest.mark.parametrize("n", [5, 20, 999, 2313])
@pytest.mark.parametrize(
    "spec", [SplitSpec(), SplitSpec(10, 0.25, 7), SplitSpec(200, 0.1, 0), SplitSpec(3, 0.333, 1)]
)
def test_splits_equal_scikit_learns_index_for_index(n, spec):
    theirs = ShuffleSplit(spec.n_splits, test_size=spec.test_size, random_state=spec.seed)
    ours = shuffle_splits(n, spec)
    assert len(ours) == spec.n_splits
    for split, (train, test) in zip(ours, theirs.split(np.zeros((n, 1))), strict=True):
        assert np.array_equal(split.train, train)
        assert np.array_equal(split.test, test)
        assert split.test.dtype == np.intp


@pytest.mark.parametrize(
    "figures",
    [{"n_splits": 1}, {"test_size": 0.0}, {"test_size": 1.0}, {"seed": -1}, {"seed": 2**32}],
)
def test_a_split_spec_that_makes_no_sense_is_refused(figures):
    with pytest.raises(ValueError, match="must"):
        SplitSpec(**figures)


def test_too_few_samples_to_split_are_refused():
    with pytest.raises(ValueError, match="cannot be split"):
        shuffle_splits(1, SplitSpec(test_size=0.5))


def classes(labels, names=("no", "yes"), task_type=TaskType.BINARY):
    ids = tuple(str(i) for i in range(len(labels)))
    return LabelSet(task_type, ids, np.array(labels), names)


def test_splits_that_can_be_scored_have_no_issues():
    splits = shuffle_splits(200, SplitSpec())
    assert check_splits(classes([0, 1] * 100), splits) == ()
    numbers = LabelSet(TaskType.REGRESSION, tuple(map(str, range(200))), np.arange(200.0), ())
    assert check_splits(numbers, splits) == ()


def test_every_split_without_positives_in_its_test_part_is_named():
    labels = np.zeros(1000, dtype=np.int64)
    labels[:10] = 1
    splits = shuffle_splits(1000, SplitSpec())
    issues = check_splits(classes(labels), splits)
    bad = [i for i, split in enumerate(splits) if not labels[split.test].any()]
    assert 5 < len(bad) < 25
    assert [issue.code for issue in issues] == ["test_lacks_positives"] * len(bad)
    assert issues[0].detail.startswith(f"split {bad[0]}:")
    assert "'yes'" in issues[0].detail


def test_a_class_missing_from_a_training_part_is_named():
    labels = np.arange(60) % 3
    labels[labels == 2] = 0
    splits = shuffle_splits(60, SplitSpec(n_splits=2))
    labels[splits[0].test[0]] = 2
    issues = check_splits(classes(labels, ("a", "b", "c"), TaskType.MULTICLASS), splits)
    assert ("train_lacks_class", "split 0: no training sample has class 'c'") in [
        (issue.code, issue.detail) for issue in issues
    ]


def test_a_binary_training_part_of_one_class_is_named():
    splits = shuffle_splits(20, SplitSpec(n_splits=2))
    labels = np.zeros(20, dtype=np.int64)
    labels[splits[0].test] = 1
    codes = [issue.code for issue in check_splits(classes(labels), splits)]
    assert "train_lacks_class" in codes


def test_constant_regression_labels_in_either_part_are_named():
    splits = shuffle_splits(20, SplitSpec(n_splits=2))
    labels = np.zeros(20)
    labels[splits[0].test] = [1.0, 2.0]
    numbers = LabelSet(TaskType.REGRESSION, tuple(map(str, range(20))), labels, ())
    found = {(issue.code, issue.detail.split(":")[0]) for issue in check_splits(numbers, splits)}
    assert ("train_constant", "split 0") in found
    assert ("test_constant", "split 1") in found


def test_importing_label_sets_loads_neither_scipy_nor_scikit_learn():
    code = "import sys, probeboard.labelsets; print({'scipy', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
