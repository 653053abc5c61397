"""`python -m app.local`: the whole system on this machine, with one command."""

import argparse
import os
import sys
from pathlib import Path

from app.local.errors import LocalError
from app.local.examples import EXAMPLE
from app.local.session import Options, run
from app.local.terminal import Terminal


def parse(arguments: list[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m app.local", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=Path(".data"), help="folder of all state (default: .data)"
    )
    parser.add_argument(
        "--port", type=int, help="port of the server (default: 8000, or the next free one)"
    )
    parser.add_argument("--no-demo", action="store_true", help="start without the demo challenge")
    parser.add_argument(
        "--example",
        type=Path,
        default=EXAMPLE,
        help="folder with another challenge.yaml and submissions.yaml to play",
    )
    parser.add_argument(
        "--exit-after-demo", action="store_true", help="stop when the demo is over (for tests)"
    )
    chosen = parser.parse_args(arguments)
    return Options(
        data=chosen.data,
        port=chosen.port,
        demo=not chosen.no_demo,
        example=chosen.example,
        exit_after_demo=chosen.exit_after_demo,
    )


def main(arguments: list[str]) -> int:
    """Run, and turn what this machine cannot do into one line and an exit code."""
    try:
        run(parse(arguments), environment=os.environ, terminal=Terminal())
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except OSError as error:  # a full disk, a folder that vanished: the person's, not ours
        sys.stderr.write(f"{error.strerror or error}: {error.filename or ''}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
