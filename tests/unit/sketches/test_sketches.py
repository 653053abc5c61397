"""Sketches: blind to what hides a copy, and telling of what is another encoder."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from probeboard.sketch import FEWEST_SAMPLES, N_NUMBERS, THRESHOLD, alike, sketch

Matrix = NDArray[np.float64]
DEMO = Path(__file__).parents[3] / "examples/s1s2-timeseries/submissions"
SEED = "a secret"


def drawn(seed: int = 0, n: int = 400, d: int = 24) -> Matrix:
    """Embeddings of which a few directions are strong."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(n, d)) * np.geomspace(5, 0.5, d))


def rotation(d: int, seed: int = 9) -> Matrix:
    return np.asarray(np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0])


def cosine(X: Matrix, Y: Matrix) -> float:
    one, other = sketch(X, seed=SEED), sketch(Y, seed=SEED)
    assert one is not None
    assert other is not None
    return float(one @ other)


@pytest.fixture(scope="module")
def encoders() -> dict[str, Matrix]:
    found = {}
    for path in sorted(DEMO.glob("*.parquet")):
        table = pq.read_table(path).sort_by("id").drop(["id"])
        found[path.stem] = np.column_stack([column.to_numpy() for column in table.columns])
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda X: 1000 * X,
        lambda X: -X,
        lambda X: X + 1e3,
        lambda X: X[:, ::-1],
        lambda X: X * np.where(np.arange(X.shape[1]) % 2, 1, -1),
        lambda X: np.pad(X, ((0, 0), (0, 40))),
        lambda X: X @ rotation(X.shape[1]),
        lambda X: 1e-30 * X,
        lambda X: 1e30 * X,
    ],
)
def test_what_hides_a_copy_changes_no_sketch(change: object) -> None:
    assert callable(change)
    X = drawn()
    assert cosine(X, change(X)) == pytest.approx(1, abs=1e-6)


def test_a_sketch_is_of_length_one_and_the_same_each_time() -> None:
    made = sketch(drawn(), seed=SEED)
    assert made is not None
    assert made.shape == (N_NUMBERS,)
    assert made.dtype == np.float32
    assert np.linalg.norm(made) == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(made, sketch(drawn(), seed=SEED))


def test_another_secret_draws_other_samples() -> None:
    one, other = (sketch(drawn(), seed=seed) for seed in ("a", "b"))
    assert one is not None
    assert other is not None
    assert abs(one @ other) < 0.3


def test_spoiling_a_few_rows_hides_nothing_from_who_does_not_know_which_are_drawn() -> None:
    X = drawn(n=4000)
    spoilt = X.copy()
    spoilt[:80] = drawn(1, n=80)
    assert cosine(X, spoilt) > THRESHOLD


def test_a_few_wild_rows_hide_nothing() -> None:
    X = drawn()
    wild = X.copy()
    wild[::100] *= 1e6
    assert cosine(X, wild) > THRESHOLD


@pytest.mark.parametrize("d", [2, 16, 3000])
def test_noise_is_not_like_other_noise_in_however_many_dimensions(d: int) -> None:
    rng = np.random.default_rng(3)
    assert abs(cosine(*rng.normal(size=(2, 300, d)))) < 0.25


def test_what_tells_nothing_has_no_sketch() -> None:
    assert sketch(np.ones((50, 4)), seed=SEED) is None
    assert sketch(np.zeros((50, 4)), seed=SEED) is None
    assert sketch(drawn(n=FEWEST_SAMPLES - 1), seed=SEED) is None
    assert sketch(drawn(n=FEWEST_SAMPLES), seed=SEED) is not None


def test_where_most_rows_are_the_same_the_others_are_compared() -> None:
    X = np.zeros((60, 4))
    X[::4] = drawn(n=15, d=4)
    assert cosine(X, 3 * X) == pytest.approx(1, abs=1e-6)


def test_the_demos_encoders_are_strangers(encoders: dict[str, Matrix]) -> None:
    for one, other in itertools.combinations(encoders, 2):
        assert cosine(encoders[one], encoders[other]) < THRESHOLD, (one, other)


def test_copies_of_the_demos_encoders_are_found(encoders: dict[str, Matrix]) -> None:
    rng = np.random.default_rng(4)
    for name, X in encoders.items():
        noise = X.std() * rng.normal(size=X.shape)
        assert cosine(X, X @ rotation(X.shape[1]) + 0.05 * noise) > 0.98, name


def test_a_map_of_a_file_is_as_good_as_a_matrix(tmp_path: Path) -> None:
    path = tmp_path / "matrix.npy"
    np.save(path, drawn().astype(np.float32))
    assert cosine(np.load(path, mmap_mode="r"), drawn()) == pytest.approx(1, abs=1e-5)


def unit(*rows: list[float]) -> NDArray[np.float32]:
    padded = np.zeros((len(rows), N_NUMBERS), dtype=np.float32)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = np.array(row) / np.linalg.norm(row)
    return padded


def test_of_two_owners_the_most_alike_pair_is_told() -> None:
    sketches = unit([1, 0], [1, 0.3], [1, 0.1], [0, 0, 1])
    assert [(one.first, one.second) for one in alike(sketches, ["a", "b", "b", "a"])] == [(0, 2)]


def test_the_most_alike_owners_come_first_and_no_more_than_asked_for() -> None:
    sketches = unit([1, 0], [1, 0.3], [1, 0.1])
    found = alike(sketches, ["a", "b", "c"])
    assert [(one.first, one.second) for one in found] == [(0, 2), (1, 2), (0, 1)]
    assert alike(sketches, ["a", "b", "c"], most=1) == found[:1]
    assert found[0].similarity == pytest.approx(1 / np.sqrt(1.01))


def test_nobody_is_like_nobody() -> None:
    assert alike(np.zeros((0, N_NUMBERS), dtype=np.float32), []) == []
    assert alike(unit([1]), ["a"]) == []


def test_pairs_are_found_across_blocks() -> None:
    sketches = np.random.default_rng(0).normal(size=(2200, N_NUMBERS)).astype(np.float32)
    sketches /= np.linalg.norm(sketches, axis=1, keepdims=True)
    sketches[2199] = sketches[5]
    owners = [str(number) for number in range(2200)]
    assert [(one.first, one.second) for one in alike(sketches, owners)] == [(5, 2199)]
    owners[2199] = owners[5]
    assert alike(sketches, owners) == []
