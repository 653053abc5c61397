"""`probeboard score`: the server's numbers, on local files."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence

from probeboard.cli.check import (
    INVALID,
    VALID,
    invalid_document,
    invalid_text,
    make_spec,
)
from probeboard.cli.document import Outcome, to_document, to_text
from probeboard.cli.errors import CommandError
from probeboard.cli.inputs import (
    LabelFile,
    find_label_files,
    read_ids,
    read_label_file,
    read_mark_file,
    refused,
)
from probeboard.cli.peek import Peeked, peek
from probeboard.cli.plan import Plan
from probeboard.cli.pool import Pool
from probeboard.cli.progress import Progress
from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, IssueCode, read_embeddings
from probeboard.labelsets import InvalidSplits, LabelSet, SplitKind, SplitSpec, check_splits
from probeboard.probing import UnsupportedTask


def run(options: argparse.Namespace) -> int:
    """Score one file; the status says whether it was valid."""
    splits = split_spec(options)
    files = find_label_files(options.labels, options.tasks)
    with Pool(min(options.jobs or usable_cores(), len(files))) as pool:
        plan, spec = make_plan(options, files, splits)
        try:
            embeddings = read_embeddings(options.file, spec, ids_path=options.row_ids)
        except InvalidEmbeddings as error:
            return _report_invalid(options, error, plan)
        progress = Progress(sys.stderr, total=len(files))
        try:
            scores = pool.score(embeddings.matrix, plan, report=progress.step)
        except UnsupportedTask as error:
            raise CommandError(f"{error}; choose others with --tasks") from None
        finally:
            progress.close()
    outcome = Outcome(embeddings, plan, scores, {})
    if options.json:
        sys.stdout.write(json.dumps(to_document(outcome), indent=2, allow_nan=False) + "\n")
    else:
        sys.stdout.write(to_text(outcome))
    return VALID


def usable_cores() -> int:
    """How many processes can run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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
    try:
        return SplitSpec(
            n_splits=options.splits,
            test_size=options.test_size,
            seed=options.seed,
            kind=kind,
            shots=options.shots,
        )
    except ValueError as error:
        raise CommandError(str(error)) from None


def make_plan(
    options: argparse.Namespace, files: Sequence[LabelFile], splits: SplitSpec
) -> tuple[Plan, EmbeddingSpec]:
    """Read all but the embeddings: what is to be scored, and what the file has to hold.

    Raises
    ------
    CommandError
        If labels, marks or ids are not valid, or a task cannot be split.
    """
    wanted = read_ids(options.ids) if options.ids else None
    keep_order = options.scorer == "neuco"
    label_sets = {
        file.task: read_label_file(file, known_ids=wanted, keep_order=keep_order) for file in files
    }
    marks_path = options.groups or options.predefined
    marks = read_mark_file(marks_path, kind=splits.kind) if marks_path else None
    peeked = _peek(options)
    if wanted is None:
        wanted = _samples(peeked.ids, label_sets, suffixes=options.strip_suffix)
    plan = Plan(options.scorer, wanted, label_sets, splits, marks)
    _check_splits(plan, files)
    n_dims = options.dim or peeked.n_dims or 1
    return plan, make_spec(options, sample_ids=wanted, n_dims=n_dims)


def _peek(options: argparse.Namespace) -> Peeked:
    row_ids = read_ids(options.row_ids) if options.row_ids else None
    return peek(options.file, row_ids) or Peeked((), 0)


def _samples(
    held: Sequence[str], label_sets: Mapping[str, LabelSet], *, suffixes: Sequence[str]
) -> tuple[str, ...]:
    """All samples that the file holds and those that it should, sorted by id."""
    longest_first = sorted(suffixes, key=len, reverse=True)
    samples = {sample for one in label_sets.values() for sample in one.sample_ids}
    for sample in held:
        suffix = next((end for end in longest_first if sample.endswith(end)), "")
        samples.add(sample.removesuffix(suffix))
    return tuple(sorted(samples - {""}))


def _check_splits(plan: Plan, files: Sequence[LabelFile]) -> None:
    for file in files:
        what = f"{file.path} cannot be split so"
        try:
            issues = check_splits(plan.label_sets[file.task], plan.splits_of(file.task))
        except InvalidSplits as error:
            raise refused(what, error.issues, error.total) from None
        if issues:
            raise refused(what, issues, len(issues))


def _report_invalid(options: argparse.Namespace, error: InvalidEmbeddings, plan: Plan) -> int:
    peeked = _peek(options)
    if not (peeked.n_dims or options.dim):
        # Nobody knows how many were meant: only what ended the reading is worth saying.
        error = InvalidEmbeddings(error.issues[:1], 1)
        if error.issues[0].code is IssueCode.WRONG_DIMENSION:
            raise CommandError(f"{options.file}: say with --dim how many dimensions it has")
    if options.json:
        sys.stdout.write(json.dumps(invalid_document(error), indent=2) + "\n")
    else:
        sys.stderr.write(invalid_text(options.file, error) + _suffix_hint(peeked, plan))
    return INVALID


def _suffix_hint(peeked: Peeked, plan: Plan) -> str:
    """Propose --strip-suffix if the file's ids are labelled ids, all with the same ending."""
    held = set(peeked.ids)
    labelled = {sample for one in plan.label_sets.values() for sample in one.sample_ids}
    missing = sorted(labelled - held)
    if not missing:
        return ""
    first = missing[0]
    endings = {sample.removeprefix(first) for sample in held if sample.startswith(f"{first}.")}
    for ending in sorted(endings):
        if all(f"{sample}{ending}" in held for sample in missing):
            return f"  the ids of the file end in {ending}: try --strip-suffix {ending}\n"
    return ""
