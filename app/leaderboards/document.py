"""A board as JSON: the body of a snapshot, from which all that is public is read."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.clock import to_json_instant
from app.leaderboards.board import DRAWS, Board
from app.leaderboards.entries import Entry, Sureness
from app.submissions.selection import best_score

# Grows when equal inputs give another document. Those of `FORMATS` have the same inputs, so that a
# snapshot of each is read, and derived again to the byte as the program of its time wrote it.
# 3: the number of draws is of those that were made; how far they agree is told of hidden tasks too;
# ranks by further methods.
FORMAT = 3
FORMATS = frozenset({2, FORMAT})


def content_of(board: Board, *, in_format: int = FORMAT) -> dict[str, Any]:
    """Return the board as the JSON of a format tells it, without number and instant."""
    rules = board.rules
    return {
        "challenge": rules.challenge,
        "challenge_title": rules.challenge_title,
        "phase": rules.phase,
        "phase_title": rules.phase_title,
        "phase_id": str(rules.phase_id),
        "rule": board.rule,
        "method": str(rules.method),
        "selection": str(rules.policy.selection),
        "scorer": rules.scorer,
        "decimals": rules.decimals,
        # Absent where there are no parts, so that boards of before are derived as they were.
        **({} if rules.part is None else {"part": str(rules.part)}),
        "policy": _policy(board),
        "uncertainty": {
            "shown": board.reason is None,
            "reason": board.reason,
            "draws": board.draws if in_format > 2 else DRAWS,
            "level": board.level,
            "samples": {
                "shown": board.reason_by_samples is None,
                "unit": rules.sample_unit,
                "reason": board.reason_by_samples,
            },
        },
        "methods": [str(method) for method in board.methods],
        **({} if in_format == 2 else {"further_methods": [str(one) for one in board.further]}),
        "tasks": _tasks(board),
        "entries": [_entry(board, entry, in_format) for entry in board.entries],
        "agreement": _agreement(board, in_format),
    }


def digest_of(content: dict[str, Any]) -> str:
    """Digest a board's content: equal digests, equal boards."""
    return hashlib.sha256(to_bytes(content)).hexdigest()


def to_json(content: dict[str, Any], *, number: int | None, at: datetime | None) -> bytes:
    """Write the JSON of a snapshot; a board nobody is on yet has neither number nor instant."""
    return with_head(to_bytes(content), number=number, at=at)


def with_head(content: bytes, *, number: int | None, at: datetime | None) -> bytes:
    """Put number and instant before the members of a content that was written already."""
    head = {"snapshot": number, "ranked_at": to_json_instant(at) if at else None}
    return to_bytes(head)[:-1] + b"," + content[1:]


def to_bytes(value: dict[str, Any]) -> bytes:
    """Write compact JSON in the order of the members."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _policy(board: Board) -> dict[str, Any]:
    policy = board.rules.policy
    return {
        "method": str(policy.method),
        "weights": board.rules.weights_from,
        "floor": policy.floor,
        "tie_break": str(policy.tie_break),
        "win_rate_against": str(policy.win_rate_against),
        "selection": str(policy.selection),
        "selection_limit": policy.selection_limit,
        "select_by": str(best_score(policy.method, policy.select_by)),
    }


def _tasks(board: Board) -> list[dict[str, Any]]:
    if not board.rules.shows_tasks:
        return []
    return [
        {
            "name": task.name,
            "type": task.task_type,
            "metric": task.metric,
            "weight": task.weight,
            "weight_used": weight,
        }
        for task, weight in zip(board.rules.tasks, board.weights_used, strict=True)
    ]


def _entry(board: Board, entry: Entry, in_format: int) -> dict[str, Any]:
    one = entry.contender
    tasks = board.rules.tasks if board.rules.shows_tasks else ()
    further = {str(method): rank for method, rank in entry.further_ranks.items()}
    return {
        "rank": entry.rank,
        "would_rank": entry.would_rank,
        "is_baseline": entry.rank is None,
        "team": one.team,
        "method_name": one.method_name,
        "aggregate": entry.aggregate,
        "mean_score": entry.mean_score,
        "mean_score_error": entry.mean_score_error,
        "mean_q": entry.mean_q,
        "win_rate": entry.win_rate,
        "n_submissions": one.n_submissions,
        "submission_id": str(one.submission_id),
        "received_at": to_json_instant(one.received_at),
        "project_url": one.project_url,
        "paper_url": one.paper_url,
        **_sureness(entry.sureness),
        "rank_interval_samples": entry.interval_by_samples,
        "ranks": {str(method): rank for method, rank in entry.ranks.items()},
        **({} if in_format == 2 else {"further_ranks": further}),
        "tie_broken": entry.tie_broken,
        "rate_distortion": _rates(entry.rates),
        "tasks": {task.name: vars(cell) for task, cell in zip(tasks, entry.cells, strict=True)},
    }


def _sureness(found: Sureness | None) -> dict[str, Any]:
    if found is None:
        return dict.fromkeys(Sureness.__dataclass_fields__)
    return vars(found)


def _rates(points: Sequence[tuple[float, float]] | None) -> list[dict[str, float]] | None:
    if points is None:
        return None
    return [{"bytes": size, "mean_score": score} for size, score in points]


def _agreement(board: Board, in_format: int) -> dict[str, Any] | None:
    found = board.agreement
    if found is None:
        return None
    methods = {"names": [str(one) for one in found.methods], "tau": found.method_tau}
    tasks = None
    if board.rules.shows_tasks:
        tasks = {
            "names": [task.name for task in board.rules.tasks],
            "tau_with_board": found.task_tau,
            "clusters": found.clusters,
        }
    if in_format == 2:
        return {"methods": methods, "tasks": tasks and {**tasks, "draw_tau": found.draw_tau}}
    tasks = tasks and {**tasks, "tau_of_draws": found.task_draw_tau}
    return {
        "methods": methods,
        "further_tau": found.further_tau,
        "draw_tau": found.draw_tau,
        "tasks": tasks,
    }
