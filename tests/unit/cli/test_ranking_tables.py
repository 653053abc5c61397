"""`probeboard rank` on tables of split scores."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from probeboard.ranking import (
    FURTHER,
    RankingMethod,
    TaskSplitScores,
    rank_as_challenger,
    rank_by_all,
)
from probeboard.ranking.uncertainty import rank_uncertainty
from tests.unit.cli.conftest import Command, Ended

NAMES = ("Presto", "bands", "noise", "mean")
TASKS = ("slope", "crops", "nox")
N_SPLITS = 8
Rank = Callable[..., Ended]


def scores_of(seed: int = 0) -> NDArray[np.float64]:
    """Of shape submissions, tasks, splits."""
    rng = np.random.default_rng(seed)
    levels = np.array([0.8, 0.78, 0.3, 0.5])[:, None, None]
    return np.round(levels + rng.normal(0, 0.02, (len(NAMES), len(TASKS), N_SPLITS)), 5)


def lines_of(scores: NDArray[np.float64], names: Sequence[str] = NAMES) -> list[str]:
    return [
        f"{name},{task},{split},{scores[i, j, split]}"
        for i, name in enumerate(names)
        for j, task in enumerate(TASKS)
        for split in range(scores.shape[2])
    ]


def table_of(lines: Sequence[str], header: str = "submission,task,split,score") -> str:
    return "\n".join([header, *lines, ""])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "results.csv"
    path.write_text(table_of(lines_of(scores_of())))
    return path


@pytest.fixture
def rank(probeboard: Command, table: Path) -> Rank:
    """Rank the table as JSON."""
    return lambda *options: probeboard("rank", table, "--json", *options)


def entries_of(ended: Ended) -> dict[str, Any]:
    assert ended.status == 0, ended.err
    return {entry["team"]: entry for entry in ended.document["entries"]}


def splits_of(scores: NDArray[np.float64], *, ratio: float = 1 / 9) -> list[TaskSplitScores]:
    # As the command sorts submissions: by name.
    rows = np.argsort(NAMES)
    return [
        TaskSplitScores(task, scores[rows, column], test_to_train=ratio, group=task)
        for column, task in enumerate(TASKS)
    ]


@pytest.mark.parametrize("method", list(RankingMethod))
def test_ranks_are_those_of_the_library_under_every_method(rank: Rank, method: str) -> None:
    document = rank("--method", method).document
    expected = rank_by_all(splits_of(scores_of()), official=method)
    assert document["methods"] == [str(name) for name in expected]
    assert document["method"] == method
    for row, name in enumerate(sorted(NAMES)):
        entry = next(one for one in document["entries"] if one["team"] == name)
        assert entry["rank"] == expected[RankingMethod(method)].ranks[row]
        assert entry["ranks"] == {str(m): int(r.ranks[row]) for m, r in expected.items()}
    ranks = [entry["rank"] for entry in document["entries"]]
    assert ranks == sorted(ranks)


def test_uncertainty_is_that_of_the_library(rank: Rank) -> None:
    ended = rank("--seed", "spring", "--draws", "500")
    entries = entries_of(ended)
    found = rank_uncertainty(
        "average-rank", splits_of(scores_of()), seed="spring", n_draws=500, weights=(1.0,) * 3
    )
    assert found is not None
    for row, name in enumerate(sorted(NAMES)):
        entry = entries[name]
        assert entry["rank_interval"] == found.interval[row].tolist()
        assert entry["rank_set"] == found.rank_set[row].tolist()
        assert entry["tier"] == found.tier[row]
        assert entry["p_first"] == pytest.approx(found.p_first[row], abs=5e-4)
        assert entry["rank_without_task"] == found.without_task[row].tolist()
    assert sum(entry["p_first"] for entry in entries.values()) == pytest.approx(1, abs=2e-3)
    agreement = ended.document["agreement"]
    assert agreement["draw_tau"] == found.draw_tau
    assert agreement["tasks"]["tau_of_draws"] == found.task_draw_tau.tolist()


def test_an_entry_has_the_members_of_a_boards_entry(rank: Rank) -> None:
    entry = entries_of(rank())["Presto"]
    assert set(entry) == {
        *("rank", "would_rank", "is_baseline", "team", "method_name", "aggregate", "mean_score"),
        *("mean_score_error", "mean_q", "win_rate", "n_submissions", "submission_id"),
        *("received_at", "project_url", "paper_url", "rank_interval", "rank_set", "tier"),
        *("p_first", "p_top3", "rank_without_task", "rank_without_entry", "ranks"),
        "further_ranks",
        *("tie_broken", "rate_distortion", "tasks"),
    }
    assert set(entry["tasks"]["slope"]) == {"scored", "mean", "standard_error", "q", "rank"}
    scores = scores_of()[0, 0]
    assert entry["tasks"]["slope"]["mean"] == pytest.approx(scores.mean())
    error = scores.std(ddof=1) * np.sqrt(1 / N_SPLITS + 1 / 9)
    assert entry["tasks"]["slope"]["standard_error"] == pytest.approx(error)


def test_neither_order_of_rows_nor_of_columns_matters(
    probeboard: Command, rank: Rank, tmp_path: Path
) -> None:
    lines = lines_of(scores_of())
    cells = [line.split(",") for line in np.random.default_rng(5).permutation(lines)]
    # Tasks stay in the order they come in: a first row of each.
    cells.sort(key=lambda row: TASKS.index(row[1]))
    shuffled = tmp_path / "results2.csv"
    shuffled.write_text(
        table_of([";".join((n, s, "x y", t, k)) for n, t, k, s in cells],
                 "submission;score;remark;task;split")
    )  # fmt: skip
    document = probeboard("rank", shuffled, "--json").document
    assert document["entries"] == rank().document["entries"]


def test_tabs_a_byte_order_mark_and_other_names_of_columns_are_read(
    probeboard: Command, rank: Rank, tmp_path: Path
) -> None:
    lines = [line.replace(",", "\t") for line in lines_of(scores_of())]
    path = tmp_path / "t.tsv"
    path.write_text(table_of(lines, "model\ttask\tsplit\tr2"), encoding="utf-8-sig")
    named = ("--column", "submission=model", "--column", "score=r2")
    assert entries_of(probeboard("rank", path, "--json", *named)) == entries_of(rank())


def test_a_baseline_is_placed_and_moves_nobody(rank: Rank) -> None:
    plain = entries_of(rank())
    with_baseline = entries_of(rank("--baseline", "bands"))
    baseline = with_baseline["bands"]
    assert (baseline["rank"], baseline["would_rank"], baseline["is_baseline"]) == (None, 2, True)
    assert baseline["ranks"]["mean-score"] == 2
    assert baseline["p_first"] is baseline["tasks"]["slope"]["rank"] is None
    assert [with_baseline[name]["rank"] for name in ("Presto", "mean", "noise")] == [1, 2, 3]
    assert [plain[name]["rank"] for name in ("Presto", "mean", "noise")] == [1, 3, 4]
    teams = [entry["team"] for entry in rank("--baseline", "bands").document["entries"]]
    assert teams == ["Presto", "bands", "mean", "noise"]


def test_a_task_where_smaller_is_better_is_negated(rank: Rank) -> None:
    ended = rank(*(arg for task in TASKS for arg in ("--smaller-is-better", task)))
    entries = entries_of(ended)
    assert [entries[name]["rank"] for name in ("noise", "mean")] == [1, 2]
    assert entries["noise"]["tasks"]["slope"]["mean"] < 0
    assert "scores of crops, nox, slope are negated" in ended.document["notes"]


def test_weights_decide(rank: Rank, probeboard: Command, tmp_path: Path) -> None:
    scores = scores_of()
    scores[2, 1] = 2.0 + np.arange(N_SPLITS) / 100
    path = tmp_path / "w.csv"
    path.write_text(table_of(lines_of(scores)))
    weights = ("--weight", "slope=0", "--weight", "nox=0", "--weight", "crops=2.5")
    entries = entries_of(probeboard("rank", path, "--json", "--method", "mean-score", *weights))
    assert entries["noise"]["rank"] == 1
    assert entries["noise"]["mean_score"] == pytest.approx(scores[2, 1].mean())


def test_the_floor_of_neuco_is_zero_unless_told(
    rank: Rank, probeboard: Command, tmp_path: Path
) -> None:
    scores = scores_of()
    scores[2, 0] = -50.0 - np.arange(N_SPLITS) / 1e4
    path = tmp_path / "f.csv"
    path.write_text(table_of(lines_of(scores)))
    shares = [
        probeboard("rank", path, "--json", "--method", "neuco", *floor).document["tasks"][0][
            "weight_used"
        ]
        for floor in ((), ("--floor", "none"), ("--floor", "-100000"))
    ]
    assert shares[0] < 0.6
    assert shares[1] > 0.98
    assert shares[2] > 0.98


@pytest.mark.parametrize(
    ("options", "ratio"),
    [
        ((), 1 / 9),
        (("--test-size", ".2"), 0.25),
        (("--test-over-train", "0.5"), 0.5),
    ],
)
def test_errors_are_corrected_by_the_ratio_of_test_to_training_samples(
    rank: Rank, options: tuple[str, ...], ratio: float
) -> None:
    document = rank(*options).document
    assert document["tasks"][0]["test_to_train"] == pytest.approx(ratio)
    assert f"n_test / n_train is taken to be {ratio:.4g} in all splits" in document["notes"]
    expected = scores_of()[0, 0].std(ddof=1) * np.sqrt(1 / N_SPLITS + ratio)
    error = entries_of(rank(*options))["Presto"]["tasks"]["slope"]["standard_error"]
    assert error == pytest.approx(expected)


def test_a_table_may_have_the_ratio_of_each_split(probeboard: Command, tmp_path: Path) -> None:
    lines = [f"{line},{0.1 + int(line.split(',')[2]) / 100}" for line in lines_of(scores_of())]
    path = tmp_path / "r.csv"
    path.write_text(table_of(lines, "submission,task,split,score,test_to_train"))
    document = probeboard("rank", path, "--json").document
    assert document["tasks"][0]["test_to_train"] == pytest.approx(0.135)
    assert "n_test / n_train as in the table: 0.135, 0.135, 0.135" in document["notes"]


def test_tasks_on_the_same_samples_err_together(rank: Rank) -> None:
    scores = scores_of()
    together = np.sqrt(scores[0].mean(axis=0).var(ddof=1) * (1 / N_SPLITS + 1 / 9))
    apart = np.sqrt((scores[0].var(axis=1, ddof=1) * (1 / N_SPLITS + 1 / 9)).sum()) / 3
    assert entries_of(rank("--same-samples"))["Presto"]["mean_score_error"] == pytest.approx(
        together
    )
    assert entries_of(rank())["Presto"]["mean_score_error"] == pytest.approx(apart)


def test_a_single_split_has_neither_error_nor_interval(probeboard: Command, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text(table_of(lines_of(scores_of()[:, :, :1])))
    ended = probeboard("rank", path, "--json")
    assert ended.document["uncertainty"]["reason"] == "fewer than 5 splits"
    presto = entries_of(ended)["Presto"]
    assert presto["mean_score_error"] is presto["rank_interval"] is None
    assert presto["tasks"]["nox"]["standard_error"] is None
    assert "test-then-rank" not in ended.document["methods"]


def test_two_submissions_have_ranks_and_no_intervals(rank: Rank) -> None:
    ended = rank("--baseline", "noise", "--baseline", "mean")
    assert ended.document["uncertainty"]["shown"] is False
    assert ended.document["uncertainty"]["reason"] == "fewer than 3 entries"
    assert ended.document["agreement"] is None


def test_the_table_for_people_says_what_was_assumed(probeboard: Command, table: Path) -> None:
    ended = probeboard("rank", table, "--baseline", "mean")
    assert ended.status == 0
    assert ended.out.startswith(
        "results.csv: 4 submissions, 1 of them shown beside the ranking, 3 tasks, 8 splits\n"
        "average-rank: the average over tasks of the rank of the mean score\n"
        "95% intervals from 1000 draws, seed 'probeboard'"
    )
    assert "note: n_test / n_train is taken to be 0.1111 in all splits" in ended.out
    header = next(line for line in ended.out.splitlines() if line.startswith("rank  "))
    assert header.split("  ")[-1].strip() == "win rate"
    for words in (
        *("rank set", "tier", "P(first)", "w/o task", "ranks by method", "Kendall's tau of its"),
        "Kendall's tau of the draws with the ranking: 0.",
    ):
        assert words in ended.out
    assert "(3)   mean" in ended.out


def test_challengers_other_methods_are_printed_beside_those_a_phase_may_name(
    probeboard: Command, rank: Rank, table: Path
) -> None:
    weights = ("--weight", "slope=3")
    document = rank(*weights).document
    assert document["further_methods"] == list(FURTHER)
    assert len(document["agreement"]["further_tau"]) == len(FURTHER)
    for method in FURTHER:
        expected = rank_as_challenger(method, splits_of(scores_of()), weights=[3, 1, 1]).ranks
        found = {entry["team"]: entry["further_ranks"][method] for entry in document["entries"]}
        assert [found[name] for name in sorted(NAMES)] == expected.tolist()
    out = probeboard("rank", table, "--baseline", "bands", *weights).out
    header = next(line for line in out.splitlines() if line.startswith("ranks by method"))
    assert header.split()[-4:] == list(FURTHER)
    assert (
        "(2)" in next(line for line in out.splitlines() if line.startswith("bands  ")).split()[-1]
    )


def test_the_table_for_two_says_why_there_are_no_intervals(
    probeboard: Command, table: Path
) -> None:
    ended = probeboard("rank", table, "--baseline", "mean", "--baseline", "noise")
    assert "no intervals: fewer than 3 entries" in ended.out
    assert "rank set" not in ended.out
