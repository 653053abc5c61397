"""Leaderboards: read what the ranking wrote, as it was written."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.leaderboards.board import build_board
from app.leaderboards.ranking import rules_of
from app.leaderboards.render import content_of, digest_of, to_csv, to_json, to_markdown
from app.models import Challenge, Phase, Snapshot
from app.phases.service import get_phase
from app.policy import Viewer, holds_any_role, sees_challenge


@dataclass(frozen=True)
class Served:
    """A board as it is sent: its three forms, and the tag that names its content."""

    tag: str
    number: int | None
    json: bytes
    csv: bytes
    markdown: bytes


def read_board(
    session: Session, viewer: Viewer, phase_id: UUID, *, at: datetime | None, now: datetime
) -> Served:
    """Return a phase's board as it stands, or as it stood at an instant.

    Raises
    ------
    NotFound
        If the viewer sees no such phase, or its board is not public.
    """
    phase, challenge = get_phase(session, viewer, phase_id)
    has_role = _has_role(session, viewer, challenge)
    if not phase.board_visible and not has_role:
        raise NotFound("leaderboard")
    until = _until(phase, at=at, now=now, has_role=has_role)
    statement = select(Snapshot).where(Snapshot.phase_id == phase.id)
    if until is not None:
        statement = statement.where(Snapshot.created_at <= until)
    snapshot = session.scalars(statement.order_by(Snapshot.number.desc()).limit(1)).one_or_none()
    return _served(snapshot) if snapshot else _empty(session, phase, challenge)


def read_snapshot(session: Session, viewer: Viewer, number: int, *, now: datetime) -> Served:
    """Return a snapshot by its number.

    Raises
    ------
    NotFound
        If there is none, or it is not public.
    """
    row = session.execute(
        select(Snapshot, Phase, Challenge)
        .join(Phase, Phase.id == Snapshot.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(Snapshot.number == number, sees_challenge(viewer))
    ).one_or_none()
    if row is None:
        raise NotFound("snapshot")
    snapshot, phase, challenge = row
    if not _has_role(session, viewer, challenge):
        until = _until(phase, at=None, now=now, has_role=False)
        if not phase.board_visible or (until is not None and snapshot.created_at > until):
            raise NotFound("snapshot")
    return _served(snapshot)


def _until(phase: Phase, *, at: datetime | None, now: datetime, has_role: bool) -> datetime | None:
    """Return the last instant of the board that may be shown; None for no limit."""
    limits = [at] if at is not None else []
    frozen_at = phase.board_frozen_at
    if frozen_at is not None and frozen_at <= now and not has_role:
        limits.append(frozen_at)
    return min(limits, default=None)


def _has_role(session: Session, viewer: Viewer, challenge: Challenge) -> bool:
    found = session.scalar(
        select(Challenge.id).where(Challenge.id == challenge.id, holds_any_role(viewer))
    )
    return found is not None


def _served(snapshot: Snapshot) -> Served:
    return Served(
        tag=snapshot.sha256,
        number=snapshot.number,
        json=snapshot.body,
        csv=snapshot.csv,
        markdown=snapshot.markdown,
    )


def _empty(session: Session, phase: Phase, challenge: Challenge) -> Served:
    board = build_board(rules_of(session, phase, challenge), [], [])
    content = content_of(board)
    return Served(
        tag=digest_of(content),
        number=None,
        json=to_json(content, number=None, at=None),
        csv=to_csv(board),
        markdown=to_markdown(board),
    )
