"""What tests of teams do again and again: make, join, enter, and at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx

from tests import builders
from tests.builders import Person
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase


def team_of(person: Person, name: str | None = None) -> Any:
    return person.api.ok("POST", "/teams", json={"name": name or builders.unique("Team")})


def join(person: Person, team: Any) -> httpx.Response:
    return person.api.post("/teams/join", json={"invitation_code": team["invitation_code"]})


def enter(person: Person, team: Any, challenge: Any, *, changes: bool = True) -> httpx.Response:
    body = {"team_id": team["id"], "terms_version": challenge["terms_version"]}
    path = f"/challenges/{challenge['slug']}/participations"
    return person.api.post(path, json=body, changes=changes)


def leave(person: Person, team: Any, who: Person | None = None) -> httpx.Response:
    return person.api.delete(f"/teams/{team['id']}/members/{(who or person).id}")


def mine(person: Person, challenge: Any) -> httpx.Response:
    return person.api.get(f"/challenges/{challenge['slug']}/participations/mine")


def propose(person: Person, team: Any, other: Any, *, changes: bool = True) -> httpx.Response:
    body = {"team": other["name"]}
    return person.api.post(f"/teams/{team['id']}/merges", json=body, changes=changes)


def accept(person: Person, merge: Any) -> httpx.Response:
    return person.api.post(f"/merges/{merge['id']}/acceptance")


def code_of(answer: httpx.Response) -> str:
    return answer.json()["type"].rpartition("/")[2]


def change(host: Person, config: dict[str, Any], **changes: Any) -> Any:
    """Send a challenge's bundle again, changed; or as it is, where the caller cannot tell."""
    upload = builders.bundle_upload(builders.bundle_files(config | changes))
    return host.api.ok("PUT", f"/challenges/{config['slug']}", files=upload, changes=None)


def hand_in(parts: Parts, person: Person, phase: str, share: float, **fields: Any) -> str:
    """Hand in embeddings that carry a share of the truth, have them scored, and rank."""
    made = builders.submit(person, phase, builders.blend(share, seed=int(share * 100)), **fields)
    assert made.status_code == 201, made.text
    evaluate_submission(parts, UUID(made.json()["id"]))
    rank_phase(parts, UUID(phase))
    return str(made.json()["id"])


def board(parts: Parts, person: Person, phase: str) -> list[tuple[str, int, int]]:
    """Rank what was asked for; return each team with its rank and how often it handed in."""
    rank_phase(parts, UUID(phase))
    shown = person.api.ok("GET", f"/phases/{phase}/leaderboard")
    return [(one["team"], one["rank"], one["n_submissions"]) for one in shown["entries"]]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run each call in its thread, all beginning together."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
