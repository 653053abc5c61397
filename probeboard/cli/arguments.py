"""The arguments of every command. Imports nothing heavy, so that help comes at once."""

import argparse
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from probeboard.cli.rank_arguments import add_rank

SAMPLE_BOOTSTRAP = "sample-bootstrap"  # no analysis of a phase: it comes with its predictions
ANALYSES = ("metrics", "spectrum", "rate-distortion", SAMPLE_BOOTSTRAP)
_STATUSES = """\
exit status: 0 all is well, 1 the embeddings or results are not valid, 2 wrong usage or a file that
cannot be read, 130 interrupted"""
_CHECK = """\
Check a file of embeddings as the server does before it takes a submission: CSV (plain, gzip or
zstd), Parquet, Arrow, NPZ, NPY with --row-ids, or safetensors, recognised by content. Prints facts
of the file, or everything that is wrong with it."""
_SCORE = """\
Score a file of embeddings on local label files, as the server does: probes are fitted and scored
on every split of every task. LABELS is a folder of files <task>__<type>.csv, as NeuCo-Bench has
them; a type is regression, classification, binary, multiclass or multilabel."""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="probeboard",
        description="Check and score embeddings before uploading them; rank scores of any origin.",
        epilog=_STATUSES,
    )
    parser.add_argument("--version", action="version", version=f"probeboard {own_version()}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check", help="is this file a valid submission?", description=_CHECK, epilog=_STATUSES
    )
    _add_file(check, dim_is_required=True)
    check.add_argument(
        "--ids",
        type=Path,
        required=True,
        metavar="CSV",
        help="the wanted samples: a CSV with a column 'id', or one id a line",
    )
    score = commands.add_parser(
        "score", help="what would this file score?", description=_SCORE, epilog=_STATUSES
    )
    _add_file(score, dim_is_required=False)
    _add_score(score)
    add_rank(
        commands.add_parser("rank", help="who is first, and how sure is that?", epilog=_STATUSES)
    )
    return parser


def own_version() -> str:
    """Version of the installed package.

    >>> own_version()[:1].isdigit()
    True
    """
    try:
        return version("probeboard")
    except PackageNotFoundError:  # run from its source, never installed
        return "0+unknown"


def _add_file(parser: argparse.ArgumentParser, *, dim_is_required: bool) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the embeddings")
    parser.add_argument(
        "--dim",
        type=_positive,
        required=dim_is_required,
        metavar="D",
        help="dimensions wanted" + ("" if dim_is_required else " (default: those of the file)"),
    )
    parser.add_argument(
        "--strip-suffix",
        action="append",
        default=[],
        metavar="SUFFIX",
        help="ending that ids may carry, such as .zarr.zip; may be given several times",
    )
    parser.add_argument(
        "--zero-pad", action="store_true", help="fill embeddings shorter than --dim with zeros"
    )
    parser.add_argument(
        "--budget-bytes",
        type=_positive,
        metavar="N",
        help="most bytes an embedding may take in the file; shorter ones are filled up with zeros",
    )
    parser.add_argument(
        "--row-ids",
        type=Path,
        metavar="TXT",
        help="ids of the rows of an NPY file: one a line, or a CSV whose first column is 'id'",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _add_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("labels", type=Path, metavar="LABELS", help="folder of label files")
    parser.add_argument(
        "--scorer",
        default="exact",
        choices=("exact", "neuco"),
        help="exact: converged probes (default); neuco: the numbers of NeuCo-Bench",
    )
    parser.add_argument(
        "--ids",
        type=Path,
        metavar="CSV",
        help="the challenge's samples in their order: the file must hold these and no others, and "
        "splits are drawn in this order (default: the samples of the file, sorted by id)",
    )
    parser.add_argument(
        "--tasks",
        metavar="A,B",
        help="only these tasks; the numbers of neuco depend on which others there are",
    )
    parser.add_argument(
        "--probe",
        default="linear",
        choices=("linear", "knn", "retrieval"),
        help="what is fitted to the embeddings (default: linear)",
    )
    parser.add_argument(
        "--signs",
        action="store_true",
        help="for knn and retrieval: compare by the signs of the dimensions, one bit each",
    )
    parser.add_argument(
        "--scaling",
        default="scalar",
        choices=("scalar", "per-dimension"),
        help="divide all dimensions by one number (default), or each by its own",
    )
    splits = parser.add_argument_group("splits")
    kinds = splits.add_mutually_exclusive_group()
    kinds.add_argument(
        "--groups",
        type=Path,
        metavar="CSV",
        help="keep the samples of a group together; a CSV 'id,group'",
    )
    kinds.add_argument(
        "--stratified", action="store_true", help="keep the classes in proportion on both sides"
    )
    kinds.add_argument(
        "--predefined",
        type=Path,
        metavar="CSV",
        help="splits as given: a CSV 'id,split' of train and test, or a column for each split",
    )
    splits.add_argument("--splits", type=int, metavar="K", help="default: 40")
    splits.add_argument("--test-size", type=float, metavar="SHARE", help="default: .1")
    splits.add_argument("--seed", type=int, default=42, metavar="N", help="default: 42")
    splits.add_argument(
        "--shots", type=_positive, metavar="N", help="few-shot: N training labels of each class"
    )
    parser.add_argument(
        "--jobs",
        type=_positive,
        metavar="N",
        help="processes to share the tasks (default: one a core); scores do not depend on it",
    )
    parser.add_argument(
        "--analyses",
        type=_analyses,
        default=(),
        metavar="A,B",
        help=f"what else to find out: {', '.join(ANALYSES)}",
    )


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _analyses(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in ANALYSES:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(ANALYSES)}")
    return names
