"""Weights that stay as they were: those of the pool on the board of an instant of the past."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.leaderboards.contenders import task_scores
from app.leaderboards.inputs import read_back
from app.leaderboards.rules import BoardRules
from app.models import Snapshot
from app.submissions.split_scores import ScoreCache
from probeboard.ranking import RankingMethod, neuco, score_table


def with_frozen_weights(
    session: Session, rules: BoardRules, *, cache: ScoreCache, now: datetime
) -> BoardRules:
    """Return the rules with the weights that froze, if they did by now.

    They are worked out anew from the pool of the last snapshot until that instant, by the present
    floor; equal where nobody was on it. A snapshot from before inputs were kept does not tell its
    pool: then the weights go on coming from the present one, and the board says so.
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
    pool = read_back(session, last.inputs, cache=cache).pool
    if not pool:
        return replace(rules, frozen_weights=tuple(1.0 for _ in rules.tasks))
    of_q = score_table(RankingMethod.NEUCO, task_scores(rules, pool))
    weights = neuco(of_q, floor=rules.policy.floor).weights
    return replace(rules, frozen_weights=tuple(weights.tolist()))
