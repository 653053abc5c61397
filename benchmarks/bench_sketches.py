"""How far apart near-duplicates and honest strangers are by `probeboard.sketch`, and how fast.

    python benchmarks/bench_sketches.py [--secrets 10]

The demo's encoders against each other, and each against copies of itself that somebody tried to
hide. A copy should be above the threshold and a stranger below it; the time is of 1,500 sketches.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from probeboard.sketch import N_NUMBERS, THRESHOLD, alike, sketch

ROOT = Path(__file__).resolve().parents[1]
Matrix = NDArray[np.float64]


def read_encoders() -> dict[str, Matrix]:
    found = {}
    for path in sorted((ROOT / "examples/s1s2-timeseries/submissions").glob("*.parquet")):
        table = pq.read_table(path).sort_by("id").drop(["id"])
        found[path.stem] = np.column_stack([column.to_numpy() for column in table.columns])
    return found


def copies(X: Matrix, rng: np.random.Generator) -> Iterator[tuple[str, Matrix]]:
    """Yield what somebody hands in who has this matrix and wants it to look like another."""
    n, d = X.shape
    turn = np.linalg.qr(rng.normal(size=(d, d)))[0]
    noise = X.std() * rng.normal(size=X.shape)
    deviations = X.std(axis=0)
    standard = (X - X.mean(axis=0)) / np.where(deviations > 0, deviations, 1.0)
    yield "scaled, shifted, permuted, padded", np.pad(7 - 3 * X[:, ::-1], ((0, 0), (0, d)))
    yield "rotated", X @ turn
    yield "half precision", X.astype(np.float16).astype(np.float64)
    for share in (0.01, 0.05, 0.1, 0.2):
        yield f"rotated, {share:.0%} noise", X @ turn + share * noise
    yield "standardised by dimension", standard
    yield "dimensions times 0.5 to 2", X * rng.uniform(0.5, 2.0, size=d)
    yield "dimensions times 0.1 to 10", X * 10 ** rng.uniform(-1.0, 1.0, size=d)
    yield "another basis, condition 10", X @ (turn * np.geomspace(1, 10, d)) @ turn[::-1]
    yield "tanh of standardised", np.tanh(standard)
    spoilt = X.copy()
    spoilt[rng.permutation(n)[: n // 100]] *= 100
    yield "1 % of rows times 100", spoilt
    spoilt = X.copy()
    rows = rng.permutation(n)[: n // 20]
    spoilt[rows] = noise[rows]
    yield "5 % of rows noise", spoilt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--secrets", type=int, default=10)
    secrets = parser.parse_args().secrets
    encoders = read_encoders()
    strangers: dict[tuple[str, str], list[float]] = {}
    found: dict[str, list[float]] = {}
    for secret in map(str, range(secrets)):
        rng = np.random.default_rng(int(secret))
        made = {name: sketch(X, seed=secret) for name, X in encoders.items()}
        for pair in itertools.combinations(made, 2):
            strangers.setdefault(pair, []).append(float(made[pair[0]] @ made[pair[1]]))
        for name, X in encoders.items():
            for kind, copy in copies(X, rng):
                cosine = float(made[name] @ sketch(copy, seed=secret))
                found.setdefault(kind, []).append(cosine)
    print(f"threshold {THRESHOLD}; {len(encoders)} encoders, {secrets} secrets")
    for pair, values in sorted(strangers.items(), key=lambda one: -max(one[1]))[:5]:
        print(f"  largest {max(values):.3f}, median {np.median(values):.3f}  {' and '.join(pair)}")
    for kind, values in found.items():
        told = np.mean([value >= THRESHOLD for value in values])
        print(
            f"  smallest {min(values):.3f}, median {np.median(values):.3f}, told {told:.0%}  {kind}"
        )
    many = np.random.default_rng(0).normal(size=(1500, N_NUMBERS)).astype(np.float32)
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    for name, sketches in {
        "strangers": many,
        "all equal": np.repeat(many[:1], 1500, axis=0),
    }.items():
        started = time.perf_counter()
        alike(sketches, [number // 3 for number in range(1500)])
        print(f"  1,500 sketches of 500 teams, {name}: {time.perf_counter() - started:.3f} s")
    large = np.random.default_rng(0).normal(size=(13_000, 1024)).astype(np.float32)
    started = time.perf_counter()
    sketch(large, seed="s")
    print(f"  a sketch of 13,000 x 1,024: {time.perf_counter() - started:.3f} s")


if __name__ == "__main__":
    main()
