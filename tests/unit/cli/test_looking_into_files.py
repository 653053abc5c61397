"""Ids and dimensions of a file that nobody has described yet; and scores from every format."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from probeboard.cli.peek import Peeked, peek
from tests import builders
from tests.unit.cli.conftest import Command, World

Write = Callable[[Path, list[str], NDArray[np.float32]], None]


def as_columns(ids: list[str], matrix: NDArray[np.float32]) -> pa.Table:
    return pa.table({"id": ids, **{str(d): matrix[:, d] for d in range(matrix.shape[1])}})


def as_lists(ids: list[str], matrix: NDArray[np.float32]) -> pa.Table:
    lists = pa.FixedSizeListArray.from_arrays(matrix.ravel(), matrix.shape[1])
    return pa.table({"id": ids, "embedding": lists})


def write_quoted(path: Path, ids: list[str], matrix: NDArray[np.float32]) -> None:
    rows = [[*map(str, row), f'"{one}"'] for one, row in zip(ids, matrix.tolist(), strict=True)]
    header = [*map(str, range(matrix.shape[1])), "id"]
    lines = [",".join(cells) for cells in (header, *rows)]
    path.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())


def write_zst(path: Path, ids: list[str], matrix: NDArray[np.float32]) -> None:
    with pa.output_stream(path, compression="zstd") as stream:
        stream.write(builders.csv_bytes(matrix, ids).rstrip())


def write_ipc(path: Path, table: pa.Table, new: Callable[..., Any]) -> None:
    with pa.OSFile(str(path), "wb") as sink, new(sink, table.schema) as writer:
        writer.write_table(table)


def write_npz(path: Path, ids: list[str], matrix: NDArray[np.float32]) -> None:
    with path.open("wb") as file:
        np.savez(file, ids=np.array(ids), embeddings=matrix)


def write_tensors(path: Path, ids: list[str], matrix: NDArray[np.float32]) -> None:
    width = max(map(len, ids))
    text = np.array(ids, f"S{width}").view(np.uint8).reshape(len(ids), width)
    save_file({"embeddings": matrix, "ids": text}, path)


FORMATS: dict[str, Write] = {
    "csv": lambda path, ids, X: path.write_bytes(builders.csv_bytes(X, ids)) and None,
    "quoted csv": write_quoted,
    "csv.gz": lambda p, ids, X: p.write_bytes(gzip.compress(builders.csv_bytes(X, ids))) and None,
    "csv.zst": write_zst,
    "parquet": lambda path, ids, X: pq.write_table(as_columns(ids, X), path),
    "parquet of lists": lambda path, ids, X: pq.write_table(as_lists(ids, X), path),
    "arrow file": lambda path, ids, X: write_ipc(path, as_columns(ids, X), pa.ipc.new_file),
    "arrow stream": lambda path, ids, X: write_ipc(path, as_lists(ids, X), pa.ipc.new_stream),
    "npz": write_npz,
    "safetensors": write_tensors,
    "safetensors with metadata": lambda path, ids, X: save_file(
        {"embeddings": X}, path, {"ids": json.dumps(ids)}
    ),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_tells_its_samples_and_scores_the_same(
    score: Command, world: World, name: str
) -> None:
    before = score("--tasks", "height").document["tasks"]
    FORMATS[name](world.file, world.ids, world.matrix)
    assert peek(world.file) == Peeked(tuple(world.ids), world.matrix.shape[1])
    assert score("--tasks", "height").document["tasks"] == before


def test_ids_may_be_numbers(tmp_path: Path) -> None:
    X, path = np.ones((3, 2), np.float32), tmp_path / "file"
    save_file({"embeddings": X, "ids": np.array([7, 8, 9], np.int64)}, path)
    assert peek(path) == Peeked(("7", "8", "9"), 2)
    with path.open("wb") as file:
        np.savez(file, ids=np.array([7, 8, 9]), embeddings=X)
    assert peek(path) == Peeked(("7", "8", "9"), 2)


def test_an_array_is_told_its_ids(score: Command, world: World) -> None:
    before = score().document["tasks"]
    with world.file.open("wb") as file:
        np.save(file, world.matrix)
    assert peek(world.file) is None
    rows = world.write("rows.txt", "\n".join(world.ids))
    assert score("--row-ids", rows).document["tasks"] == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n",
        b"PK\x03\x04 and no more",
        b"\x1f\x8b and no more",
        b"PAR1 and no more",
        b"\xff\xff\xff\xff\x00",
        b"\x28\xb5\x2f\xfd and no more",
        b"\xff" * 8 + b"{}",
        b"0,1\n1,2\n",
    ],
)
def test_what_cannot_be_told_is_left_to_the_reader_to_refuse(
    score: Command, world: World, content: bytes
) -> None:
    world.file.write_bytes(content)
    assert peek(world.file) is None
    ended = score()
    assert ended.status == 1
    assert len(ended.document["issues"]) == 1


def test_a_table_without_rows_or_values_tells_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "0": pa.array([], "f4")}), path)
    assert peek(path) is None
    write_ipc(path, pa.table({"id": ["a"]}), pa.ipc.new_file)
    assert peek(path) is None
