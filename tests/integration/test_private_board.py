"""Private samples: the board before and after the reveal, from scores that a worker computed."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from app.leaderboards.derive import rederive
from app.leaderboards.verifying import verify_snapshots
from app.models import Evaluation, Part, Snapshot, Task, TaskScore
from tests import builders, two_parts
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
    page = httpx.get(f"{after.host.api.url}/{after.challenge['slug']}/dev/history", timeout=60)
    assert f"From snapshot {told['private_since']} on, private samples decide" in page.text
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


def test_a_board_without_parts_says_nothing_of_them(before: Parted, api: Api, parts: Parts) -> None:
    with parts.sessions() as session:
        row = session.scalars(sa.select(Snapshot).filter_by(phase_id=UUID(before.phase))).one()
        assert row.part == "public"
        assert row.inputs is not None
        assert row.inputs["rules"]["part"] == "public"
    phase, _ = one_entry(api, parts, two_parts.bundle(private=None, analyses=[]))
    rank_phase(parts, UUID(phase))
    board = api.ok("GET", f"/phases/{phase}/leaderboard")
    assert "part" not in board
    assert not [word for word in ("private", "public") if word in board["rule"]]
    with parts.sessions() as session:
        row = session.scalars(sa.select(Snapshot).filter_by(phase_id=UUID(phase))).one()
        assert row.part is None
        assert row.inputs is not None
        # As inputs were before there were parts.
        rules = {key: value for key, value in row.inputs["rules"].items() if key != "part"}
        session.expunge(row)
        row.inputs = row.inputs | {"rules": rules}
        assert rederive(session, row) == row.body


def one_entry(api: Api, parts: Parts, files: dict[str, bytes]) -> tuple[str, str]:
    """Score the steady team's embeddings once more; return the phase and the submission."""
    made = builders.challenge(builders.organizer(api, parts.sessions), files)
    entry = two_parts.hand_in(api, parts, made, [two_parts.STEADY])
    return made["phases"][0]["id"], entry.submissions[0]


def test_labels_of_one_part_change_no_score_of_the_other(
    before: Parted, api: Api, parts: Parts
) -> None:
    files = two_parts.bundle(private_labels_seed=5, analyses=[])
    (key,), (_, twin) = before.steady.submissions, one_entry(api, parts, files)
    assert scores_of(parts, key, Part.PUBLIC) == scores_of(parts, twin, Part.PUBLIC)
    assert scores_of(parts, key, Part.PRIVATE) != scores_of(parts, twin, Part.PRIVATE)


def test_a_part_is_scored_as_a_phase_whose_labels_are_those_of_the_part(
    before: Parted, api: Api, parts: Parts
) -> None:
    """Embeddings are scaled by all samples: that takes no labels, and is the same for both."""
    files = two_parts.bundle(private=None, analyses=[])
    for name in ("height.csv", "wet.csv"):
        header, *lines = files[name].decode().split()
        kept = [line for line in lines if line.split(",")[0] in two_parts.PRIVATE_IDS]
        files[name] = "\n".join([header, *kept, ""]).encode()
    (key,), (_, alone) = before.steady.submissions, one_entry(api, parts, files)
    assert scores_of(parts, key, Part.PRIVATE) == scores_of(parts, alone, Part.PUBLIC)
