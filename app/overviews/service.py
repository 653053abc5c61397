"""Overviews: one look at all of a challenge, and at what the server is busy with."""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.blobs import BlobKind, BlobStore
from app.challenges.service import get_overseen
from app.models import (
    Challenge,
    ItemState,
    Phase,
    Rescoring,
    RescoringItem,
    RescoringState,
    Status,
    Submission,
)
from app.overviews.counting import (
    PhaseCounts,
    TeamCounts,
    count_participations,
    count_phases,
    count_teams,
)
from app.overviews.likeness import Found, Sketched, find_duplicates, read_sketches
from app.phases.service import phases_of
from app.policy import Viewer

_HEADER_BYTES = 128  # of an .npy file


@dataclass(frozen=True)
class Waiting:
    """What is on its way on the whole server, and since when the first of it waits."""

    queued: int
    running: int
    oldest: datetime | None
    rescoring: int


@dataclass(frozen=True)
class Seen:
    """All that one look at a challenge found."""

    challenge: Challenge
    phases: Sequence[Phase]
    counts: dict[UUID, PhaseCounts]
    teams: Sequence[TeamCounts]
    participations: dict[str, int]
    duplicates: dict[str, list[Found]]
    sketched: Sketched
    n_matrices: int
    n_bytes: int
    waiting: Waiting


@dataclass(frozen=True)
class Disk:
    """What is stored: of each kind of blob the number of files and their bytes."""

    blobs: dict[str, tuple[int, int]]
    total: int
    free: int


def look(session: Session, viewer: Viewer, slug: str, *, now: datetime) -> Seen:
    """Read how a challenge goes.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge.
    Forbidden
        If the viewer has no role in it.
    """
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    challenge = get_overseen(session, viewer, slug)
    phases = phases_of(session, challenge.id)
    n_matrices, n_bytes = _storage(session, challenge)
    return Seen(
        challenge=challenge,
        phases=phases,
        counts=count_phases(session, phases, now=now),
        teams=count_teams(session, challenge.id),
        participations=count_participations(session, challenge.id),
        duplicates=find_duplicates(session, challenge.id),
        sketched=read_sketches(session, challenge.id),
        n_matrices=n_matrices,
        n_bytes=n_bytes,
        waiting=_waiting(session),
    )


def measure(blobs: BlobStore) -> Disk:
    """Find out what the blob store takes: a look at each of its folders, not into the files."""
    disk = shutil.disk_usage(blobs.root)
    return Disk(
        blobs={str(kind): _files(blobs.root / kind) for kind in BlobKind},
        total=disk.total,
        free=disk.free,
    )


def _files(folder: Path) -> tuple[int, int]:
    """Return how many files there are, and their bytes."""
    count = n_bytes = 0
    for place in os.scandir(folder):
        for file in os.scandir(place):
            with suppress(FileNotFoundError):  # a cache may have dropped it meanwhile
                n_bytes += file.stat().st_size
                count += 1
    return count, n_bytes


def _waiting(session: Session) -> Waiting:
    queued, running, oldest = session.execute(
        select(
            func.count().filter(Submission.status == Status.QUEUED),
            func.count().filter(Submission.status == Status.RUNNING),
            func.min(Submission.received_at).filter(Submission.status == Status.QUEUED),
        ).where(Submission.status.in_([Status.QUEUED, Status.RUNNING]))
    ).one()
    items = (
        select(func.count())
        .select_from(RescoringItem)
        .join(Rescoring, Rescoring.id == RescoringItem.rescoring_id)
        .where(
            RescoringItem.state == ItemState.QUEUED,
            Rescoring.state == RescoringState.OPEN,  # those of a cancelled set wait for nobody
        )
    )
    return Waiting(queued, running, oldest, rescoring=session.scalar(items) or 0)


def _storage(session: Session, challenge: Challenge) -> tuple[int, int]:
    """Count different matrices, and what they take by their shapes."""
    rows = session.execute(
        select(Phase.n_samples, func.count(Submission.matrix_sha256.distinct()))
        .join(Phase, Phase.id == Submission.phase_id)
        .where(Phase.challenge_id == challenge.id)
        .group_by(Phase.samples_digest, Phase.n_samples)
    ).all()
    sizes = (n * (4 * rows_ * challenge.embedding_dim + _HEADER_BYTES) for rows_, n in rows)
    return sum(n for _, n in rows), sum(sizes)
