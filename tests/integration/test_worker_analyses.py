"""What is found beside the scores: who sees how much of it, and what it costs to want nothing."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from app.blobs import BlobKind
from app.clock import utc_now
from app.models import Evaluation, Status, Submission
from probeboard.labelsets import SplitSpec, TaskType, make_splits, read_labels
from probeboard.probing import Analysis, ProbeTask, analyse, get_scorer, prepare, score_tasks
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.lease import Lease
from worker.parts import Parts
from worker.rank import rank_phase
from worker.sweep import return_expired_leases

X = builders.blend(0.6)
SPLITS = {"n_splits": 5, "test_size": 0.2, "seed": 1}
EVERYTHING = ["metrics", "predictions", "spectrum", "rate-distortion"]
MASKED = {"task_names": "masked", "decimals": 2}


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def contest_of(host: Person, **phase: Any) -> Contest:
    config = builders.bundle_config(phases=[builders.phase_config(**phase)])
    made = builders.challenge(host, builders.bundle_files(config))
    return Contest(host, made, made["phases"][0]["id"])


def scored(parts: Parts, contest: Contest, **fields: str) -> tuple[Person, str]:
    """Whoever handed in a submission that is scored, a team or the host, and its id."""
    by = contest.host if fields else builders.contestant(contest.host.api, contest.challenge)
    key = builders.submit(by, contest.phase, X, **fields).json()["id"]
    evaluate_submission(parts, UUID(key))
    assert by.api.ok("GET", f"/submissions/{key}")["status"] == "scored"
    return by, key


def by_library(wanted: list[str]) -> Any:
    files, ids = builders.bundle_files(), builders.sample_ids()
    tasks = []
    for slug, kind in (("height", TaskType.REGRESSION), ("wet", TaskType.BINARY)):
        labels = read_labels(files[f"{slug}.csv"], task_type=kind)
        rows = np.array([ids.index(one) for one in labels.sample_ids])
        splits = make_splits(labels, SplitSpec(**SPLITS))
        tasks.append(ProbeTask(slug, kind, rows, labels.labels, splits))
    prepared, exact = prepare(X), get_scorer("exact", 1)
    scores = list(score_tasks(prepared, tasks, scorer=exact))
    names = frozenset(Analysis(name) for name in wanted)
    return analyse(X, prepared, tasks, scores, scorer=exact, wanted=names).to_dict()


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [number for one in inner for number in numbers(one)]
    return [value] if isinstance(value, float) else []


@pytest.fixture(scope="module")
def analysed(parts: Parts, host: Person) -> tuple[Person, str]:
    """A scored submission of a phase that wants everything, and hides its tasks' names."""
    return scored(parts, contest_of(host, splits=SPLITS, analyses=EVERYTHING, board=MASKED))


def test_organizers_read_all_that_the_library_finds(
    host: Person, analysed: tuple[Person, str]
) -> None:
    _, key = analysed
    told = host.api.ok("GET", f"/submissions/{key}/analyses")
    expected = json.loads(json.dumps(by_library(EVERYTHING)))
    assert told["spectrum"] == expected["spectrum"]
    names = {"height": "task-01", "wet": "task-02"}
    assert told["metrics"] == {names[task]: one for task, one in expected["metrics"].items()}
    assert set(told["metrics"]["task-01"]) == {"mse", "mae", "spearman"}
    curve = [
        {**point, "tasks": {names[task]: mean for task, mean in point["tasks"].items()}}
        for point in expected["rate_distortion"]
    ]
    assert told["rate_distortion"] == curve
    assert len({point["bytes_per_sample"] for point in curve}) > 3


def test_a_team_reads_means_with_the_decimals_released_and_of_no_single_split(
    host: Person, analysed: tuple[Person, str]
) -> None:
    team, key = analysed
    told = team.api.ok("GET", f"/submissions/{key}/analyses")
    spectrum = told.pop("spectrum")
    assert spectrum == host.api.ok("GET", f"/submissions/{key}/analyses")["spectrum"]
    assert numbers(told)
    assert numbers(told["metrics"]) == [round(one, 2) for one in numbers(told["metrics"])]
    for point in told["rate_distortion"]:
        scores = [point["mean_score"], *point["tasks"].values()]
        assert scores == [round(one, 2) for one in scores]
    assert {
        one["split_scores"] for by_metric in told["metrics"].values() for one in by_metric.values()
    } == {None}
    assert "height" not in str(told)
    assert team.api.get(f"/submissions/{key}/predictions.npz").status_code == 403


def test_the_order_of_analyses_tells_nothing_of_masked_names(analysed: tuple[Person, str]) -> None:
    team, key = analysed
    told = team.api.ok("GET", f"/submissions/{key}/analyses")
    assert list(told["metrics"]) == ["task-01", "task-02"]
    assert {tuple(point["tasks"]) for point in told["rate_distortion"]} == {("task-01", "task-02")}


def test_a_team_that_sees_aggregates_only_reads_no_analyses(parts: Parts, host: Person) -> None:
    contest = contest_of(host, splits=SPLITS, team_sees="aggregate")
    team, key = scored(parts, contest)
    refused = team.api.get(f"/submissions/{key}/analyses")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (403, "forbidden")
    assert host.api.ok("GET", f"/submissions/{key}/analyses")["metrics"]
    rival = builders.contestant(host.api, contest.challenge)
    assert rival.api.get(f"/submissions/{key}/analyses").status_code == 404


@pytest.mark.parametrize("wanted", [[], ["predictions"], ["spectrum"]], ids=str)
def test_what_a_phase_does_not_want_is_neither_stored_nor_told(
    parts: Parts, host: Person, wanted: list[str]
) -> None:
    _, key = scored(parts, contest_of(host, splits=SPLITS, analyses=wanted), baseline="true")
    with parts.sessions() as session:
        of_it = sa.select(Evaluation).where(Evaluation.submission_id == UUID(key))
        (row,) = session.scalars(of_it.options(sa.orm.undefer(Evaluation.sample_draws)))
    assert (row.predictions_digest is not None) == ("predictions" in wanted)
    assert (row.sample_draws is not None) == ("predictions" in wanted)
    assert (row.analyses is not None) == (wanted != [])
    found = host.api.get(f"/submissions/{key}/analyses")
    assert found.status_code == (200 if wanted else 404)
    if found.is_success:
        assert (found.json()["metrics"], found.json()["rate_distortion"]) == (None, None)
        assert (found.json()["sample_bootstrap"] is not None) == ("predictions" in wanted)
    kept = host.api.get(f"/submissions/{key}/predictions.npz")
    assert kept.status_code == (200 if "predictions" in wanted else 404)


def test_before_it_is_scored_a_submission_has_no_analyses(parts: Parts, host: Person) -> None:
    contest = contest_of(host, splits=SPLITS)
    key = builders.submit(host, contest.phase, X, baseline="true").json()["id"]
    for what in ("analyses", "predictions.npz"):
        assert host.api.get(f"/submissions/{key}/{what}").status_code == 404


def test_a_team_is_told_the_kind_of_splits_and_not_how_they_were_drawn(
    parts: Parts, host: Person
) -> None:
    team, key = scored(parts, contest_of(host, splits=SPLITS))
    told = team.api.ok("GET", f"/submissions/{key}")["receipt"]["evaluation"]
    assert told["splits"]["wet"] == {
        "kind": "shuffle", "n_splits": 5, "test_size": 0.2, "shots": None,
    }  # fmt: skip
    seen = host.api.ok("GET", f"/submissions/{key}")["receipt"]["evaluation"]
    assert seen["splits"]["wet"]["seed"] == 1


def test_a_single_predefined_split_has_no_standard_error_on_any_form_of_the_board(
    parts: Parts, host: Person
) -> None:
    ids = builders.sample_ids()
    marks = [f"{one},{'test' if number % 4 == 0 else 'train'}" for number, one in enumerate(ids)]
    phase = builders.phase_config(splits={"kind": "predefined", "predefined": "parts.csv"})
    config = builders.bundle_config(phases=[phase])
    files = builders.bundle_files(config)
    files["parts.csv"] = "\n".join(["id,split", *marks]).encode() + b"\n"
    made = builders.challenge(host, files)
    contest = Contest(host, made, made["phases"][0]["id"])
    team, key = scored(parts, contest)
    rank_phase(parts, UUID(contest.phase))
    one = team.api.ok("GET", f"/submissions/{key}")["scores"]["tasks"][0]
    assert (one["std"], one["standard_error"]) == (0.0, None)
    board = host.api.ok("GET", f"/phases/{contest.phase}/leaderboard")
    cell = board["entries"][0]["tasks"]["height"]
    assert (cell["standard_error"], cell["rank"]) == (None, 1.0)
    text = host.api.get(f"/phases/{contest.phase}/leaderboard.csv").text
    (line,) = csv.DictReader(io.StringIO(text, newline=""))
    assert line["height:standard_error"] == ""
    assert float(line["height:mean"]) == cell["mean"]
    assert "None" not in host.api.get(f"/phases/{contest.phase}/leaderboard.md").text


def test_a_lease_that_is_lost_at_the_very_end_leaves_a_blob_that_the_next_attempt_finds(
    parts: Parts, host: Person
) -> None:
    contest = contest_of(host, splits=SPLITS)
    key = UUID(
        builders.submit(host, contest.phase, builders.noise(99), baseline="true").json()["id"]
    )
    folder = parts.blobs.root / BlobKind.PREDICTIONS

    class Snatched(Lease):
        """A lease that the sweep takes back when all is computed."""

        @contextmanager
        def kept(self) -> Iterator[None]:
            with super().kept():
                yield
            return_expired_leases(parts, now=utc_now() + timedelta(minutes=5))

    before = set(folder.rglob("*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("worker.evaluate.Lease", Snatched)
        evaluate_submission(parts, key)
    left = {path.name for path in set(folder.rglob("*")) - before if path.is_file()}
    with parts.sessions() as session:
        assert session.get_one(Submission, key).status == Status.QUEUED
    evaluate_submission(parts, key)
    with parts.sessions() as session:
        (row,) = session.scalars(sa.select(Evaluation).where(Evaluation.submission_id == key))
    assert left == {row.predictions_digest}
    assert row.attempt == 2
