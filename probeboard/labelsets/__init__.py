"""Label sets: the hidden ground truth of a task, and the splits it is scored on.

NumPy and the standard library only: the web service imports this package to check an
organizer's upload, and must not pay for SciPy or scikit-learn.
"""

from probeboard.labelsets.checking import check_splits, find_split_issues
from probeboard.labelsets.groups import number_groups
from probeboard.labelsets.issues import InvalidLabels, InvalidSplits, LabelIssue
from probeboard.labelsets.label_set import LabelSet, TaskType, from_bytes, to_bytes
from probeboard.labelsets.marks import count_splits, marks_from_bytes, marks_to_bytes, read_marks
from probeboard.labelsets.parts import SEED_BITS, draw_private, read_private, restrict
from probeboard.labelsets.reading import read_labels
from probeboard.labelsets.split_spec import SplitKind, SplitSpec
from probeboard.labelsets.splits import Split, make_splits, shuffle_splits

__all__ = [
    "SEED_BITS",
    "InvalidLabels",
    "InvalidSplits",
    "LabelIssue",
    "LabelSet",
    "Split",
    "SplitKind",
    "SplitSpec",
    "TaskType",
    "check_splits",
    "count_splits",
    "draw_private",
    "find_split_issues",
    "from_bytes",
    "make_splits",
    "marks_from_bytes",
    "marks_to_bytes",
    "number_groups",
    "read_labels",
    "read_marks",
    "read_private",
    "restrict",
    "shuffle_splits",
    "to_bytes",
]
