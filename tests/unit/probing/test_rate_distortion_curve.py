"""Encodings held to their definitions, and the curve to scoring by hand."""

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA

from probeboard.labelsets import SplitSpec, TaskType, shuffle_splits
from probeboard.probing import (
    Encoding,
    Point,
    Probe,
    ProbeKind,
    ProbeTask,
    default_points,
    get_scorer,
    prepare,
    rate_distortion,
    score_task,
)
from probeboard.probing.encodings import BITS, decoded

RNG = np.random.default_rng(4)
N, D = 120, 16
E = (RNG.normal(size=(N, D)) * np.arange(1, D + 1) ** -1.0 + 5.0).astype(np.float32)
SPLITS = shuffle_splits(N, SplitSpec(n_splits=4))
SIGNAL = E @ RNG.normal(size=D)
TASKS = [
    ProbeTask("height", TaskType.REGRESSION, np.arange(N), SIGNAL.astype(np.float64), SPLITS),
    ProbeTask(
        "forest",
        TaskType.BINARY,
        np.arange(N),
        (np.median(SIGNAL) < SIGNAL).astype(np.int64),
        SPLITS,
        Probe(ProbeKind.KNN),
    ),
]


def encode(encoding, dims=D, *, matrix=E):
    ((_, values),) = decoded(matrix, prepare(matrix), (Point(encoding, dims),))
    return values


def test_the_default_points_are_fewer_bits_then_fewer_dimensions():
    points = default_points(1024)
    halves = [512, 256, 128, 64, 32, 16, 8]
    assert [(one.encoding, one.dims) for one in points] == [
        *((encoding, 1024) for encoding in ("float16", "int8", "int4", "int2", "signs")),
        *(("first", dims) for dims in halves),
        *(("principal", dims) for dims in halves),
    ]
    sizes = [one.bytes_per_sample for one in points[:6]]
    assert sizes == [2048.0, 1024.0, 512.0, 256.0, 128.0, 2048.0]


@pytest.mark.parametrize(
    ("dims", "shorter"), [(1, []), (2, [1]), (9, [4]), (16, [8]), (33, [16, 8])]
)
def test_few_dimensions_are_halved_at_least_once(dims, shorter):
    first = [one.dims for one in default_points(dims) if one.encoding is Encoding.FIRST]
    assert first == shorter


@pytest.mark.parametrize("encoding", [Encoding.INT8, Encoding.INT4, Encoding.INT2])
def test_quantised_dimensions_have_their_levels_from_least_to_largest(encoding):
    values = encode(encoding)
    levels = 2 ** BITS[encoding]
    step = (E.max(axis=0) - E.min(axis=0)) / (levels - 1)
    assert max(len(set(column)) for column in values.T) <= levels
    np.testing.assert_allclose(values.min(axis=0), E.min(axis=0), rtol=1e-6)
    np.testing.assert_allclose(values.max(axis=0), E.max(axis=0), rtol=1e-6)
    assert (np.abs(values - E) <= step / 2 + 1e-5).all()


def test_half_precision_keeps_eleven_bits_of_what_is_standardised():
    standardised = prepare(E).matrix
    error = (encode(Encoding.FLOAT16) - E) / prepare(E).scale
    assert (np.abs(error) <= np.abs(standardised) * 2.0**-11 + 1e-5).all()


def test_signs_are_those_of_centred_dimensions():
    expected = np.where(E.mean(axis=0, dtype=np.float64) < E, 1.0, -1.0)
    np.testing.assert_array_equal(encode(Encoding.SIGNS), expected)


def test_the_first_dimensions_are_kept_as_they_are():
    np.testing.assert_array_equal(encode(Encoding.FIRST, 4), E[:, :4])


@pytest.mark.parametrize("dims", [1, 4, 16])
def test_principal_components_equal_scikit_learns_up_to_sign(dims):
    theirs = PCA(dims, svd_solver="full").fit_transform(E.astype(np.float64))
    ours = encode(Encoding.PRINCIPAL, dims) * prepare(E).scale
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-4)


EXTREMES = {
    "huge": E * np.float32(1e30),
    "the largest floats": (E / np.abs(E).max() * np.finfo(np.float32).max).astype(np.float32),
    "tiny": E * np.float32(1e-38),
    "constant": np.full((N, D), 0.1, dtype=np.float32),
    "one value of 1e30": np.where(np.arange(N * D).reshape(N, D) == 40, np.float32(1e30), E),
}


@pytest.mark.parametrize("name", EXTREMES)
@pytest.mark.parametrize("encoding", Encoding)
def test_extreme_embeddings_stay_finite(name, encoding):
    assert np.isfinite(encode(encoding, matrix=EXTREMES[name])).all()


def test_a_constant_dimension_stays_what_it_is():
    np.testing.assert_array_equal(
        encode(Encoding.INT2, matrix=EXTREMES["constant"]), EXTREMES["constant"]
    )


@pytest.mark.parametrize(
    "point", [Point(Encoding.INT8, 8), Point(Encoding.FIRST, 17), Point(Encoding.PRINCIPAL, 0)]
)
def test_points_that_cannot_be_are_refused(point):
    with pytest.raises(ValueError, match="cannot be kept as"):
        list(decoded(E, prepare(E), (point,)))


def test_a_point_scores_as_its_embeddings_do_by_themselves():
    exact = get_scorer("exact", 1)
    points = (Point(Encoding.INT2, D), Point(Encoding.FIRST, 8))
    curve = rate_distortion(E, prepare(E), TASKS, scorer=exact, points=points)
    for point, values in decoded(E, prepare(E), points):
        one = next(one for one in curve if one.point == point)
        expected = {
            task.name: score_task(prepare(values), task, scorer=exact).mean for task in TASKS
        }
        assert one.tasks == expected
        assert one.mean_score == pytest.approx(np.mean(list(expected.values())))


def test_fewer_bits_and_fewer_dimensions_score_less_and_neuco_has_a_curve_too():
    exact = get_scorer("exact", 1)
    points = (Point(Encoding.INT8, D), Point(Encoding.SIGNS, D), Point(Encoding.PRINCIPAL, 1))
    eight, signs, one = rate_distortion(E, prepare(E), TASKS[:1], scorer=exact, points=points)
    assert eight.mean_score > 0.99
    assert eight.mean_score > signs.mean_score > one.mean_score
    neuco = get_scorer("neuco", 1)
    (raw,) = rate_distortion(E, prepare(E), TASKS[:1], scorer=neuco, points=points[:1])
    official = score_task(prepare(E), TASKS[0], scorer=neuco).mean
    assert raw.mean_score == pytest.approx(official, abs=0.1 * abs(official))


def test_without_a_choice_all_default_points_are_scored_and_the_curve_is_ready_for_json():
    curve = rate_distortion(E, prepare(E), TASKS, scorer=get_scorer("exact", 1))
    assert tuple(one.point for one in curve) == default_points(D)
    first = json.loads(json.dumps(curve[1].to_dict(), allow_nan=False))
    assert first["encoding"] == "int8"
    assert (first["dims"], first["bytes_per_sample"]) == (16, 16.0)
    assert set(first["tasks"]) == {"height", "forest"}
