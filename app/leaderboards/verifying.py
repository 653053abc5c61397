"""Hold every snapshot to what it was made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.leaderboards.derive import NotDerivable, rederive
from app.models import Snapshot
from app.submissions.split_scores import ScoreCache


@dataclass(frozen=True)
class Verdict:
    """Whether a snapshot is what its inputs give; None where this program cannot tell."""

    number: int
    holds: bool | None
    detail: str


def verify_snapshots(session: Session, phase_id: UUID | None = None) -> Iterator[Verdict]:
    """Derive each snapshot again, one after the other, of one phase or of all."""
    numbers = select(Snapshot.number).order_by(Snapshot.number)
    if phase_id is not None:
        numbers = numbers.where(Snapshot.phase_id == phase_id)
    cache = ScoreCache()
    for number in session.scalars(numbers).all():
        snapshot = session.scalars(select(Snapshot).where(Snapshot.number == number)).one()
        yield _verdict(session, snapshot, cache)
        session.expunge(snapshot)  # megabytes each, and there may be thousands


def _verdict(session: Session, snapshot: Snapshot, cache: ScoreCache) -> Verdict:
    number = snapshot.number
    if sha256(snapshot.body).hexdigest() != snapshot.sha256:
        return Verdict(number, False, "the body has not the digest it is known by")
    try:
        derived = rederive(session, snapshot, cache=cache)
    except NotDerivable as error:
        return Verdict(number, None, str(error))
    if sha256(derived).hexdigest() != snapshot.sha256:
        return Verdict(number, False, "what it was made from gives another board")
    return Verdict(number, True, "derived again, byte for byte")
