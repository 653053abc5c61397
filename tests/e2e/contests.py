"""Challenges and submissions for the whole system, and what must be true of them in the end."""

import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select

from app.models import Evaluation, Snapshot, Status, Submission, TaskScore
from app.queue import EVALUATE_SUBMISSION
from app.submissions.lifecycle import TERMINAL
from app.submissions.quota import use_of
from tests import builders, bulk
from tests.builders import Person
from tests.e2e.system import System, until

LONG_SAMPLES, LONG_DIMS, LONG_TASKS = 1200, 64, 8


@dataclass(frozen=True)
class Contest:
    """A published challenge with one open phase, and its organizer."""

    system: System
    host: Person
    challenge: dict[str, Any]

    @property
    def phase(self) -> str:
        return str(self.challenge["phases"][0]["id"])

    def contestant(self) -> Person:
        """Register a team of one."""
        return builders.contestant(self.system.api, self.challenge)

    def submit(self, by: Person, content: bytes, **fields: Any) -> str:
        """Hand in a file that must be accepted; return the submission's id."""
        answer = builders.submit(by, self.phase, content, **fields)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return str(answer.json()["id"])

    def submit_together(self, people: Sequence[Person], contents: Sequence[bytes]) -> list[str]:
        """Hand in a file for each team, all at the same time; return the ids in their order."""
        with ThreadPoolExecutor(len(people)) as pool:
            return list(pool.map(self.submit, people, contents))

    def queue_copies(self, of: Sequence[str], n: int) -> list[UUID]:
        """Queue uploaded files for n teams more, all in one commit, and tell the workers."""
        with self.system.sessions() as session:
            season = bulk.enter_teams(session, UUID(self.phase), n)
            queued = [
                key
                for number, one in enumerate(of)
                for key in bulk.queue_copies(session, season, UUID(one), range(number, n, len(of)))
            ]
            session.commit()
        for key in queued:
            self.system.queue.announce(EVALUATE_SUBMISSION, key)
        return queued

    def board(self) -> dict[str, Any]:
        """Read the board as the public does."""
        board: dict[str, Any] = self.system.api.ok("GET", f"/phases/{self.phase}/leaderboard")
        return board


def short_contest(system: System, *, n_samples: int = 60, **phase: Any) -> Contest:
    """Open a challenge whose evaluations take a fraction of a second."""
    config = builders.bundle_config(phases=[builders.phase_config(**_shown_exactly(phase))])
    host = builders.organizer(system.api, system.sessions)
    files = builders.bundle_files(config, n_samples)
    return Contest(system, host, builders.challenge(host, files))


def short_embeddings(seed: int, share: float = 0.7, *, n_samples: int = 60) -> bytes:
    """A CSV for `short_contest`; the larger the share of truth, the better."""
    return builders.csv_bytes(builders.blend(share, seed, n_samples))


def long_contest(system: System, **phase: Any) -> Contest:
    """Open a challenge whose evaluations take seconds: long enough to be interrupted."""
    ids = builders.sample_ids(LONG_SAMPLES)
    X = _long_truth()
    files = builders.bundle_files()
    tasks = []
    for number in range(LONG_TASKS):
        slug = f"height-{number}"
        title = f"Height {number}"
        tasks.append({"slug": slug, "title": title, "type": "regression", "labels": f"{slug}.csv"})
        files[f"{slug}.csv"] = builders.labels_csv(ids, [f"{one:.6f}" for one in X[:, number]])
    settings = {"tasks": [task["slug"] for task in tasks]} | _shown_exactly(phase)
    splits = {"n_splits": 60, "test_size": 0.1, "seed": 3}
    config = builders.bundle_config(
        embedding_dim=LONG_DIMS,
        tasks=tasks,
        phases=[builders.phase_config(**({"splits": splits} | settings))],
    )
    wanted = {name for name in files if name not in {"height.csv", "wet.csv"}}
    files |= {
        "challenge.yaml": builders.bundle_files(config)["challenge.yaml"],
        "samples.csv": "\n".join(["id", *ids]).encode() + b"\n",
    }
    host = builders.organizer(system.api, system.sessions)
    chosen = {name: files[name] for name in wanted}
    return Contest(system, host, builders.challenge(host, chosen))


def long_embeddings(seed: int) -> bytes:
    """An NPZ for `long_contest`."""
    noise = np.random.default_rng(seed).normal(size=(LONG_SAMPLES, LONG_DIMS))
    matrix = (0.8 * _long_truth() + 0.2 * noise).astype(np.float32)
    data = io.BytesIO()
    np.savez(data, ids=np.array(builders.sample_ids(LONG_SAMPLES)), embeddings=matrix)
    return data.getvalue()


def _long_truth() -> NDArray[np.float64]:
    return np.random.default_rng(11).normal(size=(LONG_SAMPLES, LONG_DIMS))


def _shown_exactly(phase: dict[str, Any]) -> dict[str, Any]:
    return {"board": {"decimals": 9}} | phase


def row(system: System, submission_id: str) -> Submission:
    """Read a submission from the database: the truth."""
    with system.sessions() as session:
        return session.get_one(Submission, UUID(submission_id))


def wait_until_computing(system: System, *submission_ids: str) -> None:
    """Wait until workers are in the middle of all these evaluations at once."""

    def in_the_middle() -> bool:
        seen = [row(system, one) for one in submission_ids]
        ended = [one.status for one in seen if one.status in TERMINAL]
        assert not ended, "it ended too soon: make evaluations longer"
        return all(one.status == Status.RUNNING and one.tasks_done > 0 for one in seen)

    until(in_the_middle, f"{submission_ids} are being evaluated")


def wait_until_ended(system: System, submission_ids: Sequence[str]) -> None:
    """Wait until every submission is in a last status."""
    wanted = [UUID(one) for one in submission_ids]

    def all_ended() -> bool:
        with system.sessions() as session:
            statement = select(func.count()).where(
                Submission.id.in_(wanted), Submission.status.in_(TERMINAL)
            )
            return session.scalar(statement) == len(wanted)

    until(all_ended, f"{len(wanted)} submissions reach a last status", within_s=120)


def require_all_well(contest: Contest, submission_ids: Sequence[str]) -> dict[str, Any]:
    """Hold all that a contest promises: return its board, which lists exactly these submissions.

    Each is scored by exactly one evaluation, the official one; no quota is held back; the board
    has one row for each, with the scores of the evaluation and ranks that follow from them.
    """
    system = contest.system
    wait_until_ended(system, submission_ids)
    for submission_id in submission_ids:
        _require_scored_once(system, submission_id)
    board: dict[str, Any] = until(
        lambda: _board_of(contest, len(submission_ids)), "the board lists everybody"
    )
    _require_ranks_to_follow_from_scores(board)
    return board


def _board_of(contest: Contest, size: int) -> dict[str, Any] | None:
    board = contest.board()
    return board if len(board["entries"]) == size else None


def _require_scored_once(system: System, submission_id: str) -> None:
    with system.sessions() as session:
        submission = session.get_one(Submission, UUID(submission_id))
        assert submission.status == Status.SCORED, submission.failure_traceback
        evaluations = session.scalars(
            select(Evaluation).where(Evaluation.submission_id == submission.id)
        ).all()
        assert [one.is_official for one in evaluations] == [True]
        assert evaluations[0].attempt == submission.attempt
        assert submission.participation_id is not None
        use = use_of(
            session, submission.phase_id, submission.participation_id, now=submission.received_at
        )
        assert use.in_flight == 0


def _require_ranks_to_follow_from_scores(board: dict[str, Any]) -> None:
    entries = board["entries"]
    means = np.array([[cell["mean"] for cell in one["tasks"].values()] for one in entries])
    better = (means[None, :, :] > means[:, None, :]).sum(axis=1)
    equal = (means[None, :, :] == means[:, None, :]).sum(axis=1)
    averages = (better + (equal + 1) / 2).mean(axis=1)
    expected = [1 + int((averages < own - 1e-9).sum()) for own in averages]
    assert [one["rank"] for one in entries] == expected


def snapshots(contest: Contest) -> int:
    """Count the boards that were published."""
    with contest.system.sessions() as session:
        count = session.scalar(select(func.count()).where(Snapshot.phase_id == UUID(contest.phase)))
    return count or 0


def means_of(system: System, submission_id: str) -> list[float]:
    """Read the stored means of a submission's only evaluation."""
    with system.sessions() as session:
        statement = (
            select(TaskScore.mean)
            .join(Evaluation, Evaluation.id == TaskScore.evaluation_id)
            .where(Evaluation.submission_id == UUID(submission_id))
        )
        return sorted(session.scalars(statement))
