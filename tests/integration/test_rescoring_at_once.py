"""Re-scorings of several phases, and several people and processes at one of them at once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.clock import utc_now
from app.models import AuditEntry, Evaluation, ItemState, Notice, NoticeKind
from tests import builders, rescoring
from tests.api import Api
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rescore import rescore_submission
from worker.rescoring_sweep import add_newly_scored


def test_labels_of_two_phases_change_in_both_at_once(api: Api, parts: Parts) -> None:
    host = builders.organizer(api, parts.sessions)
    phases = [
        builders.phase_config(slug, tasks=tasks, quota=dict(rescoring.QUOTA))
        for slug, tasks in (("dev", ["height", "wet"]), ("test", ["height"]), ("dry", ["wet"]))
    ]
    files = builders.bundle_files(builders.bundle_config(phases=phases))
    challenge = builders.challenge(host, files)
    slug, ids = challenge["slug"], [phase["id"] for phase in challenge["phases"]]
    made = [
        UUID(builders.submit(host, ids[0], builders.truth(), baseline="true").json()["id"]),
        UUID(builders.submit(host, ids[1], builders.noise(1), baseline="true").json()["id"]),
        UUID(builders.submit(host, ids[2], builders.noise(2), baseline="true").json()["id"]),
    ]
    for key in made:
        evaluate_submission(parts, key)
    address = rescoring.make(host, slug, files=rescoring.other_heights())
    told = host.api.ok("GET", address)
    assert [one["slug"] for one in told["phases"]] == ["dev", "test"]
    assert told["inside"]["progress"]["total"] == 2
    rescoring.work(parts, address)
    preview = host.api.ok("GET", f"{address}/preview")["phases"]
    assert [(one["slug"], one["summary"]["rescored"]) for one in preview] == [
        ("dev", 1), ("test", 1),
    ]  # fmt: skip
    rescoring.apply(host, address, parts)
    with parts.sessions() as session:
        versions = [
            session.scalars(
                sa.select(Evaluation.receipt).where(
                    Evaluation.submission_id == key, Evaluation.is_official
                )
            ).one()["label_sets"]
            for key in made
        ]
    assert [one["height"]["version"] for one in versions[:2]] == [2, 2]
    assert versions[2]["wet"]["version"] == 1
    upload = {"bundle": ("b.zip", host.api.get(f"/challenges/{slug}/bundle").content)}
    assert host.api.ok("POST", f"/challenges/{slug}/plan", files=upload)["changes"] == []


def test_two_who_apply_it_at_once_apply_it_once(api: Api, parts: Parts) -> None:
    game = rescoring.play(api, parts)
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    rescoring.work(parts, address)

    def apply(_: int) -> Any:
        return game.host.api.ok("POST", f"{address}/application", changes=None)

    with ThreadPoolExecutor(3) as pool:
        first, *others = pool.map(apply, range(3))
    assert all(one == first for one in others)
    with parts.sessions() as session:
        entries = sa.select(sa.func.count()).where(
            AuditEntry.action == "rescoring.applied",
            AuditEntry.subject_id == address.rpartition("/")[2],
        )
        assert session.scalar(entries) == 1
        notices = sa.select(sa.func.count()).where(
            Notice.kind == NoticeKind.RESCORED, Notice.phase_id == UUID(game.phase)
        )
        assert session.scalar(notices) == 1


def test_sets_that_are_made_at_once_are_one(api: Api, parts: Parts) -> None:
    game = rescoring.play(api, parts)
    upload = rescoring.changed_bundle(game.host, game.slug, files=rescoring.other_heights())

    def make(_: int) -> int:
        return int(rescoring.create(game.host, game.slug, upload).status_code)

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(make, range(3))) == [201, 409, 409]


def test_workers_and_sweeps_at_once_evaluate_each_item_once(api: Api, parts: Parts) -> None:
    game = rescoring.play(api, parts)
    address = rescoring.make(game.host, game.slug, files=rescoring.other_heights())
    items = [one.id for one in rescoring.items_of(parts, address)]
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(rescore_submission, parts, key) for key in [*items, *items]]
        jobs += [pool.submit(add_newly_scored, parts, now=utc_now()) for _ in range(3)]
        for job in jobs:
            job.result()
    found = rescoring.items_of(parts, address)
    assert [one.id for one in found] == items
    assert {(one.state, one.attempt) for one in found} == {(ItemState.DONE, 1)}
