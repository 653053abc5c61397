"""A phase of a bundle: its samples, and for each task labels and splits that can be scored."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.challenges.config import ChallengeConfig, TaskConfig
from app.challenges.contents import Contents
from app.challenges.findings import Findings
from app.challenges.phase_config import PhaseConfig, SplitsConfig
from app.challenges.private_part import find_private, scored_parts
from app.challenges.rules import POLICY_KEYS, policy_of
from app.challenges.yaml_lines import Path
from app.errors import Place
from app.models import Part, ProbeKind
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
    """A phase with its sample ids in order, its tasks by slug, and the private ones of the ids."""

    config: PhaseConfig
    sample_ids: tuple[str, ...]
    tasks: Mapping[str, TaskBundle]
    private: frozenset[str] | None = None


def read_phase(
    config: ChallengeConfig, index: int, contents: Contents, found: Findings
) -> PhaseBundle:
    """Read what a phase of the configuration names; its faults go to the findings."""
    phase = config.phases[index]
    here: Path = ("phases", index)
    sample_ids = contents.sample_ids((*here, "samples"))
    tasks = _read_tasks(config, index, sample_ids, contents, found)
    private = find_private(
        phase,
        here,
        sample_ids=sample_ids,
        groupings=_groupings(tasks.values()),
        contents=contents,
        found=found,
    )
    of_slug = {task.slug: task for task in config.tasks}
    for place, item in enumerate(phase.tasks):
        # Without its private part nobody knows what a phase scores.
        if item.task in tasks and (phase.private is None) == (private is None):
            _check_task(
                phase, of_slug[item.task], tasks[item.task], private, (*here, "tasks", place), found
            )
    _check_ranking(phase, tasks, here, found)
    return PhaseBundle(phase, sample_ids, tasks, private)


def _read_tasks(
    config: ChallengeConfig,
    index: int,
    sample_ids: tuple[str, ...],
    contents: Contents,
    found: Findings,
) -> dict[str, TaskBundle]:
    """Read the labels and marks of a phase's tasks, as long as there are not too many splits."""
    phase = config.phases[index]
    here: Path = ("phases", index)
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
        n_split += read.splits.n_splits * len(labels.sample_ids)
        if n_split > MAX_LABELS_IN_SPLITS:
            detail = (
                f"splits times labels, up to “{item.task}”, come to {n_split}; "
                f"a phase may have {MAX_LABELS_IN_SPLITS}"
            )
            found.refuse("too_many_splits", detail, of_item)
            break
        tasks[item.task] = read
    return tasks


def _groupings(tasks: Iterable[TaskBundle]) -> list[Mapping[str, str]]:
    """Return the groups that samples are in, each file once."""
    marks = [
        task.marks
        for task in tasks
        if task.marks is not None and task.splits.kind is SplitKind.GROUPED
    ]
    return [one for number, one in enumerate(marks) if one not in marks[:number]]


def _check_task(
    phase: PhaseConfig,
    task: TaskConfig,
    read: TaskBundle,
    private: frozenset[str] | None,
    path: Path,
    found: Findings,
) -> None:
    for part, labels in scored_parts(read.labels, private):
        scored = replace(read, labels=labels)
        _check_splits(phase, task, scored, part, found)
        _check_scorer(phase, task, scored, path, found)


def _spec_of(config: SplitsConfig, marks: Mapping[str, str] | None) -> SplitSpec:
    n_splits = config.n_splits
    if config.kind is SplitKind.PREDEFINED and marks is not None:
        n_splits = count_splits(marks)
    return SplitSpec(n_splits, config.test_size, config.seed, config.kind, config.shots)


def _check_splits(
    phase: PhaseConfig, task: TaskConfig, read: TaskBundle, part: Part | None, found: Findings
) -> None:
    where = f"phase {phase.slug}, task {task.slug}"
    if part is not None:
        where = f"{where}, {part} part"
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
        Place(issue.code, f"{where}: {issue.detail}", file=task.labels) for issue in issues
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
