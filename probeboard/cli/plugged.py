"""Commands that other packages add: an entry point of the group `probeboard.commands` each.

The science imports no server. A command whose own libraries are not installed says so.
"""

from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from probeboard.cli.errors import CommandError

GROUP = "probeboard.commands"


def plugged_command(arguments: Sequence[str]) -> Callable[[Sequence[str]], int] | None:
    """Return the command that the first argument names, if a package adds it.

    Raises
    ------
    CommandError
        If the command needs libraries that are not installed.
    """
    if not arguments:
        return None
    name = arguments[0]
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    return _loaded(found[0]) if found else None


def _loaded(point: EntryPoint) -> Callable[[Sequence[str]], int]:
    try:
        command: Any = point.load()
    except ImportError as error:
        needs = (
            f"the command '{point.name}' comes with the server: pip install 'probeboard[server]'"
        )
        raise CommandError(f"{needs} ({error})") from error

    def run(arguments: Sequence[str]) -> int:
        return int(command(arguments))

    return run
