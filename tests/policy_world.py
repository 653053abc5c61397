"""A played phase whose leader depends on its policy: for tests of how a ranking is changed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import httpx
from sqlalchemy import select

from app.db import SessionFactory
from app.models import SNAPSHOT_NUMBERS, Leaderboard, Snapshot, new_id
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

WHY = "Last rewards haste."


@dataclass
class Played:
    """Two teams and a baseline: the first leads by its best submission, the second by the last."""

    contest: Contest
    teams: list[Person]
    first: list[str]
    second: str
    baseline: str

    @property
    def path(self) -> str:
        return f"/phases/{self.contest.phase}/ranking-changes"

    def ask(self, **body: Any) -> httpx.Response:
        return self.contest.host.api.post(self.path, json=body)

    def make(self, **body: Any) -> Any:
        """Look, and then apply what was looked at."""
        seen = self.ask(**body)
        assert seen.status_code == 200, seen.text
        apply = {"apply": True, "reason": WHY, "expected": seen.json()["expected"]}
        done = self.ask(**body, **apply)
        assert done.status_code == 200, done.text
        return done.json()

    def phase(self) -> Any:
        return self.contest.host.api.ok("GET", f"/phases/{self.contest.phase}")


def hand_in(parts: Parts, by: Person, phase: str, share: float, **fields: Any) -> str:
    made = builders.submit(by, phase, builders.blend(share, seed=3), **fields).json()
    evaluate_submission(parts, UUID(made["id"]))
    return str(made["id"])


def play(api: Api, parts: Parts, **phase: Any) -> Played:
    contest = builders.contest(api, parts.sessions, **phase)
    teams = [builders.contestant(api, contest.challenge) for _ in range(2)]
    first = [hand_in(parts, teams[0], contest.phase, share) for share in (0.9, 0.1)]
    second = hand_in(parts, teams[1], contest.phase, 0.5)
    baseline = hand_in(parts, contest.host, contest.phase, 0.7, baseline="true")
    rank_phase(parts, UUID(contest.phase))
    return Played(contest, teams, first, second, baseline)


def code_of(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.json()['type'].rpartition('/')[2]}"


def faults(answer: httpx.Response) -> set[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return {(one["code"], one["pointer"]) for one in answer.json()["errors"]}


Result = TypeVar("Result")


def while_a_snapshot_is_written(
    sessions: SessionFactory, phase: UUID, change: Callable[[], Result]
) -> Result:
    """Make a change that comes to wait for the board's row, and then store the next snapshot."""
    with ThreadPoolExecutor(1) as pool, sessions() as session:
        session.get_one(Leaderboard, phase, with_for_update=True)
        changing = pool.submit(change)
        builders.wait_until(lambda: builders.waits_for_a_lock(sessions))
        old = session.scalars(select(Snapshot).where(Snapshot.phase_id == phase)).one()
        number = session.scalar(select(SNAPSHOT_NUMBERS.next_value()))
        columns = ("phase_id", "created_at", "sha256", "content_sha256", "body", "csv", "markdown")
        copied = {name: getattr(old, name) for name in columns}
        # Its key into `phase` is checked here, while the change holds that row.
        session.add(Snapshot(id=new_id(), number=number, **copied))
        session.commit()
        return changing.result()
