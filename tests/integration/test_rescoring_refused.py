"""What a re-scoring may not be, and when it cannot be made or applied."""

from copy import deepcopy
from typing import Any

import pytest

from tests import builders, rescoring
from tests.api import Api
from tests.rescoring import Game
from worker.parts import Parts


@pytest.fixture
def game(api: Api, parts: Parts) -> Game:
    return rescoring.play(api, parts)


def refused(game: Game, edit: Any, reason: str = rescoring.REASON, **files: Any) -> Any:
    upload = rescoring.changed_bundle(game.host, game.slug, edit, **files)
    answer = rescoring.create(game.host, game.slug, upload, reason)
    assert answer.status_code in (409, 422), answer.text
    return answer.json()


def code_of(problem: Any) -> str:
    return str(problem["type"].rpartition("/")[2])


def test_a_bundle_that_changes_no_score_is_refused(game: Game) -> None:
    assert code_of(refused(game, lambda _: None)) == "nothing-to-rescore"
    title = refused(game, lambda config: config.update(title="Another"))
    assert code_of(title) == "nothing-to-rescore"


def test_a_bundle_that_changes_more_than_scores_is_refused_with_the_keys(game: Game) -> None:
    def edit(config: dict[str, Any]) -> None:
        config["title"] = "Another"
        phase = config["phases"][0]
        phase["tasks"] = [{"task": "height", "public_name": "Tallness"}]
        phase["quota"]["per_day"] = 7
        phase["budget_bytes"] = 99
        config["tasks"].append(config["tasks"][0] | {"slug": "spare", "title": "Spare"})

    problem = refused(game, edit)
    assert code_of(problem) == "rescoring-cannot-change"
    assert set(problem["paths"]) == {
        "title", "tasks.spare", "phases.dev.tasks.height.public_name", "phases.dev.quota.per_day",
        "phases.dev.budget_bytes",
    }  # fmt: skip


def test_samples_and_phases_are_not_for_it(game: Game) -> None:
    def add(config: dict[str, Any]) -> None:
        config["phases"][0]["scaling"] = "per-dimension"
        config["phases"].append(deepcopy(config["phases"][0]) | {"slug": "more", "title": "More"})

    assert refused(game, add)["paths"] == ["phases.more"]
    fewer = "\n".join(["id", *builders.sample_ids(59)]).encode() + b"\n"
    labels = {
        "samples.csv": fewer,
        **{f"labels/{one}.csv": _cut(game, f"{one}.csv") for one in ("height", "wet")},
    }
    problem = refused(game, lambda _: None, files=labels)
    assert problem["paths"] == ["phases.dev.samples"]


def _cut(game: Game, name: str) -> bytes:
    return b"\n".join(builders.bundle_files()[name].splitlines()[:60]) + b"\n"


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2001])
def test_it_needs_a_reason(game: Game, reason: str) -> None:
    upload = rescoring.changed_bundle(game.host, game.slug, files=rescoring.other_heights())
    answer = rescoring.create(game.host, game.slug, upload, reason)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/body/reason"


def test_a_second_set_waits_for_the_first(game: Game, parts: Parts) -> None:
    first = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    files = {"files": rescoring.other_heights(seed=2)}
    problem = refused(game, lambda _: None, **files)
    assert code_of(problem) == "rescoring-open"
    assert first.rpartition("/")[2] in problem["detail"]
    game.host.api.ok("POST", f"{first}/cancellation")
    rescoring.make(game.host, game.slug, files=rescoring.other_heights(seed=2))


def test_it_is_not_applied_before_everything_is_evaluated(game: Game) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    answer = game.host.api.post(f"{address}/application")
    assert answer.status_code == 409
    assert code_of(answer.json()) == "rescoring-not-ready"
    assert (answer.json()["total"], answer.json()["waiting"]) == (4, 4)


def test_an_update_of_the_same_rules_makes_it_outdated_and_another_does_not(
    game: Game, parts: Parts
) -> None:
    host = game.host
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    put(game, lambda config: config.update(title="Another"))
    assert host.api.ok("GET", address)["inside"]["outdated"] == []

    def name(config: dict[str, Any]) -> None:
        config["phases"][0]["tasks"] = [{"task": "height", "public_name": "Tallness"}, "wet"]

    put(game, name)
    assert host.api.ok("GET", address)["inside"]["outdated"] == ["dev"]
    answer = host.api.post(f"{address}/application")
    assert answer.status_code == 409
    assert code_of(answer.json()) == "rescoring-outdated"
    assert "dev" in answer.json()["detail"]
    host.api.ok("POST", f"{address}/cancellation")


def test_a_phase_that_came_with_a_task_that_is_asked_otherwise_makes_it_outdated(
    game: Game, parts: Parts
) -> None:
    def ask(config: dict[str, Any]) -> None:
        config["tasks"][1]["probe"] = "knn"

    address = rescoring.make(game.host, game.slug, ask)
    changes = game.host.api.ok("GET", address)["phases"][0]["changes"]
    assert changes == [{"what": "probe", "task": "wet", "before": "linear", "after": "knn"}]
    rescoring.work(parts, address)

    def add(config: dict[str, Any]) -> None:
        config["phases"].append(
            deepcopy(config["phases"][0]) | {"slug": "more", "title": "More", "tasks": ["wet"]}
        )

    put(game, add)
    assert game.host.api.ok("GET", address)["inside"]["outdated"] == ["more"]


def put(game: Game, edit: Any) -> None:
    upload = rescoring.changed_bundle(game.host, game.slug, edit)
    game.host.api.ok("PUT", f"/challenges/{game.slug}", files=upload)


def test_nobody_finds_a_set_of_another_challenge(game: Game, api: Api, parts: Parts) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    other = builders.contest(api, parts.sessions)
    moved = address.replace(game.slug, other.challenge["slug"])
    assert other.host.api.get(moved).status_code == 404
    assert other.host.api.post(f"{moved}/application").status_code == 404
