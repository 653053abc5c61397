"""`probeboard rank` where a submission could not be scored in a task."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from probeboard.ranking import RankingMethod, TaskSplitScores, rank_by_all
from probeboard.ranking.uncertainty import rank_uncertainty
from tests.unit.cli.conftest import Command, Ended

NAMES, TASKS, N_SPLITS = ("A", "B", "C", "D"), ("slope", "crops"), 6
SCORES = np.round(
    np.array([0.8, 0.7, 0.6, 0.5])[:, None, None]
    + np.random.default_rng(1).normal(0, 0.05, (4, 2, N_SPLITS)),
    4,
)
# B in crops.
GAP = (1, 1)


def with_gap() -> list[TaskSplitScores]:
    scores = SCORES.copy()
    scores[GAP] = np.nan
    return [
        TaskSplitScores(name, scores[:, column], test_to_train=1 / 9, group=name)
        for column, name in enumerate(TASKS)
    ]


def table(folder: Path, gap: str) -> Path:
    """Write the table with the gap as no rows, as one, or as scores of some splits."""
    lines = ["submission,task,split,score"]
    for (i, j, split), score in np.ndenumerate(SCORES):
        written = "" if (i, j) == GAP else f"{score}"
        if (i, j) == GAP and gap == "one" and split:
            continue
        if (i, j) == GAP and gap == "some" and split < 4:
            written = f"{score}"
        if (i, j) == GAP and gap == "nan":
            written = "NaN"
        if (i, j) != GAP or gap != "none":
            lines.append(f"{NAMES[i]},{TASKS[j]},{split},{written}")
    path = folder / "results.csv"
    path.write_text("\n".join([*lines, ""]))
    return path


def entries_of(ended: Ended) -> dict[str, Any]:
    assert ended.status == 0, ended.err
    return {entry["team"]: entry for entry in ended.document["entries"]}


@pytest.mark.parametrize("gap", ["none", "one", "some", "nan"])
def test_who_could_not_be_scored_is_ranked_as_by_the_library_and_marked(
    probeboard: Command, tmp_path: Path, gap: str
) -> None:
    ended = probeboard("rank", table(tmp_path, gap), "--json")
    entries = entries_of(ended)
    expected = rank_by_all(with_gap())
    for method, ranking in expected.items():
        assert [entries[name]["ranks"][method] for name in NAMES] == ranking.ranks.tolist()
    found = rank_uncertainty("average-rank", with_gap(), seed="probeboard", weights=(1.0, 1.0))
    assert found is not None
    assert [entries[name]["rank_interval"] for name in NAMES] == found.interval.tolist()
    assert entries["B"]["tasks"]["crops"] == {
        "scored": False, "mean": None, "standard_error": None, "q": None, "rank": 4.0,
    }  # fmt: skip
    assert entries["B"]["tasks"]["slope"]["scored"]
    assert entries["B"]["mean_score"] is entries["B"]["mean_q"] is None
    assert entries["A"]["mean_score"] == pytest.approx(SCORES[0].mean())


@pytest.mark.parametrize("method", RankingMethod)
def test_the_table_for_people_has_a_mark_and_says_what_it_means(
    probeboard: Command, tmp_path: Path, method: str
) -> None:
    path = table(tmp_path, "none")
    out = probeboard("rank", path, "--method", method, "--baseline", "D").out
    (row,) = [line for line in out.splitlines() if line.startswith("B  ") and "±" in line]
    assert row.endswith("—*")
    assert out.endswith(
        "\n—* could not be scored: there it ranks after all that could be; it has no mean of all "
        "tasks\n"
    )
    whole = probeboard("rank", table(tmp_path, "some").with_name("results.csv"), "--method", method)
    assert "—*" in whole.out


def test_a_table_without_gaps_has_no_mark(probeboard: Command, tmp_path: Path) -> None:
    lines = (f"{name},t,{split},0.{split}{name_no}" for name_no, name in enumerate(NAMES)
             for split in range(6))  # fmt: skip
    path = tmp_path / "whole.csv"
    path.write_text("\n".join(["submission,task,split,score", *lines, ""]))
    out = probeboard("rank", path).out
    assert "*" not in out


def test_a_baseline_may_have_gaps_and_a_task_that_scored_nobody_hides_nothing(
    probeboard: Command, tmp_path: Path
) -> None:
    path = table(tmp_path, "none")
    path.write_text(path.read_text() + "A,nox,only,\n")
    ended = probeboard("rank", path, "--json", "--baseline", "B")
    entries = entries_of(ended)
    assert entries["B"]["would_rank"] == 3
    assert ended.document["uncertainty"]["shown"]
    assert {entries[name]["tasks"]["nox"]["scored"] for name in NAMES} == {False}
    pictures = probeboard("rank", path, "--pictures", tmp_path / "pictures")
    assert pictures.status == 0


def test_ratios_are_asked_for_only_where_there_are_scores(
    probeboard: Command, tmp_path: Path
) -> None:
    path = table(tmp_path, "nan")
    lines = path.read_text().splitlines()
    with_ratio = [f"{lines[0]},test_to_train"] + [
        f"{line},{'' if line.endswith('NaN') else 0.2}" for line in lines[1:]
    ]
    path.write_text("\n".join([*with_ratio, ""]))
    document = probeboard("rank", path, "--json").document
    assert "n_test / n_train as in the table: 0.2, 0.2" in document["notes"]


def write_run(folder: Path, name: str, qs: dict[str, Any], splits: dict[str, list[float]]) -> None:
    run = folder / name
    run.mkdir(parents=True)
    (run / "results_summary.json").write_text(json.dumps({"experiment": name, "task_results": qs}))
    for task, found in splits.items():
        (run / f"{task}_result.json").write_text(
            json.dumps(
                {"mean_score": float(np.mean(found)), "std_dev": float(np.std(found)), "q_t": found}
            )
        )


@pytest.mark.parametrize("with_splits", [True, False])
@pytest.mark.parametrize("q", ["none", None, float("nan")])
def test_a_task_that_a_run_of_neuco_bench_lacks_could_not_be_scored(
    probeboard: Command, tmp_path: Path, q: Any, with_splits: bool
) -> None:
    for i, name in enumerate(NAMES):
        tasks = {task: SCORES[i, j] for j, task in enumerate(TASKS) if (i, j) != GAP}
        qs = {task: float(2 * one.mean() / (0.02 + one.std())) for task, one in tasks.items()}
        if i == GAP[0] and q != "none":
            qs["crops"] = q
        splits = {task: one.tolist() for task, one in tasks.items()} if with_splits else {}
        write_run(tmp_path, name, qs, splits)
    ended = probeboard("rank", tmp_path, "--json", "--method", "neuco")
    entries = entries_of(ended)
    expected = rank_by_all(with_gap())[RankingMethod.NEUCO]
    assert [entries[name]["rank"] for name in NAMES] == expected.ranks.tolist()
    assert not entries["B"]["tasks"]["crops"]["scored"]
    assert ended.document["uncertainty"]["shown"] is with_splits
    assert "—*" in probeboard("rank", tmp_path).out


def test_runs_that_scored_nothing_are_refused(probeboard: Command, tmp_path: Path) -> None:
    write_run(tmp_path, "a", {"t": None}, {})
    ended = probeboard("rank", tmp_path, "--json")
    assert ended.status == 1
    assert [issue["code"] for issue in ended.document["issues"]] == ["nothing_scored"]
