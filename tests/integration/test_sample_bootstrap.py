"""The bootstrap of samples, from the worker's draws to boards, comparisons and analyses."""

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa
from numpy.typing import NDArray

from app.leaderboards.comparison_schemas import ComparisonView
from app.leaderboards.derive import rederive
from app.models import Evaluation, Snapshot
from app.queue import request_ranking
from app.submissions.split_scores import ScoreCache
from probeboard.labelsets import (
    SplitKind,
    SplitSpec,
    TaskType,
    make_splits,
    marks_to_bytes,
    read_labels,
)
from probeboard.probing import ProbeTask, get_scorer, prepare, score_tasks
from probeboard.probing.sample_bootstrap import Units, bootstrap_samples, each_sample
from tests import builders
from tests.api import Api
from tests.builders import Contest, Person
from tests.serving import RunningServer
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

SPLITS = {"n_splits": 5, "test_size": 0.2, "seed": 1}
GROUPED = SPLITS | {"kind": "grouped", "groups": "groups.csv"}
ENTRIES = [builders.truth(), builders.blend(0.7, 1), builders.blend(0.5, 2), builders.noise(3)]


@pytest.fixture(scope="module")
def host(server: RunningServer, parts: Parts) -> Iterator[Person]:
    with Api(server.url) as api:
        yield builders.organizer(api, parts.sessions)


def contest_of(host: Person, *, uses: bool = False, **phase: Any) -> Contest:
    """Open a phase that keeps predictions; with a multilabel task, too, if asked for."""
    asked = {"splits": SPLITS, "analyses": ["predictions"], "quota": {"per_day": 9, "total": 9}}
    asked |= {"tasks": ["height", "wet", "uses"]} if uses else {}
    config = builders.bundle_config(phases=[builders.phase_config(**asked | phase)])
    files: dict[str, bytes] = {"groups.csv": builders.groups_csv()}
    if uses:
        task = {"slug": "uses", "title": "Uses", "type": "multilabel", "labels": "uses.csv"}
        config["tasks"].append(task)
        columns = (builders.truth() > 0).astype(int).tolist()
        rows = zip(builders.sample_ids(), columns, strict=True)
        lines = [
            "id,crops,trees,water,snow",
            *(f"{one},{a},{b},{c},{d}" for one, (a, b, c, d) in rows),
        ]
        files["uses.csv"] = "\n".join(lines).encode() + b"\n"
    made = builders.challenge(host, builders.bundle_files(config) | files)
    return Contest(host, made, made["phases"][0]["id"])


def enter(parts: Parts, contest: Contest, matrix: NDArray[Any]) -> tuple[Person, str]:
    by = builders.contestant(contest.host.api, contest.challenge)
    key = builders.submit(by, contest.phase, matrix).json()["id"]
    evaluate_submission(parts, UUID(key))
    return by, key


def board_of(parts: Parts, contest: Contest) -> Any:
    rank_phase(parts, UUID(contest.phase))
    return contest.host.api.ok("GET", f"/phases/{contest.phase}/leaderboard")


def evaluation(parts: Parts, key: str) -> Evaluation:
    with parts.sessions() as session:
        found = sa.select(Evaluation).where(Evaluation.submission_id == UUID(key))
        return session.scalars(found.options(sa.orm.undefer(Evaluation.sample_draws))).one()


def draws(parts: Parts, key: str, n_tasks: int) -> NDArray[np.float32]:
    kept = evaluation(parts, key).sample_draws
    assert kept is not None
    return np.frombuffer(kept, dtype="<f4").reshape(n_tasks, 1000)


def by_library(contest: Contest, matrix: NDArray[np.float32], *, grouped: bool) -> list[Any]:
    """Bootstrap the two tasks of every contest by the library alone."""
    files, ids = builders.bundle_files(), builders.sample_ids()
    marks = {one: f"site-{number % 12}" for number, one in enumerate(ids)}
    digest = hashlib.sha256(marks_to_bytes(marks)).hexdigest()
    spec = SplitSpec(5, 0.2, 1, kind=SplitKind.GROUPED if grouped else SplitKind.SHUFFLE)
    found = []
    for slug, kind in (("height", TaskType.REGRESSION), ("wet", TaskType.BINARY)):
        labels = read_labels(files[f"{slug}.csv"], task_type=kind)
        rows = np.array([ids.index(one) for one in labels.sample_ids])
        splits = make_splits(labels, spec, marks if grouped else None)
        task = ProbeTask(slug, kind, rows, labels.labels, splits)
        (scores,) = score_tasks(prepare(matrix), [task], scorer=get_scorer("exact"))
        names = sorted(set(marks.values()))
        of = np.array([names.index(marks[one]) for one in labels.sample_ids])
        units = Units(of, 12, f"groups {digest}") if grouped else each_sample(task, len(ids))
        seed = f"{contest.challenge['slug']}/dev"
        found.append(bootstrap_samples(task, scores.predictions, units, seed=seed, floor=-1.0))
    return found


@pytest.fixture(scope="module", params=[False, True], ids=["samples", "groups"])
def ranked(
    request: pytest.FixtureRequest, parts: Parts, host: Person
) -> tuple[bool, Contest, list[tuple[Person, str]], Any]:
    """Four teams on a board, split by group or not."""
    contest = contest_of(host, splits=GROUPED if request.param else SPLITS)
    entries = [enter(parts, contest, one) for one in ENTRIES]
    return request.param, contest, entries, board_of(parts, contest)


def test_the_worker_keeps_the_draws_that_the_library_makes(parts: Parts, ranked: Any) -> None:
    grouped, contest, entries, _ = ranked
    for (_, key), matrix in zip(entries[1:3], ENTRIES[1:3], strict=True):
        expected = by_library(contest, matrix, grouped=grouped)
        np.testing.assert_allclose(draws(parts, key, 2), expected, atol=1e-6)


def test_the_standard_errors_are_among_the_analyses_and_cut_like_them(
    parts: Parts, host: Person, ranked: Any
) -> None:
    grouped, _, entries, _ = ranked
    team, key = entries[2]
    kept = draws(parts, key, 2).astype(np.float64)
    told = host.api.ok("GET", f"/submissions/{key}/analyses")["sample_bootstrap"]
    n_units = 12 if grouped else 60
    assert (told["draws"], told["unit"]) == (1000, "group" if grouped else "sample")
    assert list(told["tasks"]) == ["height", "wet"]
    for one, row in zip(told["tasks"].values(), kept, strict=True):
        assert one == {"standard_error": pytest.approx(row.std()), "n_units": n_units}
        assert one["standard_error"] > 0.0
    assert told["mean_score"]["standard_error"] == pytest.approx(kept.mean(axis=0).std())
    seen = team.api.ok("GET", f"/submissions/{key}/analyses")["sample_bootstrap"]
    for task, one in seen["tasks"].items():
        error = round(told["tasks"][task]["standard_error"], 4)
        assert one == {"standard_error": error, "n_units": None}
    assert seen["mean_score"]["standard_error"] == round(told["mean_score"]["standard_error"], 4)


def test_the_board_tells_intervals_that_hold_the_ranks(ranked: Any) -> None:
    grouped, _, _, board = ranked
    unit = "group" if grouped else "sample"
    assert board["uncertainty"]["samples"] == {"shown": True, "unit": unit, "reason": None}
    intervals = [one["rank_interval_samples"] for one in board["entries"]]
    for entry, (low, high) in zip(board["entries"], intervals, strict=True):
        assert 1 <= low <= entry["rank"] <= high <= 4
    assert intervals[0] == [1, 1]  # the truth itself
    assert len({tuple(one) for one in intervals}) > 1


def test_a_snapshot_is_derived_again_from_the_draws_byte_for_byte(
    parts: Parts, ranked: Any
) -> None:
    _, contest, _, board = ranked
    with parts.sessions() as session:
        (snapshot,) = session.scalars(
            sa.select(Snapshot).where(Snapshot.phase_id == UUID(contest.phase))
        )
        assert snapshot.inputs is not None
        assert snapshot.inputs["rules"]["sample_unit"] == board["uncertainty"]["samples"]["unit"]
        for cache in (None, parts.scores, ScoreCache(1)):
            body = rederive(session, snapshot, cache=cache)
            assert hashlib.sha256(body).hexdigest() == snapshot.sha256


def test_a_comparison_has_the_differences_by_samples(parts: Parts, ranked: Any) -> None:
    grouped, contest, entries, _ = ranked
    ids = {"a": entries[1][1], "b": entries[2][1]}
    path = f"/phases/{contest.phase}/leaderboard/comparison"
    told = ComparisonView.model_validate(contest.host.api.get(path, params=ids).json())
    assert told.by_samples is not None
    assert told.by_samples.unit == ("group" if grouped else "sample")
    assert told.by_samples.overall.difference == told.overall.difference
    moved = draws(parts, ids["a"], 2).astype(np.float64) - draws(parts, ids["b"], 2)
    low, high = np.quantile(moved.mean(axis=0), [0.025, 0.975]) + told.overall.difference
    shown = told.by_samples.overall
    assert (shown.low, shown.high) == pytest.approx((low, high), abs=2e-4)
    assert [one.task for one in told.by_samples.tasks] == ["height", "wet"]
    same = contest.host.api.get(path, params={"a": ids["a"], "b": ids["a"]}).json()
    assert same["by_samples"]["overall"] == {
        "difference": 0.0, "low": 0.0, "high": 0.0, "p_better": 0.5,
    }  # fmt: skip


def test_an_entry_scored_again_has_the_same_draws(parts: Parts, ranked: Any) -> None:
    _, contest, entries, _ = ranked
    _, key = enter(parts, contest, ENTRIES[1])
    assert evaluation(parts, key).sample_draws == evaluation(parts, entries[1][1]).sample_draws


def test_a_phase_without_predictions_tells_why_it_says_nothing(parts: Parts, host: Person) -> None:
    contest = contest_of(host, analyses=["metrics"])
    keys = [enter(parts, contest, one)[1] for one in ENTRIES[:3]]
    board = board_of(parts, contest)
    assert board["uncertainty"]["samples"] == {
        "shown": False, "unit": None, "reason": "predictions are not kept",
    }  # fmt: skip
    assert {one["rank_interval_samples"] for one in board["entries"]} == {None}
    assert evaluation(parts, keys[0]).sample_draws is None
    assert host.api.ok("GET", f"/submissions/{keys[0]}/analyses")["sample_bootstrap"] is None
    pair = {"a": keys[0], "b": keys[1]}
    path = f"/phases/{contest.phase}/leaderboard/comparison"
    assert host.api.get(path, params=pair).json()["by_samples"] is None


def test_predictions_that_are_kept_from_now_on_leave_old_entries_without_draws(
    parts: Parts, host: Person
) -> None:
    contest = contest_of(host, analyses=[])
    entries = [enter(parts, contest, one) for one in ENTRIES[:2]]
    with parts.sessions() as session:
        keep = sa.text("UPDATE phase SET analyses = '[\"predictions\"]' WHERE id = :id")
        session.execute(keep, {"id": UUID(contest.phase)})
        session.commit()
    _, new = enter(parts, contest, ENTRIES[2])
    board = board_of(parts, contest)
    samples = board["uncertainty"]["samples"]
    assert (samples["shown"], samples["unit"]) == (False, "sample")
    assert samples["reason"] == "an entry was scored when predictions were not kept"
    path = f"/phases/{contest.phase}/leaderboard/comparison"
    mixed = host.api.get(path, params={"a": new, "b": entries[0][1]}).json()
    assert mixed["by_samples"] is None
    # Each hands in once more: now all have draws.
    for (by, _), matrix in zip(entries, ENTRIES[:2], strict=True):
        key = builders.submit(by, contest.phase, 1.01 * matrix).json()["id"]
        evaluate_submission(parts, UUID(key))
        with parts.sessions() as session:
            row = session.get_one(Evaluation, evaluation(parts, key).id)
            assert "sample_draws" not in row.__dict__  # read only where it is asked for
    with parts.sessions() as session:
        last = sa.text("UPDATE phase SET selection = 'last' WHERE id = :id")
        session.execute(last, {"id": UUID(contest.phase)})
        request_ranking(session, UUID(contest.phase))
        session.commit()
    assert board_of(parts, contest)["uncertainty"]["samples"]["shown"]


def test_a_metric_that_is_no_sum_has_no_draws_and_leaves_the_board_without(
    parts: Parts, host: Person
) -> None:
    contest = contest_of(host, uses=True, splits=SPLITS)
    keys = [enter(parts, contest, one)[1] for one in ENTRIES[:3]]
    kept = draws(parts, keys[1], 3)
    assert np.isfinite(kept[:2]).all()
    assert np.isnan(kept[2]).all()
    told = host.api.ok("GET", f"/submissions/{keys[1]}/analyses")["sample_bootstrap"]
    assert told["tasks"]["uses"] == {"standard_error": None, "n_units": 60}
    assert told["mean_score"] == {"standard_error": None}
    board = board_of(parts, contest)
    samples = board["uncertainty"]["samples"]
    assert samples["reason"] == "the metric of a task is no sum over samples"
    pair = {"a": keys[0], "b": keys[1]}
    path = f"/phases/{contest.phase}/leaderboard/comparison"
    compared = host.api.get(path, params=pair).json()["by_samples"]
    assert [one["low"] is None for one in compared["tasks"]] == [False, False, True]
    assert compared["overall"]["low"] is None


def test_tasks_may_differ_in_what_is_drawn(parts: Parts, host: Person) -> None:
    contest = contest_of(host, tasks=["height", {"task": "wet", "splits": GROUPED}])
    keys = [enter(parts, contest, one)[1] for one in ENTRIES[:3]]
    told = host.api.ok("GET", f"/submissions/{keys[0]}/analyses")["sample_bootstrap"]
    assert told["unit"] == "mixed"
    assert [one["n_units"] for one in told["tasks"].values()] == [60, 12]
    samples = board_of(parts, contest)["uncertainty"]["samples"]
    assert samples == {"shown": True, "unit": "mixed", "reason": None}
