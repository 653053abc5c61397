"""Make a snapshot again from what it was made from: what was published can be checked."""

from typing import Any

from sqlalchemy.orm import Session

from app.leaderboards.board import Board, build_board
from app.leaderboards.document import FORMAT, FORMATS, content_of, to_json
from app.leaderboards.inputs import read_back
from app.models import Snapshot
from app.submissions.split_scores import ScoreCache


class NotDerivable(Exception):
    """A snapshot from before inputs were kept, or by a program that wrote another document."""


def rederive(session: Session, snapshot: Snapshot, *, cache: ScoreCache | None = None) -> bytes:
    """Return a snapshot's body, made again from its inputs and the stored evaluations.

    Raises
    ------
    NotDerivable
        If this program cannot tell from the snapshot what it was made from.
    """
    board = board_of(session, snapshot, cache=cache)
    content = content_of(board, in_format=_inputs_of(snapshot)["format"])
    return to_json(content, number=snapshot.number, at=snapshot.created_at)


def board_of(session: Session, snapshot: Snapshot, *, cache: ScoreCache | None = None) -> Board:
    """Return the board that a snapshot tells of, made again.

    Raises
    ------
    NotDerivable
        As `rederive`.
    """
    contenders = read_back(session, _inputs_of(snapshot), cache=cache)
    return build_board(contenders.rules, contenders.pool, contenders.baselines)


def _inputs_of(snapshot: Snapshot) -> dict[str, Any]:
    if snapshot.inputs is None:
        raise NotDerivable("it was made before inputs were kept")
    if snapshot.inputs["format"] not in FORMATS:
        raise NotDerivable(f"its document is of format {snapshot.inputs['format']}, not {FORMAT}")
    return snapshot.inputs
