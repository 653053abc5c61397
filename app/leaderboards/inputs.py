"""All that a board was made from, as a snapshot keeps it: enough to make it again."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.leaderboards.contenders import Contender, Contenders
from app.leaderboards.document import FORMAT
from app.leaderboards.rules import BoardRules, BoardTask
from app.models import Part, SelectBy, Selection, TieBreak, WinRateAgainst
from app.phases.ranking_policy import RankingPolicy
from app.submissions.split_scores import EvaluationScores, ScoreCache
from probeboard.ranking import RankingMethod


def to_inputs(contenders: Contenders) -> dict[str, Any]:
    """Write what a board is made from: rules, seed, and who took part by which evaluation."""
    everyone = (*contenders.pool, *contenders.baselines)
    return {
        "format": FORMAT,
        "seed": contenders.rules.seed,
        "rules": _rules_document(contenders.rules),
        "contenders": [_contender_document(one) for one in everyone],
    }


def read_back(
    session: Session, inputs: Mapping[str, Any], *, cache: ScoreCache | None = None
) -> Contenders:
    """Read back what `to_inputs` wrote, with the split scores of the evaluations it names."""
    cache = ScoreCache() if cache is None else cache
    rules = _rules(inputs["rules"])
    written = inputs["contenders"]
    wanted = [UUID(one["evaluation_id"]) for one in written]
    drawn = rules.sample_unit is not None
    scores = cache.read(
        session,
        wanted,
        part=rules.part or Part.PUBLIC,
        rates=rules.shows_rates,
        draws=drawn,
    )
    contenders = [_contender(one, scores[UUID(one["evaluation_id"])]) for one in written]
    return Contenders(
        rules,
        pool=tuple(one for one in contenders if not one.is_baseline),
        baselines=tuple(one for one in contenders if one.is_baseline),
    )


def _rules_document(rules: BoardRules) -> dict[str, Any]:
    document = {field.name: getattr(rules, field.name) for field in fields(rules)}
    return document | {
        "phase_id": str(rules.phase_id),
        "policy": rules.policy.to_document(),
        "tasks": [vars(task) | {"task_id": str(task.task_id)} for task in rules.tasks],
        "frozen_weights": rules.frozen_weights and list(rules.frozen_weights),
    }


def _rules(document: Mapping[str, Any]) -> BoardRules:
    frozen = document["frozen_weights"]
    part = document.get("part")  # inputs of old have no parts
    return BoardRules(
        **dict(document)
        | {
            "phase_id": UUID(document["phase_id"]),
            "policy": _policy(document["policy"]),
            "tasks": tuple(
                BoardTask(**task | {"task_id": UUID(task["task_id"])}) for task in document["tasks"]
            ),
            "frozen_weights": None if frozen is None else tuple(frozen),
            "part": None if part is None else Part(part),
        }
    )


def _policy(document: Mapping[str, Any]) -> RankingPolicy:
    select_by = document["select_by"]
    return RankingPolicy(
        **dict(document)
        | {
            "method": RankingMethod(document["method"]),
            "weights_frozen_at": _instant(document["weights_frozen_at"]),
            "tie_break": TieBreak(document["tie_break"]),
            "win_rate_against": WinRateAgainst(document["win_rate_against"]),
            "selection": Selection(document["selection"]),
            "select_by": None if select_by is None else SelectBy(select_by),
            "board_frozen_at": _instant(document["board_frozen_at"]),
        }
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _contender_document(one: Contender) -> dict[str, Any]:
    return {
        "submission_id": str(one.submission_id),
        "evaluation_id": str(one.evaluation_id),
        "team": one.team,
        "method_name": one.method_name,
        "project_url": one.project_url,
        "paper_url": one.paper_url,
        "received_at": one.received_at.isoformat(),
        "n_submissions": one.n_submissions,
        "is_baseline": one.is_baseline,
    }


def _contender(document: Mapping[str, Any], scores: EvaluationScores) -> Contender:
    return Contender(
        **dict(document)
        | {
            "submission_id": UUID(document["submission_id"]),
            "evaluation_id": UUID(document["evaluation_id"]),
            "received_at": datetime.fromisoformat(document["received_at"]),
            "scores": scores,
        }
    )
