"""What tests of re-scorings share: changed bundles of a challenge, sets, and a worker's part."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
import yaml

from app.clock import utc_now
from app.models import ItemState, Rescoring, RescoringItem
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase
from worker.rescore import rescore_submission
from worker.rescoring_sweep import sweep_rescorings

QUOTA = {"per_day": 100, "total": 100, "in_flight": 100}
REASON = "The labels of two tiles were swapped."


def changed_bundle(
    host: Person,
    slug: str,
    edit: Callable[[dict[str, Any]], object] = lambda _: None,
    files: Mapping[str, bytes] | None = None,
) -> dict[str, Any]:
    """Return the upload of a challenge's own bundle, with a change and other files."""
    answer = host.api.get(f"/challenges/{slug}/bundle")
    assert answer.status_code == 200, answer.text
    exported = builders.unzipped(answer.content)
    config = yaml.safe_load(exported["challenge.yaml"])
    edit(config)
    exported["challenge.yaml"] = yaml.safe_dump(config, sort_keys=False).encode()
    return builders.bundle_upload(exported | dict(files or {}))


def other_heights(seed: int = 1, n: int = 60) -> dict[str, bytes]:
    """Other labels of the task `height`: partly those of before, so that scores change."""
    truth = builders.truth(n)
    shaken = np.random.default_rng(seed).normal(size=n)
    values = truth @ np.array([1.0, -0.5, 0.5, 0.25]) + 0.1 * shaken
    return {"labels/height.csv": builders.labels_csv(builders.sample_ids(n), values.round(6))}


def create(host: Person, slug: str, upload: Mapping[str, Any], reason: str = REASON) -> Any:
    """Ask for a set, and return the answer, whatever it is."""
    return host.api.post(
        f"/challenges/{slug}/rescorings", files=dict(upload), data={"reason": reason}
    )


def make(
    host: Person,
    slug: str,
    edit: Callable[[dict[str, Any]], object] = lambda _: None,
    files: Mapping[str, bytes] | None = None,
) -> str:
    """Make a set, and return its address below `/api/v1`."""
    answer = create(host, slug, changed_bundle(host, slug, edit, files))
    assert answer.status_code == 201, answer.text
    return f"/challenges/{slug}/rescorings/{answer.json()['id']}"


def work(parts: Parts, address: str) -> int:
    """Do what a worker and the sweep would for a set until nothing of it waits."""
    rescoring_id = UUID(address.rpartition("/")[2])
    n_done = 0
    while True:
        sweep_rescorings(parts, now=utc_now())
        with parts.sessions() as session:
            waiting = session.scalars(
                sa.select(RescoringItem.id).where(
                    RescoringItem.rescoring_id == rescoring_id,
                    RescoringItem.state == ItemState.QUEUED,
                )
            ).all()
        if not waiting:
            return n_done
        for item_id in waiting:
            rescore_submission(parts, item_id)
            n_done += 1


def apply(host: Person, address: str, parts: Parts) -> Any:
    """Apply a set, and have the boards ranked."""
    applied = host.api.ok("POST", f"{address}/application")
    for phase in applied["phases"]:
        rank_phase(parts, UUID(phase["phase_id"]))
    return applied


def items_of(parts: Parts, address: str) -> list[RescoringItem]:
    """Return a set's items in their order."""
    with parts.sessions() as session:
        found = session.scalars(
            sa.select(RescoringItem)
            .where(RescoringItem.rescoring_id == UUID(address.rpartition("/")[2]))
            .order_by(RescoringItem.queue_number)
        )
        return list(found)


def row_of(parts: Parts, address: str) -> Rescoring:
    with parts.sessions() as session:
        return session.get_one(Rescoring, UUID(address.rpartition("/")[2]))


def board_ranks(api: Any, phase: str) -> dict[str, int]:
    """Return the rank of each team on the public board."""
    board = api.ok("GET", f"/phases/{phase}/leaderboard")
    return {one["team"]: one["rank"] for one in board["entries"] if one["rank"] is not None}


@dataclass
class Game:
    """A contest of three teams and a baseline, scored and ranked."""

    contest: Contest
    teams: list[Person]
    submissions: list[str]

    @property
    def host(self) -> Person:
        return self.contest.host

    @property
    def slug(self) -> str:
        return str(self.contest.challenge["slug"])

    @property
    def phase(self) -> str:
        return self.contest.phase


def play(api: Api, parts: Parts, **phase: Any) -> Game:
    """Hand in, score and rank a contest of one phase."""
    contest = builders.contest(api, parts.sessions, **{"quota": QUOTA, **phase})
    teams = [builders.contestant(api, contest.challenge) for _ in range(3)]
    made = [
        builders.submit(team, contest.phase, builders.blend(share, seed=number)).json()["id"]
        for number, (team, share) in enumerate(zip(teams, (0.9, 0.7, 0.4), strict=True))
    ]
    baseline = builders.submit(contest.host, contest.phase, builders.noise(1), baseline="true")
    made.append(baseline.json()["id"])
    for one in made:
        evaluate_submission(parts, UUID(one))
    rank_phase(parts, UUID(contest.phase))
    return Game(contest, teams, made)
