"""`python -m app.operate`: what only the operator of a server does, from its own shell."""

import argparse
import sys
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.db import make_engine, make_sessions
from app.leaderboards.verifying import verify_snapshots
from app.models import Phase, User
from app.settings import Settings

RIGHTS = {
    "allow-organizer": ("may_organize", "let a person create challenges"),
    "make-operator": ("is_operator", "let a person see and do everything"),
}
VERIFY = "verify-snapshots"


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked; return the exit code."""
    given = _parser().parse_args(arguments)
    engine = make_engine(Settings())
    try:
        with make_sessions(engine)() as session:
            if given.command == VERIFY:
                return _verify(session, given.phase)
            return _give_right(session, RIGHTS[given.command][0], given.email)
    finally:
        engine.dispose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m app.operate", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, purpose) in RIGHTS.items():
        command = commands.add_parser(name, help=purpose)
        command.add_argument("email", help="the address the person registered with")
    verify = commands.add_parser(VERIFY, help="derive published boards again and compare")
    verify.add_argument("phase", nargs="?", type=UUID, help="id of a phase; without it, all")
    return parser


def _give_right(session: Session, column: str, email: str) -> int:
    """Give a right to a registered person."""
    changed = session.scalars(
        update(User).where(User.email == email.lower()).values({column: True}).returning(User.id)
    ).one_or_none()
    session.commit()
    if changed is None:
        sys.stderr.write(f"Nobody has registered as {email}.\n")
        return 1
    sys.stdout.write(f"{email}: {column.replace('_', ' ')}.\n")
    return 0


def _verify(session: Session, phase_id: UUID | None) -> int:
    """Derive snapshots again; a line for each that does not hold, and 1 if there is one."""
    if phase_id is not None and session.get(Phase, phase_id) is None:
        sys.stderr.write(f"There is no phase {phase_id}.\n")
        return 1
    held = untold = broken = 0
    for verdict in verify_snapshots(session, phase_id):
        held += verdict.holds is True
        untold += verdict.holds is None
        broken += verdict.holds is False
        if not verdict.holds:
            sys.stdout.write(f"snapshot {verdict.number}: {verdict.detail}\n")
    sys.stdout.write(f"{held} hold, {broken} do not, {untold} cannot be told.\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
