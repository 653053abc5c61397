"""Scored submissions by the thousand, written as rows: what a season leaves, in seconds.

Everything about them is as a worker would have left it, but for the scores, which are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.clock import utc_now
from app.models import (
    Evaluation,
    Participation,
    Phase,
    PhaseTask,
    Status,
    Submission,
    TaskScore,
    Team,
    User,
    new_id,
)
from app.queue import request_ranking
from probeboard.scores import as_counted
from tests import builders

RATIO = 0.25


@dataclass(frozen=True)
class Season:
    """Who hands in, and to what."""

    phase_id: UUID
    teams: tuple[UUID, ...]
    submitter: UUID


def enter_teams(session: Session, phase_id: UUID, n: int) -> Season:
    """Let n teams take part."""
    phase = session.get_one(Phase, phase_id)
    now = utc_now()
    person = User(
        id=new_id(), email=f"{builders.unique('bulk')}@example.org", name="Bulk",
        password_hash="-", created_at=now,
    )  # fmt: skip
    session.add(person)
    session.flush()
    teams = [
        {"id": new_id(), "slug": name.lower(), "name": name, "captain_id": person.id,
         "invitation_digest": name, "created_at": now}
        for name in (builders.unique("Bulk") for _ in range(n))
    ]  # fmt: skip
    session.execute(insert(Team), teams)
    parts = [
        {"id": new_id(), "challenge_id": phase.challenge_id, "team_id": team["id"],
         "terms_version": "1", "accepted_by_id": person.id, "accepted_at": now}
        for team in teams
    ]  # fmt: skip
    session.execute(insert(Participation), parts)
    return Season(phase_id, tuple(part["id"] for part in parts), person.id)


def hand_in(
    session: Session,
    season: Season,
    scores: NDArray[np.float64],
    *,
    teams: Sequence[int] | None = None,
    ratio: float | None = RATIO,
    analyses: dict[str, Any] | None = None,
    scorer: str = "exact",
    **columns: Any,
) -> list[UUID]:
    """Write scored submissions with these split scores, shape (n, t, k), and ask for a ranking.

    `teams` are places in the season's; each by another team unless told otherwise.
    """
    tasks = _tasks(session, season.phase_id)
    now = utc_now()
    rows, evaluations, task_scores = [], [], []
    for number, of_submission in enumerate(scores):
        team = season.teams[number if teams is None else teams[number]]
        row = _submission(season, team, now + timedelta(milliseconds=number)) | columns
        evaluation = _evaluation(row["id"], now) | {"analyses": analyses, "scorer": scorer}
        rows.append(row)
        evaluations.append(evaluation)
        task_scores += [
            _task_score(evaluation["id"], *task, as_counted(split_scores, scorer=scorer), ratio)
            | {"split_scores": split_scores.tolist()}
            for task, split_scores in zip(tasks, of_submission, strict=True)
        ]
    session.execute(insert(Submission), rows)
    session.execute(insert(Evaluation), evaluations)
    for start in range(0, len(task_scores), 2000):
        session.execute(insert(TaskScore), task_scores[start : start + 2000])
    request_ranking(session, season.phase_id)
    return [row["id"] for row in rows]


def _tasks(session: Session, phase_id: UUID) -> list[tuple[UUID, UUID]]:
    found = session.query(PhaseTask).filter_by(phase_id=phase_id).order_by(PhaseTask.position)
    return [(task.task_id, task.label_set_id) for task in found]


def _submission(season: Season, team: UUID, at: Any) -> dict[str, Any]:
    key = new_id()
    return {
        "id": key, "phase_id": season.phase_id, "participation_id": team,
        "submitted_by_id": season.submitter, "is_baseline": False, "received_at": at,
        "method_name": f"Compressed autoencoder {key.hex[-6:]}", "method_description": "",
        "project_url": f"https://example.org/code/{key.hex}", "paper_url": None, "public": True,
        "selected_at": None, "file_name": "embeddings.csv", "file_bytes": 1,
        "file_sha256": key.hex, "matrix_sha256": key.hex, "facts": {},
        "idempotency_key": None, "request_fingerprint": key.hex, "request_id": key.hex,
        "status": Status.SCORED, "announced_at": at, "attempt": 1, "attempts_allowed": 3,
        "lease_expires_at": None, "started_at": at, "finished_at": at, "tasks_done": 0,
        "failure_code": None, "failure_detail": None, "failure_traceback": None,
    }  # fmt: skip


def _evaluation(submission_id: UUID, now: Any) -> dict[str, Any]:
    return {
        "id": new_id(), "submission_id": submission_id, "scorer_version": 1,
        "rules_digest": "0" * 64, "is_official": True, "attempt": 1, "created_at": now,
        "seconds": 1.0, "receipt": {}, "predictions_digest": None,
    }  # fmt: skip


def _task_score(
    evaluation_id: UUID,
    task_id: UUID,
    label_set_id: UUID,
    counted: NDArray[np.float64],
    ratio: float | None,
) -> dict[str, Any]:
    k = counted.size
    error = None if k < 2 else float(counted.std(ddof=1) * np.sqrt(1 / k + (ratio or RATIO)))
    return {
        "evaluation_id": evaluation_id, "task_id": task_id, "label_set_id": label_set_id,
        "metric": "r2", "mean": float(counted.mean()), "std": float(counted.std()),
        "q": float(2 * counted.mean() / (0.02 + counted.std())), "standard_error": error,
        "test_to_train": ratio, "penalties": [1.0] * k,
    }  # fmt: skip


def queue_copies(
    session: Session, season: Season, of: UUID, teams: Sequence[int], **columns: Any
) -> list[UUID]:
    """Queue what was handed in once for other teams as well: real files, without the uploads."""
    original = session.get_one(Submission, of)
    now = utc_now()
    rows = [
        _submission(season, season.teams[team], now + timedelta(milliseconds=number))
        | {
            "matrix_sha256": original.matrix_sha256, "facts": original.facts,
            "status": Status.QUEUED, "attempt": 0, "started_at": None, "finished_at": None,
        }
        | columns
        for number, team in enumerate(teams)
    ]  # fmt: skip
    session.execute(insert(Submission), rows)
    return [row["id"] for row in rows]
