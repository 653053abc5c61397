"""Metrics held to scikit-learn, summaries to their closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, r2_score

from probeboard.probing.metrics import f1, floored, macro_f1, q_score, r2, standard_error

STEADY = settings(derandomize=True, max_examples=60, deadline=None)


def pairs(values):
    return st.lists(st.tuples(values, values), min_size=2, max_size=30).map(
        lambda rows: np.array(rows).T
    )


@given(pairs(st.floats(-1e3, 1e3)))
@STEADY
def test_r2_equals_scikit_learns(pair):
    truth, predicted = pair
    truth, predicted = truth.round(3), predicted.round(3)
    assert r2(truth, predicted) == pytest.approx(r2_score(truth, predicted), rel=1e-9, abs=1e-9)


@given(pairs(st.integers(0, 1)))
@STEADY
def test_f1_equals_scikit_learns(pair):
    assert f1(*pair) == pytest.approx(f1_score(*pair, zero_division=0), abs=1e-12)


@given(pairs(st.integers(0, 5)))
@STEADY
def test_macro_f1_equals_scikit_learns(pair):
    assert macro_f1(*pair) == pytest.approx(f1_score(*pair, average="macro"), abs=1e-12)


def test_constant_truth_has_an_r2_of_one_if_predicted_and_zero_otherwise():
    assert r2(np.ones(3), np.ones(3)) == 1.0
    assert r2(np.ones(3), np.array([1.0, 1.0, 2.0])) == 0.0


def test_scores_below_minus_one_count_as_minus_one():
    assert floored(np.array([-1e13, -0.5, 0.9])).tolist() == [-1.0, -0.5, 0.9]


def test_q_and_standard_error_have_their_closed_forms():
    scores = np.array([0.5, 0.6, 0.7])
    std = math.sqrt(0.02 / 3)
    assert q_score(scores) == pytest.approx(1.2 / (0.02 + std))
    expected = 0.1 * math.sqrt(1 / 3 + 1 / 9)
    assert standard_error(scores, test_to_train=1 / 9) == pytest.approx(expected)
