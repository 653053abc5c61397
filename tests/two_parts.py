"""A phase with private samples on which the order of the teams is another than on the public."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import yaml
from numpy.typing import NDArray

from app.clock import utc_now
from app.models import Phase
from tests import builders
from tests.api import Api
from tests.builders import Person
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

N = 120
IDS = builders.sample_ids(N)
# Not one half and the other: every third sample, and those beside it.
IS_PRIVATE = np.arange(N) % 4 > 1
PRIVATE_IDS = [one for one, private in zip(IDS, IS_PRIVATE, strict=True) if private]
SPLITS = {"n_splits": 5, "test_size": 0.3, "seed": 1}
EVERYTHING = ["metrics", "predictions", "spectrum", "rate-distortion"]


def embeddings(public: float, private: float, seed: int) -> NDArray[np.float32]:
    """Embeddings that carry these shares of the truth on the two parts."""
    share = np.where(IS_PRIVATE, private, public)[:, np.newaxis]
    mixed = share * builders.truth(N) + (1 - share) * builders.noise(seed, N)
    return mixed.astype(np.float32)


# By public samples the first is best; by private ones the second is.
FLATTERED = embeddings(0.95, 0.3, 1)
STEADY = embeddings(0.8, 0.9, 2)
MIDDLING = embeddings(0.6, 0.6, 3)
# The flattered team's other submission would be best of all by private samples.
REGRETTED = embeddings(0.5, 0.98, 4)


def bundle(*, private_labels_seed: int | None = None, **phase: Any) -> dict[str, bytes]:
    """Return a bundle; with a seed, the labels of the private samples are other ones."""
    told: dict[str, Any] = {
        "private": {"samples": "private.csv"}, "splits": SPLITS, "analyses": EVERYTHING,
    }  # fmt: skip
    config = builders.bundle_config(phases=[builders.phase_config(**told | phase)])
    files = builders.bundle_files(config, N)
    files["private.csv"] = "\n".join(["id", *PRIVATE_IDS, ""]).encode()
    if private_labels_seed is not None:
        files |= {name: _relabelled(files[name], private_labels_seed) for name in _LABELS}
    return files


def renamed(files: dict[str, bytes], slug: str) -> dict[str, bytes]:
    """Return a bundle as one of the challenge of that slug."""
    config = yaml.safe_load(files["challenge.yaml"]) | {"slug": slug}
    return files | {"challenge.yaml": yaml.safe_dump(config, sort_keys=False).encode()}


_LABELS = ("height.csv", "wet.csv")


def _relabelled(labels: bytes, seed: int) -> bytes:
    """Give each private sample the label of another private one."""
    values = [line.split(",")[1] for line in labels.decode().split()[1:]]
    places = np.flatnonzero(IS_PRIVATE)
    drawn = np.random.default_rng(seed).permutation(places)
    moved = dict(zip(places.tolist(), drawn.tolist(), strict=True))
    return builders.labels_csv(IDS, [values[moved.get(place, place)] for place in range(N)])


@dataclass
class Entry:
    """A team, and what it handed in."""

    team: Person
    name: str
    submissions: list[str]


@dataclass
class Parted:
    """A contest whose phase has private samples, with everything scored and ranked."""

    host: Person
    challenge: Any
    phase: str
    flattered: Entry
    steady: Entry
    middling: Entry

    def board(self, api: Api | None = None, **query: Any) -> Any:
        """Return the board as somebody sees it."""
        api = self.host.api.as_(None) if api is None else api
        return api.ok("GET", f"/phases/{self.phase}/leaderboard", params=query)


def contest(api: Api, parts: Parts, files: dict[str, bytes]) -> Parted:
    """Hand in for three teams, score and rank."""
    host = builders.organizer(api, parts.sessions)
    made = builders.challenge(host, files)
    phase = made["phases"][0]["id"]
    handed_in = ([FLATTERED, REGRETTED], [STEADY], [MIDDLING])
    entries = [hand_in(api, parts, made, matrices) for matrices in handed_in]
    rank_phase(parts, UUID(phase))
    return Parted(host, made, phase, *entries)


def hand_in(
    api: Api, parts: Parts, challenge: Any, matrices: Sequence[NDArray[np.float32]]
) -> Entry:
    """Hand in for a new team, and score."""
    team = builders.contestant(api, challenge)
    phase = challenge["phases"][0]["id"]
    keys = [builders.submit(team, phase, one).json()["id"] for one in matrices]
    for key in keys:
        evaluate_submission(parts, UUID(key))
    return Entry(team, team.teams[0]["name"], keys)


def close(parts: Parts, phase: str, *, at: datetime | None = None) -> datetime:
    """Let a phase have closed, a moment ago or as told, as if it had been announced so."""
    closed_at = utc_now() - timedelta(milliseconds=1) if at is None else at
    with parts.sessions() as session:
        session.get_one(Phase, UUID(phase)).closes_at = closed_at
        session.commit()
    return closed_at
