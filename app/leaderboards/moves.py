"""Who moves from one board of a phase to another."""

from dataclasses import dataclass
from typing import Any

from app.leaderboards.board import Board
from app.leaderboards.entries import Entry


@dataclass(frozen=True)
class Move:
    """An entry on both boards; None where it is not on one of them."""

    before: Entry | None
    after: Entry | None

    @property
    def newest(self) -> Entry:
        """The entry on the later board, or else on the earlier."""
        found = self.before if self.after is None else self.after
        assert found is not None  # noqa: S101 - narrows for mypy; an entry is on one of them
        return found

    @property
    def is_of_rank(self) -> bool:
        """Whether the entry has another rank, or came or went."""
        return rank_of(self.before) != rank_of(self.after)


def moves_between(before: Board, after: Board) -> list[Move]:
    """Set each entry's lines side by side, in the order of the board after; who left comes last.

    A team is the same entry whichever of its submissions counts.
    """
    old = {_key(entry): entry for entry in before.entries}
    moves = [Move(old.pop(_key(entry), None), entry) for entry in after.entries]
    return [*moves, *(Move(entry, None) for entry in old.values())]


def rank_of(entry: Entry | None) -> int | None:
    """Return an entry's rank; of a baseline the one it would have."""
    if entry is None:
        return None
    return entry.would_rank if entry.rank is None else entry.rank


def document_of(move: Move) -> dict[str, Any]:
    """Write a move as records keep it."""
    one = move.newest.contender
    return {
        "team": one.team,
        "method_name": one.method_name,
        "is_baseline": one.is_baseline,
        "before": rank_of(move.before),
        "after": rank_of(move.after),
        "submission_before": _submission_of(move.before),
        "submission_after": _submission_of(move.after),
    }


def _submission_of(entry: Entry | None) -> str | None:
    return None if entry is None else str(entry.contender.submission_id)


def _key(entry: Entry) -> tuple[bool, str]:
    one = entry.contender
    return one.is_baseline, str(one.submission_id) if one.team is None else one.team
