"""Exports: who may have what, from one look at the database, and a note of who took it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record
from app.blobs import BlobKind, BlobStore
from app.challenges.service import get_overseen
from app.clock import to_json_instant
from app.db import SessionFactory
from app.errors import NotFound
from app.exports.manifest import read_manifest, to_csv, to_json
from app.exports.score_rows import Wanted, score_batches
from app.exports.standing import standings_of
from app.exports.tables import TableForm, write_table
from app.models import Challenge, Phase, Submission
from app.phases.service import phases_of
from app.policy import Viewer, owns_submission
from app.submissions.intake import load_sample_ids
from app.submissions.selection import Standing
from app.submissions.service import get_submission


@dataclass(frozen=True)
class Embeddings:
    """A stored matrix and what its rows are called."""

    sha256: str
    ids: tuple[str, ...]
    path: Path


def export_scores(
    sessions: SessionFactory,
    viewer: Viewer,
    slug: str,
    out: BinaryIO,
    *,
    phase: str | None,
    wanted: Wanted,
    form: TableForm,
    now: datetime,
) -> None:
    """Write the scores of a challenge, or of one of its phases, as a table.

    Raises
    ------
    NotFound
        If the viewer sees no such challenge, or it has no such phase.
    Forbidden
        If the viewer has no role in it.
    """
    with sessions() as session:
        challenge, phases, standing = _look(session, viewer, slug, phase, now=now)
        write_table(out, score_batches(session, phases, standing, wanted), wanted.schema, form)
    told = {"form": form, "phase": phase, "splits": wanted.splits}
    _note(sessions, viewer, "scores.exported", challenge, told, now=now)


def export_manifest(
    sessions: SessionFactory,
    viewer: Viewer,
    slug: str,
    out: BinaryIO,
    *,
    phase: str | None,
    as_csv: bool,
    address: str,
    now: datetime,
) -> None:
    """Write what was handed in to a challenge, or to one of its phases, as CSV or JSON.

    Raises
    ------
    NotFound, Forbidden
        As `export_scores`.
    """
    with sessions() as session:
        challenge, phases, standing = _look(session, viewer, slug, phase, now=now)
        rows = read_manifest(session, phases, standing, address=address)
        head = {"challenge": challenge.slug, "exported_at": to_json_instant(now)}
        out.writelines(to_csv(rows) if as_csv else to_json(head, rows))
    told = {"form": "csv" if as_csv else "json", "phase": phase}
    _note(sessions, viewer, "submissions.exported", challenge, told, now=now)


def find_embeddings(
    session: Session, viewer: Viewer, submission_id: UUID, *, blobs: BlobStore, now: datetime
) -> Embeddings:
    """Find the embeddings of a submission, and note who took them that are not their own.

    The caller commits.

    Raises
    ------
    NotFound
        If the viewer sees no such submission.
    """
    detail = get_submission(session, viewer, submission_id)
    submission, phase = detail.submission, detail.phase
    own = select(Submission.id).where(Submission.id == submission.id, owns_submission(viewer))
    if session.scalar(own) is None:
        record(
            session,
            viewer,
            "embeddings.downloaded",
            challenge_id=phase.challenge_id,
            subject=submission,
            now=now,
        )
    ids = load_sample_ids(blobs, phase.samples_digest)
    path = blobs.existing_path(BlobKind.MATRICES, submission.matrix_sha256)
    return Embeddings(submission.matrix_sha256, ids, path)


def _look(
    session: Session, viewer: Viewer, slug: str, phase: str | None, *, now: datetime
) -> tuple[Challenge, list[Phase], dict[UUID, Standing]]:
    """Begin one look at everything: rows that come in meanwhile are in all of it, or in none."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    challenge = get_overseen(session, viewer, slug)
    phases = [one for one in phases_of(session, challenge.id) if phase in (None, one.slug)]
    if phase is not None and not phases:
        raise NotFound("phase")
    standing: dict[UUID, Standing] = {}
    for one in phases:
        standing |= standings_of(session, one, now=now)
    return challenge, phases, standing


def _note(
    sessions: SessionFactory,
    viewer: Viewer,
    action: str,
    challenge: Challenge,
    told: dict[str, Any],
    *,
    now: datetime,
) -> None:
    with sessions() as session:
        subject = session.get_one(Challenge, challenge.id)
        record(
            session, viewer, action, challenge_id=subject.id, subject=subject, after=told, now=now
        )
        session.commit()
