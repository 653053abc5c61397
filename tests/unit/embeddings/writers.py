"""Every way of writing a table of embeddings that a reader should know, by the libraries' hands."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ml_dtypes
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet as pq
import safetensors.numpy

Write = Callable[[Sequence[str], np.ndarray], bytes]

FLOATS = ("float64", "float32", "float16")
INTS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
BFLOAT16 = ("bfloat16",)
# NumPy's own, in the order that other machines have.
SWAPPED = (">f8", ">f4", ">f2", ">i8", ">u4", ">i2")


@dataclass(frozen=True)
class Writer:
    """One way of writing, and the types of values that it can write."""

    write: Write
    dtypes: tuple[str, ...]


def dtype_of(name: str) -> np.dtype:
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def _named(values: np.ndarray) -> dict[str, np.ndarray]:
    return {str(dim): values[:, dim] for dim in range(values.shape[1])}


def _table(ids: Sequence[str], values: np.ndarray) -> pa.Table:
    return pa.table({"id": ids, **_named(values)})


def _lists(ids: Sequence[str], values: np.ndarray) -> pa.Table:
    return pa.table({"id": ids, "embedding": list(values)})


def _fixed_lists(ids: Sequence[str], values: np.ndarray) -> pa.Table:
    flat = pa.array(np.ascontiguousarray(values).ravel())
    lists = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    return pa.table({"id": pa.array(ids).dictionary_encode(), "embeddings": lists})


def _pandas(ids: Sequence[str], values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"id": ids, **_named(values)})


def _polars(ids: Sequence[str], values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"id": ids, **_named(values)})


def _polars_arrays(ids: Sequence[str], values: np.ndarray) -> pl.DataFrame:
    arrays = pl.Series("embedding", np.ascontiguousarray(values))
    if arrays.dtype != pl.Array(arrays.dtype.inner, values.shape[1]):
        raise AssertionError("polars made no column of arrays")
    return pl.DataFrame({"id": ids, "embedding": arrays})


def _by_csv_module(ids: Sequence[str], values: np.ndarray) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL)
    rows.writerow(["id", *range(values.shape[1])])
    rows.writerows([sample, *row] for sample, row in zip(ids, values.tolist(), strict=True))
    return text.getvalue().encode()


def _by_savetxt(ids: Sequence[str], values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    header = "id," + ",".join(map(str, range(values.shape[1])))
    rows = np.column_stack([np.array(ids, object), values.astype(object)])
    np.savetxt(
        buffer,
        rows,
        fmt="%s" + ",%.17g" * values.shape[1],
        header=header,
        comments="",
        encoding="utf-8",
    )
    return buffer.getvalue()


def _by_pyarrow_csv(ids: Sequence[str], values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(_table(ids, values), buffer)
    return buffer.getvalue()


def _by_zstd(ids: Sequence[str], values: np.ndarray) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(_by_pyarrow_csv(ids, values))
    return sink.getvalue().to_pybytes()


def _into_bytes(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()


def _arrow(make: Callable, new: Callable, compression: str | None) -> Write:
    def write(ids: Sequence[str], values: np.ndarray) -> bytes:
        table, buffer = make(ids, values), io.BytesIO()
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with new(buffer, table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=2)
        return buffer.getvalue()

    return write


def _parquet(make: Callable, **options: object) -> Write:
    return lambda ids, values: _into_bytes(
        lambda buffer: pq.write_table(make(ids, values), buffer, **options)
    )


def _frame(make: Callable, method: str, **options: object) -> Write:
    return lambda ids, values: _into_bytes(
        lambda buffer: getattr(make(ids, values), method)(buffer, **options)
    )


def _npz(save: Callable, order: str) -> Write:
    return lambda ids, values: _into_bytes(
        lambda buffer: save(buffer, ids=np.array(ids), embeddings=np.asarray(values, order=order))
    )


def _npy(order: str) -> Write:
    """Write the array only; its ids go beside it, one a line."""
    return lambda ids, values: _into_bytes(
        lambda buffer: np.save(buffer, np.asarray(values, order=order))
    )


def _safetensors(ids: Sequence[str], values: np.ndarray) -> bytes:
    tensors = {"embeddings": np.ascontiguousarray(values)}
    content: bytes = safetensors.numpy.save(tensors, {"ids": json.dumps(list(ids))})
    return content


def _safetensors_bytes(ids: Sequence[str], values: np.ndarray) -> bytes:
    encoded = np.array([sample.encode() for sample in ids])
    chars = encoded.view(np.uint8).reshape(len(ids), -1)
    tensors = {"embeddings": np.ascontiguousarray(values), "ids": chars}
    content: bytes = safetensors.numpy.save(tensors)
    return content


NUMBERS = FLOATS + INTS
WRITERS = {
    "csv module": Writer(_by_csv_module, NUMBERS),
    "savetxt": Writer(_by_savetxt, FLOATS),
    "pyarrow csv": Writer(_by_pyarrow_csv, NUMBERS),
    # pandas writes float16 in as many digits as float16 needs, which are another float32's.
    "pandas csv": Writer(_frame(_pandas, "to_csv", index=False), FLOATS[:2] + INTS),
    "polars csv": Writer(_frame(_polars, "write_csv"), NUMBERS),
    "gzip": Writer(lambda ids, values: gzip.compress(_by_pyarrow_csv(ids, values)), FLOATS),
    "zstd": Writer(_by_zstd, FLOATS),
    "parquet": Writer(_parquet(_table), NUMBERS),
    "parquet zstd": Writer(_parquet(_table, compression="zstd", row_group_size=2), NUMBERS),
    "parquet lists": Writer(_parquet(_lists, row_group_size=2), NUMBERS),
    "parquet fixed lists": Writer(_parquet(_fixed_lists), NUMBERS),
    "pandas parquet": Writer(_frame(_pandas, "to_parquet"), NUMBERS),
    "polars parquet": Writer(_frame(_polars, "write_parquet"), NUMBERS),
    "polars parquet arrays": Writer(_frame(_polars_arrays, "write_parquet"), NUMBERS),
    "arrow file": Writer(_arrow(_table, pa.ipc.new_file, None), NUMBERS),
    "arrow file lz4": Writer(_arrow(_lists, pa.ipc.new_file, "lz4"), NUMBERS),
    "arrow file zstd": Writer(_arrow(_fixed_lists, pa.ipc.new_file, "zstd"), NUMBERS),
    "arrow stream": Writer(_arrow(_lists, pa.ipc.new_stream, None), NUMBERS),
    "arrow stream lz4": Writer(_arrow(_fixed_lists, pa.ipc.new_stream, "lz4"), NUMBERS),
    "arrow stream zstd": Writer(_arrow(_table, pa.ipc.new_stream, "zstd"), NUMBERS),
    "pandas feather": Writer(_frame(_pandas, "to_feather"), NUMBERS),
    "polars ipc": Writer(_frame(_polars, "write_ipc"), NUMBERS),
    "polars ipc arrays": Writer(_frame(_polars_arrays, "write_ipc", compression="lz4"), NUMBERS),
    "polars ipc stream": Writer(_frame(_polars, "write_ipc_stream", compression="zstd"), NUMBERS),
    "npz": Writer(_npz(np.savez, "C"), NUMBERS + SWAPPED),
    "npz fortran": Writer(_npz(np.savez_compressed, "F"), NUMBERS + SWAPPED),
    "npy": Writer(_npy("C"), NUMBERS + SWAPPED),
    "npy fortran": Writer(_npy("F"), NUMBERS + SWAPPED),
    "safetensors": Writer(_safetensors, NUMBERS + BFLOAT16),
    "safetensors bytes": Writer(_safetensors_bytes, NUMBERS + BFLOAT16),
}
