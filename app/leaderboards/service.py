"""Leaderboards: find the board that may be shown, and read what the ranking wrote, as it is."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.leaderboards.board import Board, build_board
from app.leaderboards.ranking import rules_of
from app.leaderboards.render import content_of, digest_of, to_csv, to_json, to_markdown
from app.models import Challenge, Phase, Snapshot
from app.phases.service import get_phase
from app.policy import Viewer, look, sees_challenge


class Form(StrEnum):
    """The forms in which a snapshot is stored."""

    JSON = "json"
    CSV = "csv"
    MARKDOWN = "md"


@dataclass(frozen=True)
class Shown:
    """The board that a viewer may see: a snapshot's head, or the board nobody is on yet.

    Everything public is read through one of these, so that a hidden or frozen board hides its
    history, comparisons and pictures too.
    """

    phase: Phase
    sha256: str
    number: int | None
    empty: Board | None


@dataclass(frozen=True)
class Served:
    """A board as it is sent, and the tag that names its content."""

    tag: str
    number: int | None
    json: bytes


_COLUMNS = {Form.JSON: Snapshot.body, Form.CSV: Snapshot.csv, Form.MARKDOWN: Snapshot.markdown}
_HEAD = (Snapshot.number, Snapshot.sha256)


def find_board(
    session: Session, viewer: Viewer, phase_id: UUID, *, now: datetime, at: datetime | None = None
) -> Shown:
    """Find a phase's board as it stands, or as it stood at an instant.

    Raises
    ------
    NotFound
        If the viewer sees no such phase, or its board is not public.
    """
    phase, challenge = get_phase(session, viewer, phase_id)
    sight = look(session, viewer, phase, now=now)
    if not sight.sees_board:
        raise NotFound("leaderboard")
    until = min((one for one in (at, sight.board_until) if one is not None), default=None)
    statement = select(*_HEAD).where(Snapshot.phase_id == phase.id)
    if until is not None:
        statement = statement.where(Snapshot.created_at <= until)
    row = session.execute(statement.order_by(Snapshot.number.desc()).limit(1)).one_or_none()
    if row is not None:
        return Shown(phase, row.sha256, row.number, empty=None)
    board = build_board(rules_of(session, phase, challenge, now=now), [], [])
    return Shown(phase, digest_of(content_of(board)), None, empty=board)


def find_snapshot(
    session: Session, viewer: Viewer, number: int, *, now: datetime, sha256: str | None = None
) -> Shown:
    """Find a snapshot by its number and, where a citation tells it, the start of its hash.

    Raises
    ------
    NotFound
        If there is none, it is not public, or it is not the one that was cited.
    """
    row = session.execute(
        select(*_HEAD, Snapshot.created_at, Phase)
        .join(Phase, Phase.id == Snapshot.phase_id)
        .join(Challenge, Challenge.id == Phase.challenge_id)
        .where(Snapshot.number == number, sees_challenge(viewer))
    ).one_or_none()
    if row is None or not row.sha256.startswith(sha256 or ""):
        raise NotFound("snapshot")
    if not look(session, viewer, row.Phase, now=now).sees_board_of(row.created_at):
        raise NotFound("snapshot")
    return Shown(row.Phase, row.sha256, row.number, empty=None)


def read_form(session: Session, shown: Shown, form: Form) -> bytes:
    """Return the bytes of a board in one of its forms."""
    if shown.empty is None:
        return session.scalars(select(_COLUMNS[form]).where(Snapshot.number == shown.number)).one()
    match form:
        case Form.JSON:
            return to_json(content_of(shown.empty), number=None, at=None)
        case Form.CSV:
            return to_csv(shown.empty)
        case Form.MARKDOWN:
            return to_markdown(shown.empty)


def read_document(session: Session, shown: Shown) -> dict[str, Any]:
    """Return the board document, from which all that is public of a board is made."""
    document: dict[str, Any] = json.loads(read_form(session, shown, Form.JSON))
    return document


def read_board(
    session: Session, viewer: Viewer, phase_id: UUID, *, at: datetime | None, now: datetime
) -> Served:
    """Return a phase's board as it stands, or as it stood at an instant.

    Raises
    ------
    NotFound
        As `find_board`.
    """
    shown = find_board(session, viewer, phase_id, at=at, now=now)
    return Served(shown.sha256, shown.number, read_form(session, shown, Form.JSON))
