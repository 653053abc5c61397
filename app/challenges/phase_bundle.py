"""A phase of a bundle: its samples, and for each task labels and splits that can be scored."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from app.challenges.config import ChallengeConfig, TaskConfig
from app.challenges.contents import Contents
from app.challenges.findings import Findings
from app.challenges.phase_config import PhaseConfig, SplitsConfig
from app.challenges.rules import POLICY_KEYS, policy_of
from app.challenges.yaml_lines import Path
from app.errors import Place
from app.models import ProbeKind
from probeboard.labelsets import (
    InvalidSplits,
    LabelIssue,
    LabelSet,
    SplitKind,
    SplitSpec,
    check_splits,
    count_splits,
    make_splits,
)

# A test holds it to the number that workers look for.
NEIGHBOURS = 5
# Labels times splits, over the tasks of a phase: a hundred tasks of 2,500 labels with 40 splits. A
# worker keeps eight bytes of each, and this process draws them once to check them.
MAX_LABELS_IN_SPLITS = 10_000_000
# NeuCo-Bench computes R² of no fewer.
MIN_NEUCO_TEST_SAMPLES = 2


@dataclass(frozen=True)
class TaskBundle:
    """A task as a phase scores it; shuffled and stratified splits have no marks."""

    labels: LabelSet
    splits: SplitSpec
    marks: Mapping[str, str] | None


@dataclass(frozen=True)
class PhaseBundle:
    """A phase with its sample ids in order, and its tasks by slug."""

    config: PhaseConfig
    sample_ids: tuple[str, ...]
    tasks: Mapping[str, TaskBundle]


def read_phase(
    config: ChallengeConfig, index: int, contents: Contents, found: Findings
) -> PhaseBundle:
    """Read what a phase of the configuration names; its faults go to the findings."""
    phase = config.phases[index]
    here: Path = ("phases", index)
    sample_ids = contents.sample_ids((*here, "samples"))
    slugs = [task.slug for task in config.tasks]
    tasks: dict[str, TaskBundle] = {}
    n_split = 0
    for place, item in enumerate(phase.tasks):
        if item.task not in slugs or not sample_ids:
            continue
        number = slugs.index(item.task)
        labels = contents.labels(
            ("tasks", number, "labels"),
            task_type=config.tasks[number].type,
            sample_ids=sample_ids,
            keep_order=phase.scorer == "neuco",  # it splits by the place in the label file
        )
        of_item: Path = (*here, "tasks", place)
        splits = phase.splits_of(place)
        whose = of_item if item.splits is not None else here
        marks = contents.marks((*whose, "splits"), splits, sample_ids)
        if labels is None or (marks is None and splits.marks is not None):
            continue
        read = TaskBundle(labels, _spec_of(splits, marks), marks)
        tasks[item.task] = read
        n_split += read.splits.n_splits * len(labels.sample_ids)
        if n_split > MAX_LABELS_IN_SPLITS:
            detail = (
                f"splits times labels, up to “{item.task}”, come to {n_split}; "
                f"a phase may have {MAX_LABELS_IN_SPLITS}"
            )
            found.refuse("too_many_splits", detail, of_item)
            break
        _check_splits(phase, config.tasks[number], read, found)
        _check_scorer(phase, config.tasks[number], read, of_item, found)
    _check_ranking(phase, tasks, here, found)
    return PhaseBundle(phase, sample_ids, tasks)


def _spec_of(config: SplitsConfig, marks: Mapping[str, str] | None) -> SplitSpec:
    n_splits = config.n_splits
    if config.kind is SplitKind.PREDEFINED and marks is not None:
        n_splits = count_splits(marks)
    return SplitSpec(n_splits, config.test_size, config.seed, config.kind, config.shots)


def _check_splits(phase: PhaseConfig, task: TaskConfig, read: TaskBundle, found: Findings) -> None:
    try:
        splits = make_splits(read.labels, read.splits, read.marks)
    except InvalidSplits as error:
        issues = error.issues
    else:
        issues = check_splits(read.labels, splits)
        fewest = min(split.train.size for split in splits)
        if task.probe is ProbeKind.KNN and 0 < fewest <= NEIGHBOURS:
            detail = (
                f"a training part has {fewest} samples: the {NEIGHBOURS} nearest are all of them, "
                "and every prediction is the same"
            )
            issues = (*issues, LabelIssue("too_few_neighbours", detail))
    found.places.extend(
        Place(issue.code, f"phase {phase.slug}, task {task.slug}: {issue.detail}", file=task.labels)
        for issue in issues
    )


def _check_scorer(
    phase: PhaseConfig, task: TaskConfig, read: TaskBundle, path: Path, found: Findings
) -> None:
    if phase.scorer != "neuco":
        return
    if read.labels.labels.ndim > 1 and read.labels.classes and task.type == "regression":
        detail = f"neuco predicts one target; “{task.slug}” has {len(read.labels.classes)}"
        found.refuse("neuco_targets", detail, path)
    n_test = math.ceil(read.splits.test_size * len(read.labels.sample_ids))
    if n_test < MIN_NEUCO_TEST_SAMPLES:
        detail = f"neuco needs {MIN_NEUCO_TEST_SAMPLES} test samples in a split of “{task.slug}”"
        found.refuse("neuco_test_part", detail, path)


def _check_ranking(
    phase: PhaseConfig, tasks: Mapping[str, TaskBundle], here: Path, found: Findings
) -> None:
    single = [slug for slug, task in tasks.items() if task.splits.n_splits < 2]
    for slug in single[:1]:
        for fault in policy_of(phase).asks_for_spread(slug):
            found.refuse(fault.code, fault.detail, (*here, *POLICY_KEYS[fault.field]))
