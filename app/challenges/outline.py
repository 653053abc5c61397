"""A challenge as plain data: what its rows say and what a bundle says, in one form to compare.

Where a bundle names a file, the outline has the digest of what is in it, so file names, the layout
of the YAML and the spelling of labels make no difference. Equal outlines are equal challenges.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.challenges.bundle import Bundle
from app.challenges.phase_bundle import PhaseBundle, TaskBundle
from app.challenges.private_part import sides_to_bytes
from app.challenges.rules import policy_of
from app.challenges.samples import write_sample_ids
from app.models import Challenge, LabelSet, Phase, PhaseTask, Task
from app.phases.ranking_policy import RankingPolicy
from app.phases.splits import TaskSplits
from probeboard.labelsets import marks_to_bytes, to_bytes

Outline = dict[str, Any]

# Scorer versions as a bundle means them; a test holds them to the scorers there are.
SCORER_VERSIONS = {"exact": 1, "neuco": 1}


def digest_of(outline: Any) -> str:
    """Name an outline: equal for equal ones. The order of phases and of their tasks counts."""
    text = json.dumps(outline, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def outline_of_bundle(bundle: Bundle) -> Outline:
    """Return what a bundle says."""
    config = bundle.config
    whole = ("slug", "title", "summary", "embedding_dim", "zero_pad", "terms_version")
    return {
        **{key: getattr(config, key) for key in whole},
        "strip_suffixes": list(config.strip_suffixes),
        "participation": {
            "approval": str(config.participation.approval),
            "email_domains": list(config.participation.email_domains),
        },
        "teams_locked_at": _instant(config.teams_locked_at),
        "pages": _pages(bundle.pages),
        "tasks": {
            task.slug: _task(task.title, task.type, task.probe, signs=task.signs)
            for task in sorted(config.tasks, key=lambda task: task.slug)
        },
        "phases": {part.config.slug: _phase_of_bundle(part) for part in bundle.phases},
    }


def outline_of_rows(session: Session, challenge: Challenge) -> Outline:
    """Return what the rows of a challenge say."""
    whole = ("slug", "title", "summary", "embedding_dim", "zero_pad", "terms_version")
    tasks = session.scalars(select(Task).where(Task.challenge_id == challenge.id, Task.listed))
    phases = session.scalars(
        select(Phase).where(Phase.challenge_id == challenge.id).order_by(Phase.position)
    ).all()
    slugs = {phase.id: phase.slug for phase in phases}
    return {
        **{key: getattr(challenge, key) for key in whole},
        "strip_suffixes": list(challenge.strip_suffixes),
        "participation": {
            "approval": challenge.approval,
            "email_domains": list(challenge.email_domains),
        },
        "teams_locked_at": _instant(challenge.teams_locked_at),
        "pages": _pages(challenge.pages),
        "tasks": {
            task.slug: _task(task.title, task.task_type, task.probe, signs=task.signs)
            for task in sorted(tasks, key=lambda task: task.slug)
        },
        "phases": {
            phase.slug: _phase_of_rows(
                phase,
                tasks=_tasks_of_rows(session, phase),
                requires=slugs[phase.requires_phase_id] if phase.requires_phase_id else None,
            )
            for phase in phases
        },
    }


def labels_digest(task: TaskBundle) -> str:
    """Return the digest that the label set of a task in a phase has."""
    return sha256(to_bytes(task.labels)).hexdigest()


def sides_digest(part: PhaseBundle) -> str | None:
    """Return the digest of the blob that says which samples are private, if any are."""
    if part.private is None:
        return None
    return sha256(sides_to_bytes(part.sample_ids, part.private)).hexdigest()


def _pages(pages: Mapping[str, str]) -> dict[str, str]:
    return {name: sha256(pages[name].encode()).hexdigest() for name in sorted(pages)}


def _task(title: str, task_type: str, probe: str, *, signs: bool) -> dict[str, Any]:
    return {"title": title, "type": str(task_type), "probe": str(probe), "signs": signs}


def _phase_of_bundle(part: PhaseBundle) -> dict[str, Any]:
    config = part.config
    quota, board = config.quota, config.board
    return {
        "title": config.title,
        "opens_at": _instant(config.opens_at),
        "closes_at": _instant(config.closes_at),
        "samples": sha256(write_sample_ids(part.sample_ids)).hexdigest(),
        "private": _private(
            sides_digest(part),
            config.private.revealed_at if config.private else None,
            closes_at=config.closes_at,
        ),
        "tasks": {
            item.task: {
                "labels": labels_digest(part.tasks[item.task]),
                "weight": item.weight,
                "public_name": item.public_name or item.task,
                "splits": _splits(part.tasks[item.task]),
            }
            for item in config.tasks
        },
        "scorer": config.scorer,
        "scorer_version": SCORER_VERSIONS[config.scorer],
        "scaling": config.scaling.value,
        "analyses": [analysis.value for analysis in config.analyses],
        "budget_bytes": config.budget_bytes,
        **_policy(
            policy_of(config),
            visible=board.visible,
            tasks=board.tasks,
            task_names=board.task_names,
        ),
        "quota": _quota(quota.per_day, quota.total, quota.in_flight),
        "team_sees": config.team_sees.value,
        "requires": config.requires,
    }


def _phase_of_rows(phase: Phase, *, tasks: dict[str, Any], requires: str | None) -> dict[str, Any]:
    return {
        "title": phase.title,
        "opens_at": _instant(phase.opens_at),
        "closes_at": _instant(phase.closes_at),
        "samples": phase.samples_digest,
        "private": _private(phase.private_sides, phase.revealed_at, closes_at=phase.closes_at),
        "tasks": tasks,
        "scorer": phase.scorer,
        "scorer_version": phase.scorer_version,
        "scaling": phase.scaling,
        "analyses": list(phase.analyses),
        "budget_bytes": phase.budget_bytes,
        **_policy(
            RankingPolicy.of(phase),
            visible=phase.board_visible,
            tasks=phase.board_tasks,
            task_names=phase.board_task_names,
        ),
        "quota": _quota(phase.quota_per_day, phase.quota_total, phase.quota_in_flight),
        "team_sees": phase.team_sees,
        "requires": requires,
    }


def _tasks_of_rows(session: Session, phase: Phase) -> dict[str, Any]:
    rows: Iterable[Any] = session.execute(
        select(PhaseTask, Task.slug, LabelSet.digest)
        .join(Task, Task.id == PhaseTask.task_id)
        .join(LabelSet, LabelSet.id == PhaseTask.label_set_id)
        .where(PhaseTask.phase_id == phase.id)
        .order_by(PhaseTask.position)
    )
    return {
        slug: {
            "labels": digest,
            "weight": row.weight,
            "public_name": row.public_name,
            "splits": TaskSplits.from_document(row.splits).to_document(),
        }
        for row, slug, digest in rows
    }


def _private(
    sides: str | None, revealed_at: datetime | None, *, closes_at: datetime
) -> dict[str, Any] | None:
    """Return what is said of the private samples; an instant before the close says nothing."""
    if sides is None:
        return None
    late = revealed_at is not None and revealed_at > closes_at
    return {"sides": sides, "revealed_at": _instant(revealed_at) if late else None}


def _splits(task: TaskBundle) -> dict[str, Any]:
    marks = None if task.marks is None else sha256(marks_to_bytes(task.marks)).hexdigest()
    return TaskSplits(task.splits, marks).to_document()


def _policy(
    policy: RankingPolicy, *, visible: bool, tasks: bool, task_names: str
) -> dict[str, dict[str, Any]]:
    return {
        "ranking": {
            "method": policy.method.value,
            "floor": policy.floor,
            "weights_frozen_at": _instant(policy.weights_frozen_at),
            "tie_break": policy.tie_break.value,
            "win_rate_against": policy.win_rate_against.value,
        },
        "selection": {
            "rule": policy.selection.value,
            "limit": policy.selection_limit,
            "by": None if policy.select_by is None else policy.select_by.value,
        },
        "board": {
            "visible": visible,
            "tasks": tasks,
            "task_names": str(task_names),
            "decimals": policy.decimals,
            "frozen_at": _instant(policy.board_frozen_at),
        },
    }


def _quota(per_day: int, total: int, in_flight: int) -> dict[str, int]:
    return {"per_day": per_day, "total": total, "in_flight": in_flight}


def _instant(instant: datetime | None) -> str | None:
    """Write an instant so that it reads back the same: UTC, to the microsecond, a final Z."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
