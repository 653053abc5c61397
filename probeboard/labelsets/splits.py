"""Splits: which samples a probe is fitted on, and which it is scored on."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets.label_set import LabelSet, TaskType
from probeboard.labelsets.reading import LabelIssue


@dataclass(frozen=True)
class SplitSpec:
    """How many splits, how large their test parts, and the seed that draws them.

    Attributes
    ----------
    n_splits
        At least 2: one split has no spread, and a spread is part of every score.
    test_size
        Fraction of the labelled samples in each test part, in (0, 1).
    seed
        0 to 2**32 - 1. The same for every submission, so differences between teams are paired.
    """

    n_splits: int = 40
    test_size: float = 0.1
    seed: int = 42

    def __post_init__(self) -> None:
        if self.n_splits < 2:
            raise ValueError("n_splits must be at least 2")
        if not 0.0 < self.test_size < 1.0:
            raise ValueError("test_size must lie strictly between 0 and 1")
        if not 0 <= self.seed < 2**32:
            raise ValueError("seed must lie in 0 .. 2**32 - 1")


@dataclass(frozen=True, eq=False)
class Split:
    """One train/test partition: index arrays (intp) into the label set's order."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]


def shuffle_splits(n: int, spec: SplitSpec) -> tuple[Split, ...]:
    """Draw random train/test partitions of n samples.

    Equal, index for index, to scikit-learn's ``ShuffleSplit(n_splits, test_size=test_size,
    random_state=seed).split(range(n))``, without importing it. The legacy generator is frozen by
    NumPy's compatibility policy (NEP 19), so these splits never change.

    Parameters
    ----------
    n
        Number of labelled samples.
    spec
        Number, size and seed.

    Raises
    ------
    ValueError
        If a part would be empty.

    Examples
    --------
    >>> first = shuffle_splits(10, SplitSpec(n_splits=2, test_size=0.2))[0]
    >>> first.test
    array([8, 1])
    """
    n_test = math.ceil(spec.test_size * n)
    if not 0 < n_test < n:
        raise ValueError(f"{n} samples cannot be split with test_size={spec.test_size}")
    generator = np.random.RandomState(spec.seed)
    permutations = [generator.permutation(n) for _ in range(spec.n_splits)]
    return tuple(Split(train=order[n_test:], test=order[:n_test]) for order in permutations)


def check_splits(label_set: LabelSet, splits: tuple[Split, ...]) -> tuple[LabelIssue, ...]:
    """List the splits on which a probe could not be fitted or its metric not be computed.

    Meant for the moment a label set is uploaded, when an organizer can still choose another seed,
    another size or a better label set; at scoring it would be too late.

    Returns
    -------
    tuple of LabelIssue
        Empty if every split can be scored. Codes: ``train_lacks_class`` (a class no training
        sample has: nothing can be learnt about it), ``train_constant`` (all training labels of a
        regression equal), ``test_lacks_positives`` (F1 would be 0 for any prediction),
        ``test_constant`` (R² is undefined).
    """
    issues: list[LabelIssue] = []
    for number, split in enumerate(splits):
        train, test = label_set.labels[split.train], label_set.labels[split.test]
        if label_set.task_type is TaskType.REGRESSION:
            issues += _constant(number, "train", train) + _constant(number, "test", test)
            continue
        missing = np.flatnonzero(np.bincount(train, minlength=len(label_set.classes)) == 0)
        issues += [
            LabelIssue(
                "train_lacks_class",
                f"split {number}: no training sample has class {label_set.classes[c]!r}",
            )
            for c in missing
        ]
        if label_set.task_type is TaskType.BINARY and not (test == 1).any():
            positive = label_set.classes[1]
            issues.append(
                LabelIssue(
                    "test_lacks_positives",
                    f"split {number}: no test sample has the positive class {positive!r}",
                )
            )
    return tuple(issues)


def _constant(number: int, part: str, labels: NDArray[np.number[Any]]) -> list[LabelIssue]:
    if labels.min() < labels.max():
        return []
    detail = f"split {number}: all {labels.size} {part} labels equal {labels[0]:g}"
    return [LabelIssue(f"{part}_constant", detail)]
