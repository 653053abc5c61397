"""The split scores of a pool in one task."""

import numpy as np
import pytest

from probeboard.probing import q_score
from probeboard.ranking import TaskSplitScores


def test_q_and_standard_errors_are_those_of_the_scorer():
    scores = np.random.default_rng(0).normal(0.5, 0.1, (3, 8))
    task = TaskSplitScores("slope", scores, test_to_train=0.25, group="a")
    np.testing.assert_allclose(task.qs, [q_score(row) for row in scores], rtol=1e-12)
    expected = scores.std(axis=1, ddof=1) * np.sqrt(1 / 8 + 0.25)
    np.testing.assert_allclose(task.standard_errors, expected)


def test_a_single_split_has_no_standard_error():
    task = TaskSplitScores("slope", np.array([[0.5], [0.6]]), test_to_train=0.25, group="a")
    assert np.isnan(task.standard_errors).all()


@pytest.mark.parametrize("scores", [np.zeros(3), np.zeros((3, 0))])
def test_scores_that_are_no_table_are_refused(scores):
    with pytest.raises(ValueError, match="shape"):
        TaskSplitScores("slope", scores, test_to_train=0.25, group="a")


@pytest.mark.parametrize("ratio", [-0.1, np.nan, np.inf])
def test_a_ratio_that_is_none_is_refused(ratio):
    with pytest.raises(ValueError, match="ratio"):
        TaskSplitScores("slope", np.zeros((3, 2)), test_to_train=ratio, group="a")
