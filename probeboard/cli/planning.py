"""Makes a plan of what the command line says: labels, splits, probe, samples."""

import argparse
from collections.abc import Mapping, Sequence

from probeboard.cli.errors import CommandError
from probeboard.cli.inputs import (
    LabelFile,
    find_label_files,
    read_ids,
    read_label_file,
    read_mark_file,
    refused,
)
from probeboard.cli.peek import Peeked, is_npy, peek
from probeboard.cli.plan import Plan
from probeboard.labelsets import (
    InvalidSplits,
    LabelSet,
    SplitKind,
    SplitSpec,
    TaskType,
    check_splits,
)
from probeboard.probing import Probe, ProbeKind, Scaling


def make_plan(options: argparse.Namespace, files: Sequence[LabelFile], held: Peeked) -> Plan:
    """Read all but the embeddings.

    Parameters
    ----------
    options
        Of `probeboard score`.
    files
        The label files.
    held
        What the file of embeddings seems to hold.

    Raises
    ------
    CommandError
        If options make no sense, or labels, marks or ids are not valid, or a task cannot be split.
    """
    splits, probe, scaling = split_spec(options), probe_of(options), scaling_of(options)
    wanted = read_ids(options.ids) if options.ids else None
    keep_order = options.scorer == "neuco"
    label_sets = {
        file.task: read_label_file(file, known_ids=wanted, keep_order=keep_order) for file in files
    }
    marks_path = options.groups or options.predefined
    marks = read_mark_file(marks_path, kind=splits.kind) if marks_path else None
    if wanted is None:
        wanted = samples_of(held, label_sets, suffixes=options.strip_suffix)
    plan = Plan(options.scorer, wanted, label_sets, splits, marks, probe, scaling)
    for file in files:
        _check(plan, file)
    return plan


def look_into(options: argparse.Namespace) -> Peeked:
    """Return what the file seems to hold; nothing, and no dimensions, if that cannot be told.

    Raises
    ------
    CommandError
        If it is an NPY array, and nothing says whose its rows are.
    """
    if not options.row_ids and is_npy(options.file):
        # Without ids nobody knows how many samples are meant: the reader would find it too large.
        raise CommandError(f"{options.file}: an NPY array names no samples; give their --row-ids")
    row_ids = read_ids(options.row_ids) if options.row_ids else None
    return peek(options.file, row_ids) or Peeked((), 0)


def label_files(options: argparse.Namespace) -> tuple[LabelFile, ...]:
    """Return the label files that are wanted.

    Raises
    ------
    CommandError
        If there are none, or not those.
    """
    return find_label_files(options.labels, options.tasks)


def split_spec(options: argparse.Namespace) -> SplitSpec:
    """Return how every task is split.

    Raises
    ------
    CommandError
        If the options make no sense, or NeuCo-Bench knows no such splits.
    """
    kind = SplitKind.SHUFFLE
    if options.groups:
        kind = SplitKind.GROUPED
    elif options.predefined:
        kind = SplitKind.PREDEFINED
    elif options.stratified:
        kind = SplitKind.STRATIFIED
    if options.scorer == "neuco" and (kind is not SplitKind.SHUFFLE or options.shots):
        raise CommandError("neuco is NeuCo-Bench, which shuffles: it takes no other splits")
    if kind is SplitKind.PREDEFINED and (options.splits, options.test_size) != (None, None):
        raise CommandError("predefined splits are as their file says: no --splits or --test-size")
    try:
        return SplitSpec(
            n_splits=40 if options.splits is None else options.splits,
            test_size=0.1 if options.test_size is None else options.test_size,
            seed=options.seed,
            kind=kind,
            shots=options.shots,
        )
    except ValueError as error:
        raise CommandError(str(error)) from None


def probe_of(options: argparse.Namespace) -> Probe:
    """Return what is fitted for every task.

    Raises
    ------
    CommandError
        If the options make no sense, or NeuCo-Bench knows no such probe.
    """
    if options.scorer == "neuco" and options.probe != "linear":
        raise CommandError("neuco is NeuCo-Bench, whose probes are linear")
    try:
        return Probe(ProbeKind(options.probe), signs=options.signs)
    except ValueError as error:
        raise CommandError(str(error)) from None


def scaling_of(options: argparse.Namespace) -> Scaling:
    """Return how embeddings are scaled.

    Raises
    ------
    CommandError
        If NeuCo-Bench does not scale so.
    """
    scaling = Scaling(options.scaling)
    if options.scorer == "neuco" and scaling is not Scaling.SCALAR:
        raise CommandError("neuco is NeuCo-Bench, which scales all dimensions by one number")
    return scaling


def samples_of(
    held: Peeked, label_sets: Mapping[str, LabelSet], *, suffixes: Sequence[str]
) -> tuple[str, ...]:
    """All samples that the file holds and those that it should, sorted by id.

    >>> samples_of(Peeked(("b.zip", "a"), 3), {}, suffixes=[".zip"])
    ('a', 'b')
    """
    longest_first = sorted(suffixes, key=len, reverse=True)
    samples = {sample for one in label_sets.values() for sample in one.sample_ids}
    for sample in held.ids:
        suffix = next((end for end in longest_first if sample.endswith(end)), "")
        samples.add(sample.removesuffix(suffix))
    return tuple(sorted(samples - {""}))


def _check(plan: Plan, file: LabelFile) -> None:
    label_set = plan.label_sets[file.task]
    if plan.probe.kind is ProbeKind.RETRIEVAL and label_set.task_type is TaskType.REGRESSION:
        raise CommandError(f"{file.path}: retrieval needs classes; choose others with --tasks")
    what = f"{file.path} cannot be split so"
    try:
        issues = check_splits(label_set, plan.splits_of(file.task))
    except InvalidSplits as error:
        raise refused(what, error.issues, error.total) from None
    if issues:
        raise refused(what, issues, len(issues))
