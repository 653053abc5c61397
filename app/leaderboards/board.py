"""From the scores of a phase to its board: a pure function, the same for worker and tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking import Ranking, RankingMethod, rank, rank_against_pool


@dataclass(frozen=True)
class BoardTask:
    """A task as the board shows it."""

    name: str
    task_type: str
    metric: str
    weight: float


@dataclass(frozen=True)
class Contender:
    """What is ranked: a team's submission that counts, or a baseline. A row per task in each."""

    submission_id: UUID
    team: str | None
    method_name: str
    project_url: str | None
    paper_url: str | None
    received_at: datetime
    n_submissions: int
    means: tuple[float, ...]
    qs: tuple[float, ...]
    standard_errors: tuple[float | None, ...]


@dataclass(frozen=True)
class BoardRules:
    """What decides the board, and what of it is shown."""

    challenge: str
    phase: str
    phase_id: UUID
    method: RankingMethod
    selection: str
    scorer: str
    tasks: tuple[BoardTask, ...]
    shows_tasks: bool
    decimals: int


@dataclass(frozen=True)
class TaskCell:
    """One entry's figures in one task, rounded; one split has no standard error."""

    mean: float
    standard_error: float | None
    q: float
    rank: float | None


@dataclass(frozen=True)
class Entry:
    """A line of the board. `rank` is None for a baseline, which has `would_rank` instead."""

    rank: int | None
    would_rank: int | None
    contender: Contender
    aggregate: float | None
    win_rate: float | None
    mean_score: float
    mean_q: float
    cells: tuple[TaskCell, ...]


@dataclass(frozen=True)
class Board:
    """A ranked phase."""

    rules: BoardRules
    rule: str
    entries: tuple[Entry, ...]


def build_board(
    rules: BoardRules, pool: Sequence[Contender], baselines: Sequence[Contender]
) -> Board:
    """Rank the pool, and place the baselines beside it without moving anyone.

    Entries are in the order of the board: by rank, ties by the instant of receipt; a baseline
    stands before the pool entry whose rank it would take.
    """
    pool = sorted(pool, key=lambda one: (one.received_at, one.submission_id))
    baselines = sorted(baselines, key=lambda one: (one.received_at, one.submission_id))
    weights = [task.weight for task in rules.tasks]
    # NeuCo-Bench's method takes its weights from the pool; the announced ones are for the others.
    ranked_by = None if rules.method is RankingMethod.NEUCO else weights
    entries: list[Entry] = []
    ranking = None
    if pool:
        ranking = rank(rules.method, _values(rules, pool), weights=ranked_by)
        entries += [_entry(rules, one, weights, ranking, row) for row, one in enumerate(pool)]
    if baselines:
        would = rank_against_pool(
            rules.method,
            _values(rules, pool),
            _values(rules, baselines),
            weights=ranked_by,
        )
        entries += [
            _baseline(rules, one, weights, int(place))
            for one, place in zip(baselines, would, strict=True)
        ]
    return Board(rules, rule_line(rules), tuple(sorted(entries, key=_place)))


def rule_line(rules: BoardRules) -> str:
    """Say in a line by which rules the board was made.

    The board says its own rules: method, which submission counts, scorer, tasks.
    """
    counts = {
        "best": f"each team's best submission by {_best_score(rules.method)} counts",
        "last": "each team's last submission counts",
    }[rules.selection]
    return (
        f"{_METHOD_LINES[rules.method]}; {counts}; scorer {rules.scorer}; "
        f"{len(rules.tasks)} {'task' if len(rules.tasks) == 1 else 'tasks'}"
    )


_METHOD_LINES = {
    RankingMethod.AVERAGE_RANK: "Ranked by the average over tasks of the rank of the mean score",
    RankingMethod.NEUCO: (
        "Ranked as in NeuCo-Bench, by ranks of Q weighted by the spread of Q over the teams "
        "(so it depends on who else submitted)"
    ),
    RankingMethod.MEAN_SCORE: "Ranked by the mean score over tasks",
    RankingMethod.MEAN_Q: "Ranked by the mean Q over tasks",
    RankingMethod.TEST_THEN_RANK: "Ranked by the share of teams beaten significantly, over tasks",
    RankingMethod.BORDA: "Ranked by Borda's count over tasks",
    RankingMethod.COPELAND: "Ranked by duels won on the majority of tasks (Copeland)",
}


def _best_score(method: RankingMethod) -> str:
    return "mean Q" if method.ranks_q else "mean score"


def _values(rules: BoardRules, contenders: Sequence[Contender]) -> NDArray[np.float64]:
    rows = [one.qs if rules.method.ranks_q else one.means for one in contenders]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(rules.tasks))


def _entry(
    rules: BoardRules,
    one: Contender,
    weights: Sequence[float],
    ranking: Ranking,
    row: int,
) -> Entry:
    win_rate = None if ranking.win_rate is None else round(float(ranking.win_rate[row]), 4)
    return Entry(
        rank=int(ranking.ranks[row]),
        would_rank=None,
        contender=one,
        aggregate=_aggregate(rules, float(ranking.aggregate[row])),
        win_rate=win_rate,
        mean_score=_mean(one.means, weights, rules.decimals),
        mean_q=_mean(one.qs, weights, rules.decimals),
        cells=_cells(rules, one, [float(place) for place in ranking.task_ranks[row]]),
    )


def _baseline(
    rules: BoardRules, one: Contender, weights: Sequence[float], would_rank: int
) -> Entry:
    return Entry(
        rank=None,
        would_rank=would_rank,
        contender=one,
        aggregate=None,
        win_rate=None,
        mean_score=_mean(one.means, weights, rules.decimals),
        mean_q=_mean(one.qs, weights, rules.decimals),
        cells=_cells(rules, one, [None] * len(rules.tasks)),
    )


def _aggregate(rules: BoardRules, value: float) -> float:
    """Round it: an average of ranks tells nothing of scores, a mean of scores does."""
    of_scores = rules.method in (RankingMethod.MEAN_SCORE, RankingMethod.MEAN_Q)
    return _round(value, rules.decimals if of_scores else 4)


def _mean(values: Sequence[float], weights: Sequence[float], decimals: int) -> float:
    total = sum(weights)
    pairs = zip(values, weights, strict=True)
    return _round(sum(value * weight for value, weight in pairs) / total, decimals)


def _round(value: float, decimals: int) -> float:
    return round(value, decimals) + 0.0  # a board shows no -0.0


def _cells(
    rules: BoardRules, one: Contender, ranks: Sequence[float | None]
) -> tuple[TaskCell, ...]:
    if not rules.shows_tasks:
        return ()
    figures = zip(one.means, one.standard_errors, one.qs, ranks, strict=True)
    return tuple(
        TaskCell(
            mean=_round(mean, rules.decimals),
            standard_error=None if error is None else _round(error, rules.decimals),
            q=_round(q, rules.decimals),
            rank=place,
        )
        for mean, error, q, place in figures
    )


def _place(entry: Entry) -> tuple[int, bool]:
    if entry.rank is not None:
        return entry.rank, True
    return entry.would_rank or 0, False
