"""Scaling: one number for all dimensions, or each dimension by its own, with a floor."""

import tracemalloc

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
from probeboard.probing import (
    Analysis,
    Encoding,
    Point,
    Probe,
    ProbeKind,
    ProbeTask,
    Scaling,
    analyse,
    get_scorer,
    prepare,
    rate_distortion,
    score_task,
    score_tasks,
)
from probeboard.probing.encodings import decoded
from probeboard.probing.scaling import FLOOR, standardise

EXACT, NEUCO = get_scorer("exact", 1), get_scorer("neuco", 1)
RNG = np.random.default_rng(5)
N, D = 240, 6
E = (RNG.normal(size=(N, D)) * np.array([3, 1, 1, 0.5, 0.3, 1]) + 2.0).astype(np.float32)
SIGNAL = (E @ RNG.normal(size=D) + 0.5 * RNG.normal(size=N)).astype(np.float64)
LABELS = {
    TaskType.REGRESSION: SIGNAL,
    TaskType.BINARY: (np.median(SIGNAL) < SIGNAL).astype(np.int64),
    TaskType.MULTICLASS: np.digitize(SIGNAL, np.quantile(SIGNAL, [0.3, 0.6])).astype(np.int64),
}
LINEAR = Probe()
SPLITS = shuffle_splits(N, SplitSpec(n_splits=6))
WAYS = [
    (task_type, Probe(kind, signs=signs))
    for task_type in LABELS
    for kind, signs in (("linear", False), ("knn", False), ("knn", True), ("retrieval", False))
    for kind in [ProbeKind(kind)]
    if (task_type, kind) != (TaskType.REGRESSION, ProbeKind.RETRIEVAL)
]


def task_of(task_type, probe=LINEAR):
    return ProbeTask("t", task_type, np.arange(N), LABELS[task_type], SPLITS, probe)


def score(matrix, task_type, probe=LINEAR, scaling=Scaling.PER_DIMENSION):
    prepared = prepare(matrix.astype(np.float32), scaling=scaling)
    return score_task(prepared, task_of(task_type, probe), scorer=EXACT)


def test_dimensions_above_the_floor_are_standardised_as_scikit_learn_does():
    scaled = standardise(E)
    expected = StandardScaler().fit_transform(E.astype(np.float64))
    np.testing.assert_allclose(scaled, expected, atol=1e-6)
    prepared = prepare(E, scaling=Scaling.PER_DIMENSION)
    assert prepared.scaling is Scaling.PER_DIMENSION
    assert prepared.values.tobytes() == scaled.tobytes()
    assert not prepared.values.flags.writeable
    np.testing.assert_allclose(prepared.matrix, expected, atol=1e-6)


def test_one_number_is_what_there_was_to_the_last_bit():
    means = E.mean(axis=0, dtype=np.float64)
    centred = np.subtract(E, means, dtype=np.float64)
    for prepared in (prepare(E), prepare(E, scaling=Scaling.SCALAR)):
        assert np.shares_memory(prepared.values, E)
        assert prepared.means.tobytes() == means.tobytes()
        assert prepared.scale == np.sqrt(np.vdot(centred, centred) / E.size)
        assert prepared.matrix.tobytes() == (centred / prepared.scale).tobytes()


def test_what_is_below_the_floor_is_divided_by_the_floor():
    matrix = E.astype(np.float64)
    matrix[:, 1] = 1e-6 * (matrix[:, 1] - 2.0)
    matrix[:, 4] = 5.0
    stds = matrix.astype(np.float32).std(axis=0, dtype=np.float64)
    floor = FLOOR * np.sqrt(np.mean(stds**2))
    scaled = standardise(matrix.astype(np.float32))
    assert scaled[:, 1].std() == pytest.approx(stds[1] / floor, rel=1e-5)
    assert not scaled[:, 4].any()
    np.testing.assert_allclose(scaled[:, [0, 2, 3, 5]].std(axis=0), 1.0, rtol=1e-6)


@pytest.mark.parametrize("constant", [0.0, 0.1, -7e20])
def test_constant_embeddings_become_exactly_zero(constant):
    matrix = np.full((N, 3), constant, dtype=np.float32)
    assert not standardise(matrix).any()
    assert not prepare(matrix, scaling=Scaling.PER_DIMENSION).matrix.any()


@pytest.mark.parametrize("unit", [1e-42, 1e-30, 1e30, 3e37])
def test_any_unit_that_single_precision_holds_stays_finite_and_bounded(unit):
    matrix = (np.sign(E - 2.0) * unit).astype(np.float32)
    matrix[0] = -matrix[0]
    scaled = standardise(matrix)
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max() <= np.sqrt(N) * (1 + 1e-6)
    one = np.zeros((N, 2), dtype=np.float32)
    one[3, 0] = 3e38
    assert standardise(one)[3, 0] == pytest.approx(np.sqrt(N), rel=2 / N)


@pytest.mark.parametrize(("task_type", "probe"), WAYS)
@pytest.mark.parametrize("scaling", Scaling)
def test_near_constant_columns_do_not_blow_up(task_type, probe, scaling):
    # Variances of 1e-20 of the others', and what rounding leaves of a constant.
    rng = np.random.default_rng(7)
    tiny = 1e-10 * rng.normal(size=(N, 40))
    rounded = np.float32(3.0) + np.float32(2.0**-22) * rng.integers(0, 2, size=(N, 40))
    matrix = np.hstack([E, tiny, rounded])
    scores = score(matrix, task_type, probe, scaling)
    expected = score(E, task_type, probe, scaling)
    assert np.isfinite(scores.split_scores).all()
    assert (scores.split_scores > -1.0).all()
    if not probe.signs:  # signs know no size
        assert scores.mean == pytest.approx(expected.mean, abs=0.03)


def test_without_the_floor_such_columns_would_drown_what_the_others_hold():
    tiny = 1e-10 * np.random.default_rng(8).normal(size=(N, 200))
    matrix = np.hstack([E, tiny]).astype(np.float32)
    unfloored = StandardScaler().fit_transform(matrix.astype(np.float64) * 1e10)
    drowned = score(unfloored, TaskType.REGRESSION).mean
    assert score(matrix, TaskType.REGRESSION).mean > drowned + 0.05


def test_a_column_that_is_constant_but_for_one_test_sample_is_bounded():
    matrix = np.hstack([E, np.zeros((N, 1), dtype=np.float32)])
    for spike in (1e-12, 1.0, 1e30):
        matrix[SPLITS[0].test[0], -1] = spike
        scores = score(matrix, TaskType.REGRESSION)
        assert (scores.split_scores > -1.0).all()


@pytest.mark.parametrize(("task_type", "probe"), WAYS)
def test_units_of_dimensions_do_not_matter(task_type, probe):
    expected = score(E, task_type, probe).split_scores
    twos = np.array([1, 4, 0.5, 8, 2, 0.25], dtype=np.float32)
    assert score(E * twos, task_type, probe).split_scores.tolist() == expected.tolist()
    units = np.array([0.3, -70, 1, 9, 0.6, 11])
    changed = score(E * units + 1.0, task_type, probe).split_scores
    if probe.signs:  # which sign is which does not matter, but for what is exactly 0
        np.testing.assert_allclose(changed, expected, atol=0.05)
    else:
        np.testing.assert_allclose(changed, expected, atol=2e-4)
    if probe == Probe(ProbeKind.KNN):
        assert score(E * units, task_type, probe, Scaling.SCALAR).split_scores.tolist() != (
            expected.tolist()
        )


@pytest.mark.parametrize("task_type", LABELS)
def test_signs_do_not_know_how_dimensions_are_scaled(task_type):
    # Values that are their mean exactly, whose sign must stay that of 0.
    matrix = np.rint(3 * (E - 2.0))
    matrix[0] -= matrix.sum(axis=0)
    assert (matrix.mean(axis=0) == 0.0).all()
    probe = Probe(ProbeKind.KNN, signs=True)
    both = [score(matrix, task_type, probe, scaling).split_scores.tolist() for scaling in Scaling]
    assert both[0] == both[1]


def test_rotations_matter_where_units_do_not():
    rotation = np.linalg.qr(np.random.default_rng(6).normal(size=(D, D)))[0]
    knn, moved = Probe(ProbeKind.KNN), {}
    for scaling in Scaling:
        plain, turned = (
            score(matrix, TaskType.REGRESSION, knn, scaling).split_scores
            for matrix in (E, (E - 2.0) @ rotation)
        )
        moved[scaling] = np.abs(plain - turned).max()
    assert moved[Scaling.SCALAR] < 1e-6
    assert moved[Scaling.PER_DIMENSION] > 0.01


def test_neuco_standardises_itself():
    prepared = prepare(E, scaling=Scaling.PER_DIMENSION)
    with pytest.raises(ValueError, match="standardises embeddings itself"):
        list(score_tasks(prepared, [task_of(TaskType.REGRESSION)], scorer=NEUCO))


def test_analyses_describe_what_was_handed_in_and_score_as_scaled():
    task = task_of(TaskType.REGRESSION)
    wanted = frozenset({Analysis.SPECTRUM, Analysis.RATE_DISTORTION})
    found = {}
    for scaling in Scaling:
        prepared = prepare(E, scaling=scaling)
        scores = [score_task(prepared, task, scorer=EXACT)]
        found[scaling] = analyse(E, prepared, [task], scores, scorer=EXACT, wanted=wanted)
    each = found[Scaling.PER_DIMENSION]
    assert each.spectrum == found[Scaling.SCALAR].spectrum
    for (point, values), rate in zip(
        decoded(E, prepare(E), tuple(one.point for one in each.rate_distortion)),
        each.rate_distortion,
        strict=True,
    ):
        assert rate.point == point
        assert rate.tasks == {"t": score(values, TaskType.REGRESSION).mean}
    curves = [[one.mean_score for one in found[scaling].rate_distortion] for scaling in Scaling]
    assert curves[0] != curves[1]


def test_scaled_embeddings_are_not_encoded():
    prepared = prepare(E, scaling=Scaling.PER_DIMENSION)
    with pytest.raises(ValueError, match="as handed in"):
        rate_distortion(
            E, prepared, [task_of(TaskType.BINARY)], scorer=EXACT,
            points=(Point(Encoding.SIGNS, D),),
        )  # fmt: skip


def test_memory_is_one_copy_in_single_precision():
    matrix = np.random.default_rng(8).normal(size=(20_000, 64)).astype(np.float32)
    tracemalloc.start()
    try:
        standardise(matrix)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.4 * matrix.nbytes
