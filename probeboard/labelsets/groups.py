"""Groups of labelled samples as numbers: sites that are split, and drawn, as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets.label_set import LabelSet
from probeboard.labelsets.split_spec import SplitKind, SplitSpec


@dataclass(frozen=True, eq=False)
class GroupNumbers:
    """Groups as numbers from 0, the same ones whichever of the samples have a label.

    Attributes
    ----------
    of
        Shape ``(n,)``, int64: the group of each labelled sample.
    size
        How many groups there are, labelled or not.
    """

    of: NDArray[np.int64]
    size: int


def number_groups(
    label_set: LabelSet, spec: SplitSpec, marks: Mapping[str, str] | None = None
) -> GroupNumbers | None:
    """Number the groups of the labelled samples.

    Parameters
    ----------
    label_set, spec, marks
        As for `make_splits`, which made splits of them without complaint.

    Returns
    -------
    GroupNumbers or None
        None where samples are not split by group.

    Examples
    --------
    >>> from probeboard.labelsets.label_set import TaskType
    >>> label_set = LabelSet(TaskType.BINARY, tuple("abc"), np.array([0, 1, 1]), ("no", "yes"))
    >>> spec = SplitSpec(kind=SplitKind.GROUPED)
    >>> sites = {"a": "north", "b": "west", "c": "north", "d": "east"}
    >>> found = number_groups(label_set, spec, sites)
    >>> found.of, found.size
    (array([1, 2, 1]), 3)
    >>> number_groups(label_set, SplitSpec()) is None
    True
    """
    if spec.kind is not SplitKind.GROUPED or marks is None:
        return None
    numbers = {name: number for number, name in enumerate(sorted(set(marks.values())))}
    of = [numbers[marks[sample]] for sample in label_set.sample_ids]
    return GroupNumbers(np.array(of, dtype=np.int64), len(numbers))
