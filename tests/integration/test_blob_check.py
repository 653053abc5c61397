"""`verify-blobs` finds all that names a blob: rows, and documents of receipts and re-scorings."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from app.blobs import BlobKind
from app.models import Evaluation, PhaseTask, Rescoring
from app.operations.blob_check import verify_blobs
from tests import builders, rescoring
from tests.api import Api
from tests.builders import Contest
from worker.evaluate import evaluate_submission
from worker.parts import Parts

Faults = dict[tuple[BlobKind, str], str | None]
SPLITS = {"kind": "grouped", "n_splits": 5, "test_size": 0.2, "seed": 1, "groups": "groups.csv"}


def faults(parts: Parts) -> Faults:
    """Hold the whole store to the whole database, of which other tests have their parts."""
    with parts.sessions() as session:
        return {(one.kind, one.digest): one.fault for one in verify_blobs(session, parts.blobs)}


def is_missed(parts: Parts, kind: BlobKind, digest: str) -> bool:
    """Take a blob away for a moment."""
    path = parts.blobs.existing_path(kind, digest)
    aside = path.with_suffix(".aside")
    path.rename(aside)
    found = faults(parts)
    aside.rename(path)
    return found[kind, digest] == "missing"


def marks_of(parts: Parts, contest: Contest) -> set[str]:
    with parts.sessions() as session:
        marks = PhaseTask.splits["marks"].astext
        return set(
            session.scalars(sa.select(marks).where(PhaseTask.phase_id == UUID(contest.phase)))
        )


def test_what_only_an_open_set_or_an_old_receipt_names_is_looked_for(
    api: Api, parts: Parts
) -> None:
    contest = builders.contest(
        api, parts.sessions, files={"groups.csv": builders.groups_csv()}, splits=SPLITS
    )
    team = builders.contestant(api, contest.challenge)
    key = builders.submit(team, contest.phase, builders.blend(0.7, 3)).json()["id"]
    evaluate_submission(parts, UUID(key))
    (old,) = marks_of(parts, contest)
    assert faults(parts)[BlobKind.MARKS, old] is None

    address = rescoring.make(
        contest.host, contest.challenge["slug"], by_other_groups,
        {"other.csv": builders.groups_csv(n_groups=10)},
    )  # fmt: skip
    with parts.sessions() as session:
        rules = session.get_one(Rescoring, UUID(address.rpartition("/")[2])).rules
    (new,) = {task["splits"]["marks"] for task in rules["phases"][0]["after"]["tasks"]}
    assert marks_of(parts, contest) == {old} != {new}
    assert is_missed(parts, BlobKind.MARKS, new)

    rescoring.work(parts, address)
    contest.host.api.ok("POST", f"{address}/application")
    assert marks_of(parts, contest) == {new}
    forget(parts, address)
    assert is_missed(parts, BlobKind.MARKS, old)


def by_other_groups(config: dict[str, Any]) -> None:
    config["phases"][0]["splits"]["groups"] = "other.csv"


def forget(parts: Parts, address: str) -> None:
    """Let the receipts alone name the old marks."""
    with parts.sessions() as session:
        rescoring_id = UUID(address.rpartition("/")[2])
        made = session.get_one(Rescoring, rescoring_id)
        phases = [phase | {"before": phase["after"]} for phase in made.rules["phases"]]
        made.rules = made.rules | {"phases": phases}
        session.commit()


def test_the_sides_and_predictions_of_private_samples_are_looked_for(
    api: Api, parts: Parts
) -> None:
    private = {"share": 0.5, "seed": 7}
    contest = builders.contest(api, parts.sessions, private=private, tasks=["height"])
    team = builders.contestant(api, contest.challenge)
    key = builders.submit(team, contest.phase, builders.blend(0.7, 4)).json()["id"]
    evaluate_submission(parts, UUID(key))
    with parts.sessions() as session:
        made = session.scalars(
            sa.select(Evaluation).where(Evaluation.submission_id == UUID(key))
        ).one()
    sides, predictions = made.receipt["private_sides"], made.private_predictions_digest
    assert predictions is not None
    assert is_missed(parts, BlobKind.MARKS, sides)
    assert is_missed(parts, BlobKind.PREDICTIONS, predictions)
    assert is_missed(parts, BlobKind.SAMPLES, made.receipt["samples"])
