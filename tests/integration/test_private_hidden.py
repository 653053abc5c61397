"""Nothing of private samples is told before the reveal: not by any address, to nobody.

Two servers live the same life, but for the labels of the private samples. Whoever could tell one
from the other would know something of these labels. So all that a team and the public can read is
compared, word by word and figure by figure; then private scores are revealed, and it differs.
"""

import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from app.leaderboards.pictures import PictureName
from app.models import Part, TaskScore
from app.settings import Settings
from tests import builders, two_parts
from tests.access_table import TABLE
from tests.api import PLAIN, Api
from tests.builders import PASSWORD, Person
from tests.services import Services, migrated_database
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts, make_parts
from worker.rank import rank_phase
from worker.sweep import sweep

SLUG = "two-parts"
TEAMS = {
    "Alder": [two_parts.FLATTERED, two_parts.REGRETTED],
    "Birch": [two_parts.STEADY],
    "Cedar": [two_parts.MIDDLING],
}
# Of the server as a whole, and of what browsers keep: nothing there is of a submission.
OF_THE_SERVER = re.compile(r"/(health|metrics|static|problems)")
VOLATILE = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\b[0-9a-f]{8,64}\b"), "<hash>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+]00:00)?"), "<instant>"),
    (re.compile(r"\b\d{1,2} [A-Z][a-z]{2,8} \d{4}\b|\b\d\d:\d\d(:\d\d)?\b"), "<instant>"),
    (re.compile(r"pb_[\w-]+"), "<token>"),
    (re.compile(r"data:[\w/+;,=-]+"), "<picture>"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), "<server>"),
)


@dataclass
class World:
    """A server, and what is put into its addresses."""

    api: Api
    parts: Parts
    host: Person
    teams: dict[str, Person]
    places: dict[str, str]
    submissions: dict[str, list[str]]

    def people(self) -> dict[str, Api]:
        """Return who may know nothing."""
        return {"anybody": self.api.as_(None), "Alder": self.teams["Alder"].api}

    def reveal(self) -> None:
        """Let the phase close."""
        two_parts.close(self.parts, self.places["phase_id"])
        sweep(self.parts)
        rank_phase(self.parts, UUID(self.places["phase_id"]))


@pytest.fixture(scope="module")
def worlds(settings: Settings, services: Services, process_name: str) -> Iterator[list[World]]:
    names = [f"hidden_{process_name}_{number}" for number in range(2)]
    made = []
    with ExitStack() as stack:
        for name, seed in zip(names, (None, 5), strict=True):
            own = settings.model_copy(update={"database_url": migrated_database(services, name)})
            stack.callback(services.postgres.drop_database, name)
            server = stack.enter_context(RunningServer(own))
            api = stack.enter_context(Api(server.url))
            parts = make_parts(own, server.app.state.queue)
            stack.callback(parts.close)
            made.append(live(api, parts, two_parts.bundle(private_labels_seed=seed)))
        yield made


def live(api: Api, parts: Parts, files: dict[str, bytes]) -> World:
    """Live the life that both worlds have: the same names, the same files, the same order."""
    host = builders.organizer(api, parts.sessions)
    challenge = builders.challenge(host, two_parts.renamed(files, SLUG))
    phase = challenge["phases"][0]["id"]
    teams = {name: captain(api, name, challenge) for name in TEAMS}
    handed_in = {
        name: [builders.submit(teams[name], phase, one).json()["id"] for one in matrices]
        for name, matrices in TEAMS.items()
    }
    for key in itertools.chain.from_iterable(handed_in.values()):
        evaluate_submission(parts, UUID(key))
    rank_phase(parts, UUID(phase))
    places = {
        "slug": SLUG,
        "phase_id": phase,
        "submission_id": handed_in["Alder"][0],
        "shown": handed_in["Birch"][0],
        "team_id": teams["Alder"].teams[0]["id"],
        "number": str(api.ok("GET", f"/phases/{phase}/leaderboard")["snapshot"]),
    }
    return World(api, parts, host, teams, places, handed_in)


def captain(api: Api, name: str, challenge: Any) -> Person:
    email = f"{name.lower()}@example.org"
    made = api.ok("POST", "/accounts", json={"email": email, "name": name, "password": PASSWORD})
    token = api.ok("POST", "/sessions", json={"email": email, "password": PASSWORD})["token"]
    person = Person(api.as_(token), made["id"], email, token)
    person.teams.append(person.api.ok("POST", "/teams", json={"name": name}))
    entry = {"team_id": person.teams[0]["id"], "terms_version": challenge["terms_version"]}
    person.api.ok("POST", f"/challenges/{challenge['slug']}/participations", json=entry)
    return person


def addresses(world: World) -> Iterator[str]:
    """Fill each address that is read from, and ask it for more than it would say by itself."""
    # In words: letters of pictures are drawn.
    pictures = [{"picture": name.value, "form": "txt"} for name in PictureName]
    for route, row in TABLE.items():
        method, _, path = route.partition(" ")
        if method != "GET" or OF_THE_SERVER.match(path):
            continue
        query = getattr(row, "query", "")
        for more in pictures if "{picture}" in path else [{}]:
            try:
                filled = (path + query).format(**world.places, **more)
            except KeyError:  # of something that is not there
                continue
            yield filled
            if not query:
                yield from (f"{filled}?{asked}" for asked, of in ASKED.items() if of in path)


# What could be asked for more, of addresses with such a word.
ASKED = {"part=private": "submission", "at=2099-01-01T00:00:00Z": "leaderboard"}


def told(world: World, api: Api, address: str) -> tuple[int, dict[str, str], str]:
    """Ask, and leave out what no two servers have in common."""
    headers = {} if api.token is None else {"Authorization": f"Bearer {api.token}"}
    with httpx.stream(
        "GET", world.api.url + address, headers=headers, timeout=60, verify=PLAIN
    ) as answer:
        body = answer.read()
    text = body.decode(errors="replace")
    for pattern, name in VOLATILE:
        text = pattern.sub(name, text)
    kept = ("content-type", "cache-control", "vary", "content-disposition", "location", "etag")
    lines = {name: answer.headers[name] for name in kept if name in answer.headers}
    for pattern, name in VOLATILE:
        lines = {key: pattern.sub(name, value) for key, value in lines.items()}
    return answer.status_code, lines, text


def everything(world: World) -> dict[tuple[str, str], tuple[int, dict[str, str], str]]:
    """Ask whatever may be asked; addresses are named as both worlds know them."""
    found = {}
    names = {place: name for name, place in world.places.items() if len(place) > 9}
    for (who, api), address in itertools.product(world.people().items(), addresses(world)):
        named = address
        for place, name in names.items():
            named = named.replace(place, f"<{name}>")
        found[who, named] = told(world, api, address)
    return found


def private_figures(world: World) -> set[str]:
    """Return the scores by private samples, in full and as far as a phase tells them."""
    statement = sa.select(TaskScore.mean, TaskScore.q).where(TaskScore.part == Part.PRIVATE)
    with world.parts.sessions() as session:
        values = [value for row in session.execute(statement) for value in row]
    return {str(value) for value in values} | {str(round(value, 4)) for value in values}


def test_nobody_can_tell_worlds_apart_that_differ_in_private_labels_until_the_reveal(
    worlds: list[World],
) -> None:
    first, second = (everything(world) for world in worlds)
    assert len(first) > 80
    assert {status for status, *_ in first.values()} >= {200, 401, 403, 404}
    assert first.keys() == second.keys()
    for asked, answer in first.items():
        assert answer == second[asked], asked
    words = "".join(text for *_, text in first.values())
    assert [one for one in private_figures(worlds[0]) if one in words] == []


def test_both_worlds_say_that_they_differ_once_they_may(worlds: list[World]) -> None:
    for world in worlds:
        world.reveal()
    differ = (
        ("anybody", "/api/v1/phases/{phase_id}/leaderboard"),
        ("anybody", "/api/v1/phases/{phase_id}/leaderboard.csv"),
        ("anybody", "/api/v1/phases/{phase_id}/leaderboard/task-scores.txt"),
        ("Alder", "/api/v1/submissions/{submission_id}"),
        ("Alder", "/api/v1/submissions/{submission_id}/analyses?part=private"),
    )
    for who, address in differ:
        first, second = (answer_of(world, who, address) for world in worlds)
        assert (first[0], second[0]) == (200, 200)
        assert first != second, address
    first, second = (
        answer_of(world, "Alder", "/api/v1/submissions/{submission_id}/analyses")
        for world in worlds
    )
    assert first == second


def answer_of(world: World, who: str, address: str) -> tuple[int, dict[str, str], str]:
    return told(world, world.people()[who], address.format(**world.places))
