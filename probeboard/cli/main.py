"""The entry point: which command, and how it ends."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from probeboard.cli.arguments import make_parser
from probeboard.cli.errors import CommandError
from probeboard.cli.plugged import plugged_command

WRONG_USAGE = 2
BUG = 70
INTERRUPTED = 130
# What a shell reports of a program whose reader went away.
READER_GONE = 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status.

    Parameters
    ----------
    arguments
        Without the program's name; those of the process if not given.

    Raises
    ------
    SystemExit
        With status 0 for help and version, with 2 for wrong usage.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        command = plugged_command(given)
    except CommandError as error:
        return _refuse(str(error))
    if command is not None:
        return command(given[1:])
    options = make_parser().parse_args(given)
    # One thread a process: processes share the tasks, and threads would move the last bits.
    # Set before NumPy is loaded, and inherited by the processes started.
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    try:
        status = _run(options)
        sys.stdout.flush()
    except CommandError as error:
        return _refuse(str(error))
    except BrokenPipeError:
        # Else the interpreter tries to write what is left when it ends, and complains.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except MemoryError:
        return _refuse("not enough memory")
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:
        # A bug of ours: all that a report of it needs, and a status that means nothing else.
        traceback.print_exc()
        return BUG
    return status


def _run(options: argparse.Namespace) -> int:
    # Not at the top: NumPy has to wait for what is set above, and help for nothing.
    if options.command == "check":
        from probeboard.cli.check import run as check

        return check(options)
    if options.command == "rank":
        from probeboard.cli.rank import run as rank

        return rank(options)
    from probeboard.cli.score import run as score

    return score(options)


def _refuse(text: str) -> int:
    sys.stderr.write(f"probeboard: {text}\n")
    return WRONG_USAGE
