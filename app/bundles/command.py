"""The command line: check a bundle, convert one of EvalAI's, print the configuration's schema."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from app.bundles.folder import read_folder
from app.challenges.archive import read_zip
from app.challenges.config_schema import schema_bytes
from app.challenges.withheld import nothing_known, read_bundle_with
from app.errors import InvalidBundle, Place

VALID, INVALID, WRONG_USAGE = 0, 1, 2
# What is unpacked in memory; annotation files of other fields are large.
LARGEST_ARCHIVE = 1 << 30
_STATUSES = "Exit status: 0 valid, 1 not valid, 2 wrong usage."


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    given = _parser().parse_args(arguments)
    if given.command == "schema":
        sys.stdout.buffer.write(schema_bytes())
        return VALID
    try:
        if given.command == "from-evalai":
            return from_evalai(given.archive, given.folder)
        return check(given.folder)
    except OSError as error:
        sys.stderr.write(f"probeboard bundle: {error.filename}: {error.strerror}\n")
        return WRONG_USAGE


def check(folder: Path) -> int:
    """Say what is wrong with a bundle, as a server would of a new challenge; 0 if nothing is."""
    try:
        bundle = read_bundle_with(read_folder(folder), nothing_known)
    except InvalidBundle as error:
        return _tell_faults(folder, error)
    n_tasks = len(bundle.config.tasks)
    counts = f"{n_tasks} task(s), {len(bundle.phases)} phase(s)"
    sys.stdout.write(f"{folder}: a valid bundle of “{bundle.config.slug}”: {counts}\n")
    return VALID


def from_evalai(archive: Path, folder: Path) -> int:
    """Convert EvalAI's bundle; a line for each key that could not be mapped."""
    # Not at the top: checking a bundle needs no reader of HTML.
    from app.bundles.evalai import convert

    try:
        converted = convert(read_zip(archive, limit_bytes=LARGEST_ARCHIVE))
    except InvalidBundle as error:
        return _tell_faults(archive, error)
    folder.mkdir(parents=True)
    for name, data in converted.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    sys.stdout.write("".join(f"{note}\n" for note in converted.notes))
    sys.stdout.write(f"{folder}: {len(converted.notes)} key(s) to look at; then the TODO files\n")
    return VALID


def _tell_faults(where: Path, error: InvalidBundle) -> int:
    sys.stdout.write("".join(f"{told(where, place)}\n" for place in error.places))
    more = error.total - len(error.places)
    sys.stdout.write(f"and {more} more\n" if more else "")
    return INVALID


def told(folder: Path, place: Place) -> str:
    """Write one fault as compilers do, so that editors jump to it."""
    line = "" if place.line is None else f":{place.line}"
    return f"{folder / (place.file or '')}{line}: {place.detail} ({place.code})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="probeboard bundle", description="Challenge bundles.", epilog=_STATUSES
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    checking = commands.add_parser("check", help="is this folder a valid bundle?", epilog=_STATUSES)
    checking.add_argument("folder", type=Path, metavar="DIR", help="with challenge.yaml in it")
    converting = commands.add_parser("from-evalai", help="convert EvalAI's challenge bundle")
    converting.add_argument("archive", type=Path, metavar="ZIP", help="with challenge_config.yaml")
    converting.add_argument("folder", type=Path, metavar="DIR", help="it must not exist")
    commands.add_parser("schema", help="print the JSON Schema of challenge.yaml")
    return parser
