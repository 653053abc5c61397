"""A bundle in a folder, as it lies there before it is zipped."""

from pathlib import Path

from app.challenges.archive import MAX_FILES
from app.errors import InvalidBundle, Place


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read the files of a bundle by their names in it; hidden files are no part of it.

    Raises
    ------
    OSError
        If there is no such folder, or a file of it cannot be read.
    InvalidBundle
        If there are more files than a server takes.
    """
    entries = list(folder.iterdir())  # a folder that is not there is an error, and not empty
    paths = sorted(path for entry in entries for path in _files(entry))
    if len(paths) > MAX_FILES:
        detail = f"{len(paths)} files; at most {MAX_FILES}"
        raise InvalidBundle("The bundle is too large.", [Place("too_many_files", detail)])
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _files(entry: Path) -> list[Path]:
    if entry.name.startswith("."):
        return []
    if entry.is_dir():
        return [path for below in entry.iterdir() for path in _files(below)]
    return [entry]
