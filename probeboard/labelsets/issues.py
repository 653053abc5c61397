"""What can be wrong with a label set or its splits, and the refusals that carry it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

REPORTED_ISSUES = 100


@dataclass(frozen=True)
class LabelIssue:
    """One thing wrong with a label set, with the marks of its splits, or with a split.

    Attributes
    ----------
    code
        Stable, machine-readable.
    detail
        One sentence for the organizer.
    line
        Line of the file, from 1; None if it concerns the file or a split as a whole.
    """

    code: str
    detail: str
    line: int | None = None


class InvalidLabels(ValueError):
    """The file of labels, or of marks, cannot be used.

    Attributes
    ----------
    issues
        The first 100 issues, in file order.
    total
        How many there are.
    """

    def __init__(self, issues: Sequence[LabelIssue]) -> None:
        self.issues = tuple(issues[:REPORTED_ISSUES])
        self.total = len(issues)
        super().__init__(f"{self.total} issue(s) in the label file; first: {issues[0].detail}")


class InvalidSplits(ValueError):
    """The labelled samples cannot be split as asked.

    Attributes
    ----------
    issues
        The first 100 issues.
    total
        How many there are.
    """

    def __init__(self, issues: Sequence[LabelIssue]) -> None:
        self.issues = tuple(issues[:REPORTED_ISSUES])
        self.total = len(issues)
        super().__init__(f"the samples cannot be split: {issues[0].detail}")


@dataclass
class IssueLog:
    """The issues found so far."""

    issues: list[LabelIssue] = field(default_factory=list)

    def refuse(self, code: str, detail: str, line: int | None = None) -> None:
        """Note an issue."""
        self.issues.append(LabelIssue(code, detail, line))

    def raise_if_any(self) -> None:
        """Refuse the file if there is an issue.

        Raises
        ------
        InvalidLabels
            With all of them.
        """
        if self.issues:
            raise InvalidLabels(self.issues)
