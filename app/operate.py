"""`python -m app.operate`: what only the operator of a server does, from its own shell."""

import argparse
import sys
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import exporting, reading
from app.audit.service import record_operator
from app.blobs import BlobStore, make_blobs
from app.challenges.exporting import export_challenge
from app.clock import utc_now
from app.db import SessionFactory, make_engine, make_sessions
from app.errors import LabelsDiffer, Unavailable
from app.leaderboards.verifying import verify_snapshots
from app.models import Challenge, Phase, User
from app.operations.blob_check import verify_blobs
from app.operations.failures import last_failures
from app.settings import Settings, settings_of_environment

RIGHTS = {
    "allow-organizer": ("may_organize", "let a person create challenges"),
    "make-operator": ("is_operator", "let a person see and do everything"),
}
VERIFY = "verify-snapshots"
EXPORT = "export-challenge"
BLOBS = "verify-blobs"
AUDIT = "export-audit"
FAILURES = "failures"


def main(arguments: list[str] | None = None) -> int:
    """Do what was asked; return the exit code."""
    given = _parser().parse_args(arguments)
    settings = settings_of_environment()
    engine = make_engine(settings)
    try:
        with make_sessions(engine)() as session:
            if given.command == VERIFY:
                return _verify(session, given.phase)
            if given.command == BLOBS:
                return _verify_blobs(session, _store(settings))
            if given.command == AUDIT:
                return _export_audit(session, make_sessions(engine), given.slug, given.format)
            if given.command == FAILURES:
                return _list_failures(session, given.challenge, given.limit)
            if given.command == EXPORT:
                return _export(session, _store(settings), given.slug, given.folder)
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
    commands.add_parser(BLOBS, help="read every file that the database names and compare digests")
    export = commands.add_parser(EXPORT, help="write a challenge as a bundle, with its labels")
    export.add_argument("slug", help="the challenge's")
    export.add_argument("folder", type=Path, help="where the bundle goes; it must not exist")
    audit = commands.add_parser(AUDIT, help="write who changed what, oldest first, to stdout")
    audit.add_argument("slug", nargs="?", help="of a challenge; without it, everything")
    audit.add_argument("--format", choices=exporting.FORMATS, default="jsonl")
    failures = commands.add_parser(FAILURES, help="list what failed last, with tracebacks")
    failures.add_argument("--challenge", metavar="SLUG", help="of one challenge; without it, all")
    failures.add_argument("--limit", metavar="N", type=_count, default=20, help="at most so many")
    return parser


def _count(text: str) -> int:
    """Read a number of things to list."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _give_right(session: Session, column: str, email: str) -> int:
    """Give a right to a registered person."""
    person = session.scalars(
        select(User).where(User.email == email.lower()).with_for_update()
    ).one_or_none()
    if person is None:
        sys.stderr.write(f"Nobody has registered as {email}.\n")
        return 1
    before = {column: getattr(person, column)}
    setattr(person, column, True)
    record_operator(
        session,
        "account.right-given",
        subject=person,
        before=before,
        after={column: True},
        now=utc_now(),
    )
    session.commit()
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


def _list_failures(session: Session, slug: str | None, limit: int) -> int:
    """List what broke for a reason of ours, the newest first, for the operator's eyes only."""
    challenge_id = None
    if slug is not None:
        challenge_id = session.scalar(select(Challenge.id).where(Challenge.slug == slug))
        if challenge_id is None:
            sys.stderr.write(f"There is no challenge {slug}.\n")
            return 1
    found = last_failures(session, challenge_id=challenge_id, limit=limit)
    for failed in found:
        sys.stdout.writelines(f"{line}\n" for line in (*failed.told(), ""))
    if not found:
        sys.stdout.write("Nothing has failed.\n")
    return 0


def _store(settings: Settings) -> BlobStore:
    """Return the blob store; the cache of a bucket is made where this machine has none yet."""
    blobs = make_blobs(settings)
    if settings.blob_bucket is not None:
        blobs.prepare()
    return blobs


def _verify_blobs(session: Session, blobs: BlobStore) -> int:
    """Read all blobs; a line for each that is not there or is something else, and 1 if one is."""
    whole = broken = 0
    try:
        for verdict in verify_blobs(session, blobs):
            whole += verdict.fault is None
            broken += verdict.fault is not None
            if verdict.fault is not None:
                sys.stdout.write(f"{verdict.kind}/{verdict.digest}: {verdict.fault}\n")
    except Unavailable as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{whole} blobs are whole, {broken} are not.\n")
    return 1 if broken else 0


def _export_audit(session: Session, sessions: SessionFactory, slug: str | None, form: str) -> int:
    """Write the audit log, with what organizers do not see of it."""
    slugs = dict(session.execute(select(Challenge.id, Challenge.slug)).all())
    session.rollback()  # what follows may take long, and reads by itself
    wanted = next((key for key, name in slugs.items() if name == slug), None)
    if slug is not None and wanted is None:
        sys.stderr.write(f"There is no challenge {slug}.\n")
        return 1
    entries = reading.all_entries(sessions, reading.Filters(), challenge_id=wanted)
    for line in exporting.FORMATS[form](entries, exporting.Whole(slugs)):
        sys.stdout.write(line)
    return 0


def _export(session: Session, blobs: BlobStore, slug: str, folder: Path) -> int:
    """Write a challenge with everything that is secret in it, for the operator's eyes only."""
    challenge = session.scalars(select(Challenge).where(Challenge.slug == slug)).one_or_none()
    if challenge is None:
        sys.stderr.write(f"There is no challenge {slug}.\n")
        return 1
    try:
        files = export_challenge(session, challenge, blobs).whole(blobs)
        folder.mkdir(mode=0o700, parents=True)
    except (LabelsDiffer, FileExistsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    sys.stdout.write(f"{folder}: {len(files)} files, labels among them.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
