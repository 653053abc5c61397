"""Embeddings and tasks of the 2025 challenge's size, drawn from a seed.

The embeddings have a decaying spectrum, as learnt ones do: covariance eigenvalues ∝ (k + 3)^-2.2
in a random basis, mildly skewed, each row scaled by a log-normal factor (.25), columns offset by
standard normal amounts. Seven tasks are regressions, four binary, one with 10 % positives.

    python benchmarks/probing_data.py FOLDER [--samples 13000] [--dims 1024] [--csv]
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DECAY = 2.2
SKEW = 0.15
ROW_SCALE = 0.25
SEED = 2025
SAMPLES, DIMS, SPLITS = 13_000, 1024, 40


@dataclass(frozen=True)
class TaskPlan:
    """A task to draw: for a regression, how much of a label's variance the latents explain."""

    name: str
    n_labels: int
    explained: float
    positives: float | None = None

    @property
    def kind(self) -> str:
        """As NeuCo-Bench names the types of tasks."""
        return "regression" if self.positives is None else "classification"


# The least have fewer training rows than dimensions.
PLANS = (
    TaskPlan("reg_1000", 1_000, 0.85),
    TaskPlan("reg_2000", 2_000, 0.75),
    TaskPlan("reg_3000", 3_000, 0.35),
    TaskPlan("reg_4500", 4_500, 0.45),
    TaskPlan("reg_6000", 6_000, 0.20),
    TaskPlan("reg_7000", 7_000, 0.65),
    TaskPlan("reg_8000", 8_000, 0.80),
    TaskPlan("bin_1000", 1_000, 0.80, positives=0.5),
    TaskPlan("bin_3000", 3_000, 0.90, positives=0.4),
    TaskPlan("bin_5000_rare", 5_000, 0.85, positives=0.1),
    TaskPlan("bin_8000", 8_000, 0.70, positives=0.5),
)


@dataclass(frozen=True)
class DrawnTask:
    """Rows of the matrix, in the order of the label file, and their labels."""

    name: str
    kind: str
    rows: NDArray[np.intp]
    labels: NDArray[np.float64] | NDArray[np.int64]


def draw_latents(n_samples: int, n_dims: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Independent, mildly skewed, variance 1, shape ``(n_samples, n_dims)``."""
    latents = rng.standard_normal((n_samples, n_dims), np.float32)
    latents += np.float32(SKEW) * (latents**2 - 1)
    latents /= np.float32(np.sqrt(1 + 2 * SKEW**2))
    return latents


def embed(latents: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Give the latents their spectrum, a basis, a scale per row and an offset per column."""
    n_samples, n_dims = latents.shape
    eigenvalues = (np.arange(n_dims) + 3.0) ** -DECAY
    deviations = np.sqrt(eigenvalues * n_dims / eigenvalues.sum())
    basis = np.linalg.qr(rng.standard_normal((n_dims, n_dims)))[0]
    matrix = latents @ (deviations[:, None] * basis.T).astype(np.float32)
    matrix *= np.exp(ROW_SCALE * rng.standard_normal((n_samples, 1))).astype(np.float32)
    matrix += rng.standard_normal(n_dims).astype(np.float32)
    return matrix


def draw_task(plan: TaskPlan, latents: NDArray[np.float32], rng: np.random.Generator) -> DrawnTask:
    """Draw a label for a random subset: a sum over latents, the leading ones most, and noise."""
    n_samples, n_dims = latents.shape
    rows = rng.permutation(n_samples)[: plan.n_labels]
    weights = rng.standard_normal(n_dims) / (np.arange(n_dims) + 3.0)
    signal = latents[rows] @ (weights / np.linalg.norm(weights)).astype(np.float32)
    noise = rng.standard_normal(len(rows))
    values = np.sqrt(plan.explained) * signal + np.sqrt(1 - plan.explained) * noise
    if plan.positives is None:
        return DrawnTask(plan.name, plan.kind, rows, 40.0 + 12.0 * values)
    positive = values > np.quantile(values, 1 - plan.positives)
    return DrawnTask(plan.name, plan.kind, rows, positive.astype(np.int64))


def draw(
    n_samples: int, n_dims: int, plans: Sequence[TaskPlan] = PLANS, *, seed: int = SEED
) -> tuple[NDArray[np.float32], list[DrawnTask]]:
    """Draw the embeddings, float32 of shape ``(n_samples, n_dims)``, and the tasks."""
    rng = np.random.default_rng(seed)
    latents = draw_latents(n_samples, n_dims, rng)
    tasks = [draw_task(plan, latents, rng) for plan in plans]
    return embed(latents, rng), tasks


def sample_id(row: int) -> str:
    """Name a sample."""
    return f"s{row:05}"


def write_csv(path: Path, matrix: NDArray[np.float32]) -> None:
    """Write the embeddings as NeuCo-Bench reads them, with 7 significant digits."""
    n_dims = matrix.shape[1]
    line = "%s" + ",%.7g" * n_dims + "\n"
    with path.open("w") as file:
        file.write(",".join(["id", *map(str, range(n_dims))]) + "\n")
        for row, values in enumerate(matrix):
            file.write(line % (sample_id(row), *values.tolist()))


def write_labels(folder: Path, tasks: Sequence[DrawnTask]) -> None:
    """Write one label file a task, named as NeuCo-Bench names them."""
    folder.mkdir()
    for task in tasks:
        lines = [
            f"{sample_id(r)},{y!r}" for r, y in zip(task.rows, task.labels.tolist(), strict=True)
        ]
        text = "\n".join(["id,label", *lines, ""])
        (folder / f"{task.name}__{task.kind}.csv").write_text(text)


def save(folder: Path, matrix: NDArray[np.float32], tasks: Sequence[DrawnTask]) -> None:
    """Keep what was drawn for the processes that measure."""
    np.save(folder / "matrix.npy", matrix)
    arrays = {f"{t.name}/{part}": getattr(t, part) for t in tasks for part in ("rows", "labels")}
    np.savez(folder / "tasks.npz", **arrays)


def load(folder: Path) -> tuple[NDArray[np.float32], list[DrawnTask]]:
    """Map the embeddings, as a worker does, and read the tasks."""
    matrix: NDArray[np.float32] = np.load(folder / "matrix.npy", mmap_mode="r")
    with np.load(folder / "tasks.npz") as arrays:
        names = dict.fromkeys(key.split("/")[0] for key in arrays.files)
        tasks = [
            DrawnTask(
                name,
                "regression" if arrays[f"{name}/labels"].dtype.kind == "f" else "classification",
                arrays[f"{name}/rows"],
                arrays[f"{name}/labels"],
            )
            for name in names
        ]
    return matrix, tasks


def main() -> None:
    """Draw and write everything a benchmark needs into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--dims", type=int, default=DIMS)
    parser.add_argument("--csv", action="store_true", help="also the CSV and the label files")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    matrix, tasks = draw(options.samples, options.dims)
    save(options.folder, matrix, tasks)
    if options.csv:
        write_csv(options.folder / "embeddings.csv", matrix)
        write_labels(options.folder / "labels", tasks)


if __name__ == "__main__":
    main()
