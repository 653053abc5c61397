"""Rankings held to the numbers of the tools they come from."""

import json
from pathlib import Path

import numpy as np
import pytest

from probeboard.probing import q_score
from probeboard.ranking import average_rank, neuco

GOLDEN = Path(__file__).parents[2] / "golden"


def golden(name: str):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def matrix(rows) -> np.ndarray:
    return np.array([[np.nan if v is None else float(v) for v in row] for row in rows])


@pytest.mark.parametrize(
    "case", ["basic_ties", "constant_task", "sabotage_before", "sabotage_after", "synth_12x11"]
)
def test_neuco_reproduces_neuco_bench(case):
    known = golden(f"neuco_{case}")
    names, output, derived = known["input"]["experiments"], known["output"], known["derived"]
    board = neuco(matrix(known["input"]["scores"]), floor=None)
    assert [names[i] for i in board.order] == output["order"]
    in_order = board.order
    assert board.ranks[in_order].tolist() == output["aggregated_rank"]
    np.testing.assert_allclose(board.aggregate[in_order], output["weighted_score"], atol=1e-9)
    np.testing.assert_allclose(board.weights, derived["weights"], atol=1e-9)
    assert board.task_ranks.tolist() == derived["per_task_ranks"]
    assert board.complete.all()


def test_neuco_gives_a_single_submission_equal_weights_and_rank_one():
    known = golden("neuco_single")
    board = neuco(matrix(known["input"]["scores"]), floor=None)
    assert board.ranks.tolist() == known["output"]["aggregated_rank"]
    assert board.aggregate.tolist() == known["output"]["weighted_score"]
    assert board.weights.tolist() == [0.25] * 4


def test_a_submission_with_a_missing_q_is_kept_last_where_neuco_bench_drops_it():
    known = golden("neuco_nan_row")
    board = neuco(matrix(known["input"]["scores"]), floor=None)
    names = known["input"]["experiments"]
    others = [i for i in board.order if board.complete[i]]
    assert [names[i] for i in others] == known["output"]["order"]
    assert board.ranks[others].tolist() == known["output"]["aggregated_rank"]
    np.testing.assert_allclose(board.aggregate[others], known["output"]["weighted_score"])
    np.testing.assert_allclose(board.weights, known["derived"]["weights"])
    assert board.task_ranks[others].tolist() == known["derived"]["per_task_ranks"]
    dropped = names.index(known["output"]["dropped"][0])
    assert board.ranks[dropped] == 4
    assert not board.complete[dropped]
    assert board.task_ranks[dropped].tolist() == [2, 4, 3, 2]


def test_one_infinite_q_does_not_destroy_the_board():
    board = neuco(matrix(golden("neuco_inf")["input"]["scores"]), floor=None)
    assert board.ranks.tolist() == [3, 1, 2]
    assert board.complete.tolist() == [False, True, True]
    assert np.isfinite(board.aggregate).all()
    assert np.isfinite(board.weights).all()


def test_a_pool_in_which_all_are_equal_shares_rank_one_under_equal_weights():
    board = neuco(matrix(golden("neuco_all_equal")["input"]["scores"]), floor=None)
    assert board.ranks.tolist() == [1, 1, 1]
    assert board.aggregate.tolist() == [1.0, 1.0, 1.0]
    assert board.weights.tolist() == [1 / 3] * 3


@pytest.mark.parametrize("method", [average_rank, neuco])
def test_float_noise_breaks_no_tie(method):
    board = method(matrix(golden("neuco_float_noise_tie")["input"]["scores"]))
    assert board.ranks.tolist() == [1, 1, 3]


@pytest.mark.parametrize("method", [average_rank, neuco])
def test_a_cycle_of_three_is_a_three_way_tie(method):
    board = method(matrix(golden("neuco_condorcet_cycle")["input"]["scores"]))
    assert board.ranks.tolist() == [1, 1, 1]


def test_q_equals_neuco_bench_for_every_vector_it_can_score():
    known = golden("neuco_q_statistic")
    for point in known["points"]:
        halves = np.array([point["mean"] - point["std"], point["mean"] + point["std"]])
        np.testing.assert_allclose(q_score(halves), point["q"], rtol=1e-12)
    for name in ("ok", "one_fold"):
        vector = known["fold_vectors"][name]
        np.testing.assert_allclose(q_score(np.array(vector["folds"])), vector["q"], rtol=1e-12)


@pytest.mark.parametrize("case", ["toy", "synth"])
def test_average_rank_is_challenger_s_consensus_of_mean_then_rank(case):
    known = golden(f"challengeR_{case}")
    tasks = known["per_task"]["meanThenRank_tiesAverage"]
    names = known["consensus_euclidean"]["meanThenRank_tiesAverage"]["algorithm"]
    scores = np.empty((len(names), len(tasks)))
    ranks = np.empty_like(scores)
    for column, task in enumerate(tasks.values()):
        rows = [names.index(name) for name in task["algorithm"]]
        scores[rows, column] = task["aggregate"]
        ranks[rows, column] = task["rank"]
    board = average_rank(scores)
    assert board.task_ranks.tolist() == ranks.tolist()
    consensus = known["consensus_euclidean"]["meanThenRank_tiesAverage"]
    np.testing.assert_allclose(board.aggregate, consensus["mean_rank"], atol=1e-9)
    assert board.ranks.tolist() == consensus["rank_min"]
