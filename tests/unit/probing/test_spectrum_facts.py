"""Facts of a spectrum, held to closed forms and to NumPy's singular values."""

import json

import numpy as np
import pytest

from probeboard.probing import describe_spectrum, prepare
from probeboard.probing.spectrum import covariance_spectrum

RNG = np.random.default_rng(11)


def describe(matrix):
    matrix = np.asarray(matrix, dtype=np.float32)
    return describe_spectrum(matrix, prepare(matrix))


def evenly(n, d, m):
    """n samples whose variance is the same along m of d directions, and nought along others."""
    centred = np.linalg.qr(np.column_stack([np.ones(n), RNG.normal(size=(n, m))]))[0][:, 1:]
    return centred @ np.linalg.qr(RNG.normal(size=(d, m)))[0].T


@pytest.mark.parametrize(("n", "d", "m"), [(100, 20, 5), (15, 40, 5), (50, 8, 8)])
def test_directions_that_share_the_variance_evenly_are_counted(n, d, m):
    found = describe(evenly(n, d, m) * 1e3 + 7.0)
    assert found.dims == d
    assert found.participation_ratio == pytest.approx(m, rel=1e-3)
    assert found.effective_rank == pytest.approx(m, rel=1e-2)
    assert found.dims_for_99_percent == m


@pytest.mark.parametrize("shape", [(80, 12), (12, 80)])
def test_figures_equal_those_of_singular_values(shape):
    matrix = (RNG.normal(size=shape) * np.arange(1, shape[1] + 1) ** -0.7).astype(np.float32)
    s = np.linalg.svd(matrix - matrix.mean(axis=0, dtype=np.float64), compute_uv=False)
    s = s[s > 1e-9 * s[0]]
    found = describe(matrix)
    assert found.participation_ratio == pytest.approx((s**2).sum() ** 2 / (s**4).sum())
    p = s / s.sum()
    assert found.effective_rank == pytest.approx(np.exp(-(p * np.log(p)).sum()), rel=1e-6)
    share = np.cumsum(s**2) / (s**2).sum()
    assert found.dims_for_99_percent == int((share < 0.99).sum()) + 1


def test_constant_and_duplicate_columns_are_counted():
    base = RNG.normal(size=(30, 3))
    zero = np.zeros((30, 2))
    found = describe(np.hstack([base, base[:, :2], zero + 5, base[:, :1], -base[:, 1:2]]))
    assert (found.constant_columns, found.duplicate_columns) == (2, 3)
    signed = np.array([[0.0, -0.0], [1.0, 1.0]])
    assert describe(signed).duplicate_columns == 1


def test_embeddings_all_alike_use_no_dimension():
    found = describe(np.full((5, 3), 0.1))
    figures = (found.participation_ratio, found.effective_rank, found.dims_for_99_percent)
    assert figures == (0.0, 0.0, 0)
    assert found.constant_columns == 3


@pytest.mark.parametrize("factor", [1e-38, 1e30])
def test_the_unit_changes_nothing(factor):
    matrix = RNG.normal(size=(40, 6)).astype(np.float32)
    first, second = describe(matrix), describe(matrix * np.float32(factor))
    assert second.participation_ratio == pytest.approx(first.participation_ratio, rel=1e-5)
    assert second.effective_rank == pytest.approx(first.effective_rank, rel=1e-5)


def test_one_value_of_1e30_leaves_one_direction():
    matrix = RNG.normal(size=(40, 6)).astype(np.float32)
    matrix[3, 2] = 1e30
    found = describe(matrix)
    assert found.participation_ratio == pytest.approx(1.0)
    assert found.dims_for_99_percent == 1


def test_the_facts_are_ready_for_json():
    found = describe(RNG.normal(size=(9, 4)))
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False)) == found.to_dict()
    assert covariance_spectrum(prepare(np.zeros((3, 2), dtype=np.float32))).size == 0
