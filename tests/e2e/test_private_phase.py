"""A phase with private samples lived through to its end by the processes of production."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.clock import utc_now
from app.leaderboards.verifying import verify_snapshots
from app.local.system import allow_organizer
from app.models import Part, TaskScore
from tests import builders, two_parts
from tests.builders import Person
from tests.e2e.system import System, until

MATRICES = {
    "flattered": [two_parts.FLATTERED, two_parts.REGRETTED],
    "steady": [two_parts.STEADY],
    "middling": [two_parts.MIDDLING],
}


def test_a_board_turns_over_at_the_reveal_though_nobody_hands_in(system: System) -> None:
    host = builders.person(system.api)
    allow_organizer(host.email, system.environment)
    made = builders.challenge(host, two_parts.bundle())
    slug, phase = made["slug"], made["phases"][0]["id"]
    teams = {name: builders.contestant(system.api, made) for name in MATRICES}
    names = {team.teams[0]["name"]: name for name, team in teams.items()}
    for name, matrices in MATRICES.items():
        for matrix in matrices:
            assert builders.submit(teams[name], phase, matrix).status_code == 201

    def order(document: Any) -> list[str]:
        return [names[entry["team"]] for entry in document["entries"]]

    def board() -> Any:
        return system.api.ok("GET", f"/phases/{phase}/leaderboard")

    whole = until(lambda: _complete(board(), n_handed_in=2), "all are scored and ranked")
    assert order(whole) == ["flattered", "steady", "middling"]
    assert whole["part"] == "public"
    secret = _private_figures(system, phase)
    for name, team in teams.items():
        told = json.dumps([_told(team, phase), board()])
        assert [one for one in secret if one in told] == [], name
    told = json.dumps(_told(host, phase))
    assert [one for one in secret if one not in told] == []

    closes_at = _close_soon(host, slug)
    turned = until(lambda: _by_private(board()), "private samples decide")
    assert _instant(turned["ranked_at"]) >= closes_at
    assert order(turned) == ["steady", "middling", "flattered"]
    assert "private samples decide" in turned["rule"]
    assert order(system.api.ok("GET", f"/leaderboards/snapshots/{whole['snapshot']}")) == [
        "flattered", "steady", "middling",
    ]  # fmt: skip
    for team in teams.values():
        mine = team.api.ok("GET", f"/phases/{phase}/submissions")["items"]
        assert all(one["private_scores"] for one in mine)
    with system.sessions() as session:
        verdicts = list(verify_snapshots(session, UUID(phase)))
    assert len(verdicts) >= 2
    assert all(one.holds for one in verdicts), verdicts


def _complete(document: Any, *, n_handed_in: int) -> Any:
    entries = document["entries"]
    counted = len(entries) == len(MATRICES) and entries[0]["n_submissions"] == n_handed_in
    return document if counted else None


def _by_private(document: Any) -> Any:
    return document if document["part"] == "private" else None


def _told(person: Person, phase: str) -> list[Any]:
    listed = person.api.ok("GET", f"/phases/{phase}/submissions")["items"]
    found = [person.api.ok("GET", f"/submissions/{one['id']}/analyses") for one in listed]
    return [listed, found]


def _private_figures(system: System, phase: str) -> list[str]:
    """Return the means by private samples, as JSON has them."""
    with system.sessions() as session:
        means = session.query(TaskScore.mean).filter_by(part=Part.PRIVATE).all()
    assert len(means) == 2 * sum(map(len, MATRICES.values()))
    return [json.dumps(mean) for (mean,) in means]


def _close_soon(host: Person, slug: str) -> datetime:
    """Put the close of the phase to in a moment, as its organizer may."""
    closes_at = utc_now() + timedelta(seconds=2)
    files = two_parts.renamed(two_parts.bundle(closes_at=closes_at.isoformat()), slug)
    host.api.ok("PUT", f"/challenges/{slug}", files=builders.bundle_upload(files))
    return closes_at.replace(microsecond=closes_at.microsecond // 1000 * 1000)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
