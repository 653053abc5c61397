"""`probeboard score`: the server's numbers, on local files."""

import argparse
import json
import os
import sys

import numpy as np
from numpy.typing import NDArray

from probeboard.cli.arguments import SAMPLE_BOOTSTRAP
from probeboard.cli.check import INVALID, VALID, invalid_document, invalid_text, make_spec
from probeboard.cli.document import Outcome, to_document
from probeboard.cli.errors import CommandError
from probeboard.cli.peek import Peeked
from probeboard.cli.plan import Plan
from probeboard.cli.planning import label_files, look_into, make_plan
from probeboard.cli.pool import Pool
from probeboard.cli.progress import Progress
from probeboard.cli.sample_errors import sample_errors
from probeboard.cli.table import to_text
from probeboard.embeddings import InvalidEmbeddings, read_embeddings
from probeboard.probing import Analysis, TaskScores, UnsupportedTask


def run(options: argparse.Namespace) -> int:
    """Score one file; the status says whether it was valid."""
    files = label_files(options)
    with Pool(min(options.jobs or usable_cores(), len(files))) as pool:
        held = look_into(options)
        plan = make_plan(options, files, held)
        n_dims = options.dim or held.n_dims or 1
        spec = make_spec(options, sample_ids=plan.sample_ids, n_dims=n_dims)
        try:
            embeddings = read_embeddings(options.file, spec, ids_path=options.row_ids)
        except InvalidEmbeddings as error:
            return _report_invalid(options, error, held, plan)
        scores = _score(pool, embeddings.matrix, plan)
        wanted = frozenset(map(Analysis, set(options.analyses) - {SAMPLE_BOOTSTRAP}))
        analyses = pool.analyse(embeddings.matrix, plan, scores, wanted=wanted)
        if SAMPLE_BOOTSTRAP in options.analyses:
            analyses["sample_bootstrap"] = sample_errors(plan, scores)
    outcome = Outcome(embeddings, plan, scores, analyses)
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


def _score(pool: Pool, matrix: NDArray[np.float32], plan: Plan) -> tuple[TaskScores, ...]:
    progress = Progress(sys.stderr, total=len(plan.label_sets))
    try:
        return pool.score(matrix, plan, report=progress.step)
    except UnsupportedTask as error:
        raise CommandError(f"{error}; choose others with --tasks") from None
    finally:
        progress.close()


def _report_invalid(
    options: argparse.Namespace, error: InvalidEmbeddings, held: Peeked, plan: Plan
) -> int:
    if not (held.n_dims or options.dim):
        # Nobody knows how many were meant: only what ended the reading is worth saying.
        error = InvalidEmbeddings(error.issues[:1], 1)
    if options.json:
        sys.stdout.write(json.dumps(invalid_document(error), indent=2) + "\n")
    else:
        sys.stderr.write(invalid_text(options.file, error) + _suffix_hint(held, plan))
    return INVALID


def _suffix_hint(held: Peeked, plan: Plan) -> str:
    """Propose --strip-suffix if the file's ids are labelled ids, all with the same ending."""
    ids = set(held.ids)
    labelled = {sample for one in plan.label_sets.values() for sample in one.sample_ids}
    missing = sorted(labelled - ids)
    if not missing:
        return ""
    first = missing[0]
    endings = {sample.removeprefix(first) for sample in ids if sample.startswith(f"{first}.")}
    for ending in sorted(endings):
        if all(f"{sample}{ending}" in ids for sample in missing):
            return f"  the ids of the file end in {ending}: try --strip-suffix {ending}\n"
    return ""
