"""How a phase's row says in which splits a task is scored: a specification and its marks."""

from dataclasses import dataclass
from typing import Any

from probeboard.labelsets import SplitKind, SplitSpec


@dataclass(frozen=True)
class TaskSplits:
    """The splits of a task in a phase; `marks` is the digest of a blob, if the kind has marks."""

    spec: SplitSpec
    marks: str | None = None

    @property
    def test_size(self) -> float | None:
        """Return the share in a test part; None where the organizer drew the splits."""
        return None if self.spec.kind is SplitKind.PREDEFINED else self.spec.test_size

    def to_document(self) -> dict[str, Any]:
        """Return what the row holds."""
        return {
            "kind": self.spec.kind.value,
            "n_splits": self.spec.n_splits,
            "test_size": self.test_size,
            "seed": self.spec.seed,
            "shots": self.spec.shots,
            "marks": self.marks,
        }

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> "TaskSplits":
        """Read back what the row holds."""
        figures = {key: document[key] for key in ("n_splits", "seed", "shots")}
        if document["test_size"] is not None:
            figures["test_size"] = document["test_size"]
        return cls(SplitSpec(kind=SplitKind(document["kind"]), **figures), document["marks"])
