"""A season: teams that hand in, withdraw, hide and rename over two phases; a re-ranking in the
middle, and disqualifications, one of which is taken back."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import sqlalchemy as sa

from app.leaderboards.derive import rederive
from app.models import Leaderboard, Participation, Snapshot, Submission
from app.queue import EVALUATE_SUBMISSION
from app.submissions.lifecycle import TERMINAL
from app.submissions.split_scores import ScoreCache
from tests import builders, bulk
from tests.builders import Person
from tests.e2e.system import System, until

ROOMY = {"per_day": 10_000, "total": 10_000, "in_flight": 1000}
PHASES = ("dev", "test")
FILES = 24


@dataclass(frozen=True)
class Plan:
    """How large a season is, and what its chances are drawn from.

    Of the submissions so many are uploads over HTTP, the first ones. The others are queued as
    copies of those, since an upload is validated in a process of its own.
    """

    teams: int
    submissions: int
    uploads: int
    at_once: int = 4
    seed: int = 1
    patience_s: float = 600.0


@dataclass
class Season:
    """A challenge with two phases, whoever takes part, and a count of what they did."""

    system: System
    plan: Plan
    host: Person
    phases: dict[str, str]
    slug: str
    done: Counter[str] = field(default_factory=Counter)
    _counting: Lock = field(default_factory=Lock)
    uploaded: dict[str, list[str]] = field(default_factory=lambda: {one: [] for one in PHASES})
    seconds: float = 0.0

    @classmethod
    def open(cls, system: System, plan: Plan) -> "Season":
        """Publish the challenge: `dev` takes the best, `test` what a team selects."""
        selected = {"selection": {"rule": "selected", "limit": 2}}
        phases = [
            builders.phase_config("dev", quota=dict(ROOMY)),
            builders.phase_config("test", quota=dict(ROOMY), **selected),
        ]
        host = builders.organizer(system.api, system.sessions)
        files = builders.bundle_files(builders.bundle_config(phases=phases))
        made = builders.challenge(host, files)
        return cls(
            system,
            plan,
            host,
            {one["slug"]: str(one["id"]) for one in made["phases"]},
            made["slug"],
        ).entered(made)

    def entered(self, challenge: dict[str, Any]) -> "Season":
        """Let the teams take part."""
        with ThreadPoolExecutor(self.plan.at_once) as pool:
            teams = pool.map(
                lambda _: builders.contestant(self.system.api, challenge), range(self.plan.teams)
            )
            self.teams = list(teams)
        with self.system.sessions() as session:
            self.participations = dict(
                session.execute(sa.select(Participation.team_id, Participation.id)).all()
            )
        return self

    def play(self) -> None:
        """Play it to its end: everything scored, every board ranked."""
        started = time.monotonic()
        rng = np.random.default_rng(self.plan.seed)
        files = [builders.csv_bytes(builders.blend(n / FILES, n)) for n in range(FILES)]
        moves = [
            (
                number < self.plan.uploads,
                self.teams[rng.integers(len(self.teams))],
                PHASES[rng.integers(len(PHASES))],
                files[rng.integers(FILES)],
                float(rng.random()),
            )
            for number in range(self.plan.submissions)
        ]
        with ThreadPoolExecutor(self.plan.at_once) as pool:
            half = len(moves) // 2
            list(pool.map(lambda move: self._move(*move), moves[:half]))
            until(lambda: list(self.snapshots("dev")), "a board by the first method")
            self._organize()
            list(pool.map(lambda move: self._move(*move), moves[half:]))
        self.wait()
        self._disqualify()
        self.wait()
        self.seconds = time.monotonic() - started

    def _count(self, what: str) -> None:
        with self._counting:  # moves are made by several threads
            self.done[what] += 1

    def _hand_in(self, team: Person, phase: str, content: bytes, *, public: bool) -> str:
        told = str(public).lower()
        made = builders.submit(team, self.phases[phase], content, public=told)
        assert made.status_code == httpx.codes.CREATED, made.text
        self.uploaded[phase].append(made.json()["id"])
        self._count("uploaded")
        return str(made.json()["id"])

    def _queue_copy(self, team: Person, phase: str, chance: float, *, public: bool) -> str:
        """Queue an earlier upload for this team, as the intake would have left it."""
        of = self.uploaded[phase][int(1e6 * chance) % len(self.uploaded[phase])]
        own = self.participations[UUID(team.teams[0]["id"])]
        with self.system.sessions() as session:
            season = bulk.Season(UUID(self.phases[phase]), (own,), UUID(team.id))
            (key,) = bulk.queue_copies(session, season, UUID(of), [0], public=public)
            session.commit()
        self.system.queue.announce(EVALUATE_SUBMISSION, key)
        return str(key)

    def _move(self, upload: bool, team: Person, phase: str, content: bytes, chance: float) -> None:
        """Hand in; and of every ten withdraw one, hide one, rename one; of `test` select some."""
        public = not 0.30 <= chance < 0.35
        if upload or not self.uploaded[phase]:
            key = self._hand_in(team, phase, content, public=public)
        else:
            key = self._queue_copy(team, phase, chance, public=public)
        self._count("handed in")
        path = f"/submissions/{key}"
        if chance < 0.1:
            answer = team.api.post(f"{path}/withdrawal")  # too late if a worker has taken it
            self._count("withdrawn" if answer.status_code == httpx.codes.OK else "too late")
        elif chance < 0.2:
            team.api.ok("PATCH", path, json={"public": False}, changes=None)
            self._count("hidden")
        elif chance < 0.3:
            team.api.ok("PATCH", path, json={"method_name": f"Renamed {chance:.6f}"})
            self._count("renamed")
        elif phase == "test" and chance > 0.8:
            answer = team.api.put(f"{path}/selection", changes=None)
            self._count("selected" if answer.status_code < 300 else "too many")

    def _organize(self) -> None:
        """Hand in a baseline in each phase, and rank `dev` by another method from now on."""
        for phase in self.phases.values():
            matrix = builders.blend(0.5, 99)
            made = builders.submit(self.host, phase, matrix, baseline="true")
            assert made.status_code == httpx.codes.CREATED, made.text
        path = f"/phases/{self.phases['dev']}/ranking-changes"
        change = {"method": "mean-score", "tie_break": "mean-score"}
        seen = self.host.api.ok("POST", path, json=change)
        applied = {**change, "reason": "As agreed.", "apply": True, "expected": seen["expected"]}
        assert self.host.api.ok("POST", path, json=applied)["applied"]
        self._count("ranked by another method")

    def _disqualify(self) -> None:
        """Take out the team that leads `dev`, then two others' best submissions, one for a while.

        Each is on a board before the next comes.
        """
        first, second, third = self._leaders("dev")[:3]
        with self.system.sessions() as session:
            team = session.get_one(Submission, UUID(first)).participation_id
        self.disqualified = str(team)
        self._follow("PUT", f"/challenges/{self.slug}/participations/{team}/disqualification")
        self._follow("PUT", f"/submissions/{second}/disqualification")
        self._follow("PUT", f"/submissions/{third}/disqualification")
        self._follow("DELETE", f"/submissions/{third}/disqualification")
        self.reinstated, self.struck = third, second

    def _leaders(self, phase: str) -> list[str]:
        entries = self.board(phase)["entries"]
        return [one["submission_id"] for one in entries if not one["is_baseline"]]

    def _follow(self, method: str, path: str) -> None:
        reason = {"json": {"reason": "Played twice.", "public": True}} if method == "PUT" else {}
        answer = self.host.api.call(method, path, **reason)
        assert answer.is_success, answer.text
        self._count("disqualified" if method == "PUT" else "reinstated")
        self.wait()

    def wait(self) -> None:
        """Wait until nothing is on its way and no board is behind."""
        until(self._is_over, "the season is over", within_s=self.plan.patience_s)

    def _is_over(self) -> bool:
        ids = [UUID(one) for one in self.phases.values()]
        with self.system.sessions() as session:
            open_ones = session.scalar(
                sa.select(sa.func.count()).where(
                    Submission.phase_id.in_(ids), Submission.status.not_in(TERMINAL)
                )
            )
            behind = session.scalar(
                sa.select(sa.func.count()).where(
                    Leaderboard.phase_id.in_(ids), Leaderboard.ranked < Leaderboard.requested
                )
            )
        return open_ones == 0 and behind == 0

    def board(self, phase: str) -> dict[str, Any]:
        """Read a board as it is now; what the public reads may be a second old."""
        board: dict[str, Any] = self.host.api.ok("GET", f"/phases/{self.phases[phase]}/leaderboard")
        return board

    def snapshots(self, phase: str) -> Iterator[Snapshot]:
        """Read the boards of a phase, first to last."""
        found = sa.select(Snapshot).where(Snapshot.phase_id == UUID(self.phases[phase]))
        with self.system.sessions() as session:
            yield from session.scalars(found.order_by(Snapshot.number))

    def require_derivable(self) -> int:
        """Hold every snapshot to what it was made from; return how many there are."""
        cache = ScoreCache()
        count = 0
        for phase in PHASES:
            for one in self.snapshots(phase):
                with self.system.sessions() as session:
                    derived = rederive(session, one, cache=cache)
                assert derived == one.body, f"snapshot {one.number}"
                assert sha256(derived).hexdigest() == one.sha256
                count += 1
        return count
