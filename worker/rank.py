"""Rank one phase: read, compute, store, if a ranking was asked for and nobody was faster."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.leaderboards.board import Board, build_board
from app.leaderboards.ranking import read_contenders
from app.leaderboards.render import content_of, digest_of, to_csv, to_json, to_markdown
from app.models import SNAPSHOT_NUMBERS, Leaderboard, Snapshot, new_id
from worker.parts import Parts

log = structlog.get_logger(__name__)


def rank_phase(parts: Parts, phase_id: UUID) -> None:
    """Bring a phase's board up to date; many requests are served by one ranking."""
    with parts.sessions() as session:
        # One look for all queries: the board is of one instant, and of no other request than this.
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        board_row = session.get(Leaderboard, phase_id)
        if board_row is None or board_row.ranked >= board_row.requested:
            return
        requested = board_row.requested
        contenders = read_contenders(session, phase_id)
    board = build_board(contenders.rules, contenders.pool, contenders.baselines)
    with parts.sessions() as session:
        number = store_board(session, board, requested=requested, now=utc_now())
        session.commit()
    log.info("phase ranked", phase_id=str(phase_id), requested=requested, snapshot=number)


def store_board(session: Session, board: Board, *, requested: int, now: datetime) -> int | None:
    """Write a snapshot if the board changed; return its number.

    The lock on the board's row orders rankings; one that started from an older request than the
    last one stored is dropped.
    """
    phase_id = board.rules.phase_id
    row = session.get_one(Leaderboard, phase_id, with_for_update=True, populate_existing=True)
    if row.ranked >= requested:
        return None
    row.ranked = requested
    content = content_of(board)
    digest = digest_of(content)
    last = session.scalars(
        select(Snapshot.content_sha256)
        .where(Snapshot.phase_id == phase_id)
        .order_by(Snapshot.number.desc())
        .limit(1)
    ).one_or_none()
    if digest == last or (last is None and not board.entries):
        return None
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as precise as it is shown
    number = session.scalar(select(SNAPSHOT_NUMBERS.next_value()))
    body = to_json(content, number=number, at=at)
    session.add(
        Snapshot(
            id=new_id(),
            number=number,
            phase_id=phase_id,
            created_at=at,
            sha256=sha256(body).hexdigest(),
            content_sha256=digest,
            body=body,
            csv=to_csv(board),
            markdown=to_markdown(board),
        )
    )
    session.flush()
    return number
