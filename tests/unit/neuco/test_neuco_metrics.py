"""The quirks of torchmetrics, and the ordinary case against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, r2_score

from probeboard.probing.neuco_metrics import quirky_f1, quirky_r2, sigmoid

RNG = np.random.default_rng(3)


def float32(*values):
    return np.array(values, dtype=np.float32)


def test_r2_is_the_ordinary_one_where_labels_spread():
    truth = RNG.random(50, dtype=np.float32)
    predicted = RNG.random((4, 50), dtype=np.float32)
    expected = [r2_score(truth, row) for row in predicted]
    np.testing.assert_allclose(quirky_r2(truth, predicted), expected, rtol=1e-5)


@pytest.mark.parametrize("step", [0.0, 0.009])
def test_r2_is_zero_if_the_total_sum_of_squares_is_hardly_above_zero(step):
    truth = float32(0.5, 0.5, 0.5 + step)
    assert quirky_r2(truth, float32([0.0, 0.0, 0.0])).tolist() == [0.0]


def test_r2_is_one_if_the_residual_sum_of_squares_is_hardly_above_zero():
    spread, constant = float32(0.0, 0.02, 0.0), float32(0.5, 0.5, 0.5)
    assert quirky_r2(spread, float32([0.0, 0.011, 0.0])).tolist() == [1.0]
    assert quirky_r2(constant, float32([0.5, 0.5, 0.509])).tolist() == [1.0]


def test_f1_is_the_ordinary_one_at_logit_zero():
    truth = (RNG.random(60) < 0.3).astype(np.float32)
    logits = RNG.normal(size=(4, 60)).astype(np.float32) * 3
    expected = [f1_score(truth, row > 0) for row in logits]
    np.testing.assert_allclose(quirky_f1(truth, logits), expected, rtol=1e-6)


def test_f1_takes_logits_for_probabilities_if_all_lie_between_zero_and_one():
    truth = float32(0, 1, 1)
    assert quirky_f1(truth, float32([0.0, 0.3, 1.0])).tolist() == [pytest.approx(2 / 3)]
    assert quirky_f1(truth, float32([-1e-9, 0.3, 1.0])).tolist() == [1.0]
    assert quirky_f1(truth, float32([0.0, 0.3, 1.01])).tolist() == [1.0]


def test_a_logit_too_near_zero_for_float32_is_not_positive():
    assert quirky_f1(float32(1, 1), float32([1e-9, 5.0])).tolist() == [pytest.approx(2 / 3)]


def test_f1_is_zero_without_any_positive():
    assert quirky_f1(float32(0, 0), float32([-1.0, -2.0])).tolist() == [0.0]


def test_the_sigmoid_of_any_logit_is_finite():
    logits = float32(-3e38, -90, 0, 90, 3e38)
    assert sigmoid(logits).tolist() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-30)
