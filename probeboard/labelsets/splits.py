"""Splits: which samples a probe is fitted on, and which it is scored on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets.few_shot import draw_shots
from probeboard.labelsets.issues import InvalidSplits, LabelIssue
from probeboard.labelsets.label_set import LabelSet, TaskType
from probeboard.labelsets.marks import BETWEEN_SPLITS, TEST, TRAIN
from probeboard.labelsets.split_spec import SplitKind, SplitSpec
from probeboard.labelsets.stratified import MIN_OF_CLASS, stratified_parts


@dataclass(frozen=True, eq=False)
class Split:
    """One train/test partition: index arrays (intp) into the label set's order.

    The two parts are disjoint and may leave samples out: predefined splits have samples in
    neither, few-shot ones use a part of the training samples.
    """

    train: NDArray[np.intp]
    test: NDArray[np.intp]


def make_splits(
    label_set: LabelSet, spec: SplitSpec, marks: Mapping[str, str] | None = None
) -> tuple[Split, ...]:
    """Split the labelled samples as the specification says.

    Shuffled, stratified and grouped splits equal, index for index, those of scikit-learn's
    ``ShuffleSplit``, ``StratifiedShuffleSplit`` and ``GroupShuffleSplit`` with the same
    ``n_splits``, ``test_size`` and ``random_state=seed``, without importing it. The legacy
    generator is frozen by NumPy's compatibility policy (NEP 19), so these splits never change.

    Parameters
    ----------
    label_set
        The labelled samples, in their order.
    spec
        Kind, number, size, seed and shots.
    marks
        What `read_marks` returned, for grouped and predefined splits. More samples than those
        that have labels may be marked. Groups whose names are all whole numbers are ordered by
        value, otherwise by spelling.

    Returns
    -------
    tuple of Split
        Look at them with `check_splits` before anything is scored on them.

    Raises
    ------
    InvalidSplits
        If they cannot be made. Codes: ``too_few_samples``, ``not_stratifiable`` (neither binary
        nor multiclass), ``rare_class``, ``marks_missing``, ``group_missing`` and ``part_missing``
        (of a labelled sample), ``too_few_groups``, ``unequal_marks`` (samples with marks for
        different numbers of splits), ``too_few_shots``.

    Examples
    --------
    >>> labels = np.arange(6) % 2
    >>> label_set = LabelSet(TaskType.BINARY, tuple("abcdef"), labels, ("no", "yes"))
    >>> sites = {"a": "1", "b": "1", "c": "2", "d": "2", "e": "3", "f": "3"}
    >>> spec = SplitSpec(n_splits=2, test_size=0.3, kind=SplitKind.GROUPED)
    >>> make_splits(label_set, spec, sites)[0].test
    array([0, 1])
    """
    if spec.kind is SplitKind.GROUPED:
        splits = _grouped(label_set, spec, _marks_of(label_set, marks, "group"))
    elif spec.kind is SplitKind.PREDEFINED:
        splits = _predefined(_marks_of(label_set, marks, "part"))
    elif spec.kind is SplitKind.STRATIFIED:
        splits = _stratified(label_set, spec)
    else:
        splits = _shuffled(len(label_set.sample_ids), spec, "samples")
    if spec.shots is None:
        return splits
    return _few_shot(label_set, spec, splits)


def shuffle_splits(n: int, spec: SplitSpec) -> tuple[Split, ...]:
    """Draw random train/test partitions of n samples.

    Equal, index for index, to scikit-learn's ``ShuffleSplit(n_splits, test_size=test_size,
    random_state=seed).split(range(n))``.

    Parameters
    ----------
    n
        Number of labelled samples.
    spec
        Number, size and seed; its kind and shots are not looked at.

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


def _shuffled(n: int, spec: SplitSpec, of_what: str) -> tuple[Split, ...]:
    try:
        return shuffle_splits(n, spec)
    except ValueError as error:
        detail = f"{n} {of_what} cannot be split with test_size={spec.test_size}"
        raise InvalidSplits([LabelIssue(f"too_few_{of_what}", detail)]) from error


def _stratified(label_set: LabelSet, spec: SplitSpec) -> tuple[Split, ...]:
    if label_set.task_type not in (TaskType.BINARY, TaskType.MULTICLASS):
        detail = f"a {label_set.task_type} task has no classes to stratify by"
        raise InvalidSplits([LabelIssue("not_stratifiable", detail)])
    counts = np.bincount(label_set.labels.astype(np.int64), minlength=len(label_set.classes))
    rare = [
        LabelIssue(
            "rare_class",
            f"class {label_set.classes[number]!r} has {counts[number]} sample(s); stratified "
            f"splits need {MIN_OF_CLASS}",
        )
        for number in np.flatnonzero(counts < MIN_OF_CLASS)
    ]
    if rare:
        raise InvalidSplits(rare)
    n = len(label_set.sample_ids)
    n_test = math.ceil(spec.test_size * n)
    if min(n_test, n - n_test) < len(counts):
        detail = f"test_size={spec.test_size} of {n} samples leaves a part without every class"
        raise InvalidSplits([LabelIssue("too_few_samples", detail)])
    generator = np.random.RandomState(spec.seed)
    parts = (
        stratified_parts(label_set.labels.astype(np.int64), n_test, generator)
        for _ in range(spec.n_splits)
    )
    return tuple(Split(train, test) for train, test in parts)


def _grouped(label_set: LabelSet, spec: SplitSpec, marks: list[str]) -> tuple[Split, ...]:
    names = _in_order(set(marks))
    number = {name: i for i, name in enumerate(names)}
    group = np.array([number[mark] for mark in marks])
    return tuple(
        Split(
            train=np.flatnonzero(np.isin(group, of_groups.train)),
            test=np.flatnonzero(np.isin(group, of_groups.test)),
        )
        for of_groups in _shuffled(len(names), spec, "groups")
    )


def _in_order(names: set[str]) -> list[str]:
    """Order whole numbers by value: by length, then spelling, however many digits they have."""
    are_numbers = all(
        name.isascii() and name.isdecimal() and (name == "0" or name[0] != "0") for name in names
    )
    return sorted(names, key=lambda name: (len(name) if are_numbers else 0, name))


def _predefined(marks: list[str]) -> tuple[Split, ...]:
    parts = [mark.split(BETWEEN_SPLITS) for mark in marks]
    numbers = sorted({len(one) for one in parts})
    if len(numbers) > 1:
        detail = f"samples are marked for {numbers[0]} and for {numbers[-1]} splits"
        raise InvalidSplits([LabelIssue("unequal_marks", detail)])
    return tuple(
        Split(
            train=np.array([i for i, one in enumerate(column) if one == TRAIN], dtype=np.intp),
            test=np.array([i for i, one in enumerate(column) if one == TEST], dtype=np.intp),
        )
        for column in zip(*parts, strict=True)
    )


def _marks_of(label_set: LabelSet, marks: Mapping[str, str] | None, what: str) -> list[str]:
    if marks is None:
        detail = "these splits need a file that says who is where"
        raise InvalidSplits([LabelIssue("marks_missing", detail)])
    missing = [
        LabelIssue(f"{what}_missing", f"sample {sample!r} has a label and no {what}")
        for sample in label_set.sample_ids
        if sample not in marks
    ]
    if missing:
        raise InvalidSplits(missing)
    return [marks[sample] for sample in label_set.sample_ids]


def _few_shot(label_set: LabelSet, spec: SplitSpec, splits: tuple[Split, ...]) -> tuple[Split, ...]:
    few = []
    lacks: dict[str, list[tuple[int, int]]] = {}
    for number, split in enumerate(splits):
        train, lacking = draw_shots(
            label_set, split.train, shots=spec.shots or 0, seed=(spec.seed, number)
        )
        few.append(Split(train, split.test))
        for of, have in lacking:
            lacks.setdefault(of, []).append((have, number))
    if lacks:
        raise InvalidSplits([_too_few_shots(spec, of, found) for of, found in lacks.items()])
    return tuple(few)


def _too_few_shots(spec: SplitSpec, of: str, found: list[tuple[int, int]]) -> LabelIssue:
    """One issue a class, not one a split: a number that is too large is wrong for all."""
    fewest, number = min(found)
    return LabelIssue(
        "too_few_shots",
        f"{len(found)} split(s) have fewer than {spec.shots} training samples{of} to draw from; "
        f"split {number} has {fewest}",
    )
