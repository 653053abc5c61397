"""A played phase whose leader depends on its policy: for tests of how a ranking is changed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

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
