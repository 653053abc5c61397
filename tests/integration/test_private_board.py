"""Private samples: the board before and after the reveal, from scores that a worker computed."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from app.leaderboards.verifying import verify_snapshots
from app.models import Evaluation, Part, Snapshot, Task, TaskScore
from tests import two_parts
from tests.api import Api
from tests.serving import RunningServer
from tests.two_parts import Parted
from worker.parts import Parts
from worker.rank import rank_phase
from worker.sweep import sweep


@pytest.fixture(scope="module")
def before(server: RunningServer, parts: Parts) -> Iterator[Parted]:
    """A phase that is open."""
    with Api(server.url) as api:
        yield two_parts.contest(api, parts, two_parts.bundle())


@pytest.fixture(scope="module")
def after(server: RunningServer, parts: Parts) -> Iterator[Parted]:
    """A phase whose private scores a sweep has revealed."""
    with Api(server.url) as api:
        found = two_parts.contest(api, parts, two_parts.bundle())
        two_parts.close(parts, found.phase)
        sweep(parts)
        rank_phase(parts, UUID(found.phase))
        yield found


def order(board: Any) -> list[str]:
    return [entry["team"] for entry in board["entries"]]


def scores_of(parts: Parts, submission: str, part: Part) -> dict[str, float]:
    with parts.sessions() as session:
        rows = session.execute(
            sa.select(Task.slug, TaskScore.mean)
            .join(Task, Task.id == TaskScore.task_id)
            .join(Evaluation, Evaluation.id == TaskScore.evaluation_id)
            .where(Evaluation.submission_id == UUID(submission), TaskScore.part == part)
        )
        return dict(rows.all())


def test_both_parts_are_scored_in_one_evaluation(before: Parted, parts: Parts) -> None:
    (key,) = before.steady.submissions
    public, private = (scores_of(parts, key, part) for part in Part)
    assert public.keys() == private.keys() == {"height", "wet"}
    assert all(public[task] != private[task] for task in public)
    with parts.sessions() as session:
        (row,) = session.scalars(sa.select(Evaluation).filter_by(submission_id=UUID(key)))
        session.refresh(row, ["private_analyses", "sample_draws", "private_sample_draws"])
        assert row.analyses is not None
        assert row.private_analyses is not None
        # What the embeddings are by themselves is told once, and of all samples.
        assert set(row.analyses) == {*row.private_analyses, "spectrum"}
        assert row.analyses["spectrum"]["dims"] == 4
        assert row.sample_draws != row.private_sample_draws
        assert row.predictions_digest != row.private_predictions_digest
        assert row.receipt["private_sides"]


def test_before_the_reveal_the_board_is_by_public_samples(before: Parted, parts: Parts) -> None:
    board = before.board()
    assert order(board) == [before.flattered.name, before.steady.name, before.middling.name]
    assert board["part"] == "public"
    assert "by public samples only, private samples decide in the end" in board["rule"]
    assert "best submission by mean score on the public samples counts" in board["rule"]
    for entry, one in zip(board["entries"], (before.flattered, before.steady), strict=False):
        public = scores_of(parts, one.submissions[0], Part.PUBLIC)
        assert {task: cell["mean"] for task, cell in entry["tasks"].items()} == {
            task: round(mean, 4) for task, mean in public.items()
        }


def test_after_the_reveal_private_samples_decide(after: Parted, parts: Parts) -> None:
    board = after.board()
    assert order(board) == [after.steady.name, after.middling.name, after.flattered.name]
    assert board["part"] == "private"
    assert "; private samples decide;" in board["rule"]
    assert "best submission by mean score on the public samples counts" in board["rule"]
    # What a team is judged by was chosen by what it could see.
    last = board["entries"][-1]
    assert last["submission_id"] == after.flattered.submissions[0]
    private = scores_of(parts, last["submission_id"], Part.PRIVATE)
    assert {task: cell["mean"] for task, cell in last["tasks"].items()} == {
        task: round(mean, 4) for task, mean in private.items()
    }
    with parts.sessions() as session:
        evaluation = session.scalars(
            sa.select(Evaluation).filter_by(submission_id=UUID(last["submission_id"]))
        ).one()
        session.refresh(evaluation, ["private_analyses"])
        assert evaluation.private_analyses is not None
        points = evaluation.private_analyses["rate_distortion"]
    best = max(point["mean_score"] for point in points)
    assert max(rate["mean_score"] for rate in last["rate_distortion"]) == round(best, 4)
    assert last["rank_interval_samples"] is not None


def test_the_markdown_and_the_results_say_which_samples_decide(after: Parted) -> None:
    anybody = after.host.api.as_(None)
    path = f"/phases/{after.phase}/leaderboard"
    assert "private samples decide" in anybody.get(f"{path}.md").text
    results = anybody.ok("GET", f"{path}.results.json")
    assert "private samples decide" in results[0]["datasets"][0]["description"]


def test_the_history_marks_where_private_samples_began_to_decide(after: Parted) -> None:
    path = f"/phases/{after.phase}/leaderboard/history"
    told = after.host.api.as_(None).ok("GET", path)
    assert [point["part"] for point in told["points"]] == ["public", "private"]
    assert told["private_since"] == told["points"][1]["snapshot"] == after.board()["snapshot"]
    ranks = {track["team"]: track["ranks"] for track in told["teams"]}
    assert ranks[after.flattered.name] == [1, 3]
    old = after.board(at=told["points"][0]["ranked_at"])
    assert (old["part"], order(old)[0]) == ("public", after.flattered.name)


def test_a_comparison_is_by_the_samples_that_decide(before: Parted, after: Parted) -> None:
    for found, better in ((before, "flattered"), (after, "steady")):
        ours, theirs = found.flattered.submissions[0], found.steady.submissions[0]
        told = found.host.api.as_(None).ok(
            "GET",
            f"/phases/{found.phase}/leaderboard/comparison",
            params={"a": ours, "b": theirs},
        )
        assert (told["overall"]["difference"] > 0) == (better == "flattered")
        assert (told["by_samples"]["overall"]["difference"] > 0) == (better == "flattered")


def test_every_snapshot_derives_again_byte_for_byte(
    before: Parted, after: Parted, parts: Parts
) -> None:
    for found, n_snapshots in ((before, 1), (after, 2)):
        with parts.sessions() as session:
            verdicts = list(verify_snapshots(session, UUID(found.phase)))
        assert [one.holds for one in verdicts] == [True] * n_snapshots, verdicts


def test_a_board_without_parts_says_nothing_of_them(
    before: Parted, server: RunningServer, parts: Parts
) -> None:
    with parts.sessions() as session:
        row = session.scalars(sa.select(Snapshot).filter_by(phase_id=UUID(before.phase))).one()
        assert row.part == "public"
        assert row.inputs is not None
        assert row.inputs["rules"]["part"] == "public"
    with Api(server.url) as api:
        whole = two_parts.contest(api, parts, two_parts.bundle(private=None, analyses=[]))
        board = whole.board()
    assert "part" not in board
    assert "private" not in board["rule"]
    assert "public" not in board["rule"]
    with parts.sessions() as session:
        row = session.scalars(sa.select(Snapshot).filter_by(phase_id=UUID(whole.phase))).one()
        assert row.part is None
        assert row.inputs is not None
        # As inputs were before there were parts.
        del row.inputs["rules"]["part"]
        session.expunge(row)
        verdict = [one.holds for one in verify_snapshots(session, UUID(whole.phase))]
    assert verdict == [True]


def test_labels_of_one_part_change_no_score_of_the_other(
    before: Parted, server: RunningServer, parts: Parts
) -> None:
    with Api(server.url) as api:
        files = two_parts.bundle(private_labels_seed=5)
        other = two_parts.contest(api, parts, files)
    for one, same in zip(
        (before.flattered, before.steady, before.middling),
        (other.flattered, other.steady, other.middling),
        strict=True,
    ):
        for key, twin in zip(one.submissions, same.submissions, strict=True):
            assert scores_of(parts, key, Part.PUBLIC) == scores_of(parts, twin, Part.PUBLIC)
            assert scores_of(parts, key, Part.PRIVATE) != scores_of(parts, twin, Part.PRIVATE)


def test_a_part_is_scored_as_a_phase_of_its_samples_alone_would_be(
    before: Parted, server: RunningServer, parts: Parts
) -> None:
    """With one scale for both: the embeddings of all samples are scaled before they are parted."""
    files = two_parts.bundle(private=None, analyses=[])
    for name in ("height.csv", "wet.csv"):
        lines = files[name].decode().split()
        kept = [line for line in lines[1:] if line.split(",")[0] in set(two_parts.PRIVATE_IDS)]
        files[name] = "\n".join([lines[0], *kept, ""]).encode()
    with Api(server.url) as api:
        alone = two_parts.contest(api, parts, files)
    for one, same in ((before.flattered, alone.flattered), (before.steady, alone.steady)):
        found = scores_of(parts, one.submissions[0], Part.PRIVATE)
        wanted = scores_of(parts, same.submissions[0], Part.PUBLIC)
        assert found.keys() == wanted.keys()
        assert np.array_equal(list(found.values()), [wanted[task] for task in found])
