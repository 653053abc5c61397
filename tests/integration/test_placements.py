"""Where a submission would stand that does not count: hidden, passed over, disqualified."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def contest_of(host: Person, **phase: Any) -> Contest:
    """Open a phase in which the last submission of a team counts."""
    asked = {"selection": "last", "quota": {"per_day": 9, "total": 9}, **phase}
    made = builders.challenge(
        host, builders.bundle_files(builders.bundle_config(phases=[builders.phase_config(**asked)]))
    )
    return Contest(host, made, made["phases"][0]["id"])


def enter(parts: Parts, contest: Contest, share: float, *, by: Person | None = None) -> Any:
    """Hand in embeddings that are so true, and score them; return who did and the id."""
    by = by or builders.contestant(contest.host.api, contest.challenge)
    seed = int(1000 * share)
    key = builders.submit(by, contest.phase, builders.blend(share, seed)).json()["id"]
    evaluate_submission(parts, UUID(key))
    return by, key


def board(parts: Parts, contest: Contest) -> Any:
    rank_phase(parts, UUID(contest.phase))
    return contest.host.api.ok("GET", f"/phases/{contest.phase}/leaderboard")


def placement(by: Person, key: str) -> Any:
    return by.api.ok("GET", f"/submissions/{key}/placement")


@pytest.mark.parametrize("method", ["average-rank", "mean-score", "borda"])
def test_a_hidden_submission_is_placed_where_it_stands_once_it_is_shown(
    parts: Parts, host: Person, method: str
) -> None:
    contest = contest_of(host, ranking=method)
    team, shown = enter(parts, contest, 0.2)
    for share in (0.9, 0.6, 0.4):
        enter(parts, contest, share)
    _, hidden = enter(parts, contest, 0.75, by=team)
    team.api.ok("PATCH", f"/submissions/{hidden}", json={"public": False})
    before = board(parts, contest)
    entries = {one["submission_id"]: one for one in before["entries"]}
    assert hidden not in entries
    would = placement(team, hidden)
    assert (would["counts"], would["n_others"]) == (False, 3)
    assert would["snapshot"] == before["snapshot"]
    own = placement(team, shown)
    assert (own["counts"], own["rank"]) == (True, entries[shown]["rank"])

    team.api.ok("PATCH", f"/submissions/{hidden}", json={"public": True})
    after = {one["submission_id"]: one for one in board(parts, contest)["entries"]}
    assert would["rank"] == after[hidden]["rank"] == 2
    assert next(iter(would["ranks"])) == method
    # neuco's weights are of the pool, which with this entry is another one.
    del would["ranks"]["neuco"], after[hidden]["ranks"]["neuco"]
    assert would["ranks"] == after[hidden]["ranks"]


def test_baselines_and_the_disqualified_are_placed_too_and_move_nobody(
    parts: Parts, host: Person
) -> None:
    contest = contest_of(host)
    baseline = builders.submit(host, contest.phase, builders.blend(0.5, 7), baseline="true")
    evaluate_submission(parts, UUID(baseline.json()["id"]))
    entered = [enter(parts, contest, share) for share in (0.9, 0.7, 0.3)]
    team, struck = entered[1]
    host.api.ok("PUT", f"/submissions/{struck}/disqualification", json={"reason": "A copy."})
    entries = board(parts, contest)["entries"]
    (line,) = [one for one in entries if one["is_baseline"]]
    assert placement(host, baseline.json()["id"])["rank"] == line["would_rank"] == 2
    for by in (team, host):
        would = placement(by, struck)
        assert (would["rank"], would["counts"], would["n_others"]) == (2, False, 2)
    assert [one["rank"] for one in entries if not one["is_baseline"]] == [1, 2]


def test_what_has_no_place_is_not_on_the_board(parts: Parts, host: Person) -> None:
    contest = contest_of(host)
    team, key = enter(parts, contest, 0.5)
    address = f"/submissions/{key}/placement"
    unranked = team.api.get(address)
    assert (unranked.status_code, unranked.json()["title"]) == (
        404,
        "Not on this board",
    )
    board(parts, contest)
    assert placement(team, key)["rank"] == 1
    waiting = builders.submit(team, contest.phase, builders.noise(3)).json()["id"]
    assert team.api.get(f"/submissions/{waiting}/placement").status_code == 404
    stranger = builders.contestant(host.api, contest.challenge)
    assert stranger.api.get(address).status_code == 404


def test_a_board_that_is_not_public_places_for_those_who_run_it_only(
    parts: Parts, host: Person
) -> None:
    contest = contest_of(host, board={"visible": False})
    team, key = enter(parts, contest, 0.5)
    board(parts, contest)
    assert team.api.get(f"/submissions/{key}/placement").status_code == 404
    assert placement(host, key)["rank"] == 1
