"""What is to be scored, small enough to be sent to another process."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from probeboard.labelsets import LabelSet, Split, SplitSpec, make_splits
from probeboard.probing import Probe, ProbeTask, Scaling


@dataclass(frozen=True, eq=False)
class Plan:
    """The tasks of a run, without the embeddings.

    Attributes
    ----------
    scorer
        Name of the scorer, whose newest version is used.
    sample_ids
        Of the rows of the matrix.
    label_sets
        By name of task.
    splits
        How every task is split.
    marks
        Groups or parts of samples, where the splits need them.
    probe
        What is fitted for every task.
    scaling
        Of the embeddings, before.
    """

    scorer: str
    sample_ids: tuple[str, ...]
    label_sets: Mapping[str, LabelSet]
    splits: SplitSpec
    marks: Mapping[str, str] | None
    probe: Probe
    scaling: Scaling = Scaling.SCALAR

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of the matrix of each sample."""
        return {sample: row for row, sample in enumerate(self.sample_ids)}

    def splits_of(self, name: str) -> tuple[Split, ...]:
        """Make the splits of a task.

        Raises
        ------
        InvalidSplits
            If they cannot be made.
        """
        return make_splits(self.label_sets[name], self.splits, self.marks)

    def probe_task(self, name: str) -> ProbeTask:
        """Return a task as the scorer takes it."""
        labels = self.label_sets[name]
        rows = np.array([self.row_of[sample] for sample in labels.sample_ids], dtype=np.intp)
        splits = self.splits_of(name)
        return ProbeTask(name, labels.task_type, rows, labels.labels, splits, self.probe)

    def probe_tasks(self) -> list[ProbeTask]:
        """Return all tasks."""
        return [self.probe_task(name) for name in self.label_sets]
