"""Boards as they are and as a set would make them, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.leaderboards.board import Board, build_board
from app.leaderboards.entries import Entry
from app.leaderboards.moves import Move, document_of, moves_between
from app.leaderboards.ranking import Rescored, read_contenders
from app.models import Evaluation, ItemState, Rescoring, RescoringItem
from app.phases.scoring import ScoringRules
from app.phases.service import TaskInPhase
from app.rescorings.rules import SetRules
from app.submissions.split_scores import ScoreCache


@dataclass(frozen=True)
class PhaseMoves:
    """What happens to each entry of a phase's board."""

    phase_id: UUID
    moves: Sequence[Move]

    def to_document(self) -> list[dict[str, Any]]:
        """Write them as the set's record keeps them."""
        return [document_of(move) | scores_of(move) for move in self.moves]


def preview_moves(
    session: Session, rescoring: Rescoring, rules: SetRules, *, now: datetime
) -> list[PhaseMoves]:
    """Tell what applying an open set would do; who is not evaluated yet is on no board after."""
    cache = ScoreCache()
    found = []
    for change in rules.phases:
        before = board_of(session, change.phase_id, now=now, cache=cache)
        rescored = _rescored(rescoring.id, change.after)
        after = board_of(session, change.phase_id, rescored, now=now, cache=cache)
        found.append(PhaseMoves(change.phase_id, moves_between(before, after)))
    return found


def board_of(
    session: Session,
    phase_id: UUID,
    rescored: Rescored | None = None,
    *,
    now: datetime,
    cache: ScoreCache,
) -> Board:
    """Rank a phase as it is, or by other evaluations."""
    found = read_contenders(session, phase_id, now=now, rescored=rescored, cache=cache)
    return build_board(found.rules, found.pool, found.baselines, ranks_only=True)


def scores_of(move: Move) -> dict[str, Any]:
    """Return the figures that rank, and the mean scores, of both boards; as many decimals."""
    return {
        "score_before": _mean_score(move.before),
        "score_after": _mean_score(move.after),
        "aggregate_before": None if move.before is None else move.before.aggregate,
        "aggregate_after": None if move.after is None else move.after.aggregate,
    }


def _mean_score(entry: Entry | None) -> float | None:
    return None if entry is None else entry.mean_score


def _rescored(rescoring_id: UUID, rules: ScoringRules) -> Rescored:
    done = select(RescoringItem.evaluation_id).where(
        RescoringItem.rescoring_id == rescoring_id, RescoringItem.state == ItemState.DONE
    )
    return Rescored(
        scorer=f"{rules.scorer}@{rules.scorer_version}",
        tasks=[
            TaskInPhase(
                task_id=task.task_id,
                slug=task.slug,
                title=task.slug,  # no board shows it
                task_type=task.task_type,
                probe=task.probe,
                signs=task.signs,
                splits=task.splits,
                public_name=task.public_name,
                weight=task.weight,
                label_set_id=task.label_set_id,
            )
            for task in rules.tasks
        ],
        evaluations=Evaluation.id.in_(done),
    )
