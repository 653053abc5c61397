"""Two entries of a board side by side, from the very evaluations that the board was made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotOnBoard
from app.leaderboards.by_samples import draws_by_task
from app.leaderboards.contenders import Contender, task_scores
from app.leaderboards.document import FORMATS
from app.leaderboards.inputs import read_back
from app.leaderboards.rules import BoardRules
from app.leaderboards.service import Shown, read_document
from app.models import Snapshot
from probeboard.ranking import TaskSplitScores
from probeboard.ranking.comparison import Comparison, Difference, compare
from probeboard.ranking.from_draws import compare_by_samples

# As many as the chances on the board have.
CHANCE_DECIMALS = 3


@dataclass(frozen=True)
class ShownDifference:
    """The score of one entry less that of the other, as far as the board's decimals tell it."""

    difference: float | None
    low: float | None
    high: float | None
    p_better: float | None


@dataclass(frozen=True)
class DifferencesBySamples:
    """The same differences had other samples been labelled, drawn for both alike."""

    unit: str
    overall: ShownDifference
    tasks: Mapping[str, ShownDifference]


@dataclass(frozen=True)
class SideBySide:
    """Two entries of a snapshot, positive where `a` is better; tasks where the board shows them."""

    number: int
    sha256: str
    phase_id: UUID
    a: Mapping[str, Any]
    b: Mapping[str, Any]
    overall: ShownDifference
    tasks: Mapping[str, ShownDifference]
    by_samples: DifferencesBySamples | None


def compare_entries(session: Session, shown: Shown, a: UUID, b: UUID) -> SideBySide:
    """Compare two entries of the board that is shown.

    Raises
    ------
    NotOnBoard
        If a submission is not on it, or the snapshot does not tell what it was made from.
    """
    document = read_document(session, shown)
    entries = {entry["submission_id"]: entry for entry in document["entries"]}
    if shown.number is None or str(a) not in entries or str(b) not in entries:
        raise NotOnBoard("submission")
    inputs = session.scalars(select(Snapshot.inputs).where(Snapshot.number == shown.number)).one()
    if inputs is None or inputs["format"] not in FORMATS:
        raise NotOnBoard("comparison")
    wanted = [one for one in inputs["contenders"] if one["submission_id"] in (str(a), str(b))]
    read = read_back(session, {**inputs, "contenders": wanted})
    both = {one.submission_id: one for one in (*read.pool, *read.baselines)}
    rules = read.rules
    pair = [both[a], both[b]]
    scores = task_scores(rules, pair)
    found = compare(scores, 0, 1, seed=rules.seed, weights=rules.weights)
    return SideBySide(
        number=shown.number,
        sha256=shown.sha256,
        phase_id=shown.phase.id,
        a=entries[str(a)],
        b=entries[str(b)],
        overall=_rounded(found.overall, rules.decimals),
        tasks=_by_task(rules, found),
        by_samples=_by_samples(rules, pair, scores),
    )


def _by_samples(
    rules: BoardRules, pair: Sequence[Contender], scores: Sequence[TaskSplitScores]
) -> DifferencesBySamples | None:
    drawn = draws_by_task(pair)
    if drawn is None or rules.sample_unit is None:
        return None
    found = compare_by_samples(scores, drawn, 0, 1, weights=rules.weights)
    overall = _rounded(found.overall, rules.decimals)
    return DifferencesBySamples(rules.sample_unit, overall, _by_task(rules, found))


def _by_task(rules: BoardRules, found: Comparison) -> dict[str, ShownDifference]:
    if not rules.shows_tasks:
        return {}
    return {
        task.name: _rounded(one, rules.decimals)
        for task, one in zip(rules.tasks, found.tasks, strict=True)
    }


def _rounded(one: Difference, decimals: int) -> ShownDifference:
    return ShownDifference(
        difference=_round(one.difference, decimals),
        low=_round(one.low, decimals),
        high=_round(one.high, decimals),
        p_better=_round(one.p_better, CHANCE_DECIMALS),
    )


def _round(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals) + 0.0  # a board shows no -0.0
