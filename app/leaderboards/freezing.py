"""Weights that stay as they were: those of the pool on the board of an instant of the past."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.leaderboards.contenders import task_scores
from app.leaderboards.inputs import read_back
from app.leaderboards.rules import BoardRules
from app.models import Evaluation, Snapshot
from app.submissions.split_scores import ScoreCache
from probeboard.ranking import RankingMethod, neuco, score_table


def with_frozen_weights(
    session: Session,
    rules: BoardRules,
    valid: ColumnElement[bool],
    *,
    cache: ScoreCache,
    now: datetime,
) -> BoardRules:
    """Return the rules with the weights that froze, if they did by now.

    They are worked out anew from the pool of the last snapshot until that instant, by the present
    floor; equal where nobody was on it. The pool's scores are those of the evaluations that are
    valid now: a re-scoring changes what was true then too. A snapshot from before inputs were kept
    does not tell its pool: then the weights go on coming from the present one, and the board says
    so.
    """
    frozen_at = rules.policy.weights_frozen_at
    if rules.method is not RankingMethod.NEUCO or frozen_at is None or frozen_at > now:
        return rules
    last = session.execute(
        select(Snapshot.number, Snapshot.inputs)
        .where(Snapshot.phase_id == rules.phase_id, Snapshot.created_at <= frozen_at)
        .order_by(Snapshot.number.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return replace(rules, frozen_weights=tuple(1.0 for _ in rules.tasks))
    if last.inputs is None:
        return rules
    pool = read_back(session, _evaluated_now(session, last.inputs, valid), cache=cache).pool
    if not pool:
        return replace(rules, frozen_weights=tuple(1.0 for _ in rules.tasks))
    of_q = score_table(RankingMethod.NEUCO, task_scores(rules, pool))
    weights = neuco(of_q, floor=rules.policy.floor).weights
    return replace(rules, frozen_weights=tuple(weights.tolist()))


def _evaluated_now(
    session: Session, inputs: Mapping[str, Any], valid: ColumnElement[bool]
) -> dict[str, Any]:
    """Return a snapshot's inputs with valid evaluations; who has none has no scores to weigh by."""
    pool = [one for one in inputs["contenders"] if not one["is_baseline"]]
    rows = session.execute(
        select(Evaluation.submission_id, Evaluation.id).where(
            Evaluation.submission_id.in_([UUID(one["submission_id"]) for one in pool]), valid
        )
    )
    now = {str(submission_id): str(evaluation_id) for submission_id, evaluation_id in rows}
    found = [
        {**one, "evaluation_id": now[one["submission_id"]]}
        for one in pool
        if one["submission_id"] in now
    ]
    return {**inputs, "contenders": found}
