"""Look at splits before anything is scored on them."""

from collections.abc import Iterator, Mapping

import numpy as np

from probeboard.labelsets.issues import InvalidSplits, LabelIssue
from probeboard.labelsets.label_set import LabelSet, TaskType
from probeboard.labelsets.split_spec import SplitSpec
from probeboard.labelsets.splits import Split, make_splits


def find_split_issues(
    label_set: LabelSet, spec: SplitSpec, marks: Mapping[str, str] | None = None
) -> tuple[LabelIssue, ...]:
    """Make the splits and look at them: all that `make_splits` or `check_splits` object to.

    Examples
    --------
    >>> from probeboard.labelsets import SplitKind
    >>> label_set = LabelSet(TaskType.REGRESSION, ("a", "b"), np.array([0.5, 2.0]), ())
    >>> [issue.code for issue in find_split_issues(label_set, SplitSpec(kind=SplitKind.GROUPED))]
    ['marks_missing']
    """
    try:
        splits = make_splits(label_set, spec, marks)
    except InvalidSplits as error:
        return error.issues
    return check_splits(label_set, splits)


def check_splits(label_set: LabelSet, splits: tuple[Split, ...]) -> tuple[LabelIssue, ...]:
    """List the splits on which a probe could not be fitted or its metric not be computed.

    Meant for the moment a label set is uploaded, when an organizer can still choose another seed,
    another size or a better label set; at scoring it would be too late.

    Returns
    -------
    tuple of LabelIssue
        Empty if every split can be scored. Codes: ``empty_part``; ``train_lacks_class`` (a class
        no training sample has: nothing can be learnt about it) and ``train_lacks_others`` (of a
        multilabel class that all training samples have); ``train_constant`` (all training labels
        of a regression target equal); ``test_lacks_positives`` (F1 would be 0, and an average
        precision undefined, for any prediction); ``test_constant`` (R² is undefined).
    """
    return tuple(
        LabelIssue(code, f"split {number}: {detail}")
        for number, split in enumerate(splits)
        for code, detail in _faults(label_set, split)
    )


def _faults(label_set: LabelSet, split: Split) -> Iterator[tuple[str, str]]:
    empty = [name for name, part in (("train", split.train), ("test", split.test)) if not part.size]
    if empty:
        yield from (("empty_part", f"no labelled sample is in the {name} part") for name in empty)
    elif label_set.task_type is TaskType.REGRESSION:
        yield from _constant(label_set, split)
    elif label_set.task_type is TaskType.MULTILABEL:
        yield from _one_sided(label_set, split)
    else:
        yield from _lacking(label_set, split)


def _constant(label_set: LabelSet, split: Split) -> Iterator[tuple[str, str]]:
    columns = label_set.labels.reshape(len(label_set.sample_ids), -1)
    for number, name in enumerate(label_set.classes or ("",)):
        of = f" of {name!r}" if name else ""
        for part, rows in (("train", split.train), ("test", split.test)):
            labels = columns[rows, number]
            if labels.min() == labels.max():
                detail = f"all {labels.size} {part} labels{of} equal {labels[0]:g}"
                yield f"{part}_constant", detail


def _one_sided(label_set: LabelSet, split: Split) -> Iterator[tuple[str, str]]:
    having = label_set.labels[split.train].sum(axis=0)
    for number, name in enumerate(label_set.classes):
        if having[number] == 0:
            yield "train_lacks_class", f"no training sample has class {name!r}"
        elif having[number] == split.train.size:
            yield "train_lacks_others", f"every training sample has class {name!r}"
    if not label_set.labels[split.test].any():
        yield "test_lacks_positives", "no test sample has any class"


def _lacking(label_set: LabelSet, split: Split) -> Iterator[tuple[str, str]]:
    train, test = label_set.labels[split.train], label_set.labels[split.test]
    counts = np.bincount(train.astype(np.int64), minlength=len(label_set.classes))
    for number in np.flatnonzero(counts == 0):
        yield "train_lacks_class", f"no training sample has class {label_set.classes[number]!r}"
    if label_set.task_type is TaskType.BINARY and not (test == 1).any():
        positive = label_set.classes[1]
        yield "test_lacks_positives", f"no test sample has the positive class {positive!r}"
