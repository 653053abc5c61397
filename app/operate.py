"""`python -m app.operate`: what only the operator of a server does, from its own shell."""

import argparse
import sys

from sqlalchemy import update

from app.db import make_engine, make_sessions
from app.models import User
from app.settings import Settings

RIGHTS = {
    "allow-organizer": ("may_organize", "let a person create challenges"),
    "make-operator": ("is_operator", "let a person see and do everything"),
}


def main(arguments: list[str] | None = None) -> int:
    """Give a right to a registered person; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m app.operate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, purpose) in RIGHTS.items():
        command = commands.add_parser(name, help=purpose)
        command.add_argument("email", help="the address the person registered with")
    given = parser.parse_args(arguments)
    column, _ = RIGHTS[given.command]
    engine = make_engine(Settings())
    try:
        with make_sessions(engine)() as session:
            changed = session.scalars(
                update(User)
                .where(User.email == given.email.lower())
                .values({column: True})
                .returning(User.id)
            ).one_or_none()
            session.commit()
    finally:
        engine.dispose()
    if changed is None:
        sys.stderr.write(f"Nobody has registered as {given.email}.\n")
        return 1
    sys.stdout.write(f"{given.email}: {column.replace('_', ' ')}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
