"""A small challenge on disk, and the command line as a function."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from probeboard.cli.main import main
from tests import builders

N_SAMPLES, N_DIMS = 80, 5


@dataclass(frozen=True)
class World:
    """Where its files are, and what they hold."""

    folder: Path
    ids: list[str]
    matrix: NDArray[np.float32]

    @property
    def file(self) -> Path:
        return self.folder / "embeddings.csv"

    @property
    def labels(self) -> Path:
        return self.folder / "labels"

    @property
    def samples(self) -> Path:
        return self.folder / "samples.csv"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write_embeddings(
        self, matrix: NDArray[np.float32] | None = None, ids: Sequence[str] | None = None
    ) -> None:
        matrix = self.matrix if matrix is None else matrix
        self.file.write_bytes(builders.csv_bytes(matrix, self.ids if ids is None else ids))

    def write_labels(self, name: str, labels: Sequence[Any]) -> None:
        content = builders.labels_csv(self.ids[: len(labels)], labels)
        (self.labels / f"{name}.csv").write_bytes(content)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Ended]


@pytest.fixture
def world(tmp_path: Path) -> World:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(N_SAMPLES, N_DIMS)).astype(np.float32)
    made = World(tmp_path, builders.sample_ids(N_SAMPLES), X)
    made.labels.mkdir()
    made.write("samples.csv", "\n".join(["id", *made.ids, ""]))
    made.write_embeddings()
    # 70 samples have a height, all are wet or dry: ten are unlabelled in the first alone.
    heights = X @ np.arange(1.0, 6.0) + rng.normal(size=N_SAMPLES)
    made.write_labels("height__regression", heights[:70].tolist())
    made.write_labels("wet__classification", (X[:, 0] + X[:, 1] > 0).astype(int).tolist())
    return made


@pytest.fixture
def probeboard(capsys: pytest.CaptureFixture[str]) -> Command:
    def run(*arguments: str | Path) -> Ended:
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = capsys.readouterr()
        return Ended(status, out, err)

    return run


@pytest.fixture
def score(probeboard: Command, world: World) -> Command:
    """Score the world's embeddings in this process; returns what JSON says."""

    def run(*arguments: str | Path) -> Ended:
        few = () if "--splits" in arguments else ("--splits", "5")
        return probeboard(
            "score", world.file, world.labels, "--jobs", "1", "--json", *few, *arguments
        )

    return run
