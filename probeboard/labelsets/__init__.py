"""Label sets: the hidden ground truth of a task, and the splits it is scored on.

NumPy and the standard library only: the web service imports this package to check an
organizer's upload, and must not pay for SciPy or scikit-learn.
"""

from probeboard.labelsets.label_set import LabelSet, TaskType, from_bytes, to_bytes
from probeboard.labelsets.reading import InvalidLabels, LabelIssue, read_labels
from probeboard.labelsets.splits import Split, SplitSpec, check_splits, shuffle_splits

__all__ = [
    "InvalidLabels",
    "LabelIssue",
    "LabelSet",
    "Split",
    "SplitSpec",
    "TaskType",
    "check_splits",
    "from_bytes",
    "read_labels",
    "shuffle_splits",
    "to_bytes",
]
