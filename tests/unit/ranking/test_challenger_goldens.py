"""challengeR 1.0.5 reproduced: all figures of its golden files but two defects of its draws."""

import csv
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from probeboard.ranking import (
    TaskSplitScores,
    average_rank,
    kendall_tau_b,
    rank_as_challenger,
    symmetric_difference,
)
from probeboard.ranking.agreement import merges
from probeboard.ranking.challenger import case_figures, significant
from probeboard.ranking.ties import twice_average_ranks, twice_shared_ranks
from probeboard.ranking.wilcoxon import wilcoxon_p

GOLDEN = Path(__file__).parents[2] / "golden"
INPUTS = {"toy": "toy_data_matrix", "synth": "synth_12alg_11task_40case"}
METHODS = {
    "meanThenRank": "mean-then-rank",
    "medianThenRank": "median-then-rank",
    "q25ThenRank": "quartile-then-rank",
    "rankThenMean": "rank-then-mean",
    "rankThenMedian": "rank-then-median",
    "testThenRank_none": "wilcoxon-then-rank",
    "testThenRank_holm": "wilcoxon-holm-then-rank",
}
EITHER = pytest.mark.parametrize("case", INPUTS)
ALL = pytest.mark.parametrize("theirs", METHODS)


@cache
def golden(case: str) -> dict:
    return json.loads((GOLDEN / f"challengeR_{case}.json").read_text())


@cache
def algorithms(case: str) -> list[str]:
    return golden(case)["bootstrap"]["algorithm"]


@cache
def cases(case: str) -> dict[str, list[str]]:
    """Case ids of each task, in the order of the columns."""
    found: dict[str, dict[str, None]] = {}
    for row in rows(case):
        found.setdefault(row["task"], {})[row["case"]] = None
    return {task: list(ids) for task, ids in found.items()}


@cache
def tasks(case: str) -> list[TaskSplitScores]:
    names, columns = algorithms(case), cases(case)
    scores = {task: np.full((len(names), len(ids)), np.nan) for task, ids in columns.items()}
    for row in rows(case):
        at = names.index(row["algorithm"]), columns[row["task"]].index(row["case"])
        scores[row["task"]][at] = float(row["value"])
    return [
        TaskSplitScores(name, values, test_to_train=0.25, group="cases")
        for name, values in scores.items()
    ]


def rows(case: str) -> Iterator[dict[str, str]]:
    with (GOLDEN / "inputs" / f"{INPUTS[case]}.csv").open(newline="") as file:
        yield from csv.DictReader(file)


def numbers(values) -> np.ndarray:
    """A golden table, null as NaN."""
    return np.array(values, dtype=float)


def theirs_of(known: dict, key: str, names: list[str]) -> np.ndarray:
    """Their figures in the order of our rows."""
    order = [known["algorithm"].index(name) for name in names]
    return numbers(known[key])[order]


@EITHER
def test_the_inputs_are_whole(case):
    assert all(np.isfinite(task.scores).all() for task in tasks(case))
    assert [task.name for task in tasks(case)] == list(golden(case)["per_task"]["meanThenRank"])


@EITHER
@pytest.mark.parametrize("key", [*METHODS, "meanThenRank_tiesAverage", "rankThenMean_tiesAverage"])
def test_each_method_reproduces_figures_ranks_and_consensus(case, key):
    theirs, _, suffix = key.partition("_ties")
    ties = "average" if suffix else "min"
    board = rank_as_challenger(METHODS[theirs], tasks(case), ties=ties)
    for column, task in enumerate(tasks(case)):
        known = golden(case)["per_task"][key][task.name]
        figures = case_figures(METHODS[theirs], task.scores, ties=ties)
        expected = theirs_of(known, "aggregate", algorithms(case))
        np.testing.assert_allclose(figures, expected, rtol=0, atol=1e-9)
        places = theirs_of(known, "rank", algorithms(case))
        assert board.task_ranks[:, column].tolist() == places.tolist()
    known = golden(case)["consensus_euclidean"][key]
    means = theirs_of(known, "mean_rank", algorithms(case))
    np.testing.assert_allclose(board.aggregate, means, rtol=0, atol=1e-9)
    assert board.ranks.tolist() == theirs_of(known, "rank_min", algorithms(case)).tolist()


@EITHER
def test_every_key_of_the_golden_files_is_one_we_know(case):
    variants = {"meanThenRank_tiesAverage", "rankThenMean_tiesAverage"}
    assert set(golden(case)["per_task"]) == set(METHODS) | variants
    assert set(golden(case)) == {
        "meta", "per_task", "consensus_euclidean", "kendall_tau_b_between_methods",
        "kendall_tau_b_between_tasks", "kendall_tau_b_between_consensus", "task_symdiff",
        "wilcoxon_one_sided_p", "significance_none", "significance_holm", "bootstrap",
    }  # fmt: skip


@EITHER
def test_the_official_average_rank_is_the_consensus_of_mean_then_rank(case):
    table = np.column_stack([task.means for task in tasks(case)])
    board = average_rank(table)
    known = golden(case)["consensus_euclidean"]["meanThenRank_tiesAverage"]
    means = theirs_of(known, "mean_rank", algorithms(case))
    np.testing.assert_allclose(board.aggregate, means, rtol=0, atol=1e-9)
    assert board.ranks.tolist() == theirs_of(known, "rank_min", algorithms(case)).tolist()


@EITHER
def test_kendall_s_tau_between_methods_on_each_task(case):
    for column, task in enumerate(tasks(case)):
        known = golden(case)["kendall_tau_b_between_methods"][task.name]
        places = [
            rank_as_challenger(METHODS[theirs], tasks(case)).task_ranks[:, column]
            for theirs in known["methods"]
        ]
        tau = kendall_tau_b(np.column_stack(places))
        np.testing.assert_allclose(tau, numbers(known["tau_b"]), rtol=0, atol=1e-9)


@EITHER
@ALL
def test_kendall_s_tau_between_tasks_by_each_method(case, theirs):
    known = golden(case)["kendall_tau_b_between_tasks"][theirs]
    assert known["tasks"] == [task.name for task in tasks(case)]
    tau = kendall_tau_b(rank_as_challenger(METHODS[theirs], tasks(case)).task_ranks)
    np.testing.assert_allclose(tau, numbers(known["tau_b"]), rtol=0, atol=1e-9)


@EITHER
def test_kendall_s_tau_between_the_consensus_of_methods(case):
    known = golden(case)["kendall_tau_b_between_consensus"]
    boards = [rank_as_challenger(METHODS[theirs], tasks(case)) for theirs in known["methods"]]
    tau = kendall_tau_b(np.column_stack([board.ranks for board in boards]))
    np.testing.assert_allclose(tau, numbers(known["tau_b"]), rtol=0, atol=1e-9)


@EITHER
@ALL
def test_symmetric_differences_of_tasks_and_the_heights_of_their_clusters(case, theirs):
    known = golden(case)["task_symdiff"][theirs]
    distance = symmetric_difference(rank_as_challenger(METHODS[theirs], tasks(case)).task_ranks)
    assert distance.tolist() == known["symdiff"]
    for linkage in ("complete", "average"):
        heights = sorted(height for _, _, height in merges(distance, linkage=linkage))
        expected = known[f"hclust_{linkage}_heights"]
        np.testing.assert_allclose(heights, expected, rtol=0, atol=1e-9)


@EITHER
def test_wilcoxon_s_p_of_every_ordered_pair_and_what_it_calls_significant(case):
    for task in tasks(case):
        known = golden(case)
        assert known["wilcoxon_one_sided_p"][task.name]["algorithm"] == algorithms(case)
        p = wilcoxon_p(task.scores)
        expected = numbers(known["wilcoxon_one_sided_p"][task.name]["p"])
        np.testing.assert_allclose(p, expected, rtol=0, atol=1e-9)
        none = known["significance_none"][task.name]["row_beats_col"]
        assert (p <= 0.05).astype(int).tolist() == none
        holm = known["significance_holm"][task.name]["row_beats_col"]
        assert significant(p).astype(int).tolist() == holm


def drawn(case: str) -> Iterator[tuple[TaskSplitScores, int, list[int]]]:
    """Each task, number of a draw, and the columns drawn."""
    for task in tasks(case):
        ids = cases(case)[task.name]
        for number, names in enumerate(
            golden(case)["bootstrap"]["draws_case_ids_by_task"][task.name]
        ):
            yield task, number, [ids.index(name) for name in names]


def in_draw(case: str, theirs: str, task: TaskSplitScores, number: int) -> tuple[list[int], float]:
    """challengeR's ranks of a draw, and their tau-b with the ranks of all cases."""
    known = golden(case)["bootstrap"]["methods"][theirs]
    tau = known["kendall_tau_b_to_full"][task.name][number]
    ranks = [ranks[number] for ranks in known["ranks_algorithm_by_draw"][task.name]]
    return ranks, np.nan if tau is None else tau


def ranks_by(theirs: str, scores: np.ndarray) -> np.ndarray:
    figures = case_figures(METHODS[theirs], scores)
    better = -figures if theirs.startswith("rank") else figures
    return twice_shared_ranks(np.round(better, 9)) // 2


def tau(first, second) -> float:
    return float(kendall_tau_b(np.column_stack([first, second]))[0, 1])


@EITHER
def test_mean_then_rank_of_each_draw_and_its_tau_with_the_full_ranking(case):
    for task, number, columns in drawn(case):
        ranks, expected = in_draw(case, "meanThenRank", task, number)
        ours = ranks_by("meanThenRank", task.scores[:, columns])
        assert ours.tolist() == ranks
        found = tau(ours, ranks_by("meanThenRank", task.scores))
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@EITHER
def test_a_draw_takes_columns_of_the_ranks_where_challenger_ranks_copies_of_a_case_jointly(case):
    differ = 0
    for task, number, columns in drawn(case):
        ranks, expected = in_draw(case, "rankThenMean", task, number)
        # Theirs: m copies of a case are one case of m · n rows.
        joint = ranks_by_copies_jointly(task.scores, columns)
        assert joint.tolist() == ranks
        full = ranks_by("rankThenMean", task.scores)
        np.testing.assert_allclose(tau(joint, full), expected, rtol=0, atol=1e-9)
        # Ours: the mean over what was drawn of the ranks each case has anyway.
        in_cases = twice_shared_ranks(task.scores)[:, columns] / 2
        right = twice_shared_ranks(-np.round(in_cases.mean(axis=1), 9)) // 2
        assert ranks_by("rankThenMean", task.scores[:, columns]).tolist() == right.tolist()
        differ += right.tolist() != ranks
    assert differ > 0


@EITHER
def test_a_draw_tests_every_case_drawn_where_challenger_tests_each_once(case):
    differ = 0
    for task, number, columns in drawn(case):
        ranks, expected = in_draw(case, "testThenRank_none", task, number)
        once = ranks_by("testThenRank_none", task.scores[:, np.unique(columns)])
        assert once.tolist() == ranks
        full = ranks_by("testThenRank_none", task.scores)
        np.testing.assert_allclose(tau(once, full), expected, rtol=0, atol=1e-9)
        differ += ranks_by("testThenRank_none", task.scores[:, columns]).tolist() != ranks
    assert differ > 0


def ranks_by_copies_jointly(scores: np.ndarray, columns: list[int]) -> np.ndarray:
    """The defect: rank-then-mean in which the copies of a case are ranked as one case."""
    total = np.zeros(len(scores))
    for column, copies in zip(*np.unique(columns, return_counts=True), strict=True):
        joint = twice_shared_ranks(np.tile(scores[:, column], copies)) / 2
        total += joint.reshape(copies, -1).sum(axis=0)
    return twice_shared_ranks(-np.round(total / len(columns), 9)) // 2


def test_average_ties_within_a_case_add_up_to_the_same_for_every_case():
    task = tasks("synth")[6]  # coarse: full of ties
    n = len(task.scores)
    assert (twice_average_ranks(task.scores).sum(axis=0) == n * (n + 1)).all()
    assert (twice_shared_ranks(task.scores).sum(axis=0) < n * (n + 1)).any()
