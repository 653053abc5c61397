"""Stand-in data for the EARTHVISION 2025 bundle: samples, labels of eleven tasks, embeddings.

    python make_data.py DIR [--samples 1000] [--seed 2025]

Copies `challenge.yaml` and the pages to DIR and adds what they name, so that DIR is a whole bundle;
embeddings of some made-up encoders go to DIR/submissions, from the best to noise. The true labels
of the challenge are not here: what its winners scored cannot be scored again with these.

A sample is a point in a space of properties; labels are mixtures of them with noise. An encoder
keeps the leading ones best, turned into a basis of its own, with an error: the less, the better.
"""

import argparse
import csv
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
DIMS = 1024


@dataclass(frozen=True)
class Task:
    """A label file: how much of its variance the properties explain, and where its values lie."""

    name: str
    explained: float
    centre: float = 0.0
    spread: float = 1.0
    positives: float | None = None

    @property
    def file_name(self) -> str:
        """As NeuCo-Bench names label files."""
        kind = "regression" if self.positives is None else "classification"
        return f"{self.name}__{kind}.csv"


TASKS = (
    Task("biomass_mean", 0.8, 120.0, 60.0),
    Task("biomass_std", 0.6, 40.0, 15.0),
    Task("clouds", 0.9, 0.4, 0.2),
    Task("crops", 0.8, positives=0.4),
    Task("heatisland_mean", 0.7, 300.0, 6.0),
    Task("heatisland_std", 0.5, 2.0, 0.6),
    Task("landcover_agriculture", 0.75, 0.35, 0.2),
    Task("landcover_forest", 0.85, 0.3, 0.2),
    Task("withheld_1", 0.6, 15.0, 8.0),
    Task("withheld_2", 0.5, 1000.0, 300.0),
    Task("withheld_3", 0.7, positives=0.45),
)


class World:
    """The samples, and what is true of them; equal seeds make equal worlds."""

    def __init__(self, n_samples: int, seed: int = 2025) -> None:
        rng = np.random.default_rng([seed, 0])
        self.ids = [f"cube_{number:05}" for number in range(n_samples)]
        self.properties = rng.standard_normal((n_samples, DIMS))
        self._seed = seed

    def labels(self, task: Task) -> np.ndarray:
        """Return the labels of a task, shape ``(n_samples,)``: the leading properties, mostly."""
        rng = np.random.default_rng([self._seed, 1, TASKS.index(task)])
        weights = rng.standard_normal(DIMS) / (np.arange(DIMS) + 3.0)
        signal = self.properties @ (weights / np.linalg.norm(weights))
        noise = rng.standard_normal(len(signal))
        values = np.sqrt(task.explained) * signal + np.sqrt(1.0 - task.explained) * noise
        if task.positives is not None:
            return (values > np.quantile(values, 1.0 - task.positives)).astype(int)
        return task.centre + task.spread * values

    def embed(self, noise: float, seed: int) -> np.ndarray:
        """Return what an encoder makes of the samples, float32, shape ``(n_samples, 1024)``.

        `noise` is the standard deviation of its error in each property, whose own is 1; `inf` sees
        nothing. What it keeps falls off as the variances of real embeddings do; encoders of other
        seeds turn and shift it otherwise.
        """
        rng = np.random.default_rng([self._seed, 2, seed])
        error = rng.standard_normal(self.properties.shape)
        seen = (
            error if np.isinf(noise) else (self.properties + noise * error) / np.hypot(1.0, noise)
        )
        variances = (np.arange(DIMS) + 3.0) ** -2.2
        basis = np.linalg.qr(rng.standard_normal((DIMS, DIMS)))[0]
        turned = (seen * np.sqrt(variances * DIMS / variances.sum())) @ basis.T
        return (turned + rng.standard_normal(DIMS)).astype(np.float32)


ENCODERS = {"sharp": 0.3, "good": 0.7, "fair": 1.2, "poor": 2.5, "noise": np.inf}


def write_labels(folder: Path, world: World) -> None:
    """Write one file of labels a task."""
    folder.mkdir(parents=True, exist_ok=True)
    for task in TASKS:
        values = world.labels(task)
        with (folder / task.file_name).open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "label"])
            rows.writerows(
                [one, value if task.positives is not None else f"{value:.6g}"]
                for one, value in zip(world.ids, values.tolist(), strict=True)
            )


def write_embeddings(path: Path, world: World, matrix: np.ndarray) -> None:
    """Write embeddings as the platform reads them: ids in their own words, and the matrix."""
    names = np.array([f"{one}.zarr.zip" for one in world.ids])
    np.savez(path, ids=names, embeddings=matrix)


def write_bundle(folder: Path, world: World) -> None:
    """Write a whole bundle: this folder's files, samples and labels."""
    shutil.copytree(HERE / "pages", folder / "pages", dirs_exist_ok=True)
    shutil.copy(HERE / "challenge.yaml", folder)
    (folder / "samples.csv").write_text("\n".join(["id", *world.ids, ""]))
    write_labels(folder / "labels", world)


def main() -> None:
    """Write the bundle and some submissions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2025)
    given = parser.parse_args()
    world = World(given.samples, given.seed)
    write_bundle(given.folder, world)
    (given.folder / "submissions").mkdir(exist_ok=True)
    for seed, (name, noise) in enumerate(ENCODERS.items()):
        path = given.folder / "submissions" / f"{name}.npz"
        write_embeddings(path, world, world.embed(noise, seed))
    sys.stdout.write(f"{given.folder}: {given.samples} samples, {len(TASKS)} tasks\n")


if __name__ == "__main__":
    main()
