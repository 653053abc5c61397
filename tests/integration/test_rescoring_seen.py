"""Who sees what of re-scorings: open ones nobody else, applied ones as far as the board is seen."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.clock import to_json_instant, utc_now
from app.models import ChallengeRole, Role
from tests import builders, rescoring
from tests.api import Api
from tests.rescoring import Game
from worker.parts import Parts


def listed(api: Api, game: Game) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.ok("GET", f"/challenges/{game.slug}/rescorings")["items"]
    return items


def reader_of(api: Api, game: Game, parts: Parts) -> Api:
    made = builders.person(api)
    with parts.sessions() as session:
        challenge = UUID(game.contest.challenge["id"])
        role = ChallengeRole(challenge_id=challenge, user_id=UUID(made.id), role=Role.READER)
        session.add(role)
        session.commit()
    return made.api


def test_an_open_set_is_seen_by_organizers_and_readers_only(api: Api, parts: Parts) -> None:
    game = rescoring.play(api, parts)
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    reader, team = reader_of(api, game, parts), game.teams[0].api
    assert listed(reader, game) == listed(game.host.api, game) != []
    assert reader.ok("GET", address)["inside"]["progress"]["total"] == 4
    assert reader.get(f"{address}/preview").status_code == 200
    assert len(reader.ok("GET", f"{address}/items")["items"]) == 4
    for verb in ("application", "cancellation", "retries"):
        assert reader.post(f"{address}/{verb}").status_code == 403
    for one in (team, api):
        assert listed(one, game) == []
        assert one.get(address).status_code == 404
    assert team.get(f"{address}/preview").status_code == 404
    assert team.get(f"{address}/items").status_code == 404
    game.host.api.ok("POST", f"{address}/cancellation")
    assert listed(team, game) == []
    assert [one["state"] for one in listed(reader, game)] == ["cancelled"]


def test_an_applied_set_is_public_with_its_reason_and_who_moved(api: Api, parts: Parts) -> None:
    game = rescoring.play(api, parts)
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    applied = rescoring.apply(game.host, address, parts)
    (shown,) = listed(api, game)
    assert shown == applied | {"inside": None}
    assert shown["reason"] == rescoring.REASON
    assert len(shown["phases"][0]["moves"]) == 4
    assert applied["inside"]["by"] == applied["inside"]["decided_by"] == "Somebody"
    assert game.teams[0].api.get(f"{address}/items").status_code == 403
    assert "sha256" not in api.get(address).text


def test_masked_tasks_stay_masked_and_a_hidden_board_hides_who_moved(
    api: Api, parts: Parts
) -> None:
    game = rescoring.play(api, parts, board={"visible": False, "task_names": "masked"})

    def drop(config: dict[str, Any]) -> None:
        config["phases"][0]["tasks"] = ["wet"]

    address = rescoring.make(game.host, game.slug, drop)
    rescoring.work(parts, address)
    applied = rescoring.apply(game.host, address, parts)
    (phase,) = applied["phases"]
    assert phase["changes"][0]["task"] == "height"
    assert len(phase["moves"]) == 4
    answer = api.get(address)
    (shown,) = answer.json()["phases"]
    assert shown["moves"] is None
    assert shown["changes"] == [
        {"what": "task-removed", "task": "task-01", "before": "weight 1", "after": None}
    ]
    assert "height" not in answer.text


def test_a_frozen_board_keeps_back_who_moved_until_it_is_revealed(api: Api, parts: Parts) -> None:
    frozen_at = to_json_instant(utc_now() - timedelta(minutes=1))
    game = rescoring.play(api, parts, board={"frozen_at": frozen_at})
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    applied = rescoring.apply(game.host, address, parts)
    assert applied["phases"][0]["moves"] is not None
    assert api.ok("GET", address)["phases"][0]["moves"] is None
    path = f"/phases/{game.phase}/ranking-changes"
    told = game.host.api.ok("POST", path, json={"board_frozen_at": None})
    reveal = {"board_frozen_at": None, "apply": True, "reason": "It is over."}
    game.host.api.ok("POST", path, json=reveal | {"expected": told["expected"]})
    assert api.ok("GET", address)["phases"][0]["moves"] == applied["phases"][0]["moves"]


@pytest.mark.parametrize("sees", ["aggregate", "tasks"])
def test_a_team_sees_its_own_history_to_the_decimals_released(
    api: Api, parts: Parts, sees: str
) -> None:
    game = rescoring.play(api, parts, team_sees=sees, board={"decimals": 2})
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    rescoring.apply(game.host, address, parts)
    path = f"/submissions/{game.submissions[0]}"
    team, host = (who.ok("GET", path)["evaluations"] for who in (game.teams[0].api, game.host.api))
    assert [one["mean_score"] for one in team] == [round(one["mean_score"], 2) for one in host]
    assert game.teams[1].api.get(path).status_code == 404
