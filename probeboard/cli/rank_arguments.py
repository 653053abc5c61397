"""The arguments of `probeboard rank`. Imports nothing heavy."""

import argparse
from pathlib import Path

METHODS = (
    "average-rank",
    "neuco",
    "mean-score",
    "mean-q",
    "test-then-rank",
    "borda",
    "copeland",
)
_DESCRIPTION = """\
Rank submissions by the scores of their splits, and say how sure the ranks are. RESULTS is a CSV
with the columns submission, task, split and score (and test_to_train, if it varies), a row for
each; or a folder of results_summary.json files, as NeuCo-Bench writes them. Who has no row of a
task, or a score of it that is empty or NaN, could not be scored in it, and ranks in it after all
that could."""


def add_rank(parser: argparse.ArgumentParser) -> None:
    """Add them."""
    parser.description = _DESCRIPTION
    parser.add_argument("results", type=Path, metavar="RESULTS", help="a CSV, or a folder")
    parser.add_argument(
        "--method",
        choices=METHODS,
        help="the official method (default: average-rank; neuco where only Q is known)",
    )
    parser.add_argument(
        "--weight",
        action="append",
        default=[],
        type=_weight,
        metavar="TASK=W",
        help="weight of a task (default: 1 each); not for neuco, which weighs by spread",
    )
    parser.add_argument(
        "--floor",
        default=0.0,
        type=_floor,
        metavar="Q",
        help="neuco: raise Q to this before weights are made of it (default: 0); none for none",
    )
    parser.add_argument(
        "--baseline",
        action="append",
        default=[],
        metavar="NAME",
        help="a submission shown where it would rank, outside the ranking; may be given often",
    )
    parser.add_argument(
        "--smaller-is-better",
        action="append",
        default=[],
        metavar="TASK",
        help="negate the scores of a task; may be given often",
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        type=_column,
        metavar="NAME=COLUMN",
        help="where the CSV has a column by another name, such as submission=model",
    )
    ratio = parser.add_mutually_exclusive_group()
    ratio.add_argument(
        "--test-size",
        type=_share,
        metavar="SHARE",
        help="share of the samples that a split tests on (default: .1)",
    )
    ratio.add_argument(
        "--test-over-train",
        type=_positive_number,
        metavar="RATIO",
        help="n_test / n_train of the splits, if they leave samples out",
    )
    parser.add_argument(
        "--same-samples",
        action="store_true",
        help="all tasks have the same samples and splits: their scores err together",
    )
    parser.add_argument("--draws", type=_draws, default=1000, metavar="N", help="default: 1000")
    parser.add_argument(
        "--seed", default="probeboard", help="names the random numbers (default: probeboard)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="write pictures for light and dark pages into a folder, with their words",
    )
    parser.add_argument(
        "--form", choices=("svg", "png"), default="svg", help="of the pictures (default: svg)"
    )


def _pair(text: str, wanted: str) -> tuple[str, str]:
    name, sign, value = text.rpartition("=")
    if not (name and sign and value):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form {wanted}")
    return name, value


def _weight(text: str) -> tuple[str, float]:
    name, value = _pair(text, "TASK=W")
    number = _number(value)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("a weight is a number of at least 0")
    return name, number


def _column(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    known = ("submission", "task", "split", "score", "test_to_train")
    if name not in known or not value:
        raise argparse.ArgumentTypeError(f"needs NAME=COLUMN, NAME one of {', '.join(known)}")
    return name, value


def _floor(text: str) -> float | None:
    if text == "none":
        return None
    number = _number(text)
    if not abs(number) < float("inf"):
        raise argparse.ArgumentTypeError("must be a finite number, or none")
    return number


def _share(text: str) -> float:
    number = _number(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError("must lie between 0 and 1")
    return number


def _positive_number(text: str) -> float:
    number = _number(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be a positive number")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def _draws(text: str) -> int:
    number = _number(text)
    if not 100 <= number <= 100_000 or number != int(number):
        raise argparse.ArgumentTypeError("must be a whole number from 100 to 100000")
    return int(number)
