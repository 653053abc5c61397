"""Reading and validating 13,000 x 1024 embeddings, beside what the libraries need to read alone.

Each measurement is a process of its own, rounds are interleaved, and medians are printed as ratios
to the fastest peer of the same format. The peers only read and convert to a float32 array; ours
also checks every value and id, puts rows in order, describes the matrix and hashes it. Processor
time is the figure to trust on a machine that others use.

    python benchmarks/bench_validation.py [--rounds 5] [--rows 13000] [--dims 1024]
"""

import argparse
import importlib.util
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
TINY = (3, 2)


def make_files(folder: Path, rows: int, dims: int) -> None:
    """Write the same matrix in every format; the CSV has 7 significant digits."""
    import pyarrow as pa
    import pyarrow.feather
    import pyarrow.parquet as pq
    import safetensors.numpy

    values = np.random.default_rng(0).standard_normal((rows, dims), np.float32)
    ids = [f"scene_{row:05}" for row in range(rows)]
    with (folder / "csv").open("w") as file:
        file.write(",".join(["id", *map(str, range(dims))]) + "\n")
        line = "%s" + ",%.7g" * dims + "\n"
        for sample, row in zip(ids, values, strict=True):
            file.write(line % (sample, *row.tolist()))
    with (folder / "npz").open("wb") as file:
        np.savez(file, ids=np.array(ids), embeddings=values)
    columns = {str(dim): values[:, dim] for dim in range(dims)}
    table = pa.table({"id": ids, **columns})
    pq.write_table(table, folder / "parquet")
    pyarrow.feather.write_feather(table, folder / "arrow", compression="uncompressed")
    pyarrow.feather.write_feather(table, folder / "arrow-zstd", compression="zstd")
    with (folder / "npy").open("wb") as file:
        np.save(file, values)
    (folder / "npy-ids").write_text("\n".join(ids))
    tensors = {"embeddings": values}
    safetensors.numpy.save_file(tensors, folder / "safetensors", {"ids": json.dumps(ids)})
    lists = pa.FixedSizeListArray.from_arrays(values.ravel(), dims)
    pq.write_table(pa.table({"id": ids, "embedding": lists}), folder / "parquet-list")


def ours(path: Path, rows: int, dims: int) -> Array:
    """Read and validate with probeboard.embeddings."""
    from probeboard.embeddings import EmbeddingSpec, read_embeddings

    spec = EmbeddingSpec(n_dims=dims, sample_ids=tuple(f"scene_{row:05}" for row in range(rows)))
    ids_path = path.with_name("npy-ids") if path.name == "npy" else None
    return read_embeddings(path, spec, ids_path).matrix


def csv_loadtxt(path: Path, rows: int, dims: int) -> Array:
    """numpy.loadtxt without its id column."""
    columns = range(1, dims + 1)
    return np.loadtxt(path, np.float32, delimiter=",", skiprows=1, usecols=columns, comments=None)


def csv_pyarrow(path: Path, rows: int, dims: int) -> Array:
    """pyarrow.csv.read_csv on one thread, as numpy.stack of its columns."""
    import pyarrow.csv

    table = pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(use_threads=False))
    return np.stack([c.to_numpy().astype(np.float32) for c in table.columns[1:]], axis=1)


def csv_pandas(path: Path, rows: int, dims: int) -> Array:
    """pandas.read_csv with its C engine."""
    import pandas as pd

    return pd.read_csv(path, index_col=0).to_numpy(np.float32)


def csv_polars(path: Path, rows: int, dims: int) -> Array:
    """polars.read_csv on one thread."""
    import polars as pl

    frame = pl.read_csv(path)
    return frame.drop("id").to_numpy().astype(np.float32)


def npz_load(path: Path, rows: int, dims: int) -> Array:
    """numpy.load of both arrays."""
    with np.load(path) as archive:
        archive["ids"].tolist()
        matrix: Array = archive["embeddings"]
    return matrix


def npy_load(path: Path, rows: int, dims: int) -> Array:
    """numpy.load."""
    matrix: Array = np.load(path)
    return matrix


def safetensors_load(path: Path, rows: int, dims: int) -> Array:
    """safetensors.numpy.load_file."""
    import safetensors.numpy

    matrix: Array = safetensors.numpy.load_file(path)["embeddings"]
    return matrix


def arrow_read_all(path: Path, rows: int, dims: int) -> Array:
    """pyarrow.ipc on one thread, mapped, as numpy.stack of its columns."""
    import pyarrow as pa
    import pyarrow.ipc

    options = pa.ipc.IpcReadOptions(use_threads=False)
    table = pa.ipc.open_file(pa.memory_map(str(path)), options=options).read_all()
    table.column(0).to_pylist()
    return np.stack([column.to_numpy() for column in table.columns[1:]], axis=1)


def parquet_read_table(path: Path, rows: int, dims: int) -> Array:
    """pyarrow.parquet.read_table on one thread, as numpy.stack of its columns."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, use_threads=False)
    table.column(0).to_pylist()
    return np.stack([column.to_numpy() for column in table.columns[1:]], axis=1)


def parquet_list_read_table(path: Path, rows: int, dims: int) -> Array:
    """pyarrow.parquet.read_table on one thread, its list column flattened."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, use_threads=False)
    table.column(0).to_pylist()
    flat = table.column(1).combine_chunks().flatten().to_numpy()
    matrix: Array = flat.reshape(rows, dims).copy()
    return matrix


Reader = Callable[[Path, int, int], Array]
READERS: dict[str, dict[str, Reader]] = {
    "csv": {
        "ours": ours,
        "numpy.loadtxt": csv_loadtxt,
        "pyarrow.csv": csv_pyarrow,
        "pandas": csv_pandas,
        "polars": csv_polars,
    },
    "npz": {"ours": ours, "numpy.load": npz_load},
    "npy": {"ours": ours, "numpy.load": npy_load},
    "safetensors": {"ours": ours, "safetensors": safetensors_load},
    "arrow": {"ours": ours, "pyarrow.ipc": arrow_read_all},
    "arrow-zstd": {"ours": ours, "pyarrow.ipc": arrow_read_all},
    "parquet": {"ours": ours, "pyarrow.parquet": parquet_read_table},
    "parquet-list": {"ours": ours, "pyarrow.parquet": parquet_list_read_table},
}


def measure_here(format: str, name: str, folder: Path, rows: int, dims: int) -> dict[str, float]:
    """Read once in this process, after a tiny file has loaded the libraries."""
    reader = READERS[format][name]
    reader(folder / "tiny" / format, *TINY)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    matrix = reader(folder / format, rows, dims)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if matrix.shape != (rows, dims):
        raise SystemExit(f"{name} read {matrix.shape}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"wall": wall, "cpu": cpu, "peak": peak / 1024, "grown": (peak - before) / 1024}


def measure(format: str, name: str, folder: Path, rows: int, dims: int) -> dict[str, float]:
    """Read once in a process of its own."""
    command = [sys.executable, __file__, "--one", format, name, str(folder), str(rows), str(dims)]
    one_thread = dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
    )
    environment = {**os.environ, **one_thread}
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout
    result: dict[str, float] = json.loads(output)
    return result


def compare(format: str, folder: Path, rounds: int, rows: int, dims: int) -> None:
    """Print the medians of one format."""
    names = [
        name
        for name in READERS[format]
        if name not in ("pandas", "polars") or importlib.util.find_spec(name)
    ]
    results: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            results[name].append(measure(format, name, folder, rows, dims))
    medians = {
        name: {key: statistics.median(one[key] for one in every) for key in every[0]}
        for name, every in results.items()
    }
    best = min((m for name, m in medians.items() if name != "ours"), key=lambda m: m["cpu"])
    size = (folder / format).stat().st_size / 1e6
    print(
        f"\n{format} ({size:.0f} MB){'':12} CPU s   wall s  peak MB  grown MB   CPU    peak   grown"
    )
    for name, m in medians.items():
        ratios = " ".join(f"{m[key] / best[key]:5.2f}" for key in ("cpu", "peak", "grown"))
        print(
            f"  {name:24} {m['cpu']:6.2f}   {m['wall']:6.2f}  {m['peak']:7.0f}  {m['grown']:8.0f}"
            f"        {ratios}"
        )


def main() -> None:
    """Make the files, measure every reader, print ratios to the fastest peer."""
    if sys.argv[1:2] == ["--make"]:
        make_files(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return
    if sys.argv[1:2] == ["--one"]:
        format, name, folder, rows, dims = sys.argv[2:]
        print(json.dumps(measure_here(format, name, Path(folder), int(rows), int(dims))))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=13_000)
    parser.add_argument("--dims", type=int, default=1024)
    parser.add_argument("--formats", nargs="+", default=list(READERS), choices=list(READERS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tiny").mkdir()
        # Not in this process: a child inherits the peak of the process that starts it.
        for place, shape in ((folder / "tiny", TINY), (folder, (options.rows, options.dims))):
            command = [sys.executable, __file__, "--make", str(place), *map(str, shape)]
            subprocess.run(command, check=True)
        for format in options.formats:
            compare(format, folder, options.rounds, options.rows, options.dims)


if __name__ == "__main__":
    main()
