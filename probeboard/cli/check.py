"""`probeboard check`: facts of a valid file, or everything that is wrong with it."""

import argparse
import json
import sys
from typing import Any

from probeboard.cli.errors import CommandError
from probeboard.cli.inputs import read_ids
from probeboard.embeddings import (
    Embeddings,
    EmbeddingSpec,
    InvalidEmbeddings,
    read_embeddings,
)

VALID, INVALID = 0, 1


def run(options: argparse.Namespace) -> int:
    """Check one file; the status says whether it is valid."""
    spec = make_spec(options, sample_ids=read_ids(options.ids), n_dims=options.dim)
    try:
        embeddings = read_embeddings(options.file, spec, ids_path=options.row_ids)
    except InvalidEmbeddings as error:
        document = invalid_document(error)
        sys.stdout.write(_as_json(document) if options.json else invalid_text(options.file, error))
        return INVALID
    if options.json:
        sys.stdout.write(_as_json(valid_document(embeddings)))
    else:
        sys.stdout.write(valid_text(options.file, embeddings))
    return VALID


def make_spec(
    options: argparse.Namespace, *, sample_ids: tuple[str, ...], n_dims: int
) -> EmbeddingSpec:
    """Return what the file has to hold.

    Raises
    ------
    CommandError
        If the options make no sense.
    """
    try:
        return EmbeddingSpec(
            n_dims=n_dims,
            sample_ids=sample_ids,
            strip_suffixes=tuple(options.strip_suffix),
            zero_pad=options.zero_pad,
            budget_bytes=options.budget_bytes,
        )
    except ValueError as error:
        raise CommandError(str(error)) from None


def valid_document(embeddings: Embeddings) -> dict[str, Any]:
    """Return what is printed of a valid file as JSON."""
    facts = embeddings.facts.to_dict()
    return {"valid": True, "sha256": embeddings.sha256, "facts": facts}


def invalid_document(error: InvalidEmbeddings) -> dict[str, Any]:
    """Return what is printed of an invalid file as JSON."""
    issues = [issue.to_dict() for issue in error.issues]
    return {"valid": False, "n_issues": error.total, "issues": issues}


def valid_text(file: object, embeddings: Embeddings) -> str:
    """Word the facts of a valid file."""
    facts = embeddings.facts
    lines = [
        f"{file}: valid",
        f"  {facts.n_rows} samples x {facts.n_dims} dimensions, {facts.format}, {facts.dtype}",
        f"  values from {facts.min:.6g} to {facts.max:.6g}, {facts.zero_fraction:.2%} zeros",
        f"  {facts.constant_columns} constant columns, {facts.duplicate_rows} duplicate rows",
        f"  sha256 {embeddings.sha256}",
        *(f"  note: {note}" for note in facts.notes),
    ]
    return "\n".join(lines) + "\n"


def invalid_text(file: object, error: InvalidEmbeddings) -> str:
    """Word what is wrong with a file: one line an issue."""
    lines = [f"{file}: not valid, {error.total} issue{'s' if error.total > 1 else ''}"]
    for issue in error.issues:
        row = f"row {issue.row}" if issue.row is not None else ""
        column = f"column {issue.column}" if issue.column is not None else ""
        place = ", ".join(filter(None, (row, column)))
        lines.append(f"  {place}{': ' if place else ''}{issue.detail} ({issue.code})")
    if error.total > len(error.issues):
        lines.append(f"  and {error.total - len(error.issues)} more")
    return "\n".join(lines) + "\n"


def _as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
