"""`probeboard rank` on folders of NeuCo-Bench's results."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from probeboard.cli.rank_results import Results
from probeboard.ranking import RankingMethod
from tests.unit.cli.conftest import Command

GOLDEN = Path(__file__).parents[2] / "golden"


def write_run(
    folder: Path, name: str, qs: dict[str, Any], figures: dict[str, Any] | None = None
) -> Path:
    run = folder / name
    run.mkdir(parents=True)
    summary = {"experiment": name, "overall_score": 1.0, "task_results": qs, "config": {}}
    (run / "results_summary.json").write_text(json.dumps(summary))
    for task, found in (figures or {}).items():
        (run / task).mkdir()
        (run / task / f"{task}_result.json").write_text(json.dumps(found))
    return run


def figures_of(splits: np.ndarray[Any, Any], *, with_splits: bool = True) -> dict[str, Any]:
    mean, std = float(splits.mean()), float(splits.std())
    found: dict[str, Any] = {"q_stat": 2 * mean / (0.02 + std), "mean_score": mean, "std_dev": std}
    return found | ({"q_t": splits.tolist()} if with_splits else {})


def write_runs(folder: Path, *, n: int = 4, with_splits: bool = True) -> None:
    rng = np.random.default_rng(2)
    for row in range(n):
        figures = {
            task: figures_of(0.9 - 0.1 * row + rng.normal(0, 0.02, 10), with_splits=with_splits)
            for task in ("biomass", "clouds")
        }
        qs = {task: found["q_stat"] for task, found in figures.items()}
        write_run(folder / "dev", f"run{row}_20250401", qs, figures)


@pytest.mark.parametrize("case", ["basic_ties", "synth_12x11", "sabotage_after"])
def test_summaries_alone_are_ranked_as_by_neuco_bench(
    probeboard: Command, tmp_path: Path, case: str
) -> None:
    golden = json.loads((GOLDEN / f"neuco_{case}.json").read_text())
    names, tasks = golden["input"]["experiments"], golden["input"]["tasks"]
    for name, row in zip(names, golden["input"]["scores"], strict=True):
        write_run(tmp_path, name, dict(zip(tasks, row, strict=True)))
    ended = probeboard("rank", tmp_path, "--floor", "none", "--json")
    assert ended.status == 0, ended.err
    document = ended.document
    assert document["methods"] == ["neuco", "mean-q"]
    entries = {entry["team"]: entry for entry in document["entries"]}
    output = golden["output"]
    for name, rank, weighted in zip(
        output["order"], output["aggregated_rank"], output["weighted_score"], strict=True
    ):
        assert entries[name]["rank"] == rank
        assert entries[name]["aggregate"] == pytest.approx(weighted, abs=1e-9)
        assert entries[name]["mean_score"] is None
    assert document["uncertainty"]["reason"] == "no scores of single splits"


def test_scores_of_splits_beside_a_summary_give_intervals(
    probeboard: Command, tmp_path: Path
) -> None:
    write_runs(tmp_path)
    ended = probeboard("rank", tmp_path, "--json")
    assert ended.status == 0, ended.err
    assert ended.document["method"] == "average-rank"
    assert ended.document["uncertainty"]["shown"] is True
    assert [entry["team"] for entry in ended.document["entries"]] == [
        f"run{row}_20250401" for row in range(4)
    ]
    assert ended.document["tasks"][0] == {
        "name": "biomass", "weight": 1.0, "weight_used": 0.5, "splits": 10,
        "test_to_train": pytest.approx(1 / 9),
    }  # fmt: skip


def test_means_and_deviations_alone_give_all_methods_but_tests(
    probeboard: Command, tmp_path: Path
) -> None:
    write_runs(tmp_path, with_splits=False)
    ended = probeboard("rank", tmp_path, "--json", "--baseline", "run2_20250401")
    document = ended.document
    assert document["methods"] == [
        "average-rank", "neuco", "mean-score", "mean-q", "borda", "copeland",
    ]  # fmt: skip
    places = [entry["rank"] or entry["would_rank"] for entry in document["entries"]]
    assert places == [1, 2, 3, 3]
    assert document["entries"][0]["mean_score"] > 0.85
    assert document["entries"][0]["tasks"]["clouds"]["standard_error"] is None
    weighted = probeboard("rank", tmp_path, "--json", "--weight", "clouds=3").document
    assert [task["weight_used"] for task in weighted["tasks"]] == [0.25, 0.75]


def test_the_table_for_people_shows_q_where_nothing_else_is_known(
    probeboard: Command, tmp_path: Path
) -> None:
    for row in range(3):
        write_run(tmp_path, f"run{row}", {"t": 9.0 - row})
    out = probeboard("rank", tmp_path).out
    assert "neuco: ranks of Q weighted by the spread" in out
    assert "no score of single splits" in out
    assert "\nQ " in out


def test_files_of_a_task_may_lie_beside_the_summary(probeboard: Command, tmp_path: Path) -> None:
    figures = figures_of(np.linspace(0.4, 0.6, 7))
    for name in ("a", "b", "c"):
        run = write_run(tmp_path, name, {"t": figures["q_stat"]})
        (run / "t_result.json").write_text(json.dumps(figures))
    document = probeboard("rank", tmp_path, "--json").document
    assert document["uncertainty"]["shown"] is True
    assert {entry["rank"] for entry in document["entries"]} == {1}


@pytest.mark.parametrize(
    ("qs", "figures", "code", "words"),
    [
        ({"t": float("inf")}, {}, "not_finite", "Q of task 't' in"),
        ({"t": "none"}, {}, "not_finite", "is 'none', no finite number"),
        ({"t": True}, {}, "not_finite", "is True"),
        ({}, {}, "no_summary", "needs 'experiment', a name, and 'task_results'"),
        ({"t": 1.0}, {"t": {"mean_score": 0.5}}, "not_finite", "'mean_score' and 'std_dev'"),
        ({"t": 1.0}, {"t": []}, "not_finite", "'mean_score' and 'std_dev'"),
        (
            {"t": 50.0}, {"t": {"mean_score": 0.5, "std_dev": 0.0, "q_t": [0.5, None]}},
            "not_finite", "'q_t' of",
        ),
        (
            {"t": 49.0}, {"t": {"mean_score": 0.5, "std_dev": 0.0}},
            "different_q", "Q of the summary is 49.0, but 50 by mean and deviation",
        ),
    ],
)  # fmt: skip
def test_an_invalid_run_is_refused_with_a_code(
    probeboard: Command,
    tmp_path: Path,
    qs: dict[str, Any],
    figures: dict[str, Any],
    code: str,
    words: str,
) -> None:
    write_run(tmp_path, "a", {"t": 1.0})
    write_run(tmp_path, "bad", qs, figures)
    ended = probeboard("rank", tmp_path, "--json")
    assert ended.status == 1
    found = [issue for issue in ended.document["issues"] if issue["code"] == code]
    assert any(words in issue["detail"] for issue in found)


def test_an_experiment_twice_is_refused(probeboard: Command, tmp_path: Path) -> None:
    write_run(tmp_path / "dev", "a", {"t": 1.0})
    write_run(tmp_path / "test", "a", {"t": 1.0})
    ended = probeboard("rank", tmp_path)
    assert ended.status == 1
    assert "experiment 'a' is in" in ended.err
    assert probeboard("rank", tmp_path / "dev").status == 0


def test_a_folder_without_summaries_or_with_a_broken_one_cannot_be_read(
    probeboard: Command, tmp_path: Path
) -> None:
    ended = probeboard("rank", tmp_path)
    assert ended.status == 2
    assert "has no results_summary.json" in ended.err
    (tmp_path / "results_summary.json").write_text("{")
    ended = probeboard("rank", tmp_path)
    assert ended.status == 2
    assert "is not a JSON file" in ended.err


@pytest.mark.parametrize("option", [("--column", "score=r2"), ("--smaller-is-better", "t")])
def test_options_of_tables_are_not_for_folders(
    probeboard: Command, tmp_path: Path, option: tuple[str, str]
) -> None:
    ended = probeboard("rank", tmp_path, *option)
    assert ended.status == 2
    assert "are for tables, not for folders" in ended.err


def test_methods_that_need_means_are_not_for_q_alone(probeboard: Command, tmp_path: Path) -> None:
    write_run(tmp_path, "a", {"t": 1.0})
    ended = probeboard("rank", tmp_path, "--method", "average-rank")
    assert ended.status == 2
    assert "they allow neuco, mean-q" in ended.err


def test_a_method_is_never_worked_out_from_what_is_not_known() -> None:
    results = Results(names=("a",), task_names=("t",), splits=(), means=None, qs=np.ones((1, 1)))
    with pytest.raises(ValueError, match="needs mean scores, and only Q is known"):
        results.rank_by_all(RankingMethod.AVERAGE_RANK, weights=None, floor=None)
