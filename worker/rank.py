"""Rank one phase: read, compute, store, if a ranking was asked for and is due."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.service import record_system
from app.clock import utc_now
from app.leaderboards.document import with_head
from app.leaderboards.publishing import Publication, publish
from app.leaderboards.ranking import read_contenders
from app.models import SNAPSHOT_NUMBERS, Leaderboard, Part, Phase, Snapshot, new_id
from worker.due import claim_ranking
from worker.groups import read_labels_of_tasks, with_groups
from worker.parts import Parts

log = structlog.get_logger(__name__)


def rank_phase(parts: Parts, phase_id: UUID) -> None:
    """Bring a phase's board up to date; many requests are served by one ranking."""
    pause = timedelta(seconds=parts.settings.ranking_pause_s)
    with parts.sessions() as session:
        claimed = claim_ranking(session, phase_id, now=utc_now(), pause=pause)
        session.commit()
    if claimed:
        with no_collection():
            _rank(parts, phase_id)


def _rank(parts: Parts, phase_id: UUID) -> None:
    with parts.sessions() as session:
        # One look for all queries: the board is of one instant, and of no other request than this.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        requested = session.get_one(Leaderboard, phase_id).requested
        contenders = read_contenders(session, phase_id, now=utc_now(), cache=parts.scores)
        labels = read_labels_of_tasks(session, phase_id)
    rules = with_groups(contenders.rules, parts.blobs, labels)
    publication = publish(replace(contenders, rules=rules), draws=parts.draws)
    with parts.sessions() as session:
        number = store_publication(session, publication, requested=requested, now=utc_now())
        session.commit()
    log.info("phase ranked", phase_id=str(phase_id), requested=requested, snapshot=number)


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect no garbage meanwhile.

    A large board is a million small objects and no cycle. That many allocations ask for several
    collections, which look at everything in the process: a fifth of a ranking's time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def store_publication(
    session: Session, publication: Publication, *, requested: int, now: datetime
) -> int | None:
    """Write a snapshot if the board changed; return its number.

    The lock on the board's row orders rankings; one that started from an older request than the
    last one stored is dropped.
    """
    phase_id = publication.phase_id
    row = session.get_one(Leaderboard, phase_id, with_for_update=True, populate_existing=True)
    if row.ranked >= requested:
        return None
    row.ranked = requested
    if publication.part is Part.PRIVATE and row.part != Part.PRIVATE:
        _note_reveal(session, phase_id, now=now)
    row.part = publication.part
    last = session.scalars(
        select(Snapshot.content_sha256)
        .where(Snapshot.phase_id == phase_id)
        .order_by(Snapshot.number.desc())
        .limit(1)
    ).one_or_none()
    if publication.content_sha256 == last or (last is None and publication.is_empty):
        return None
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as precise as it is shown
    number = session.scalar(select(SNAPSHOT_NUMBERS.next_value()))
    body = with_head(publication.content, number=number, at=at)
    session.add(
        Snapshot(
            id=new_id(),
            number=number,
            phase_id=phase_id,
            created_at=at,
            sha256=sha256(body).hexdigest(),
            content_sha256=publication.content_sha256,
            body=body,
            csv=publication.csv,
            markdown=publication.markdown,
            inputs=publication.inputs,
            places=publication.places,
            part=publication.part,
        )
    )
    session.flush()
    return number


def _note_reveal(session: Session, phase_id: UUID, *, now: datetime) -> None:
    phase = session.get_one(Phase, phase_id)
    record_system(
        session,
        "phase.revealed",
        challenge_id=phase.challenge_id,
        subject=phase,
        before={"part": Part.PUBLIC},
        after={"part": Part.PRIVATE},
        now=now,
    )
