"""A re-scoring from the bundle to the board: prepared beside the live scores, then applied."""

from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import undefer

from app.leaderboards.verifying import verify_snapshots
from app.models import Evaluation, Notice, NoticeKind, Phase, Task
from tests import builders, rescoring
from tests.api import Api
from tests.rescoring import Game
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase


@pytest.fixture
def game(api: Api, parts: Parts) -> Game:
    return rescoring.play(api, parts)


def of_phase(config: dict[str, Any]) -> dict[str, Any]:
    phase: dict[str, Any] = config["phases"][0]
    return phase


def official(parts: Parts, submission: str) -> list[Evaluation]:
    with parts.sessions() as session:
        statement = sa.select(Evaluation).where(
            Evaluation.submission_id == UUID(submission), Evaluation.is_official
        )
        return list(session.scalars(statement.options(undefer(Evaluation.sample_draws))))


def holds_all(parts: Parts, phase: str) -> bool:
    with parts.sessions() as session:
        return all(one.holds for one in verify_snapshots(session, UUID(phase)))


def test_new_labels_are_previewed_and_applied_as_a_whole(game: Game, parts: Parts) -> None:
    host, phase = game.host, game.phase
    before = host.api.ok("GET", f"/phases/{phase}/leaderboard")
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    made = host.api.ok("GET", address)
    assert made["state"] == "preparing"
    assert made["inside"]["progress"]["total"] == made["inside"]["progress"]["queued"] == 4
    assert made["phases"][0]["changes"] == [
        {"what": "labels", "task": "height", "before": "version 1", "after": "version 2"}
    ]
    assert not host.api.ok("GET", f"{address}/preview")["is_complete"]
    assert rescoring.work(parts, address) == 4
    assert host.api.ok("GET", address)["state"] == "ready"
    preview = host.api.ok("GET", f"{address}/preview")
    assert preview["is_complete"]
    assert host.api.ok("GET", f"/phases/{phase}/leaderboard") == before

    applied = rescoring.apply(host, address, parts)

    assert applied["state"] == "applied"
    after = host.api.ok("GET", f"/phases/{phase}/leaderboard")
    assert after["snapshot"] > before["snapshot"]
    (moves,) = (one["moves"] for one in preview["phases"])
    assert applied["phases"][0]["moves"] == moves
    assert host.api.ok("GET", f"{address}/preview") == preview
    shown = [(one["team"], one["rank"], one["mean_score"]) for one in after["entries"]]
    assert shown == [
        (one["team"], None if one["is_baseline"] else one["after"], one["score_after"])
        for one in moves
    ]
    assert holds_all(parts, phase)


def test_applying_again_changes_nothing_and_cancelling_is_too_late(
    game: Game, parts: Parts
) -> None:
    host = game.host
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    applied = rescoring.apply(host, address, parts)
    assert host.api.ok("POST", f"{address}/application", changes=False) == applied
    for verb in ("cancellation", "retries"):
        refused = host.api.post(f"{address}/{verb}")
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("rescoring-decided")
    assert official(parts, game.submissions[0])[0].id == (
        rescoring.items_of(parts, address)[0].evaluation_id
    )


def test_a_cancelled_set_changes_no_score_and_is_never_applied(game: Game, parts: Parts) -> None:
    host = game.host
    before = official(parts, game.submissions[0])[0].id
    bundle = host.api.get(f"/challenges/{game.slug}/bundle").content
    address = rescoring.make(host, game.slug, files=rescoring.other_heights())
    assert rescoring.work(parts, address) == 4
    cancelled = host.api.ok("POST", f"{address}/cancellation")
    assert cancelled["state"] == "cancelled"
    assert host.api.ok("POST", f"{address}/cancellation", changes=False) == cancelled
    for answer in (host.api.post(f"{address}/application"), host.api.get(f"{address}/preview")):
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("rescoring-decided")
    assert official(parts, game.submissions[0])[0].id == before
    assert host.api.get(f"/challenges/{game.slug}/bundle").content == bundle
    # The same again finds everything evaluated: it is ready at once.
    again = rescoring.make(host, game.slug, files=rescoring.other_heights())
    assert host.api.ok("GET", again)["state"] == "ready"


def test_other_weights_need_no_evaluation(game: Game, parts: Parts) -> None:
    host = game.host

    def weigh(config: dict[str, Any]) -> None:
        of_phase(config)["tasks"] = [{"task": "height", "weight": 3}, "wet"]

    address = rescoring.make(host, game.slug, weigh)
    made = host.api.ok("GET", address)
    assert made["state"] == "ready"
    assert made["inside"]["progress"] | {"ends_at": None} == {
        "total": 4, "done": 4, "running": 0, "queued": 0, "rejected": 0, "failed": 0,
        "set_aside": 0, "ends_at": None,
    }  # fmt: skip
    assert made["phases"][0]["changes"] == [
        {"what": "weight", "task": "height", "before": "1", "after": "3"}
    ]
    kept = [official(parts, one)[0].id for one in game.submissions]
    rescoring.apply(host, address, parts)
    assert [official(parts, one)[0].id for one in game.submissions] == kept
    shown = host.api.ok("GET", f"/submissions/{game.submissions[0]}")
    height, wet = (one["mean"] for one in shown["scores"]["tasks"])
    assert shown["scores"]["mean_score"] == pytest.approx((3 * height + wet) / 4)
    first, second = shown["evaluations"]
    assert first["mean_score"] == pytest.approx((height + wet) / 2)
    assert (first["is_official"], second["is_official"]) == (False, True)
    assert second["mean_score"] == shown["scores"]["mean_score"]


def test_where_samples_are_drawn_another_order_is_evaluated_and_other_weights_are_not(
    game: Game, parts: Parts
) -> None:
    host, one = game.host, game.submissions[0]

    def turn(config: dict[str, Any]) -> None:
        of_phase(config)["tasks"] = ["wet", "height"]

    def weigh(config: dict[str, Any]) -> None:
        of_phase(config)["tasks"] = ["wet", {"task": "height", "weight": 3}]

    turned = rescoring.make(host, game.slug, turn)
    assert rescoring.work(parts, turned) == 4
    assert [one["what"] for one in host.api.ok("GET", turned)["phases"][0]["changes"]] == ["order"]
    rescoring.apply(host, turned, parts)
    before = host.api.ok("GET", f"/submissions/{one}/analyses")["sample_bootstrap"]
    rescoring.apply(host, rescoring.make(host, game.slug, weigh), parts)
    after = host.api.ok("GET", f"/submissions/{one}/analyses")["sample_bootstrap"]
    assert after["tasks"] == before["tasks"]
    draws = np.frombuffer(official(parts, one)[0].sample_draws or b"", "<f4").reshape(2, -1)
    for told, shares in ((before, [0.5, 0.5]), (after, [0.25, 0.75])):
        error = told["mean_score"]["standard_error"]
        assert error == pytest.approx((np.array(shares) @ draws.astype(float)).std())
    assert holds_all(parts, game.phase)


def test_a_task_comes_and_another_goes_and_old_snapshots_still_hold(
    game: Game, parts: Parts
) -> None:
    host, phase = game.host, game.phase

    def swap(config: dict[str, Any]) -> None:
        config["tasks"] = [
            config["tasks"][0],
            {"slug": "tall", "title": "Tall", "type": "binary", "labels": "tall.csv"},
        ]
        of_phase(config)["tasks"] = ["height", {"task": "tall", "weight": 2}]

    tall = (builders.truth()[:, 2] > 0).astype(int)
    files = {"tall.csv": builders.labels_csv(builders.sample_ids(), tall.tolist())}
    address = rescoring.make(host, game.slug, swap, files)
    assert host.api.ok("GET", address)["phases"][0]["changes"] == [
        {"what": "task-added", "task": "tall", "before": None, "after": "weight 2"},
        {"what": "task-removed", "task": "wet", "before": "weight 1", "after": None},
    ]
    # Until it is applied the bundle is as it was.
    exported = host.api.get(f"/challenges/{game.slug}/bundle").content
    assert b"tall" not in builders.unzipped(exported)["challenge.yaml"]
    rescoring.work(parts, address)
    rescoring.apply(host, address, parts)
    board = host.api.ok("GET", f"/phases/{phase}/leaderboard")
    assert [one["name"] for one in board["tasks"]] == ["height", "tall"]
    assert holds_all(parts, phase)
    exported = host.api.get(f"/challenges/{game.slug}/bundle").content
    yaml = builders.unzipped(exported)["challenge.yaml"]
    assert b"wet" not in yaml
    upload = {"bundle": ("b.zip", exported, "application/zip")}
    plan = host.api.ok("POST", f"/challenges/{game.slug}/plan", files=upload)
    assert plan["is_allowed"]
    assert plan["changes"] == plan["added"] == plan["removed"] == []
    with parts.sessions() as session:
        challenge = session.get_one(Phase, UUID(phase)).challenge_id
        rows = session.scalars(sa.select(Task).where(Task.challenge_id == challenge))
        assert {task.slug: task.listed for task in rows} == {
            "height": True, "wet": False, "tall": True,
        }  # fmt: skip
    # Back to what was: the evaluations of then are still there.
    back = rescoring.make(host, game.slug, lambda config: unswap(config), wet_again())
    assert host.api.ok("GET", back)["state"] == "ready"
    rescoring.apply(host, back, parts)
    assert holds_all(parts, phase)
    team = game.teams[0].api.ok("GET", f"/submissions/{game.submissions[0]}")
    means = [one["mean_score"] for one in team["evaluations"]]
    assert means[0] == means[2] != means[1]


def unswap(config: dict[str, Any]) -> None:
    config["tasks"][1] = {
        "slug": "wet", "title": "Wet or dry", "type": "binary", "labels": "wet.csv",
    }  # fmt: skip
    of_phase(config)["tasks"] = ["height", "wet"]


def wet_again() -> dict[str, bytes]:
    return {"wet.csv": builders.bundle_files()["wet.csv"]}


def test_another_scorer_and_frozen_weights(api: Api, parts: Parts) -> None:
    game = rescoring.play(api, parts, ranking={"method": "neuco"})
    host, phase = game.host, game.phase
    board = host.api.ok("GET", f"/phases/{phase}/leaderboard")
    policy = {"weights_frozen_at": board["ranked_at"]}
    told = host.api.ok("POST", f"/phases/{phase}/ranking-changes", json=policy)
    host.api.ok(
        "POST",
        f"/phases/{phase}/ranking-changes",
        json=policy | {"apply": True, "expected": told["expected"], "reason": "Frozen."},
    )

    def score(config: dict[str, Any]) -> None:
        config["tasks"].append(
            {"slug": "tall", "title": "Tall", "type": "binary", "labels": "tall.csv"}
        )
        of_phase(config)["tasks"] = ["height", "wet", "tall"]
        of_phase(config)["scaling"] = "per-dimension"

    tall = (builders.truth()[:, 2] > 0).astype(int)
    files = {"tall.csv": builders.labels_csv(builders.sample_ids(), tall.tolist())}
    address = rescoring.make(host, game.slug, score, files)
    rescoring.work(parts, address)
    preview = host.api.ok("GET", f"{address}/preview")
    rescoring.apply(host, address, parts)
    after = host.api.ok("GET", f"/phases/{phase}/leaderboard")
    assert len(after["tasks"]) == 3
    ranks = {one["team"]: one["after"] for one in preview["phases"][0]["moves"] if one["team"]}
    assert rescoring.board_ranks(host.api, phase) == ranks
    assert holds_all(parts, phase)


def test_everybody_who_takes_part_is_told_why(game: Game, parts: Parts) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    rescoring.apply(game.host, address, parts)
    with parts.sessions() as session:
        notice = session.scalars(
            sa.select(Notice).where(
                Notice.kind == NoticeKind.RESCORED, Notice.phase_id == UUID(game.phase)
            )
        ).one()
    assert notice.facts["reason"] == rescoring.REASON
    view = game.teams[1].api.ok("GET", f"/submissions/{game.submissions[1]}")
    first, second = view["evaluations"]
    assert first["until"] == second["since"]
    assert second["reason"] == rescoring.REASON
    assert second["until"] is None
    assert second["mean_score"] == view["scores"]["mean_score"] != first["mean_score"]


def test_a_submission_scored_after_it_has_one_evaluation(game: Game, parts: Parts) -> None:
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)
    rescoring.apply(game.host, address, parts)
    made = builders.submit(game.teams[0], game.phase, builders.truth()).json()
    assert game.teams[0].api.ok("GET", f"/submissions/{made['id']}")["evaluations"] == []
    evaluate_submission(parts, UUID(made["id"]))
    rank_phase(parts, UUID(game.phase))
    (only,) = game.teams[0].api.ok("GET", f"/submissions/{made['id']}")["evaluations"]
    assert only["is_official"]
    assert only["rescoring_id"] is None
