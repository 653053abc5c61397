"""Properties: every writer's table comes back as the same matrix; damage is refused, no more."""

import contextlib
import csv
import gzip
import io
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings

PROPERTY = settings(derandomize=True, deadline=None, max_examples=60, database=None)
DAMAGE = settings(derandomize=True, deadline=None, max_examples=250, database=None)


def by_csv_module(ids, values) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_ALL)
    rows.writerow(["id", *range(values.shape[1])])
    rows.writerows([sample, *row] for sample, row in zip(ids, values.tolist(), strict=True))
    return text.getvalue().encode()


def by_savetxt(ids, values) -> bytes:
    buffer = io.BytesIO()
    header = "id," + ",".join(map(str, range(values.shape[1])))
    rows = np.column_stack([np.array(ids, object), values.astype(object)])
    np.savetxt(buffer, rows, fmt="%s" + ",%.17g" * values.shape[1], header=header, comments="")
    return buffer.getvalue()


def table(ids, values) -> pa.Table:
    return pa.table({"id": ids, **{str(d): values[:, d] for d in range(values.shape[1])}})


def by_pyarrow_csv(ids, values) -> bytes:
    buffer = io.BytesIO()
    pyarrow.csv.write_csv(table(ids, values), buffer)
    return buffer.getvalue()


def by_gzip(ids, values) -> bytes:
    return gzip.compress(by_pyarrow_csv(ids, values), mtime=0)


def by_parquet(ids, values) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table(ids, values), buffer)
    return buffer.getvalue()


def by_parquet_lists(ids, values) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ids, "embedding": list(values)}), buffer, row_group_size=2)
    return buffer.getvalue()


def by_npz(ids, values) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, ids=np.array(ids), embeddings=values)
    return buffer.getvalue()


WRITERS = [
    by_csv_module,
    by_savetxt,
    by_pyarrow_csv,
    by_gzip,
    by_parquet,
    by_parquet_lists,
    by_npz,
]


def read(content: bytes, spec: EmbeddingSpec):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        path.write_bytes(content)
        return read_embeddings(path, spec)


@st.composite
def matrices(draw):
    width = draw(st.sampled_from([32, 64]))
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 5)))
    largest = float(np.finfo(np.float32).max)
    floats = st.floats(-largest, largest, width=width)
    return draw(hnp.arrays(np.dtype(f"f{width // 8}"), shape, elements=floats))


@PROPERTY
@given(values=matrices(), seed=st.integers(0, 99), writer=st.sampled_from(WRITERS))
def test_what_a_library_wrote_is_read_back_as_the_same_matrix(values, seed, writer):
    samples = [f"s{number}" for number in range(len(values))]
    order = np.random.default_rng(seed).permutation(len(values))
    content = writer([samples[row] for row in order], values[order])
    embeddings = read(content, EmbeddingSpec(n_dims=values.shape[1], sample_ids=tuple(samples)))
    np.testing.assert_array_equal(embeddings.matrix, values.astype(np.float32))


VALUES = np.random.default_rng(7).standard_normal((5, 4))
IDS = ["a", "b", "c", "d", "e"]
SPEC = EmbeddingSpec(n_dims=4, sample_ids=tuple(IDS))
GOOD = [writer(IDS, VALUES) for writer in WRITERS]


@st.composite
def damaged_files(draw):
    content = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1))
        kind = draw(st.sampled_from(["flip", "set", "cut", "drop", "repeat"]))
        if kind == "flip":
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set":
            content[at] = draw(st.integers(0, 255))
        elif kind == "cut":
            del content[max(at, 1) :]
        elif kind == "drop":
            del content[at : at + draw(st.integers(1, max(1, len(content) - 2 - at)))]
        else:
            content[at:at] = content[at : at + draw(st.integers(1, 64))]
        if len(content) < 2:
            break
    return bytes(content)


@DAMAGE
@given(content=damaged_files())
def test_a_damaged_file_is_a_valid_matrix_or_a_refusal_and_nothing_else(content):
    with contextlib.suppress(InvalidEmbeddings):
        embeddings = read(content, SPEC)
        assert embeddings.matrix.shape == (5, 4)
        assert np.isfinite(embeddings.matrix).all()


@PROPERTY
@given(
    content=st.binary(max_size=300), start=st.sampled_from([b"", b"PAR1", b"PK\3\4", b"\x1f\x8b"])
)
def test_noise_is_refused(content, start):
    with pytest.raises(InvalidEmbeddings) as refusal:
        read(start + content, SPEC)
    assert refusal.value.total >= len(refusal.value.issues) > 0


def test_cells_read_fast_and_slowly_are_the_same_numbers():
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2**64, (400, 4), dtype=np.uint64).view(np.float64)
    values = np.where(np.abs(bits) < 3e38, bits, 0.5)
    ids = [f"s{number}" for number in range(400)]
    spec = EmbeddingSpec(n_dims=4, sample_ids=tuple(ids))
    fast = read(by_savetxt(ids, values), spec).matrix
    slow = read(by_csv_module(ids, values), spec).matrix
    np.testing.assert_array_equal(fast, slow)
    np.testing.assert_array_equal(fast, values.astype(np.float32))
