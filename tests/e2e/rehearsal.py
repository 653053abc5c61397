"""The EARTHVISION 2025 season as its teams and organizers would play it, over the API alone.

The clock of all processes is set from scene to scene. What every scene found is kept in `seen`,
for the tests to look at. Labels of one task are wrong at first, as an organizer would get them
wrong: sorted by another column than the ids.
"""

import runpy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

from app.clock import set_clock
from app.local.system import ROOT, allow_organizer
from tests import builders
from tests.builders import Person
from tests.e2e.system import System, until
from tests.rescoring import changed_bundle

EXAMPLE = ROOT / "examples" / "earthvision-2025"
N_SAMPLES = 160
WRONG = "landcover_forest__regression.csv"
TEAMS = 12
# How much each team's encoder errs; the last two never get to the test phase.
NOISE = (0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.4, 1.7, 2.0, 2.5, 3.0, np.inf)


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """Name an instant of the season."""
    return datetime(2025, month, day, hour, minute, tzinfo=UTC)


@dataclass
class Rehearsal:
    """A challenge, who plays it, and what was seen."""

    system: System
    clock: Path
    folder: Path
    seen: dict[str, Any] = field(default_factory=dict)
    phases: dict[str, str] = field(default_factory=dict)
    _embedded: dict[int, NDArray[np.float32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made = runpy.run_path(str(EXAMPLE / "make_data.py"))
        self.world = made["World"](N_SAMPLES)
        made["write_bundle"](self.folder, self.world)

    # ---- who and when

    def go_to(self, instant: datetime) -> None:
        """Let it be that instant, once nothing is on its way any more."""
        self.settle()
        set_clock(self.clock, instant)

    def settle(self) -> None:
        """Wait until everything that was handed in is scored, and every board ranked."""
        if self.phases:
            until(self._is_settled, "all is scored and ranked", within_s=300.0)

    def _is_settled(self) -> bool:
        told = self.ada.api.ok("GET", f"/challenges/{self.slug}/overview")
        waiting = sum(one["queue"]["queued"] + one["queue"]["running"] for one in told["phases"])
        return waiting == 0 and all(one["board_is_current"] for one in told["phases"])

    def open(self) -> None:
        """Two organizers make the challenge; twelve teams enter."""
        set_clock(self.clock, at(3, 1))
        self.ada, self.grace = builders.person(self.system.api), builders.person(self.system.api)
        allow_organizer(self.ada.email, self.system.environment)
        files = self.bundle(wrong=True)
        made = self.ada.api.ok("POST", "/challenges", files=builders.bundle_upload(files))
        self.slug = made["slug"]
        self.ada.api.ok(
            "POST", self._of("roles"), json={"email": self.grace.email, "role": "organizer"}
        )
        self.seen["plan"] = self.grace.api.ok(
            "POST", self._of("plan"), files=builders.bundle_upload(files)
        )
        made = self.grace.api.ok("POST", self._of("publication"))
        self.phases = {one["slug"]: one["id"] for one in made["phases"]}
        self.teams = [builders.contestant(self.system.api, made) for _ in range(TEAMS)]

    def bundle(self, *, wrong: bool) -> dict[str, bytes]:
        """Return the files of the bundle, with the wrong labels or the right ones."""
        files = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        if wrong:
            lines = files[f"labels/{WRONG}"].decode().split()
            ids = [line.split(",")[0] for line in lines[1:]]
            values = sorted((line.split(",")[1] for line in lines[1:]), key=float)
            rows = [f"{one},{value}" for one, value in zip(ids, values, strict=True)]
            files[f"labels/{WRONG}"] = "\n".join([lines[0], *rows, ""]).encode()
        return files

    def right_labels(self) -> dict[str, bytes]:
        """Return the labels that were wrong, as they should be, under their name in an export."""
        right = self.bundle(wrong=False)[f"labels/{WRONG}"]
        return {"labels/landcover-forest.csv": right}

    # ---- what they do

    def hand_in(self, team: int, phase: str, **fields: Any) -> httpx.Response:
        """Hand in what a team's encoder makes; `like` is another team's, turned and scaled."""
        like = fields.pop("like", None)
        matrix = self._embed(team if like is None else like)
        if like is not None:
            matrix = (3.0 * matrix[:, ::-1] + 0.5).astype(np.float32)
        file = BytesIO()
        names = np.array([f"{one}.zarr.zip" for one in self.world.ids])
        np.savez(file, ids=names, embeddings=matrix)
        answer: httpx.Response = builders.submit(
            self.teams[team], self.phases[phase], file.getvalue(), file_name="e.npz", **fields
        )
        return answer

    def _embed(self, encoder: int) -> NDArray[np.float32]:
        if encoder not in self._embedded:
            self._embedded[encoder] = self.world.embed(NOISE[encoder], encoder)
        return self._embedded[encoder]

    def must_hand_in(self, team: int, phase: str, **fields: Any) -> str:
        """Hand in, and return the submission's id."""
        answer = self.hand_in(team, phase, **fields)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return str(answer.json()["id"])

    def participation(self, team: int) -> str:
        """Return the id of a team's participation."""
        entries = self.ada.api.ok("GET", self._of("participations"), params={"limit": 200})["items"]
        name = self.teams[team].teams[0]["name"]
        (found,) = [one["id"] for one in entries if one["team_name"] == name]
        return str(found)

    def merge(self, team: int, joining: int) -> None:
        """Let one team become part of another."""
        captain, other = self.teams[team], self.teams[joining]
        asked = {"team": other.teams[0]["name"]}
        proposal = captain.api.ok("POST", f"/teams/{captain.teams[0]['id']}/merges", json=asked)
        other.api.ok("POST", f"/merges/{proposal['id']}/acceptance")

    def extend(self, phase: str, reason: str, **granted: Any) -> Any:
        """Put a close off for all, or grant something to one team."""
        body = {"reason": reason, **granted}
        return self.grace.api.ok("POST", f"/phases/{self.phases[phase]}/extensions", json=body)

    def rescore(self, labels: Mapping[str, bytes], reason: str) -> dict[str, Any]:
        """Have everything scored by other labels, look at what would change, and apply it.

        They go into the bundle as the server exports it: it knows of the extension.
        """
        upload = changed_bundle(self.ada, self.slug, files=labels)
        made = self.ada.api.ok(
            "POST", self._of("rescorings"), files=upload, data={"reason": reason}
        )
        path = self._of(f"rescorings/{made['id']}")
        until(lambda: self._is_prepared(path), "the re-scoring is prepared", within_s=300.0)
        preview = self.grace.api.ok("GET", f"{path}/preview")
        self.ada.api.ok("POST", f"{path}/application")
        return {"id": made["id"], "preview": preview}

    def _is_prepared(self, path: str) -> bool:
        return bool(self.ada.api.ok("GET", path)["state"] == "ready")

    def near_duplicates(self) -> Any:
        """Read who is too much alike, once all were compared."""

        def compared() -> Any:
            told = self.grace.api.ok("GET", self._of("overview"))["near_duplicates"]
            return told if told["left"] == 0 else None

        return until(compared, "all embeddings are compared", within_s=120.0)

    def stop_worker(self) -> None:
        """Stop the worker, as somebody who deploys on the last evening."""
        self.system.ask_to_stop("worker")
        until(lambda: self.system.has_ended("worker"), "the worker has stopped")

    def board(self, phase: str) -> Any:
        """Read a board as it is now; what the public reads may be a second old."""
        return self.ada.api.ok("GET", f"/phases/{phase}/leaderboard")

    def rank_of(self, team: int, phase: str) -> int | None:
        """Return a team's rank; None where it is not on the board."""
        name = self.teams[team].teams[0]["name"]
        found = [one for one in self.board(self.phases[phase])["entries"] if one["team"] == name]
        return found[0]["rank"] if found else None

    def _of(self, what: str) -> str:
        return f"/challenges/{self.slug}/{what}"

    @property
    def people(self) -> list[Person]:
        """Everybody who plays."""
        return [self.ada, self.grace, *self.teams]
