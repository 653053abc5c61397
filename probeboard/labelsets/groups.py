"""Groups of labelled samples as numbers: sites that are split, and drawn, as a whole."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets.label_set import LabelSet
from probeboard.labelsets.split_spec import SplitKind, SplitSpec


def group_numbers(
    label_set: LabelSet, spec: SplitSpec, marks: Mapping[str, str] | None = None
) -> NDArray[np.int64] | None:
    """Number the groups of the labelled samples.

    Parameters
    ----------
    label_set, spec, marks
        As for `make_splits`, which made splits of them without complaint.

    Returns
    -------
    NDArray or None
        Shape ``(n,)``, int64, from 0 without a gap: the group of each labelled sample. None where
        samples are not split by group.

    Examples
    --------
    >>> from probeboard.labelsets.label_set import TaskType
    >>> label_set = LabelSet(TaskType.BINARY, tuple("abc"), np.array([0, 1, 1]), ("no", "yes"))
    >>> spec = SplitSpec(kind=SplitKind.GROUPED)
    >>> group_numbers(label_set, spec, {"a": "north", "b": "east", "c": "north", "d": "west"})
    array([1, 0, 1])
    >>> group_numbers(label_set, SplitSpec()) is None
    True
    """
    if spec.kind is not SplitKind.GROUPED or marks is None:
        return None
    names = np.array([marks[sample] for sample in label_set.sample_ids])
    return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.int64)
