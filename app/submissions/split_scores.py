"""Split scores of evaluations, read in bulk and kept: they never change."""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ARRAY, LargeBinary, Uuid, any_, func, literal, select
from sqlalchemy.orm import Session

from app.models import Evaluation, Part, TaskScore
from probeboard.scores import as_counted

Array = NDArray[np.float64]

# PostgreSQL's own form of a one-dimensional float8[] without nulls (array_send): dimensions, flags,
# type, length, lower bound; then each number behind its size. Parsing text costs ten times as much.
_ARRAY_HEADER_BYTES = 20
_NUMBER = np.dtype([("size", ">i4"), ("value", ">f8")])

DEFAULT_LIMIT_BYTES = 64 * 1024**2

# What an evaluation costs beside its numbers, roughly: objects, keys, links.
_OVERHEAD_BYTES = 1000
_ROWS_AT_ONCE = 100
_TASK_OVERHEAD_BYTES = 250


@dataclass(frozen=True, eq=False)
class EvaluationScores:
    """The split scores of an evaluation as they count, by task.

    `test_to_train` has the tasks whose rows tell it. `rates` are the points of a rate-distortion
    analysis as it was stored, if there is one; `sample_draws` the deviations of the mean scores in
    a bootstrap of samples, shape (t, n_draws), tasks in the phase's order.
    """

    splits: Mapping[UUID, Array]
    test_to_train: Mapping[UUID, float]
    rates: Sequence[Mapping[str, Any]] | None = None
    sample_draws: NDArray[np.float32] | None = None

    def of(self, task_id: UUID) -> Array:
        """Return a task's split scores, shape (k,)."""
        return self.splits[task_id]

    @property
    def n_bytes(self) -> int:
        """About what it takes in memory."""
        numbers = sum(one.nbytes for one in self.splits.values())
        if self.sample_draws is not None:
            numbers += self.sample_draws.nbytes
        return _OVERHEAD_BYTES + numbers + _TASK_OVERHEAD_BYTES * len(self.splits)


_Key = tuple[UUID, Part, bool, bool]  # whether with rates, whether with draws


class ScoreCache:
    """The evaluations a process read last, within a bound on memory."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._used = 0
        self._kept: OrderedDict[_Key, EvaluationScores] = OrderedDict()

    def read(
        self,
        session: Session,
        evaluation_ids: Collection[UUID],
        *,
        part: Part = Part.PUBLIC,
        rates: bool = False,
        draws: bool = False,
    ) -> dict[UUID, EvaluationScores]:
        """Return the scores of evaluations, and read those that were not kept; some may not be.

        Of one part of the samples; where a phase keeps none private, all are public. Points of
        rate-distortion and draws of samples, which are large, come if asked for.
        """
        found: dict[UUID, EvaluationScores] = {}
        missing: list[UUID] = []
        for key in evaluation_ids:
            kept = self._kept.get((key, part, rates, draws))
            if kept is None:
                missing.append(key)
            else:
                self._kept.move_to_end((key, part, rates, draws))
                found[key] = kept
        fresh = read_split_scores(session, missing, part=part, rates=rates, draws=draws)
        for key, scores in fresh.items():
            self._keep((key, part, rates, draws), scores)
        return found | fresh

    @property
    def used_bytes(self) -> int:
        """About what is kept."""
        return self._used

    def _keep(self, key: _Key, scores: EvaluationScores) -> None:
        self._kept[key] = scores
        self._used += scores.n_bytes
        while self._used > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._used -= dropped.n_bytes


def read_split_scores(
    session: Session,
    evaluation_ids: Collection[UUID],
    *,
    part: Part = Part.PUBLIC,
    rates: bool = False,
    draws: bool = False,
) -> dict[UUID, EvaluationScores]:
    """Read the split scores of evaluations as they count, of one part of the samples.

    Two queries, however many there are; one more for draws of samples.
    """
    if not evaluation_ids:
        return {}
    wanted = any_(literal(list(evaluation_ids), ARRAY(Uuid)))
    is_private = part is Part.PRIVATE
    analyses = Evaluation.private_analyses if is_private else Evaluation.analyses
    points = analyses["rate_distortion"] if rates else None
    columns = [Evaluation.id, Evaluation.scorer, *([points] if points is not None else [])]
    heads = session.execute(select(*columns).where(Evaluation.id == wanted)).all()
    scorers = {row[0]: row[1] for row in heads}
    curves = {row[0]: row[2] for row in heads} if rates else {}
    rows = session.execute(
        select(
            TaskScore.evaluation_id,
            TaskScore.task_id,
            TaskScore.test_to_train,
            func.array_send(TaskScore.split_scores, type_=LargeBinary),
        ).where(TaskScore.evaluation_id == wanted, TaskScore.part == part)
    )
    splits: defaultdict[UUID, dict[UUID, Array]] = defaultdict(dict)
    ratios: defaultdict[UUID, dict[UUID, float]] = defaultdict(dict)
    for evaluation_id, task_id, ratio, sent in rows:
        raw = numbers_of(sent)
        splits[evaluation_id][task_id] = as_counted(raw, scorer=scorers[evaluation_id])
        if ratio is not None:
            ratios[evaluation_id][task_id] = ratio
    sizes = {key: len(splits[key]) for key in scorers}
    drawn = _read_draws(session, sizes, part) if draws else {}
    return {
        key: EvaluationScores(splits[key], ratios[key], curves.get(key), drawn.get(key))
        for key in scorers
    }


def _read_draws(
    session: Session, n_tasks: Mapping[UUID, int], part: Part
) -> dict[UUID, NDArray[np.float32]]:
    """Read the draws of samples where there are some, a part of the answer at a time.

    They are tens of kilobytes each, and come from the server as text of twice that.
    """
    is_private = part is Part.PRIVATE
    draws = Evaluation.private_sample_draws if is_private else Evaluation.sample_draws
    rows = session.execute(
        select(Evaluation.id, draws)
        .where(Evaluation.id == any_(literal(list(n_tasks), ARRAY(Uuid))))
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    return {
        key: np.frombuffer(sent, dtype="<f4").reshape(n_tasks[key], -1)
        for key, sent in rows
        if sent is not None
    }


def numbers_of(sent: bytes) -> Array:
    """Return the numbers that `array_send` sent."""
    found = np.frombuffer(sent, dtype=_NUMBER, offset=_ARRAY_HEADER_BYTES)
    return found["value"].astype(np.float64)
