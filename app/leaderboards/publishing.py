"""A ranked phase, ready to be stored: worked out and written before any lock is taken."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.leaderboards.board import Board, build_board
from app.leaderboards.contenders import Contenders
from app.leaderboards.document import content_of, to_bytes
from app.leaderboards.inputs import to_inputs
from app.leaderboards.render import to_csv, to_markdown
from app.models import Part
from probeboard.ranking.draw_cache import DrawCache


@dataclass(frozen=True)
class Publication:
    """What a snapshot holds but for its number and its instant.

    `content_sha256` is that of `content`: equal ones, equal boards. `places` has the rank of each
    submission of the pool; `part` the samples that decided, where a phase keeps some private.
    """

    phase_id: UUID
    content: bytes
    content_sha256: str
    csv: bytes
    markdown: bytes
    inputs: dict[str, Any]
    places: dict[str, int]
    is_empty: bool
    part: Part | None = None


def publish(contenders: Contenders, *, draws: DrawCache | None = None) -> Publication:
    """Rank the contenders and write the board in all its forms."""
    board = build_board(contenders.rules, contenders.pool, contenders.baselines, draws=draws)
    content = to_bytes(content_of(board))
    return Publication(
        phase_id=board.rules.phase_id,
        content=content,
        content_sha256=sha256(content).hexdigest(),
        csv=to_csv(board),
        markdown=to_markdown(board),
        inputs=to_inputs(contenders),
        places=places_of(board),
        is_empty=not board.entries,
        part=board.rules.part,
    )


def places_of(board: Board) -> dict[str, int]:
    """Return the rank of each submission of the pool."""
    return {
        str(entry.contender.submission_id): entry.rank
        for entry in board.entries
        if entry.rank is not None
    }
